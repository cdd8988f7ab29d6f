"""What people ask of a history."""

from __future__ import annotations

import json

from stepmill.history.digest import Digest, digest
from stepmill.history.events import Event
from stepmill.testing import ScriptedTasks, fail, run, succeed

ARN = "arn:aws:states:us-east-1:000000000000:execution:digits:one"
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}


def look(definition: object, input: object, tasks: ScriptedTasks, upto: int | None = None) -> Digest:
    events = run(json.dumps(definition), input, tasks).events[:upto]
    # Only what AWS gives: the digest must read real executions too.
    bare = [
        Event(e.id, e.previous, e.at, e.type, {key: v for key, v in e.details.items() if not key.startswith("_")})
        for e in events
    ]
    return digest(ARN, bare)


def test_a_digest_names_the_execution_and_its_end() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "GateRejected", "Cause": "too low"}}}
    seen = look(definition, {}, ScriptedTasks())
    assert (seen.machine, seen.name, seen.status, seen.error, seen.cause) == (
        "digits",
        "one",
        "FAILED",
        "GateRejected",
        "too low",
    )
    assert [(visit.state, visit.status, visit.error) for visit in seen.visits] == [("A", "failed", "GateRejected")]


def test_a_visit_keeps_its_attempts_and_what_came_next() -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": {**INVOKE, "Retry": [{"ErrorEquals": ["Boom"]}], "Next": "B"},
            "B": {"Type": "Succeed"},
        },
    }
    tasks = ScriptedTasks({"A": [fail("Boom", "why", takes=3), succeed({"ok": 1}, takes=2)]})
    first, second = look(definition, {}, tasks).visits
    assert (first.status, first.next, first.error) == ("succeeded", "B", None)
    assert [(a.error, a.cause, (a.ended or 0) - a.started) for a in first.attempts] == [
        ("Boom", "why", 3),
        (None, None, 2),
    ]
    assert second.next is None


def test_what_runs_now_is_known_before_the_end() -> None:
    definition = {"StartAt": "A", "States": {"A": {**INVOKE, "End": True}}}
    seen = look(definition, {}, ScriptedTasks({"A": succeed()}), upto=4)
    assert seen.status == "RUNNING"
    assert [visit.state for visit in seen.current()] == ["A"]
    assert [attempt.resource for attempt in seen.current()[0].attempts] == ["invoke"]


def test_branches_are_told_apart_and_a_stopped_one_is_not_called_failed() -> None:
    block = {"StartAt": "Work", "States": {"Work": {**INVOKE, "End": True}}}
    definition = {
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemProcessor": block,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
                "End": True,
            },
            "End": {"Type": "Pass", "End": True},
        },
    }
    tasks = ScriptedTasks({"Work": [succeed(takes=1), fail("Boom", takes=2), succeed(takes=9)]})
    seen = look(definition, [1, 2, 3], tasks)
    assert {visit.branch: visit.status for visit in seen.visits} == {
        (): "succeeded",
        ("Each[0]",): "succeeded",
        ("Each[1]",): "failed",
        ("Each[2]",): "stopped",
    }
    assert [visit.status for visit in seen.visits if visit.state == "Each"] == ["caught"]


def test_a_sagemaker_task_names_its_job() -> None:
    parameters = '{"TrainingJobName":"digits-1"}'
    details = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync", "parameters": parameters}
    events = [
        Event(1, 0, 0.0, "ExecutionStarted", {"input": "{}"}),
        Event(2, 0, 0.0, "TaskStateEntered", {"name": "Train", "input": "{}"}),
        Event(3, 2, 0.0, "TaskScheduled", details),
    ]
    assert digest(ARN, events).visits[0].attempts[0].job == ("training", "digits-1")
