"""Step Functions as boto3 sees it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepmill.local import Local
from stores import PASS, ROLE, SCOPE, machine_text

WAIT = machine_text(Wait={"Type": "Wait", "Seconds": 600, "End": True})


@pytest.fixture
def states(client: Any) -> Any:
    return client("stepfunctions")


def make(states: Any, name: str, text: str = "") -> str:
    text = text or machine_text(Done=PASS)
    return str(states.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"])


def refusal(call: Any, **request: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_machine_is_made_described_changed_listed_and_deleted(states: Any):
    made = states.create_state_machine(name="life", definition=machine_text(Done=PASS), roleArn=ROLE)
    assert made["stateMachineArn"] == f"{SCOPE}:stateMachine:life"
    assert isinstance(made["creationDate"], datetime.datetime)
    shown = states.describe_state_machine(stateMachineArn=made["stateMachineArn"])
    assert json.loads(shown["definition"])["StartAt"] == "Done"
    assert (shown["status"], shown["type"], shown["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    changed = states.update_state_machine(
        stateMachineArn=made["stateMachineArn"], definition=machine_text(Other=PASS), roleArn=ROLE
    )
    assert changed["updateDate"] >= made["creationDate"]
    assert "life" in [row["name"] for row in states.list_state_machines()["stateMachines"]]
    states.delete_state_machine(stateMachineArn=made["stateMachineArn"])
    assert refusal(states.describe_state_machine, stateMachineArn=made["stateMachineArn"])[:2] == (
        400,
        "StateMachineDoesNotExist",
    )


def test_an_execution_is_started_followed_and_read(states: Any, store: Local):
    machine = make(states, "read")
    started = states.start_execution(stateMachineArn=machine, name="one", input='{"n": 1}')
    assert store.wait(started["executionArn"], 30)
    ended = states.describe_execution(executionArn=started["executionArn"])
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"n": 1})
    assert ended["startDate"] <= ended["stopDate"]
    events = states.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in events] == [1, 2, 3, 4]
    assert all(isinstance(event["timestamp"], datetime.datetime) for event in events)
    last = states.get_execution_history(executionArn=started["executionArn"], reverseOrder=True, maxResults=1)
    assert (last["events"][0]["type"], "nextToken" in last) == ("ExecutionSucceeded", True)
    of = states.describe_state_machine_for_execution(executionArn=started["executionArn"])
    assert (of["stateMachineArn"], of["name"]) == (machine, "read")


def test_pages_go_round_by_boto3s_own_paginators(states: Any, store: Local):
    machine = make(states, "pages")
    arns = [states.start_execution(stateMachineArn=machine, name=f"e{n}")["executionArn"] for n in range(5)]
    for arn in arns:
        assert store.wait(arn, 30)
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=machine, PaginationConfig={"PageSize": 2}, statusFilter="SUCCEEDED"
    )
    assert [row["name"] for page in pages for row in page["executions"]] == ["e4", "e3", "e2", "e1", "e0"]
    events = states.get_paginator("get_execution_history").paginate(
        executionArn=arns[0], PaginationConfig={"PageSize": 3}
    )
    assert [len(page["events"]) for page in events] == [3, 1]


def test_an_execution_is_stopped_with_its_reason(states: Any):
    machine = make(states, "stop", WAIT)
    arn = states.start_execution(stateMachineArn=machine, name="long")["executionArn"]
    assert states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"][0]["name"] == "long"
    states.stop_execution(executionArn=arn, error="Enough", cause="changed my mind – 考え直した")
    ended = states.describe_execution(executionArn=arn)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "changed my mind – 考え直した")


def test_tags_are_kept(states: Any):
    made = states.create_state_machine(
        name="tagged", definition=machine_text(Done=PASS), roleArn=ROLE, tags=[{"key": "team", "value": "ml"}]
    )
    arn = made["stateMachineArn"]
    states.tag_resource(resourceArn=arn, tags=[{"key": "env", "value": "dev"}])
    states.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "env", "value": "dev"}]


def test_a_definition_is_validated_without_being_kept(states: Any):
    good = states.validate_state_machine_definition(definition=machine_text(Done=PASS))
    assert (good["result"], good["diagnostics"]) == ("OK", [])
    bad = states.validate_state_machine_definition(definition=machine_text(Done={"Type": "Pass", "Next": "Nowhere"}))
    assert bad["result"] == "FAIL"
    assert bad["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"


def test_an_execution_that_runs_is_found_again_by_its_name_and_input(states: Any):
    machine = make(states, "again", WAIT)
    first = states.start_execution(stateMachineArn=machine, name="same", input="{}")
    assert states.start_execution(stateMachineArn=machine, name="same", input="{}") | {"ResponseMetadata": 0} == (
        first | {"ResponseMetadata": 0}
    )
    status, code, message = refusal(states.start_execution, stateMachineArn=machine, name="same", input="[]")
    assert (status, code) == (400, "ExecutionAlreadyExists")
    assert message == f"Execution Already Exists: '{first['executionArn']}'"
    states.stop_execution(executionArn=first["executionArn"])


@pytest.mark.parametrize(
    ("call", "request_", "code"),
    [
        ("describe_execution", {"executionArn": f"{SCOPE}:execution:no:body"}, "ExecutionDoesNotExist"),
        ("start_execution", {"stateMachineArn": f"{SCOPE}:stateMachine:nobody"}, "StateMachineDoesNotExist"),
        ("stop_execution", {"executionArn": "arn:aws:s3:::bucket"}, "InvalidArn"),
        ("create_state_machine", {"name": "a b", "definition": "{}", "roleArn": ROLE}, "InvalidName"),
        ("create_state_machine", {"name": "bad", "definition": "{}", "roleArn": ROLE}, "InvalidDefinition"),
        ("list_executions", {"stateMachineArn": f"{SCOPE}:stateMachine:nobody"}, "StateMachineDoesNotExist"),
        ("redrive_execution", {"executionArn": f"{SCOPE}:execution:no:body"}, "ExecutionDoesNotExist"),
        ("list_map_runs", {"executionArn": f"{SCOPE}:execution:m:e"}, "ExecutionDoesNotExist"),
        ("describe_map_run", {"mapRunArn": f"{SCOPE}:mapRun:m/L:none"}, "ResourceNotFound"),
        ("update_map_run", {"mapRunArn": f"{SCOPE}:execution:m:e"}, "InvalidArn"),
        ("list_executions", {"mapRunArn": f"{SCOPE}:mapRun:m/L:none"}, "ResourceNotFound"),
        ("list_executions", {}, "ValidationException"),
    ],
)
def test_a_refusal_has_awss_code(states: Any, call: str, request_: dict[str, Any], code: str):
    status, found, _ = refusal(getattr(states, call), **request_)
    assert (status, found) == (400, code)


def test_the_old_sdks_way_to_find_a_machine_that_exists(states: Any):
    arn = make(states, "taken")
    _, code, message = refusal(
        states.create_state_machine, name="taken", definition=machine_text(Other=PASS), roleArn=ROLE
    )
    assert (code, message.split("'")[1]) == ("StateMachineAlreadyExists", arn)


def test_an_execution_that_failed_goes_on_where_it_was(states: Any, store: Local):
    store.objects.create_bucket("redriven")
    get = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "End": True}
    text = machine_text(
        Get={**get, "Arguments": {"Bucket": "redriven", "Key": "k"}, "Output": "{% $states.result.Body %}"}
    )
    machine = make(states, "redriven", text)
    arn = states.start_execution(stateMachineArn=machine, name="r")["executionArn"]
    assert store.wait(arn, 30)
    shown = states.describe_execution(executionArn=arn)
    assert (shown["status"], shown["redriveStatus"], shown["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    store.objects.put("redriven", "k", b"mended")
    when = states.redrive_execution(executionArn=arn, clientToken="once")["redriveDate"]
    assert states.redrive_execution(executionArn=arn, clientToken="once")["redriveDate"] == when
    assert store.wait(arn, 30)
    shown = states.describe_execution(executionArn=arn)
    assert (shown["status"], shown["output"], shown["redriveCount"]) == ("SUCCEEDED", '"mended"', 1)
    assert (shown["redriveDate"], "error" in shown) == (when, False)
    types = [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]
    assert types[5:8] == ["ExecutionFailed", "ExecutionRedriven", "TaskScheduled"]
    listed = states.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert [(row["executionArn"], row["redriveCount"]) for row in listed] == [(arn, 1)]
    assert states.list_executions(stateMachineArn=machine, redriveFilter="NOT_REDRIVEN")["executions"] == []
    said = ("ExecutionNotRedrivable", "Execution is SUCCEEDED and cannot be redriven")
    assert refusal(states.redrive_execution, executionArn=arn)[1:] == said
