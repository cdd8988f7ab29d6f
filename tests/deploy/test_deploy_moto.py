"""The whole way to AWS and back, against a server of moto's own: deploy, plan, change, deploy, destroy."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from cloud import KEYS, MOTO, moto, stage_file

from projects import Project

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
ACCOUNT = "123456789012"  # moto's

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MOTO, reason="STEPMILL_MOTO names no folder with moto's server; `make test-all` makes one"),
]


@pytest.fixture
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of what stands for AWS, empty."""
    with moto(tmp_path_factory.mktemp("moto")) as address:
        yield address


@pytest.fixture
def digits(project: Project, aws: str) -> Project:
    """A copy of examples/digits with a stage there."""
    for path in DIGITS.glob("*.py"):
        shutil.copy(path, project.root)
    stage_file(project, endpoint=aws, expected_account=ACCOUNT)
    return project


def client(aws: str, service: str):
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, endpoint_url=aws, region_name="us-east-1", **keys)


def replaced(project: Project, name: str, old: str, new: str) -> None:
    text = (project.root / name).read_text()
    assert old in text
    (project.root / name).write_text(text.replace(old, new))


def changes(document: dict) -> dict[str, str]:
    return {each["resource"]: each["action"] for each in document["app"]["changes"]}


def test_digits_goes_to_aws_changes_there_exactly_as_planned_and_leaves_only_its_data(digits, aws):
    run = lambda *words, **more: digits.stepmill(*words, **KEYS, **more)  # noqa: E731

    # the first time: all of it is new
    first = json.loads(run("plan", "pipeline.py", "--json", "--exit-code", code=2).stdout)
    assert set(changes(first).values()) == {"add"}
    assert len(first["uploads"]) == 5
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []  # a plan leaves nothing behind
    said = run("deploy", "pipeline.py", "--yes")
    assert said.stdout == f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:digits-dev:live\n"

    # nothing has changed
    assert "no changes" in run("plan", "pipeline.py", "--exit-code").stdout
    again = json.loads(run("deploy", "pipeline.py", "--yes", "--json").stdout)
    assert (again["changed"], again["calls"] <= 10) == (False, True), again["calls"]

    # one hyperparameter, one script, the schedule
    replaced(digits, "pipeline.py", "hyperparameters={", 'hyperparameters={"momentum": 0.8, ')
    replaced(
        digits,
        "pipeline.py",
        'query_language="JSONata")',
        'query_language="JSONata", schedule="cron(0 3 * * ? *)", time_zone="Asia/Tokyo")',
    )
    replaced(digits, "preprocess.py", "\n\n\n", "\n\n\n# looked at again\n")
    second = json.loads(run("plan", "pipeline.py", "--json", "--exit-code", code=2).stdout)
    assert changes(second) == {
        "Machine": "modify",
        **dict.fromkeys(("Schedule", "ScheduleGroup", "ScheduleRole", "ScheduleAlarm"), "add"),
    }
    (machine,) = (each for each in second["app"]["changes"] if each["resource"] == "Machine")
    paths = [each["path"] for each in machine["differences"]]
    assert paths == [
        "/Definition/States/Preprocess/Arguments/ProcessingInputs/code/S3Input/S3Uri",
        "/Definition/States/Train/Arguments/HyperParameters/momentum",
    ]
    assert [key.rpartition("/")[2] for key in second["uploads"]] == ["preprocess.py"]
    assert second["base"]["changes"] == []
    line = (digits.root / "pipeline.py").read_text().split("train = TrainingStep", 1)[0].count("\n") + 1
    shown = run("plan", "pipeline.py").stdout
    assert f"pipeline.py:{line} Train HyperParameters/momentum: nothing → 0.8" in shown
    assert re.search(r"preprocess.py [0-9a-f]{12} → preprocess.py [0-9a-f]{12}", shown)
    run("deploy", "pipeline.py", "--yes")
    assert "no changes" in run("plan", "pipeline.py", "--exit-code").stdout
    assert '"momentum":"0.8"' in deployed(aws)

    # away again
    run("destroy", "pipeline.py", "--yes")
    left = [each["StackName"] for each in client(aws, "cloudformation").describe_stacks()["Stacks"]]
    assert left == ["stepmill-dev"]
    assert client(aws, "stepfunctions").list_state_machines()["stateMachines"] == []
    assert client(aws, "lambda").list_functions()["Functions"] == []
    roles = [each["RoleName"] for each in client(aws, "iam").list_roles()["Roles"]]
    assert [name for name in roles if name.startswith("digits")] == []
    kept = client(aws, "s3").list_objects_v2(Bucket=f"stepmill-dev-{ACCOUNT}-us-east-1")["KeyCount"]
    assert kept == 6  # code, twice for the script that changed
    assert "nothing to destroy" in run("destroy", "pipeline.py", "--yes").stderr
    run("destroy", "pipeline.py", "--yes", "--data")
    assert client(aws, "s3").list_buckets()["Buckets"] == []
    assert client(aws, "ecr").describe_repositories()["repositories"] == []
    assert client(aws, "cloudformation").describe_stacks()["Stacks"] == []


def deployed(aws: str) -> str:
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:digits-dev"
    return client(aws, "stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]


ENGINE = """#!{python}
# Stands for docker: what it "pushes" gets into the registry as a manifest, and what it was told into a file.
import json, os, pathlib, sys
import boto3
words = sys.argv[1:]
with open({told!r}, "a") as told:
    told.write(json.dumps(words) + "\\n")
if words[0] == "login":
    assert sys.stdin.read() == "{account}-auth-token", "the password comes on stdin"
if words[0] == "build":
    files = sorted(path.name for path in pathlib.Path(words[-1]).iterdir())
    assert files == ["Dockerfile", "requirements.txt"], files
if words[0] == "push":
    name, tag = words[1].rpartition("/")[2].split(":")
    ecr = boto3.client("ecr", endpoint_url={aws!r}, region_name="us-east-1")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    config = {{"digest": "sha256:" + "0" * 64}}
    manifest = json.dumps({{"schemaVersion": 2, "mediaType": kind, "tag": tag, "config": config, "layers": []}})
    ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=manifest)
"""


def test_an_image_is_built_once_for_its_requirements_and_pushed_before_the_stack_needs_it(digits, aws, tmp_path):
    told = tmp_path / "told.jsonl"
    text = ENGINE.format(python=sys.executable, told=str(told), account=ACCOUNT, aws=aws)
    engine = digits.write("bin/docker", text)
    engine.chmod(engine.stat().st_mode | stat.S_IXUSR)
    stage_file(digits, endpoint=aws, builder="docker")
    more = KEYS | {"PATH": f"{digits.root / 'bin'}:{os.environ['PATH']}"}
    digits.stepmill("deploy", "pipeline.py", "--yes", **more)
    asked = [json.loads(line)[0] for line in told.read_text().splitlines()]
    assert asked == ["login", "build", "push"]
    (image,) = client(aws, "ecr").describe_images(repositoryName="stepmill-dev")["imageDetails"]
    assert image["imageTags"][0].startswith("digits-")
    # a script is no reason to build an image, another requirement is
    replaced(digits, "preprocess.py", "\n\n\n", "\n\n\n# looked at again\n")
    digits.stepmill("deploy", "pipeline.py", "--yes", **more)
    assert len(told.read_text().splitlines()) == 3
    replaced(digits, "pipeline.py", '["numpy", "scikit-learn"]', '["numpy", "scikit-learn", "scipy"]')
    planned = json.loads(digits.stepmill("plan", "pipeline.py", "--json", **more).stdout)
    assert planned["images"] == ["Image"]
    digits.stepmill("deploy", "pipeline.py", "--yes", **more)
    assert len(told.read_text().splitlines()) == 6


def test_without_an_engine_codebuild_is_asked_and_what_it_did_not_push_is_told(digits, aws):
    stage_file(digits, endpoint=aws, builder="codebuild")
    client(aws, "codebuild").create_project(
        name="stepmill-dev",  # moto's CloudFormation knows no projects
        source={"type": "S3", "location": "a/b", "buildspec": "version: 0.2"},  # it wants a place
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )
    failed = digits.stepmill("deploy", "pipeline.py", "--yes", code=4, **KEYS)
    assert "but the repository does not have it" in failed.stderr  # moto's builds end well and push nothing
    bucket = f"stepmill-dev-{ACCOUNT}-us-east-1"
    found = client(aws, "s3").list_objects_v2(Bucket=bucket, Prefix="stepmill/images/")
    assert found["KeyCount"] == 1
    stacks = {each["StackName"]: each for each in client(aws, "cloudformation").describe_stacks()["Stacks"]}
    assert stacks["stepmill-dev"]["StackStatus"] == "CREATE_COMPLETE"
    assert "digits-dev" not in stacks  # planned, and not begun
