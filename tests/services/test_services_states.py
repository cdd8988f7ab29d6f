"""Step Functions' own operations, asked as boto3 asks them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from stepmill.local import Local
from stores import PASS, ROLE, SCOPE, create, machine_text, refused, run

WAITING = machine_text(W={"Type": "Wait", "Seconds": 3600, "End": True})


def start(local: Local, arn: str, **more: Any) -> str:
    return str(local.call("states", "StartExecution", {"stateMachineArn": arn, **more})["executionArn"])


def test_a_machine_is_made_once_and_found_again_whatever_its_role(local: Local):
    text = machine_text(Done=PASS)
    request = {"name": "m", "definition": text, "roleArn": ROLE}
    first = local.call("states", "CreateStateMachine", request)
    assert local.call("states", "CreateStateMachine", request | {"roleArn": ROLE + "2"}) == first
    described = local.call("states", "DescribeStateMachine", {"stateMachineArn": first["stateMachineArn"]})
    assert described == {
        "stateMachineArn": f"{SCOPE}:stateMachine:m",
        "name": "m",
        "status": "ACTIVE",
        "definition": text,
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": first["creationDate"],
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    again = request | {"definition": text + " "}
    assert refused(lambda: local.call("states", "CreateStateMachine", again)) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{SCOPE}:stateMachine:m'",
    )


def test_an_update_has_a_revision_and_the_same_again_keeps_it(local: Local):
    arn = create(local)

    def update(**given: Any) -> Any:
        return local.call("states", "UpdateStateMachine", {"stateMachineArn": arn, **given})["revisionId"]

    first = update(roleArn=ROLE + "2")
    assert update(roleArn=ROLE + "2") == first
    assert update(definition=machine_text(Other=PASS)) != first
    assert refused(update)[0] == "MissingRequiredParameter"


@pytest.mark.parametrize(
    ("operation", "request_", "code", "message"),
    [
        (
            "CreateStateMachine",
            {"name": "m"},
            "ValidationException",
            "2 validation errors detected: Value null at 'definition' failed to satisfy constraint: Member must not be "
            "null; Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateStateMachine",
            {"name": "a b", "definition": "{}", "roleArn": ROLE},
            "InvalidName",
            "Invalid Name: 'a b'",
        ),
        (
            "CreateStateMachine",
            {"name": "n" * 81, "definition": "{}", "roleArn": ROLE},
            "ValidationException",
            f"1 validation error detected: Value '{'n' * 81}' at 'name' failed to satisfy constraint: Member must have "
            "length less than or equal to 80",
        ),
        ("DescribeExecution", {"executionArn": "x"}, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"),
        (
            "DescribeStateMachine",
            {"stateMachineArn": f"{SCOPE}:execution:m:x"},
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: execution'",
        ),
        (
            "UpdateStateMachine",
            {"stateMachineArn": f"{SCOPE}:stateMachine:m:2", "roleArn": ROLE},
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{SCOPE}:stateMachine:m:2'",
        ),
        (
            "StopExecution",
            {"executionArn": f"{SCOPE}:execution:m:none"},
            "ExecutionDoesNotExist",
            f"Execution Does Not Exist: '{SCOPE}:execution:m:none'",
        ),
        (
            "ListExecutions",
            {"stateMachineArn": f"{SCOPE}:stateMachine:m", "maxResults": 1001},
            "ValidationException",
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have "
            "value less than or equal to 1000",
        ),
        (
            "ListStateMachines",
            {"nextToken": "x" * 1025},
            "ValidationException",
            f"1 validation error detected: Value '{'x' * 1025}' at 'nextToken' failed to satisfy constraint: Member "
            "must have length less than or equal to 1024",
        ),
        ("ListStateMachines", {"nextToken": "x"}, "InvalidToken", "Invalid Token: 'Invalid token'"),
        (
            "CreateStateMachine",
            {"name": "m", "definition": "x" * 1_048_577, "roleArn": "r"},
            "ValidationException",
            f"1 validation error detected: Value '{'x' * 40}…' at 'definition' failed to satisfy constraint: Member "
            "must have length less than or equal to 1048576",
        ),
        ("DescribeStatMachine", {}, "UnknownOperationException", None),
    ],
)
def test_a_request_is_refused_in_awss_words(
    local: Local, operation: str, request_: dict[str, Any], code: str, message: str | None
):
    create(local)
    found = refused(lambda: local.call("states", operation, request_))
    assert found[0] == code
    assert message in (None, found[1])


@pytest.mark.parametrize("text", ["2", '"text"', "null", '{"a": "データ"}'])
def test_any_json_is_an_input(local: Local, text: str):
    arn = start(local, create(local), input=text)
    assert local.wait(arn, 10)
    described = local.call("states", "DescribeExecution", {"executionArn": arn})
    assert (described["input"], json.loads(described["output"])) == (text, json.loads(text))
    assert described["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"


@pytest.mark.parametrize("text", ["", "{", "NaN", "\ud800"])
def test_what_is_no_json_is_no_input(local: Local, text: str):
    assert refused(lambda: start(local, create(local), input=text))[0] == "InvalidExecutionInput"


def test_a_name_is_found_again_while_it_runs_and_refused_when_it_was_used_otherwise(local: Local):
    machine = create(local, text=WAITING)
    arn = start(local, machine, name="once", input="{}")
    assert start(local, machine, name="once", input="{}") == arn
    used = ("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
    assert refused(lambda: start(local, machine, name="once", input='{"a": 1}')) == used
    stopped = local.call("states", "StopExecution", {"executionArn": arn, "error": "E", "cause": "C"})
    described = local.call("states", "DescribeExecution", {"executionArn": arn})
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "E", "C")
    assert described["stopDate"] == stopped["stopDate"]
    assert local.call("states", "StopExecution", {"executionArn": arn}) == stopped
    assert refused(lambda: start(local, machine, name="once", input="{}")) == used


def test_the_same_token_finds_what_it_started_even_when_it_has_ended(local: Local):
    request = {"stateMachineArn": create(local), "name": "once"}
    arn = local.call("states", "StartExecution", request, token="t")["executionArn"]
    assert local.wait(arn, 10)
    assert local.call("states", "StartExecution", request, token="t")["executionArn"] == arn


def test_one_name_at_the_same_moment_starts_once(local: Local):
    machine, found = create(local, text=WAITING), []
    threads = [
        threading.Thread(target=lambda: found.append(start(local, machine, name="one", input="{}"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {f"{SCOPE}:execution:m:one"}
    assert len(found) == 8


def test_pages_go_on_where_they_ended_though_new_ones_came(local: Local):
    machine = create(local)
    arns = [start(local, machine, name=f"e{number}") for number in range(5)]
    for arn in arns:
        assert local.wait(arn, 10)
    request = {"stateMachineArn": machine, "maxResults": 2, "statusFilter": "SUCCEEDED"}
    page = local.call("states", "ListExecutions", request)
    assert [row["name"] for row in page["executions"]] == ["e4", "e3"]
    assert local.wait(start(local, machine, name="later"), 10)
    rest = local.call("states", "ListExecutions", request | {"maxResults": 3, "nextToken": page["nextToken"]})
    assert [row["name"] for row in rest["executions"]] == ["e2", "e1", "e0"]
    assert "nextToken" not in rest


def test_a_history_is_read_in_pages_forwards_and_backwards_and_without_its_data(local: Local):
    arn = run(local, machine_text(Done=PASS), {"secret": 1})["executionArn"]

    def events(**more: Any) -> Any:
        return local.call("states", "GetExecutionHistory", {"executionArn": arn, **more})

    types = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [event["type"] for event in events()["events"]] == types
    assert [event["type"] for event in events(reverseOrder=True)["events"]] == types[::-1]
    first = events(maxResults=3)
    assert [event["id"] for event in events(nextToken=first["nextToken"])["events"]] == [4]
    assert "secret" in json.dumps(events())
    assert "secret" not in json.dumps(events(includeExecutionData=False))


def test_a_deleted_machine_is_gone_and_its_executions_stay(local: Local):
    arn = run(local, machine_text(Done=PASS))["executionArn"]
    machine = f"{SCOPE}:stateMachine:m"
    for _ in range(2):
        assert local.call("states", "DeleteStateMachine", {"stateMachineArn": machine}) == {}
    assert refused(lambda: start(local, machine))[0] == "StateMachineDoesNotExist"
    assert local.call("states", "DescribeExecution", {"executionArn": arn})["status"] == "SUCCEEDED"
