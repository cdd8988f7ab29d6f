"""What waits for somebody outside waits on when the process that hosts the store changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stepmill.local import Local
from stores import PASS, ROLE, SCOPE, machine_text, open_store


def begin(local: Local, name: str, **task: Any) -> str:
    text = machine_text(Ask={"Type": "Task", "End": True, **task})
    request = {"name": name, "definition": text, "roleArn": ROLE}
    machine = local.call("states", "CreateStateMachine", request)["stateMachineArn"]
    return str(local.call("states", "StartExecution", {"stateMachineArn": machine})["executionArn"])


def until(local: Local, arn: str, type_: str) -> None:
    events = local.history.read(arn)
    while type_ not in [event.type for event in events]:
        assert local.history.wait(arn, events[-1].id, 20)
        events = local.history.read(arn)


def handed_over(local: Local, folder: Path) -> Local:
    """The store in another owner's hands."""
    local.release()
    other = open_store(folder)
    other.host()
    return other


def outcome(local: Local, arn: str) -> Any:
    assert local.wait(arn, 20)
    shown = local.call("states", "DescribeExecution", {"executionArn": arn})
    assert shown["status"] == "SUCCEEDED", shown
    return json.loads(shown["output"])


def test_a_token_is_good_for_the_next_owner_of_the_store(tmp_path: Path) -> None:
    local = open_store(tmp_path)
    local.host()
    put = {"Bucket": local.settings.bucket, "Key": "token", "Body": "{% $states.context.Task.Token %}"}
    arn = begin(local, "t", Resource="arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken", Arguments=put)
    until(local, arn, "TaskSubmitted")
    token = local.objects.get(local.settings.bucket, "token").decode()
    local.objects.delete(local.settings.bucket, "token")
    local = handed_over(local, tmp_path)
    try:
        local.call("states", "SendTaskSuccess", {"taskToken": token, "output": "7"})
        assert outcome(local, arn) == 7
        assert list(local.objects.list(local.settings.bucket, "token")) == []  # nothing was asked for twice
    finally:
        local.release()


def test_a_task_of_an_activity_is_offered_by_the_next_owner_unless_a_worker_has_it(tmp_path: Path) -> None:
    local = open_store(tmp_path)
    local.host()
    activity = local.call("states", "CreateActivity", {"name": "work"})["activityArn"]
    runs = [begin(local, f"w{n}", Resource=activity, Arguments={"n": n}) for n in (1, 2)]
    for arn in runs:
        until(local, arn, "ActivityScheduled")
    first = local.call("states", "GetActivityTask", {"activityArn": activity})
    local = handed_over(local, tmp_path)
    try:
        second = local.call("states", "GetActivityTask", {"activityArn": activity})
        assert [json.loads(task["input"])["n"] for task in (first, second)] == [1, 2]
        for n, task in enumerate((first, second), 1):
            local.call("states", "SendTaskSuccess", {"taskToken": task["taskToken"], "output": str(n)})
        assert [outcome(local, arn) for arn in runs] == [1, 2]
    finally:
        local.release()


def test_a_parent_hears_of_its_child_from_the_next_owner(tmp_path: Path) -> None:
    local = open_store(tmp_path)
    local.host()
    text = machine_text(Wait={"Type": "Wait", "Seconds": 1, "Next": "End"}, End=PASS)
    request = {"name": "child", "definition": text, "roleArn": ROLE}
    child = local.call("states", "CreateStateMachine", request)["stateMachineArn"]
    start = {"Resource": "arn:aws:states:::states:startExecution.sync:2", "Arguments": {"StateMachineArn": child}}
    arn = begin(local, "parent", **start)
    until(local, arn, "TaskSubmitted")
    local = handed_over(local, tmp_path)
    try:
        assert outcome(local, arn)["Status"] == "SUCCEEDED"
        listed = local.call("states", "ListExecutions", {"stateMachineArn": f"{SCOPE}:stateMachine:child"})
        assert len(listed["executions"]) == 1
    finally:
        local.release()
