"""What other people's tools say of an export: cfn-lint, the SAM translator and CLI, Terraform with the AWS provider.

Slow, for what has to be installed; `make test-all` installs all but Terraform, which is used where it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import boto3
import pytest
from exported import CASES, EVERYTHING, SMALL, built, case

from stepmill.deploy.exports.forms import export
from stepmill.deploy.templates.app import text_of

pytestmark = pytest.mark.slow


def linted(path: Path) -> list[str]:
    api = pytest.importorskip("cfnlint.api")
    config = pytest.importorskip("cfnlint.config")
    found = api.lint_file(path, config=config.ManualArgs(regions=["us-east-1"]))
    return [f"{each.rule.id} {each.message}" for each in found]


@pytest.mark.parametrize("name", CASES)
def test_cfn_lint_takes_the_templates(name: str, tmp_path: Path):
    made = case(name, tmp_path / "project")
    export(made, "cloudformation", tmp_path / "cfn")
    export(made, "sam", tmp_path / "sam")
    for file in ("cfn/template.json", "cfn/base.json", "sam/template.yaml"):
        assert linted(tmp_path / file) == [], file


@pytest.mark.parametrize("name", CASES)
def test_what_sam_makes_of_the_template_is_what_deploy_makes(name: str, tmp_path: Path):
    """The same resources, but for the names of what SAM makes itself: the version and the alias."""
    pytest.importorskip("samtranslator")
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    from stepmill.deploy.exports.sam import template

    made = case(name, tmp_path / "project")
    body = json.loads(json.dumps(template(made)))
    for each in body["Resources"].values():
        for field in {"CodeUri", "DefinitionUri"} & set(each["Properties"]):
            each["Properties"][field] = "s3://packaged/by-sam"  # as `sam package` does
    translator = Translator({}, Parser(), boto_session=boto3.session.Session(region_name="us-east-1"))
    translated = translator.translate(body, {"CreateShared": "true"})
    (tmp_path / "translated.json").write_text(json.dumps(translated))
    assert linted(tmp_path / "translated.json") == []
    app, ours = translated["Resources"], made.app.body["Resources"]
    assert app["MachineAliaslive"]["Type"] == "AWS::StepFunctions::StateMachineAlias"
    versions = {logical for logical in app if logical.startswith("MachineVersion")}
    assert set(app) - versions - {"MachineAliaslive"} == (set(ours) | set(made.base["Resources"])) - {"Version", "Live"}
    for logical, resource in ours.items():
        if resource["Type"] in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"):
            given = app[logical]["Properties"]
            for field, value in resource["Properties"].items():
                if field not in ("Code", "DefinitionString", "Tags"):
                    assert given[field] == value, (logical, field)


def test_sam_s_own_command_takes_and_builds_the_application(tmp_path: Path):
    sam = Path(os.environ.get("STEPMILL_SAM", "")) / "sam"
    if not sam.is_file():
        pytest.skip("needs the SAM CLI, which `make test-all` installs")
    out = tmp_path / "out"
    export(case("network", tmp_path / "project"), "sam", out)
    home = {"HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for words in (["validate", "--lint"], ["build"]):
        done = subprocess.run(
            [sam, *words], cwd=out, env={**os.environ, **home, **keys}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", CASES)
def test_the_module_is_hcl(name: str, tmp_path: Path):
    hcl2 = pytest.importorskip("hcl2")
    export(case(name, tmp_path / "project"), "terraform", tmp_path / "out")
    for path in (tmp_path / "out").glob("*.tf"):
        with path.open(encoding="utf-8") as file:
            assert hcl2.load(file), path.name


def terraform(folder: Path, *words: str) -> str:
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("needs terraform in PATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run(
        [binary, f"-chdir={folder}", *words],
        env=kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", CASES)
def test_terraform_validates_the_module_and_would_lay_it_out_so(name: str, tmp_path: Path):
    out = tmp_path / "out"
    export(case(name, tmp_path / "project"), "terraform", out)
    terraform(out, "fmt", "-check", "-diff")
    plugins = os.environ.get("STEPMILL_TERRAFORM_PLUGINS", "")
    if not plugins or not Path(plugins).is_dir():
        pytest.skip("needs the AWS provider in a folder that STEPMILL_TERRAFORM_PLUGINS names")
    terraform(out, "init", "-input=false", "-backend=false", f"-plugin-dir={plugins}")
    said = json.loads(terraform(out, "validate", "-json"))
    assert (said["valid"], said["diagnostics"]) == (True, [])


@pytest.mark.parametrize("pipeline", [SMALL, EVERYTHING], ids=["small", "everything"])
def test_terraform_fills_the_names_in_as_aws_does(pipeline: str, tmp_path: Path):
    """And leaves every other `${` and `%{` of the definition alone."""
    made = built(tmp_path / "project", pipeline)
    out = tmp_path / "out"
    export(made, "terraform", out)
    (said,) = re.findall(r"^  definition = (.*?)^  publish", (out / "main.tf").read_text(), flags=re.M | re.S)
    plain = re.sub(r'("\$\$\{(\w+)\}"), .*\)', r'\1, "[\2]")', said)
    (tmp_path / "alone").mkdir()
    shutil.copy(out / "definition.asl.json", tmp_path / "alone")
    (tmp_path / "alone" / "main.tf").write_text(f'output "definition" {{\n  value = {plain}\n}}\n')
    terraform(tmp_path / "alone", "apply", "-auto-approve")
    filled = terraform(tmp_path / "alone", "output", "-raw", "definition")
    wanted = made.bundle.bind({name: f"[{name}]" for name in made.bundle.needs})
    assert filled == text_of(json.loads(wanted))


def test_the_aws_cli_deploys_the_templates_as_the_readme_says(tmp_path: Path):
    """To moto's server, which makes the stacks, but cannot read a template out of a bucket of its own."""
    moto, cli = os.environ.get("STEPMILL_MOTO", ""), os.environ.get("STEPMILL_AWSCLI", "")
    if not moto or not cli:
        pytest.skip("needs moto's server and the AWS CLI, which `make test-all` installs")
    out = tmp_path / "out"
    export(built(tmp_path / "project", SMALL), "cloudformation", out)
    (block, *_) = re.findall(r"^```sh\n(.*?)^```", (out / "README.md").read_text(), flags=re.M | re.S)
    block = re.sub(r'  --s3-bucket "[^"]*" --s3-prefix \S+ \\\n', "", block)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "HOME": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(moto) / "moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        assert any("Running on" in line for line in server.stderr)
        at = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "PATH": f"{cli}{os.pathsep}{os.environ['PATH']}"}
        block += "aws cloudformation list-stacks --query 'StackSummaries[].[StackName,StackStatus]' --output text\n"
        done = subprocess.run(
            ["sh", "-eu", "-c", block],
            cwd=out,
            env=kept | keys | at,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        server.kill()
        server.communicate()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "small-dev\tCREATE_COMPLETE" in done.stdout
