"""Versions, aliases, Express machines and executions within executions, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepmill.local import Local
from stores import ROLE, SCOPE, machine_text

ONE, TWO = (machine_text(Only={"Type": "Pass", "Output": n, "End": True}) for n in (1, 2))
FAILS = machine_text(Only={"Type": "Fail", "Error": "Bad", "Cause": "luck"})
WAITS = machine_text(Only={"Type": "Wait", "Seconds": 600, "End": True})


@pytest.fixture
def states(client: Any) -> Any:
    return client("stepfunctions")


def make(states: Any, name: str, text: str = ONE, **more: Any) -> dict[str, Any]:
    return dict(states.create_state_machine(name=name, definition=text, roleArn=ROLE, **more))


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def outcome(states: Any, store: Local, machine: str, **more: Any) -> dict[str, Any]:
    arn = states.start_execution(stateMachineArn=machine, **more)["executionArn"]
    assert store.wait(arn, 30)
    return dict(states.describe_execution(executionArn=arn))


def test_a_version_stays_what_the_machine_was(states: Any, store: Local):
    made = make(states, "kept", publish=True, versionDescription="first")
    assert made["stateMachineVersionArn"] == f"{SCOPE}:stateMachine:kept:1"
    arn, first = made["stateMachineArn"], made["stateMachineVersionArn"]
    assert states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == first
    changed = states.update_state_machine(stateMachineArn=arn, definition=TWO)
    wrong = {"stateMachineArn": arn, "revisionId": "INITIAL"}
    assert refusal(states.publish_state_machine_version, **wrong)[0] == "ConflictException"
    second = states.publish_state_machine_version(stateMachineArn=arn, revisionId=changed["revisionId"])
    assert second["stateMachineVersionArn"] == f"{SCOPE}:stateMachine:kept:2"
    shown = states.describe_state_machine(stateMachineArn=first)
    assert (shown["definition"], shown["description"], shown["stateMachineArn"]) == (ONE, "first", first)
    listed = states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [row["stateMachineVersionArn"][-1] for row in listed] == ["2", "1"]
    ended = outcome(states, store, first)
    assert (ended["output"], ended["stateMachineArn"], ended["stateMachineVersionArn"]) == ("1", arn, first)
    assert outcome(states, store, arn)["output"] == "2"
    rows = states.list_executions(stateMachineArn=first)["executions"]
    assert [row["stateMachineVersionArn"] for row in rows] == [first]
    about = states.describe_state_machine_for_execution(executionArn=ended["executionArn"])
    assert about["definition"] == ONE


def test_a_number_is_never_given_twice(states: Any):
    made = make(states, "counted", publish=True)
    states.delete_state_machine_version(stateMachineVersionArn=made["stateMachineVersionArn"])
    states.delete_state_machine_version(stateMachineVersionArn=made["stateMachineVersionArn"])
    again = states.publish_state_machine_version(stateMachineArn=made["stateMachineArn"])
    assert again["stateMachineVersionArn"].endswith(":2")
    gone = refusal(states.describe_state_machine, stateMachineArn=made["stateMachineVersionArn"])
    assert gone[0] == "StateMachineDoesNotExist"


def test_an_alias_leads_to_versions_and_holds_them(states: Any, store: Local):
    made = make(states, "led", publish=True)
    first = made["stateMachineVersionArn"]
    second = states.update_state_machine(stateMachineArn=made["stateMachineArn"], definition=TWO, publish=True)
    routes = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = states.create_state_machine_alias(name="live", routingConfiguration=routes, description="d")
    arn = alias["stateMachineAliasArn"]
    assert arn == f"{SCOPE}:stateMachine:led:live"
    again = states.create_state_machine_alias(name="live", routingConfiguration=routes, description="d")
    assert again["creationDate"] == alias["creationDate"]
    ended = outcome(states, store, arn)
    assert (ended["output"], ended["stateMachineAliasArn"], ended["stateMachineVersionArn"]) == ("1", arn, first)
    held = refusal(states.delete_state_machine_version, stateMachineVersionArn=first)
    assert held[0] == "ConflictException"
    assert "[live]" in held[1]
    moved = [{"stateMachineVersionArn": second["stateMachineVersionArn"], "weight": 100}]
    states.update_state_machine_alias(stateMachineAliasArn=arn, routingConfiguration=moved)
    shown = states.describe_state_machine_alias(stateMachineAliasArn=arn)
    assert (shown["routingConfiguration"], shown["description"], shown["name"]) == (moved, "d", "live")
    assert outcome(states, store, arn)["output"] == "2"
    assert len(states.list_executions(stateMachineArn=arn)["executions"]) == 2
    listed = states.list_state_machine_aliases(stateMachineArn=made["stateMachineArn"])["stateMachineAliases"]
    assert [row["stateMachineAliasArn"] for row in listed] == [arn]
    assert states.list_state_machine_aliases(stateMachineArn=first)["stateMachineAliases"] == []
    states.delete_state_machine_alias(stateMachineAliasArn=arn)
    states.delete_state_machine_alias(stateMachineAliasArn=arn)
    unknown = ("ResourceNotFound", "Request references a resource that does not exist.")
    assert refusal(states.describe_state_machine_alias, stateMachineAliasArn=arn) == unknown
    assert refusal(states.start_execution, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"


@pytest.mark.parametrize(
    ("routes", "code", "message"),
    [
        ([("", 100)], "ValidationException", "Routing configuration must contain state machine version ARNs."),
        ([(":1", 50)], "ValidationException", "Sum of routing configuration weights must equal 100. Received: [50]"),
        ([(":1", 50), (":1", 50)], "ValidationException", "Routing configuration must contain distinct"),
        ([(":9", 100)], "ResourceNotFound", "Request references a resource that does not exist."),
    ],
)
def test_routes_that_lead_nowhere_are_refused(states: Any, routes: Any, code: str, message: str):
    arn = make(states, "routes", publish=True)["stateMachineArn"]
    given = [{"stateMachineVersionArn": arn + end, "weight": weight} for end, weight in routes]
    found = refusal(states.create_state_machine_alias, name="a", routingConfiguration=given)
    assert found[0] == code
    assert found[1].startswith(message)


def test_a_machine_takes_its_versions_and_aliases_along(states: Any):
    made = make(states, "whole", publish=True)
    routes = [{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}]
    alias = states.create_state_machine_alias(name="a", routingConfiguration=routes)["stateMachineAliasArn"]
    states.delete_state_machine(stateMachineArn=made["stateMachineArn"])
    assert refusal(states.describe_state_machine_alias, stateMachineAliasArn=alias)[0] == "ResourceNotFound"
    assert make(states, "whole", publish=True)["stateMachineVersionArn"].endswith(":1")


def test_an_express_machine_answers_when_its_execution_ended(states: Any):
    arn = make(states, "quick", type="EXPRESS")["stateMachineArn"]
    assert states.describe_state_machine(stateMachineArn=arn)["type"] == "EXPRESS"
    answer = states.start_sync_execution(stateMachineArn=arn, name="n", input="[]")
    assert (answer["status"], answer["output"], answer["input"], answer["name"]) == ("SUCCEEDED", "1", "[]", "n")
    assert answer["executionArn"].startswith(f"{SCOPE}:express:quick:n:")
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    again = states.start_sync_execution(stateMachineArn=arn, name="n")
    assert again["executionArn"] != answer["executionArn"]
    broken = make(states, "quickly-broken", FAILS, type="EXPRESS")["stateMachineArn"]
    failed = states.start_sync_execution(stateMachineArn=broken)
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Bad", "luck")


def test_what_express_does_not_have_is_refused_in_awss_words(states: Any):
    express = make(states, "express-only", type="EXPRESS")["stateMachineArn"]
    standard = make(states, "standard-only")["stateMachineArn"]
    other = ("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
    assert refusal(states.start_sync_execution, stateMachineArn=standard) == other
    assert refusal(states.list_executions, stateMachineArn=express) == other
    arn = states.start_execution(stateMachineArn=express)["executionArn"]
    wrong = "Invalid Arn: 'Resource type not valid in this context: express'"
    for call in (states.describe_execution, states.get_execution_history, states.stop_execution):
        assert refusal(call, executionArn=arn) == ("InvalidArn", wrong)
    sync = "arn:aws:states:::states:startExecution.sync"
    waits = machine_text(Only={"Type": "Task", "Resource": sync, "Arguments": {"StateMachineArn": "a"}, "End": True})
    found = refusal(states.create_state_machine, name="x", definition=waits, roleArn=ROLE, type="EXPRESS")
    assert "Express state machine does not support '.sync' service integration" in found[1]


def calls(way: str, machine: str, **more: Any) -> str:
    parameters = {"StateMachineArn": machine, **more}
    task = {"Type": "Task", "Resource": f"arn:aws:states:::states:startExecution{way}", "Arguments": parameters}
    return machine_text(Call={**task, "End": True})


def test_an_execution_starts_another_and_goes_on(states: Any, store: Local):
    child = make(states, "child")["stateMachineArn"]
    parent = make(states, "starts", calls("", child, Input={"a": 1}))["stateMachineArn"]
    output = json.loads(outcome(states, store, parent)["output"])
    assert output["ExecutionArn"].startswith(f"{SCOPE}:execution:child:")
    assert store.wait(output["ExecutionArn"], 30)
    assert json.loads(states.describe_execution(executionArn=output["ExecutionArn"])["input"]) == {"a": 1}


@pytest.mark.parametrize(("way", "output"), [(".sync", "1"), (".sync:2", 1)])
def test_an_execution_waits_for_another(states: Any, store: Local, way: str, output: Any):
    child = make(states, "child")["stateMachineArn"]
    parent = make(states, f"waits{len(way)}", calls(way, child, Name=f"n{len(way)}"))["stateMachineArn"]
    result = json.loads(outcome(states, store, parent)["output"])
    assert (result["Status"], result["Output"], result["Name"]) == ("SUCCEEDED", output, f"n{len(way)}")
    assert result["OutputDetails"] == {"Included": True}


def test_a_child_that_failed_fails_its_parent(states: Any, store: Local):
    child = make(states, "breaks", FAILS)["stateMachineArn"]
    parent = make(states, "hopes", calls(".sync:2", child))["stateMachineArn"]
    ended = outcome(states, store, parent)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(ended["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Bad", "luck")
    lost = make(states, "loses", calls("", f"{SCOPE}:stateMachine:nobody"))["stateMachineArn"]
    assert outcome(states, store, lost)["error"] == "StepFunctions.StateMachineDoesNotExistException"


def test_who_is_stopped_stops_the_child_it_waits_for(states: Any, store: Local):
    child = make(states, "long", WAITS)["stateMachineArn"]
    parent = make(states, "stopped", calls(".sync", child, Name="held"))["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=parent)["executionArn"]
    held = f"{SCOPE}:execution:long:held"
    found = store.history.read(arn)
    while "TaskSubmitted" not in [event.type for event in found]:
        assert store.history.wait(arn, found[-1].id, 20)
        found = store.history.read(arn)
    states.stop_execution(executionArn=arn)
    assert store.wait(held, 20)
    assert states.describe_execution(executionArn=held)["status"] == "ABORTED"
