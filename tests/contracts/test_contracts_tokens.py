"""Task tokens and activities as boto3 sees them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepmill.history.events import Event
from stepmill.local import Local
from stores import ROLE, SCOPE, machine_text

GONE = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


@pytest.fixture
def states(client: Any) -> Any:
    return client("stepfunctions")


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def begin(states: Any, name: str, **task: Any) -> str:
    """Start an execution of one Task, and of what its Catch leads to."""
    text = machine_text(Ask={"Type": "Task", "End": True, **task}, Caught={"Type": "Pass", "End": True})
    if "Catch" not in task:
        text = machine_text(Ask={"Type": "Task", "End": True, **task})
    machine = states.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"]
    return str(states.start_execution(stateMachineArn=machine)["executionArn"])


def until(store: Local, arn: str, type_: str) -> list[Event]:
    """The events so far, once there is one of this type."""
    events = store.history.read(arn)
    while type_ not in [event.type for event in events]:
        assert store.history.wait(arn, events[-1].id, 20), [event.type for event in events]
        events = store.history.read(arn)
    return events


def ended(states: Any, store: Local, arn: str) -> dict[str, Any]:
    assert store.wait(arn, 30)
    return dict(states.describe_execution(executionArn=arn))


def asked(states: Any, store: Local, name: str, **more: Any) -> tuple[str, str]:
    """An execution that waits for its token, which it has put into an object, and the token."""
    put = {
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject.waitForTaskToken",
        "Arguments": {"Bucket": store.settings.bucket, "Key": name, "Body": "{% $states.context.Task.Token %}"},
    }
    arn = begin(states, name, **put, **more)
    until(store, arn, "TaskSubmitted")
    return arn, store.objects.path(store.settings.bucket, name).read_text()


def test_a_task_waits_until_its_token_is_sent_back(states: Any, store: Local):
    arn, token = asked(states, store, "approved")
    assert len(token) <= 2048
    states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='{"by": "Ada"}')
    assert [event.type for event in store.history.read(arn)][2:6] == [
        *("TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded")
    ]  # when the answer is there, the outcome is on disk
    assert json.loads(ended(states, store, arn)["output"]) == {"by": "Ada"}
    assert refusal(states.send_task_success, taskToken=token, output="{}") == GONE
    assert refusal(states.send_task_heartbeat, taskToken=token) == GONE


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ({"error": "Rejected", "cause": "too red"}, {"Error": "Rejected", "Cause": "too red"}),
        ({}, {"Error": None, "Cause": None}),
    ],
)
def test_a_token_can_fail_its_task(states: Any, store: Local, told: Any, seen: Any):
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "Output": "{% $states.errorOutput %}"}]
    arn, token = asked(states, store, f"failed{len(told)}", Catch=catch)
    states.send_task_failure(taskToken=token, **told)
    assert json.loads(ended(states, store, arn)["output"]) == seen


def test_nobody_makes_a_token_up(states: Any, store: Local):
    arn, token = asked(states, store, "guarded")
    forged = "A" + token[1:] if token[0] != "A" else "B" + token[1:]
    assert refusal(states.send_task_success, taskToken=forged, output="{}") == GONE
    wrong = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(states.send_task_failure, taskToken="nonsense") == wrong
    assert refusal(states.send_task_success, taskToken=token, output="{")[0] == "InvalidOutput"
    assert refusal(states.send_task_success, taskToken=token, output=json.dumps("x" * 262_144))[0] == (
        "ValidationException"
    )
    assert refusal(states.send_task_failure, taskToken=token, error="e" * 257)[0] == "ValidationException"
    assert store.history.read(arn)[-1].type == "TaskSubmitted"
    states.stop_execution(executionArn=arn)
    assert refusal(states.send_task_success, taskToken=token, output="{}") == GONE


def test_a_missed_heartbeat_times_the_task_out(states: Any, store: Local):
    catch = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Caught"}]
    arn, _ = asked(states, store, "silent", HeartbeatSeconds=1, TimeoutSeconds=600, Catch=catch)
    assert ended(states, store, arn)["status"] == "SUCCEEDED"
    (event,) = (event for event in store.history.read(arn) if event.type == "TaskTimedOut")
    assert event.details["error"] == "States.Timeout"  # recorded from AWS


def test_an_activity_is_made_described_listed_tagged_and_deleted(states: Any):
    arn = states.create_activity(name="label", tags=[{"key": "team", "value": "ml"}])["activityArn"]
    assert arn == f"{SCOPE}:activity:label"
    assert states.create_activity(name="label")["activityArn"] == arn
    assert states.describe_activity(activityArn=arn)["name"] == "label"
    assert arn in [row["activityArn"] for row in states.list_activities()["activities"]]
    states.tag_resource(resourceArn=arn, tags=[{"key": "env", "value": "dev"}])
    states.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "env", "value": "dev"}]
    states.delete_activity(activityArn=arn)
    states.delete_activity(activityArn=arn)
    assert refusal(states.describe_activity, activityArn=arn)[0] == "ActivityDoesNotExist"
    assert refusal(states.get_activity_task, activityArn=arn)[0] == "ActivityDoesNotExist"
    assert refusal(states.create_activity, name="a b") == ("InvalidName", "Invalid Name: 'a b'")


def test_a_worker_takes_tasks_in_their_order(states: Any, store: Local):
    activity = states.create_activity(name="work")["activityArn"]
    runs = [begin(states, f"work{n}", Resource=activity, Arguments={"n": n}) for n in (1, 2)]
    for arn in runs:
        until(store, arn, "ActivityScheduled")
    for n, arn in enumerate(runs, 1):
        task = states.get_activity_task(activityArn=activity, workerName="w")
        assert json.loads(task["input"]) == {"n": n}
        assert store.history.read(arn)[-1].details["workerName"] == "w"
        states.send_task_success(taskToken=task["taskToken"], output=str(n))
        assert ended(states, store, arn)["output"] == str(n)
        types = [event.type for event in store.history.read(arn)]
        assert types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def test_a_worker_waits_for_a_task(states: Any, store: Local):
    activity = states.create_activity(name="later")["activityArn"]
    found: list[Any] = []
    worker = threading.Thread(target=lambda: found.append(states.get_activity_task(activityArn=activity)))
    worker.start()
    arn = begin(states, "later", Resource=activity)
    worker.join(20)
    states.send_task_failure(taskToken=found[0]["taskToken"], error="Bad", cause="luck")
    assert ended(states, store, arn)["error"] == "Bad"
    assert store.history.read(arn)[-2].type == "ActivityFailed"


def test_an_activity_that_is_not_there_fails_the_state(states: Any, store: Local):
    arn = begin(states, "lost", Resource=f"{SCOPE}:activity:nobody")
    cause = ended(states, store, arn)["cause"]
    assert cause.endswith(f"(entered at the event id #2). The activity {SCOPE}:activity:nobody does not exist.")


def test_a_lambda_and_an_execution_wait_for_tokens_too(states: Any, store: Local):
    child = machine_text(Only={"Type": "Pass", "End": True})
    machine = states.create_state_machine(name="told", definition=child, roleArn=ROLE)["stateMachineArn"]
    given = {"StateMachineArn": machine, "Name": "told", "Input": {"token": "{% $states.context.Task.Token %}"}}
    arn = begin(states, "tells", Resource="arn:aws:states:::states:startExecution.waitForTaskToken", Arguments=given)
    until(store, arn, "TaskSubmitted")
    told = json.loads(states.describe_execution(executionArn=f"{SCOPE}:execution:told:told")["input"])
    states.send_task_success(taskToken=told["token"], output="1")
    assert ended(states, store, arn)["output"] == "1"
