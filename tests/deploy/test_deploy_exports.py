"""A workflow, exported: whole, the same every time, and careful with what else is in the folder."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from exported import CASES, EVERYTHING, PLAIN, SMALL, STAGES, built, case

from stepmill.deploy.exports.forms import FORMS, export
from stepmill.deploy.exports.sam import template
from stepmill.deploy.exports.terraform import files
from stepmill.deploy.exports.terraform_types import TYPES
from stepmill.deploy.exports.yaml import yaml_of
from stepmill.deploy.refusals import DeployRefused

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "exports"
READABLE = {
    "cloudformation": ["README.md", "assets.json"],
    "sam": ["README.md", "template.yaml"],
    "terraform": ["README.md", "main.tf", "outputs.tf", "variables.tf", "versions.tf"],
    "asl": ["definition.asl.json", "substitutions.json", "policies/MachineRole.json", "trust/MachineRole.json"],
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_a_small_pipeline_looks_like_this(form: str, tmp_path: Path):
    export(built(tmp_path / "project"), form, tmp_path / "out")
    text = "".join(f"==== {name}\n{(tmp_path / 'out' / name).read_text(encoding='utf-8')}" for name in READABLE[form])
    text = text.partition("\n  Bucket:\n")[0]  # from here on it is the base template, as it is everywhere
    golden = GOLDEN / f"{form}.txt"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_two_checkouts_give_the_same_bytes_and_name_no_folder_of_this_machine(form: str, tmp_path: Path):
    for name in ("one", "two"):
        export(built(tmp_path / name, EVERYTHING, STAGES["network"]), form, tmp_path / f"out-{name}")
    one, two = contents(tmp_path / "out-one"), contents(tmp_path / "out-two")
    assert one == two
    assert [name for name, content in one.items() if str(tmp_path).encode() in content] == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_every_stage_can_be_exported_in_every_form(form: str, name: str, tmp_path: Path):
    export(case(name, tmp_path / "project"), form, tmp_path / "out")
    listed = json.loads((tmp_path / "out" / "export.json").read_text())["files"]
    assert set(listed) == set(contents(tmp_path / "out")) - {"export.json"}


def test_every_type_of_resource_that_a_stack_can_hold_has_a_form_in_terraform(tmp_path: Path):
    seen = set()
    for name, stage in STAGES.items():
        made = built(tmp_path / name, EVERYTHING, stage)
        for body in (made.app.body, made.base):
            seen |= {resource["Type"] for resource in body["Resources"].values()}
    assert seen == set(TYPES)


def test_what_has_no_form_in_terraform_is_refused_and_not_left_out(tmp_path: Path):
    made = built(tmp_path)
    resources = made.app.body["Resources"]
    resources["Topic"]["Properties"]["KmsMasterKeyId"] = "alias/aws/sns"
    with pytest.raises(DeployRefused, match=r"Topic\.KmsMasterKeyId has no form in Terraform yet"):
        files(made, {"TellFunction": "functions/TellFunction.zip"})
    del resources["Topic"]["Properties"]["KmsMasterKeyId"]
    resources["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    with pytest.raises(DeployRefused, match="Queue is an AWS::SQS::Queue, which has no form"):
        files(made, {"TellFunction": "functions/TellFunction.zip"})


@pytest.mark.parametrize("stage", STAGES)
def test_sam_s_template_reads_back_as_what_was_written(stage: str, tmp_path: Path):
    body = template(built(tmp_path, EVERYTHING, STAGES[stage]))
    assert _read(yaml_of(body)) == body


@pytest.mark.parametrize(
    "text",
    ["on", "No", "12", "1e3", "a: b", "a #b", "- a", "*", "a\nb\n", "a\n\n", "", " ", "~", "x:", "日本", "{a}", "!Ref"],
)
def test_a_text_stays_a_text_in_yaml(text: str):
    body = {"Resources": {"A": {"Of": text, "In": [text, {"And": text, text: 1}]}}}
    assert _read(yaml_of(body)) == body


def test_a_name_that_terraform_would_read_as_its_own_stays_text(tmp_path: Path):
    main = files(built(tmp_path, EVERYTHING), {"TellFunction": "functions/TellFunction.zip"})["main.tf"]
    assert 'MODE = "100%%{x} $${HOME}"' in main
    assert '"$${Bucket}", local.bucket' in main


@pytest.mark.parametrize("form", FORMS)
def test_an_export_takes_the_place_of_the_one_before_and_leaves_other_files(form: str, tmp_path: Path):
    out = tmp_path / "out"
    export(built(tmp_path / "a"), form, out)
    before = contents(out)
    (out / "terraform.tfstate").write_text("theirs")
    (out / "assets").mkdir(exist_ok=True)
    (out / "assets" / "notes.txt").write_text("theirs too")
    export(built(tmp_path / "b", EVERYTHING), form, out)
    export(built(tmp_path / "a"), form, out)
    after = contents(out)
    assert (after.pop("terraform.tfstate"), after.pop("assets/notes.txt")) == (b"theirs", b"theirs too")
    assert after == before


def test_a_folder_that_no_export_wrote_is_refused(tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "main.tf").write_text("theirs")
    with pytest.raises(DeployRefused, match="holds something that no export wrote"):
        export(built(tmp_path / "project"), "terraform", out)
    assert contents(out) == {"main.tf": b"theirs"}


def test_an_export_of_another_form_is_refused(tmp_path: Path):
    export(built(tmp_path / "project"), "sam", tmp_path / "out")
    with pytest.raises(DeployRefused, match="holds an export as sam"):
        export(built(tmp_path / "project"), "terraform", tmp_path / "out")


def test_a_file_of_somebody_s_in_the_way_is_refused_before_anything_is_written(tmp_path: Path):
    out = tmp_path / "out"
    export(built(tmp_path / "a"), "terraform", out)
    (out / "images").mkdir()
    before = contents(out)
    (out / "images" / "TrainImage").mkdir()
    (out / "images" / "TrainImage" / "Dockerfile").write_text("theirs")
    with pytest.raises(DeployRefused, match="was written by no export"):
        export(built(tmp_path / "b", EVERYTHING), "terraform", out)
    assert contents(out) == before | {"images/TrainImage/Dockerfile": b"theirs"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


def test_an_export_that_is_refused_changes_nothing(tmp_path: Path):
    out = tmp_path / "out"
    export(built(tmp_path / "a"), "terraform", out)
    before = contents(out)
    made = built(tmp_path / "b", EVERYTHING)
    made.app.body["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    with pytest.raises(DeployRefused, match="Queue"):
        export(made, "terraform", out)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "out"]


def test_what_an_interrupted_export_left_is_finished_by_the_next(tmp_path: Path):
    out = tmp_path / "out"
    export(built(tmp_path / "a"), "sam", out)
    before = contents(out)
    said = json.loads((out / "export.json").read_text())
    (out / "export.json").write_text(json.dumps(said | {"files": [*said["files"], "images/TrainImage/Dockerfile"]}))
    (out / "template.yaml").unlink()
    (out / "images" / "TrainImage").mkdir(parents=True)
    (out / "images" / "TrainImage" / "Dockerfile").write_text("moved, and then the lights went out")
    export(built(tmp_path / "a"), "sam", out)
    assert contents(out) == before
    assert not (out / "images").exists()


def test_a_list_of_files_that_leads_elsewhere_is_refused(tmp_path: Path):
    out, theirs = tmp_path / "out", tmp_path / "theirs.txt"
    export(built(tmp_path / "project"), "asl", out)
    theirs.write_text("theirs")
    said = json.loads((out / "export.json").read_text())
    (out / "export.json").write_text(json.dumps(said | {"files": ["../theirs.txt"]}))
    with pytest.raises(DeployRefused, match="which no export writes"):
        export(built(tmp_path / "project"), "asl", out)
    assert theirs.exists()


def test_terraform_says_that_it_cannot_move_an_alias_bit_by_bit(tmp_path: Path):
    canary = replace(PLAIN, deployment="canary")
    (note,) = export(built(tmp_path / "project", SMALL, canary), "terraform", tmp_path / "out")
    assert "Terraform moves it at once" in note
    assert note[1:] in (tmp_path / "out" / "README.md").read_text()
    assert export(built(tmp_path / "project"), "terraform", tmp_path / "plain") == ()


def test_every_name_of_the_definition_is_explained(tmp_path: Path):
    export(built(tmp_path / "project", EVERYTHING), "asl", tmp_path / "out")
    names = set(re.findall(r"\$\{([A-Za-z]\w*)\}", (tmp_path / "out" / "definition.asl.json").read_text()))
    said = json.loads((tmp_path / "out" / "substitutions.json").read_text())
    assert set(said) == names
    assert all(row["used"] for row in said.values())


def test_the_command_writes_where_it_says(project):
    project.tiny().write("pyproject.toml", '[tool.stepmill.stages.dev]\nregion = "us-east-1"\n')
    done = project.stepmill("export", "pipeline.py", "--format", "sam")
    assert done.stdout == "build/dev-sam\n"
    assert (project.root / "build" / "dev-sam" / "template.yaml").exists()
    done = project.stepmill("export", "pipeline.py", "--format", "pulumi", code=1)
    assert "invalid choice: 'pulumi'" in done.stderr
    done = project.stepmill("export", "pipeline.py", "--format", "sam", "--out", "raw", code=1)
    assert "raw holds something that no export wrote" in done.stderr


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


_Loader.add_constructor("!Ref", lambda loader, node: {"Ref": loader.construct_scalar(node)})
_Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": loader.construct_scalar(node)})
_Loader.add_constructor("!GetAtt", lambda loader, node: {"Fn::GetAtt": loader.construct_scalar(node).split(".", 1)})


def _read(text: str):
    return yaml.load(text, _Loader)
