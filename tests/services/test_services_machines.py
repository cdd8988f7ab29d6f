"""What Step Functions tells of machines: tags, the definition of an execution, what is wrong with one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shapes import check
from stepmill.local import Local
from stores import PASS, ROLE, SCOPE, create, machine_text, refused


def test_tags_come_with_a_machine_and_stay_through_its_updates(local: Local):
    request = {"name": "m", "definition": machine_text(Done=PASS), "roleArn": ROLE}
    arn = local.call("states", "CreateStateMachine", {**request, "tags": [{"key": "a", "value": "b"}]})[
        "stateMachineArn"
    ]
    local.call("states", "TagResource", {"resourceArn": arn, "tags": [{"key": "c"}]})
    local.call("states", "UpdateStateMachine", {"stateMachineArn": arn, "roleArn": ROLE + "2"})
    found = local.call("states", "ListTagsForResource", {"resourceArn": arn})
    check("states", "ListTagsForResource", found)
    assert found == {"tags": [{"key": "a", "value": "b"}, {"key": "c", "value": ""}]}
    local.call("states", "UntagResource", {"resourceArn": arn, "tagKeys": ["a", "none"]})
    assert local.call("states", "ListTagsForResource", {"resourceArn": arn})["tags"] == [{"key": "c", "value": ""}]
    many = [{"key": str(number)} for number in range(50)]
    assert refused(lambda: local.call("states", "TagResource", {"resourceArn": arn, "tags": many}))[0] == "TooManyTags"
    other = {"resourceArn": f"{SCOPE}:stateMachine:none"}
    assert refused(lambda: local.call("states", "ListTagsForResource", other))[0] == "ResourceNotFound"


def test_an_execution_keeps_the_machine_it_started_with(local: Local):
    arn, text = create(local), machine_text(Done=PASS)
    execution = local.call("states", "StartExecution", {"stateMachineArn": arn})["executionArn"]
    asked = {"executionArn": execution}
    before = local.call("states", "DescribeStateMachineForExecution", asked)
    check("states", "DescribeStateMachineForExecution", before)
    other = {"definition": machine_text(Other=PASS), "roleArn": ROLE + "2"}
    local.call("states", "UpdateStateMachine", {"stateMachineArn": arn, **other})
    after = local.call("states", "DescribeStateMachineForExecution", asked)
    assert (after["stateMachineArn"], after["definition"], after["roleArn"]) == (arn, text, ROLE)
    none = {"executionArn": f"{execution}-none"}
    refusal = refused(lambda: local.call("states", "DescribeStateMachineForExecution", none))
    assert refusal[0] == "ExecutionDoesNotExist"


@pytest.mark.parametrize(
    ("text", "result", "first"),
    [
        (machine_text(Done=PASS), "OK", None),
        ("{", "FAIL", ("SCHEMA_VALIDATION_FAILED", None)),
        (
            json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}),
            "FAIL",
            ("MISSING_TRANSITION_TARGET", "/States/A/Next"),
        ),
    ],
)
def test_a_definition_is_judged_without_making_a_machine(local: Local, text: str, result: str, first: Any):
    answer = local.call("states", "ValidateStateMachineDefinition", {"definition": text})
    check("states", "ValidateStateMachineDefinition", answer)
    assert answer["result"] == result
    found = [(row["code"], row.get("location")) for row in answer["diagnostics"]]
    assert found[:1] == ([] if first is None else [first])
    assert local.call("states", "ListStateMachines", {})["stateMachines"] == []


def test_what_can_only_fail_is_a_warning_for_who_asks_and_refuses_nothing(local: Local):
    text = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$nobody", "End": True}}})
    request = {"definition": text, "severity": "WARNING"}
    answer = local.call("states", "ValidateStateMachineDefinition", request)
    check("states", "ValidateStateMachineDefinition", answer)
    assert answer["result"] == "OK"
    (row,) = answer["diagnostics"]
    assert (row["severity"], row["location"]) == ("WARNING", "/States/A/InputPath")
    for severity in ("ERROR", None):
        asked = {"definition": text} | ({"severity": severity} if severity else {})
        assert local.call("states", "ValidateStateMachineDefinition", asked)["diagnostics"] == []


def test_only_so_many_diagnostics_are_given(local: Local):
    text = json.dumps(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Pass", "Next": "D"}}}
    )
    answer = local.call("states", "ValidateStateMachineDefinition", {"definition": text, "maxResults": 1})
    assert (len(answer["diagnostics"]), answer["truncated"]) == (1, True)
