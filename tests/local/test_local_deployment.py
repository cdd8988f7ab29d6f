"""A Bundle becomes a machine of this stage, as often as it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepmill.functions import Functions
from stepmill.local import Local
from stepmill.services.operations import ServiceError
from stepmill.steps import LambdaStep
from stepmill.workflow import Workflow

FUNCTION = 'def say(event, context):\n    return "{word}"\n'


def workflow(folder: Path, word: str) -> Workflow:
    source = folder / "functions.py"
    source.write_text(FUNCTION.format(word=word))
    return Workflow("told", LambdaStep("Tell", function=f"{source}:say", timeout=20), query_language="JSONata")


def outcome(local: Local, made: Workflow) -> object:
    execution = made.use(local).execute()
    try:
        return execution.get_output(wait=True)
    finally:
        Functions(local.store.functions).stop()


def test_code_that_changed_is_what_the_next_run_runs(local: Local, tmp_path: Path):
    assert "first" in json.dumps(outcome(local, workflow(tmp_path, "first")))
    assert "second" in json.dumps(outcome(local, workflow(tmp_path, "second")))
    assert len(local.call("lambda", "ListFunctions", {})["Functions"]) == 1


def test_the_same_again_changes_nothing(local: Local, tmp_path: Path):
    made = workflow(tmp_path, "same")
    arn = local.deploy(made.bundle())
    described = local.call("states", "DescribeStateMachine", {"stateMachineArn": arn})
    stored = [(info.key, info.modified) for info in local.objects.list("stepmill-local")]
    assert local.deploy(made.bundle()) == arn
    assert local.call("states", "DescribeStateMachine", {"stateMachineArn": arn}) == described
    assert [(info.key, info.modified) for info in local.objects.list("stepmill-local")] == stored


def test_another_role_is_taken_over(local: Local, tmp_path: Path):
    made = workflow(tmp_path, "same")
    arn = local.deploy(made.bundle())
    assert local.deploy(made.bundle(), "arn:aws:iam::000000000000:role/other") == arn
    described = local.call("states", "DescribeStateMachine", {"stateMachineArn": arn})
    assert described["roleArn"].endswith("role/other")


def test_a_call_that_aws_refuses_makes_no_machine(local: Local, tmp_path: Path):
    with pytest.raises(ServiceError, match="InvalidName"):
        local.call("states", "CreateStateMachine", {"name": "a b", "definition": "{}", "roleArn": "r"})
    assert local.call("states", "ListStateMachines", {})["stateMachines"] == []
