"""Roles are enforced here as on AWS: the whole policy is enough, and every right of it is needed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stepmill.cli.loader import load
from stepmill.cli.new import make
from stepmill.deploy.rights.explain import Role, roles
from stepmill.deploy.rights.policy import Scope, Statement, document
from stepmill.functions import Functions
from stepmill.local import Local
from stepmill.local.refusals import bindings
from stepmill.local.roles import Roles
from stepmill.services.rights import POLICY
from stepmill.stage import load_settings
from stepmill.workflow import Workflow
from stores import ROLE, create, run, task

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
WRITES = """
import os, pathlib, sys
for name in {names}:
    folder = pathlib.Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / {file!r}).write_text({text!r})
"""
QUICK = {
    "preprocess.py": WRITES.format(
        names=["/opt/ml/processing/train", "/opt/ml/processing/test"], file="data.txt", text="1"
    ),
    "train.py": WRITES.format(names=["/opt/ml/model"], file="model.txt", text="1"),
    "evaluate.py": WRITES.format(
        names=["/opt/ml/processing/evaluation"], file="evaluation.json", text='{"accuracy": 0.95}'
    ),
}


class Ground:
    """A pipeline that runs with its own roles enforced, and the policies of these."""

    def __init__(self, folder: Path, pipeline: Path) -> None:
        settings = load_settings(folder, {}, store=str(folder / ".stepmill"), cache=str(folder / "cache"), grace=1)
        self.local = Local(settings, say=lambda sentence: None, enforce_rights=True)
        self.local.host()
        self.workflow: Workflow = load(str(pipeline)).use(self.local)
        self.workflow.create()
        bundle = self.workflow.bundle()
        own = Roles(bundle, self.local)
        scope = Scope("aws", settings.region, settings.account, bundle.name)
        self.roles: list[Role] = roles(bundle, bindings(bundle, settings, own.job), scope)
        functions = (own.function(made) for made in bundle.manifest.functions.values())
        arns = [own.machine, *map(own.job, bundle.job_roles), *functions]
        self.arns = {
            role.name: arn.format(account=settings.account) for role, arn in zip(self.roles, arns, strict=True)
        }

    def give(self, role: Role, statements: list[Statement]) -> None:
        """Give a role these statements in place of all it had."""
        body = {"documents": [document(statements)]}
        self.local.call("stepmill", "Note", {"kind": POLICY, "name": self.arns[role.name], "body": body})

    def run(self, **inputs: Any) -> tuple[str, list[tuple[str, str, str]]]:
        """The status of one execution, and the (state, error, cause) of each failed Task, in order."""
        arn = self.workflow.execute(inputs=inputs).arn
        assert self.local.wait(arn, 120)
        events = {event.id: event for event in self.local.history.read(arn)}
        failed = []
        for event in events.values():
            if event.type in ("TaskFailed", "TaskSubmitFailed"):
                at = event
                while not at.type.endswith("StateEntered"):
                    at = events[at.previous]
                failed.append((at.details["name"], event.details.get("error"), event.details.get("cause", "")))
        return self.local.call("states", "DescribeExecution", {"executionArn": arn})["status"], failed

    def close(self) -> None:
        self.local.release()
        Functions(self.local.store.functions).stop()


@pytest.fixture(scope="module", params=["new", "digits"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The pipelines of `stepmill new` and of examples/digits, with scripts that are quick."""
    folder = tmp_path_factory.mktemp(request.param) / "rights"
    if request.param == "new":
        make(folder)
    else:
        shutil.copytree(DIGITS, folder, ignore=shutil.ignore_patterns(".stepmill", "__pycache__", "*.zip", "tests"))
        pipeline = folder / "pipeline.py"
        text = pipeline.read_text(encoding="utf-8").replace('"requirements": ["numpy", "scikit-learn"], ', "")
        pipeline.write_text(text, encoding="utf-8")
        for name, script in QUICK.items():
            (folder / name).write_text(script, encoding="utf-8")
    made = Ground(folder, folder / "pipeline.py")
    if request.param == "digits":
        made.local.objects.put("stepmill-local", "digits-input/input.zip", b"data")
    yield made
    made.close()


@pytest.mark.slow
def test_the_whole_policy_is_enough_and_without_any_right_the_state_that_needs_it_fails(ground: Ground):
    status, failed = ground.run()
    assert status == "SUCCEEDED", failed
    missed = []
    for role in ground.roles:
        whole = list(role.statements)
        for at, statement in enumerate(whole):
            for action in statement.actions:
                left = tuple(one for one in statement.actions if one != action)
                less = [*whole[:at], *([replace(statement, actions=left)] if left else []), *whole[at + 1 :]]
                ground.give(role, less)
                inputs = {"DataUpdate": False} if "latest-data" in role.name else {}
                status, failed = ground.run(**inputs)
                first = failed[0] if failed else ("", "", "")
                needed = {reason.state for reason in statement.reasons}
                named = f"is not authorized to perform: {action} on resource: " in first[2]
                if status != "FAILED" or not named or (first[0] not in needed and role.service != "lambda"):
                    missed.append((role.name, statement.sid, action, status, failed))
        ground.give(role, whole)
    assert missed == []
    assert ground.run()[0] == "SUCCEEDED"


# ---- one Task at a time


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def give(local: Local, *statements: dict[str, Any], role: str = ROLE) -> None:
    body = {"documents": [{"Version": "2012-10-17", "Statement": list(statements)}]}
    local.call("stepmill", "Note", {"kind": POLICY, "name": role, "body": body})


def test_a_missing_right_fails_the_state_with_the_error_and_the_sentence_of_aws(local: Local):
    local.host()
    local.objects.put("stepmill-local", "a.txt", b"text")
    give(local, allow("s3:ListBucket"))
    ended = run(local, task("aws-sdk:s3:getObject", Bucket="stepmill-local", Key="a.txt"))
    name = ended["executionArn"].rpartition(":")[2]
    assert (ended["status"], ended["error"]) == ("FAILED", "S3.S3Exception")
    assert ended["cause"].startswith(
        f"User: arn:aws:sts::000000000000:assumed-role/r/{name} is not authorized to perform: s3:GetObject "
        "on resource: arn:aws:s3:::stepmill-local/a.txt because no identity-based policy allows the s3:GetObject "
        "action (Service: S3, Status Code: 403, "
    )


def test_a_role_with_the_right_may_and_a_role_that_nobody_gave_a_policy_is_not_asked(local: Local):
    text = task("aws-sdk:s3:listObjectsV2", Bucket="stepmill-local", Prefix="a/")
    assert run(local, text, name="free")["status"] == "SUCCEEDED"
    prefix = {"StringEquals": {"s3:prefix": "a/"}}
    give(local, allow("s3:ListBucket", resource="arn:aws:s3:::stepmill-local", Condition=prefix))
    assert run(local, text, name="held")["status"] == "SUCCEEDED"
    other = run(local, task("aws-sdk:s3:listObjectsV2", Bucket="stepmill-local", Prefix="b/"), name="other")
    assert other["status"] == "FAILED"


def test_an_explicit_deny_is_told_as_one(local: Local):
    give(local, allow("*"), {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"})
    ended = run(local, task("aws-sdk:s3:putObject", Bucket="stepmill-local", Key="a", Body="x"))
    assert (
        "s3:PutObject on resource: arn:aws:s3:::stepmill-local/a with an explicit deny in an identity-based policy"
        in (ended["cause"])
    )


def test_what_is_not_understood_of_a_policy_is_refused_by_name(local: Local):
    give(local, allow("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    ended = run(local, task("aws-sdk:s3:putObject", Bucket="stepmill-local", Key="a", Body="x"))
    assert ended["status"] == "FAILED" and "IpAddress" in ended["cause"]


@pytest.mark.parametrize(
    ("resource", "arguments", "error"),
    [
        ("lambda:invoke", {"FunctionName": "f"}, "Lambda.AWSLambdaException"),
        ("states:startExecution", {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:x"},
         "StepFunctions.AWSStepFunctionsException"),
        ("dynamodb:getItem", {"TableName": "t", "Key": {"a": {"S": "b"}}}, "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:sagemaker:listTrainingJobs", {}, "SageMaker.SageMakerException"),
    ],
)  # fmt: skip
def test_each_service_refuses_under_its_own_error(local: Local, resource: str, arguments: dict[str, Any], error: str):
    give(local)
    ended = run(local, task(resource, **arguments))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert "is not authorized to perform" in ended["cause"]


def test_the_roles_of_iam_are_enforced_when_the_store_is_served_so(tmp_path: Path):
    settings = load_settings(tmp_path, {}, store=str(tmp_path / ".stepmill"), cache=str(tmp_path / "cache"), grace=1)
    said: list[str] = []
    local = Local(settings, say=said.append, enforce_rights=True)
    try:
        text = task("aws-sdk:s3:putObject", Bucket="stepmill-local", Key="a", Body="x")
        assert run(local, text, name="nobody")["status"] == "SUCCEEDED"
        assert [sentence for sentence in said if "IAM has no role r" in sentence]
        local.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps({"Statement": []})})
        assert run(local, text, name="nothing")["status"] == "FAILED"
        inline = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:PutObject")]})
        local.call("iam", "PutRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": inline})
        assert run(local, text, name="inline")["status"] == "SUCCEEDED"
        managed = json.dumps({"Version": "2012-10-17", "Statement": [{**allow("s3:*"), "Effect": "Deny"}]})
        made = local.call("iam", "CreatePolicy", {"PolicyName": "no", "PolicyDocument": managed})
        local.call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": made["Policy"]["Arn"]})
        assert run(local, text, name="managed")["status"] == "FAILED"
    finally:
        local.release()


def test_a_distributed_map_needs_its_reader_and_the_right_to_start_itself(local: Local):
    local.host()
    local.objects.put("stepmill-local", "list.json", b"[1, 2]")
    machine = {
        "StartAt": "Each",
        "QueryLanguage": "JSONata",
        "States": {
            "Each": {
                "Type": "Map",
                "Label": "Each",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "JSON"},
                    "Arguments": {"Bucket": "stepmill-local", "Key": "list.json"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "One",
                    "States": {"One": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        },
    }
    whole = ["states:StartExecution", "states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
    give(local, allow(*whole, "s3:GetObject"))
    assert run(local, json.dumps(machine), name="whole")["status"] == "SUCCEEDED"
    give(local, allow(*whole))
    assert run(local, json.dumps(machine), name="reader")["error"] == "States.ItemReaderFailed"
    give(local, allow(*whole[1:], "s3:GetObject"))
    ended = run(local, json.dumps(machine), name="start")
    assert ended["error"] == "States.Permissions" and "states:StartExecution" in ended["cause"]


def test_a_task_of_another_role_needs_that_role_and_the_right_to_take_it_on(local: Local):
    other = "arn:aws:iam::111122223333:role/other"
    machine = json.loads(task("aws-sdk:s3:putObject", Bucket="stepmill-local", Key="a", Body="x"))
    machine["States"]["T"]["Credentials"] = {"RoleArn": other}
    give(local, allow("s3:PutObject"))
    assert "sts:AssumeRole on resource: " + other in run(local, json.dumps(machine), name="no")["cause"]
    give(local, allow("sts:AssumeRole", resource=other))
    assert run(local, json.dumps(machine), name="yes")["status"] == "SUCCEEDED"
    give(local, role=other)
    assert "assumed-role/other/" in run(local, json.dumps(machine), name="less")["cause"]


def test_an_execution_keeps_its_role_whoever_goes_on_with_it(local: Local):
    give(local, allow("s3:ListBucket"))
    arn = create(local, "kept", task("aws-sdk:s3:putObject", Bucket="stepmill-local", Key="a", Body="x"))
    started = local.call("states", "StartExecution", {"stateMachineArn": arn, "input": "{}"})["executionArn"]
    assert local.wait(started, 30)
    local.release()
    again = Local(local.settings, say=lambda sentence: None)
    try:
        again.call("states", "RedriveExecution", {"executionArn": started})
        assert again.wait(started, 30)
        found = again.call("states", "DescribeExecution", {"executionArn": started})
        assert found["status"] == "FAILED" and "is not authorized" in found["cause"]
    finally:
        again.release()
