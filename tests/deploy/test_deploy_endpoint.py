"""The whole way against Stepmill's own endpoint, where what is deployed really runs; and what only shows there."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cloud import PYTHON, served, stage_file
from faulty import Asked, Fault, Line, line_to

from projects import Project

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
ACCOUNT = "000000000000"
BUCKET = f"stepmill-dev-{ACCOUNT}-us-east-1"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine"

pytestmark = pytest.mark.slow


class There:
    """What stands for AWS: its address, the keys to it, boto3's clients for it."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.address = variables["AWS_ENDPOINT_URL"]
        self.keys = {name: value for name, value in variables.items() if name != "AWS_ENDPOINT_URL"}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"],
        )

    def stacks(self) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {each["StackName"]: each["StackStatus"] for each in found}


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    with served(tmp_path_factory.mktemp("there")) as variables:
        yield There(variables)


@pytest.fixture
def tiny(project: Project, there: There) -> Project:
    project.tiny()
    stage_file(project, endpoint=there.address)
    return project


def deploy(project: Project, there: There, *words: str, code: int = 0) -> str:
    return project.stepmill("deploy", "pipeline.py", "--yes", *words, code=code, **there.keys).stderr


def plan(project: Project, there: There) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.stepmill("plan", "pipeline.py", "--json", **there.keys).stdout)
    return found


def ended(there: There, arn: str) -> dict[str, Any]:
    states, until = there.client("stepfunctions"), time.monotonic() + 120
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < until, "it does not end"
        time.sleep(0.2)
    return dict(found)


def test_digits_is_deployed_runs_through_its_alias_changes_and_goes(project, there, tmp_path):
    for path in DIGITS.glob("*.py"):
        shutil.copy(path, project.root)
    stage_file(project, endpoint=there.address)
    said = project.stepmill("deploy", "pipeline.py", "--yes", **there.keys)
    live = said.stdout.strip()
    assert live == f"{MACHINE}:digits-dev:live"
    subprocess.run([PYTHON, "make_data.py", str(tmp_path / "input.zip")], cwd=project.root, check=True)
    there.client("s3").upload_file(str(tmp_path / "input.zip"), BUCKET, "digits-input/input.zip")
    started = there.client("stepfunctions").start_execution(stateMachineArn=live, name="first")
    found = ended(there, started["executionArn"])
    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    assert output["accuracy"] > 0.9
    assert output["model"].startswith(f"s3://{BUCKET}/digits/first/")

    again = json.loads(project.stepmill("deploy", "pipeline.py", "--yes", "--json", **there.keys).stdout)
    assert (again["changed"], again["calls"] <= 10) == (False, True), again["calls"]

    text = (project.root / "pipeline.py").read_text()
    text = text.replace("hyperparameters={", 'hyperparameters={"momentum": 0.8, ')
    text = text.replace('query_language="JSONata")', 'query_language="JSONata", schedule="rate(1 day)")')
    (project.root / "pipeline.py").write_text(text)
    (project.root / "evaluate.py").write_text((project.root / "evaluate.py").read_text() + "# looked at again\n")
    changed = plan(project, there)
    assert {each["resource"]: (each["action"], each["follows"]) for each in changed["app"]["changes"]} == {
        "Machine": ("modify", ""),
        # what brings them about is the machine's new revision
        "Version": ("modify", "Machine"),
        "Live": ("modify", "Version"),
        **dict.fromkeys(("Schedule", "ScheduleGroup", "ScheduleRole", "ScheduleAlarm"), ("add", "")),
    }
    deploy(project, there)
    assert plan(project, there)["changes"] is False
    versions = there.client("stepfunctions").list_state_machine_versions(stateMachineArn=f"{MACHINE}:digits-dev")
    assert len(versions["stateMachineVersions"]) == 2  # the earlier one is what one can go back to
    (route,) = there.client("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=live)[
        "routingConfiguration"
    ]
    assert (route["stateMachineVersionArn"], route["weight"]) == (f"{MACHINE}:digits-dev:2", 100)

    project.stepmill("destroy", "pipeline.py", "--yes", **there.keys)
    assert there.stacks() == {"stepmill-dev": "CREATE_COMPLETE"}
    assert there.client("lambda").list_functions()["Functions"] == []
    assert there.client("s3").head_object(Bucket=BUCKET, Key="digits/experiments.csv")["ContentLength"] > 0
    project.stepmill("destroy", "pipeline.py", "--yes", "--data", **there.keys)
    assert there.stacks() == {}
    assert BUCKET not in [each["Name"] for each in there.client("s3").list_buckets()["Buckets"]]


def test_a_bucket_name_that_is_taken_is_told_with_what_to_write_and_the_next_deploy_goes_on(tiny, there):
    there.client("s3").create_bucket(Bucket=BUCKET)
    said = deploy(tiny, there, code=4)
    assert f"The bucket {BUCKET} exists already" in said
    assert f'write bucket = "{BUCKET}" into [tool.stepmill.stages.dev]' in said
    assert "Everything was rolled back" in said
    assert there.stacks() == {"stepmill-dev": "ROLLBACK_COMPLETE"}
    stage_file(tiny, endpoint=there.address, bucket=BUCKET)
    said = deploy(tiny, there)
    assert "the stack that a failed deployment left (ROLLBACK_COMPLETE) is deleted first" in said
    assert there.stacks() == {"stepmill-dev": "CREATE_COMPLETE", "tiny-dev": "CREATE_COMPLETE"}


def in_the_way(there: There, name: str) -> None:
    """A function of this name, which a stack cannot make again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def b(event, context): return 1\n")
    there.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/r",
        Handler="a.b",
        Code={"ZipFile": packed.getvalue()},
    )


def test_a_first_deployment_that_fails_leaves_nothing_and_the_second_begins_anew(tiny, there):
    in_the_way(there, "tiny-tell-dev")
    said = deploy(tiny, there, code=4)
    assert "TellFunction (AWS::Lambda::Function):" in said
    assert "already exist" in said
    assert "Everything was rolled back: nothing of it is left." in said
    assert there.stacks()["tiny-dev"] == "ROLLBACK_COMPLETE"
    assert there.client("stepfunctions").list_state_machines()["stateMachines"] == []
    there.client("lambda").delete_function(FunctionName="tiny-tell-dev")
    deploy(tiny, there)
    assert there.stacks()["tiny-dev"] == "CREATE_COMPLETE"
    assert plan(tiny, there)["changes"] is False


def test_a_change_that_fails_is_rolled_back_and_told_with_its_resource(tiny, there):
    deploy(tiny, there)
    configuration = there.client("lambda").get_function_configuration
    sha = configuration(FunctionName="tiny-tell-dev")["CodeSha256"]
    in_the_way(there, "tiny-other-dev")
    text = (tiny.root / "functions.py").read_text()
    (tiny.root / "functions.py").write_text(text + "\n\ndef other(event, context):\n    return event\n")
    text = (tiny.root / "pipeline.py").read_text()
    other = 'other = LambdaStep("Other", function="functions.py:other", payload={})\nworkflow ='
    text = text.replace("workflow =", other).replace("[prepare, train, tell]", "[prepare, train, tell, other]")
    (tiny.root / "pipeline.py").write_text(text)
    said = deploy(tiny, there, code=4)
    assert "OtherFunction (AWS::Lambda::Function):" in said
    assert "Everything was rolled back: the stack is as it was before." in said
    assert there.stacks()["tiny-dev"] == "UPDATE_ROLLBACK_COMPLETE"
    assert configuration(FunctionName="tiny-tell-dev")["CodeSha256"] == sha
    there.client("lambda").delete_function(FunctionName="tiny-other-dev")
    deploy(tiny, there)
    assert configuration(FunctionName="tiny-tell-dev")["CodeSha256"] != sha


def test_a_change_made_by_hand_is_shown_and_taken_back(tiny, there):
    deploy(tiny, there)
    states = there.client("stepfunctions")
    arn = f"{MACHINE}:tiny-dev"
    original = states.describe_state_machine(stateMachineArn=arn)["definition"]
    states.update_state_machine(stateMachineArn=arn, definition=original.replace('"Tell"', '"Told"'))
    there.client("lambda").update_function_configuration(FunctionName="tiny-tell-dev", Timeout=5)
    found = plan(tiny, there)
    drifted = {each["resource"] for each in found["app"]["changes"] if each["drifted"]}
    assert drifted == {"Machine", "TellFunction"}
    shown = tiny.stepmill("plan", "pipeline.py", **there.keys).stdout
    assert "changed by hand; this takes it back" in shown
    assert "Timeout: 5 → 60" in shown
    deploy(tiny, there)
    assert states.describe_state_machine(stateMachineArn=arn)["definition"] == original
    function = there.client("lambda").get_function_configuration(FunctionName="tiny-tell-dev")
    assert function["Timeout"] == 60
    assert plan(tiny, there)["changes"] is False


def test_destroy_waits_for_nobody_and_refuses_while_executions_run(tiny, there):
    tiny.write(
        "pipeline.py",
        """
        from stepmill.steps import Wait
        from stepmill.workflow import Workflow

        workflow = Workflow("tiny", definition=Wait("Wait", seconds=3600))
        """,
    )
    deploy(tiny, there)
    states = there.client("stepfunctions")
    started = states.start_execution(stateMachineArn=f"{MACHINE}:tiny-dev:live", name="long")
    said = tiny.stepmill("destroy", "pipeline.py", "--yes", code=5, **there.keys).stderr
    assert "1 executions of tiny-dev run: long" in said
    assert there.stacks()["tiny-dev"] == "CREATE_COMPLETE"
    states.stop_execution(executionArn=started["executionArn"])
    tiny.stepmill("destroy", "pipeline.py", "--yes", **there.keys)
    assert "tiny-dev" not in there.stacks()


def test_two_workflows_share_a_stage_and_the_last_one_takes_it_along(tiny, there):
    text = (tiny.root / "pipeline.py").read_text()
    tiny.write("pipeline.py", text.replace('"tiny",', '"数字",'))
    deploy(tiny, there)
    for key in ("数字/monday/model.tar.gz", "other/monday/model.tar.gz"):  # what an execution of each wrote
        there.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"model")
    tiny.write("other.py", text.replace('"tiny",', '"other",'))
    tiny.stepmill("deploy", "other.py", "--yes", **there.keys)
    said = tiny.stepmill("destroy", "pipeline.py", "--yes", "--data", **there.keys).stderr
    assert "which other-dev still need" in said
    assert there.stacks() == {"stepmill-dev": "CREATE_COMPLETE", "other-dev": "CREATE_COMPLETE"}
    kept = [each["Key"] for each in there.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert [key for key in kept if key.endswith("model.tar.gz")] == ["other/monday/model.tar.gz"]
    tiny.stepmill("destroy", "other.py", "--yes", "--data", **there.keys)
    assert there.stacks() == {}


@pytest.fixture
def line(there: There) -> Iterator[Line]:
    with line_to(there.address) as found:
        yield found


def test_of_two_deployments_at_once_one_wins_and_the_other_is_told(tiny, there, line):
    deploy(tiny, there)
    tiny.write("prepare.py", (tiny.root / "prepare.py").read_text() + "# mine\n")
    stage_file(tiny, endpoint=line.address)
    left = [1]

    def theirs() -> None:
        stage_file(tiny, endpoint=there.address)
        deploy(tiny, there)

    def rule(asked: Asked) -> Fault | None:
        if asked.operation != "ExecuteChangeSet" or not left:
            return None
        left.clear()
        return Fault(before=theirs)

    line.rule = rule
    said = deploy(tiny, there, code=1)
    assert "changed by another deployment since this plan was made" in said
    assert "no changes" in deploy(tiny, there)
