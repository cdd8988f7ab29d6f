"""A definition with faults is refused with all of them, each where it is."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from stepmill.asl.checks import check
from stepmill.asl.definition import Definition
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.nearest import nearest

GOLDEN = Path(__file__).parent.parent / "golden" / "problems.txt"
TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
PARAMETERS = {"TrainingJobName": "t", "OutputDataConfig": {}, "RoleArn": "r"}
GOOD: dict[str, Any] = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.go", "BooleanEquals": True, "Next": "Train"}],
            "Default": "Rejected",
        },
        "Train": {
            "Type": "Task",
            "Resource": TRAIN,
            "Parameters": PARAMETERS,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Rejected", "Assign": {"error.$": "$.Cause"}}],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "Left", "States": {"Left": {"Type": "Wait", "Seconds": 1, "End": True}}}],
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Rejected": {"Type": "Fail", "Error": "GateRejected", "CausePath": "States.Format('{}', $.why)"},
    },
}


def task(**fields: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": TRAIN, "Parameters": PARAMETERS, "End": True, **fields}
    return {"StartAt": "S", "States": {"S": {name: value for name, value in state.items() if value is not None}}}


def machine(kind: str, language: str = "JSONPath", **fields: Any) -> dict[str, Any]:
    return {"QueryLanguage": language, "StartAt": "S", "States": {"S": {"Type": kind, **fields}}}


def jsonata(kind: str, **fields: Any) -> dict[str, Any]:
    return machine(kind, "JSONata", **fields)


def passing(**fields: Any) -> dict[str, Any]:
    return machine("Pass", End=True, **fields)


INNER = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}


def faults() -> list[Any]:
    found: list[Any] = []
    for number, line in enumerate(GOLDEN.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("{"):
            found.append(pytest.param(json.loads(line), [], id=f"problems.txt:{number}"))
        elif line.startswith("  "):
            found[-1].values[1].append(line[2:])
    return found


def test_a_good_definition_has_no_problems() -> None:
    assert check(GOOD) == []


@pytest.mark.parametrize(("definition", "told"), faults())
def test_a_fault_is_told_with_its_place(definition: Any, told: list[str]) -> None:
    assert "\n".join(map(str, check(definition))) == "\n".join(told)
    assert told


@pytest.mark.parametrize(
    "definition",
    [
        jsonata("Task", Resource=TRAIN, Arguments="{% $states.input %}", TimeoutSeconds="{% 5 %}", End=True),
        jsonata("Map", Items=[1, "{% 2 %}"], MaxConcurrency="{% 1 %}", ItemProcessor=INNER, End=True),
        jsonata("Fail", Error="E", Cause="{% 'a' & $why %}"),
        passing(InputPath=None, OutputPath="$x.y", ResultPath=None, Assign={"y.$": "$$.Execution.Id"}),
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": True}}},
        task(Resource="arn:aws-us-gov:states:::sagemaker:createTrainingJob"),
        task(Resource="arn:aws:lambda:eu-west-1:123456789012:function:digits-notify:live", Parameters=None),
    ],
)  # fmt: skip
def test_what_aws_takes_is_taken(definition: Any) -> None:
    assert check(definition) == []


def test_express_refuses_callbacks_and_activities_in_aws_words() -> None:
    callback = task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken", Parameters={})
    assert check(callback, express=True)[0].aws() == (
        "SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration "
        " at /States/S/Resource"
    )
    activity = task(Resource="arn:aws:states:us-east-1:123456789012:activity:x", Parameters={})
    assert check(activity, express=True)[0].message == "Express state machine does not support Activity ARN"


def test_all_faults_are_told_at_once_in_the_order_of_the_text() -> None:
    broken = copy.deepcopy(GOOD)
    broken["States"]["Train"]["Next"] = "Eech"
    broken["States"]["Train"]["Resource"] = "arn:aws:states:::sagemaker:createTraningJob.sync"
    broken["States"]["Both"]["Branches"][0]["States"]["Left"]["Secs"] = 1
    with pytest.raises(InvalidDefinition) as refused:
        Definition.parse(json.dumps(broken))
    assert [problem.place for problem in refused.value.problems] == [
        "/States/Train/Resource",
        "/States/Train/Next",
        "/States/Both/Branches/0/States/Left/Secs",
    ]
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))


def test_a_problem_reads_as_place_sentence_hint_and_code() -> None:
    problem = Problem("pipeline.py:41", "MISSING_TRANSITION_TARGET", "Missing 'Next' target: A", "Did you mean 'B'?")
    assert str(problem) == (
        "pipeline.py:41: Missing 'Next' target: A\n    Did you mean 'B'? [MISSING_TRANSITION_TARGET]"
    )
    assert str(Problem("", "C", "M")) == "M [C]"
    assert Problem("/States/A/Next", "C", "M", "H").aws() == "C: M at /States/A/Next"


def test_a_definition_keeps_its_text_and_is_known_by_its_sha256() -> None:
    text = json.dumps(GOOD, indent=1)
    definition = Definition.parse(text)
    assert definition.text == text
    assert definition.json == GOOD
    assert definition.digest == hashlib.sha256(text.encode()).hexdigest()
    assert [(pointer, name) for pointer, name, _ in definition.states()] == [
        ("/States/Check", "Check"),
        ("/States/Train", "Train"),
        ("/States/Each", "Each"),
        ("/States/Each/ItemProcessor/States/One", "One"),
        ("/States/Both", "Both"),
        ("/States/Both/Branches/0/States/Left", "Left"),
        ("/States/Done", "Done"),
        ("/States/Rejected", "Rejected"),
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "line 1, column 1"),
        ('{"StartAt": }', "line 1, column 13"),
        ("[]", ""),
        ("1", ""),
        ('{"StartAt": NaN}', "NaN is no JSON number."),
    ],
)
def test_what_is_no_json_object_is_refused_with_its_place(text: str, hint: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        Definition.parse(text)
    (problem,) = refused.value.problems
    assert problem.message == "Definition must be a valid JSON object"
    assert hint in problem.hint


@pytest.mark.parametrize("depth", [200, 900, 170_000])
def test_a_definition_that_is_nested_without_end_is_refused(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    text = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": ' + deep + ', "End": true}}}'
    with pytest.raises(InvalidDefinition, match="nested too deeply"):
        Definition.parse(text)


def test_a_field_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match='The field "StartAt" stands twice'):
        Definition.parse('{"StartAt": "A", "StartAt": "B", "States": {"A": {"Type": "Succeed"}}}')


def test_a_name_with_a_slash_is_escaped_in_its_pointer() -> None:
    machine = {"StartAt": "a/b~c", "States": {"a/b~c": {"Type": "Succeed"}}}
    definition = Definition.parse(json.dumps(machine))
    assert [pointer for pointer, _, _ in definition.states()] == ["/States/a~1b~0c"]


@pytest.mark.parametrize(
    ("word", "near"), [("Trian", "Train"), ("train", "Train"), ("Evalute", "Evaluate"), ("xyz", None), ("", None)]
)
def test_the_nearest_name_is_the_one_that_was_meant(word: str, near: str | None) -> None:
    assert nearest(word, ["Train", "Evaluate", "Preprocess"]) == near


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {"a": 1}, True, [{}], [None]])
def test_no_value_in_any_field_is_a_crash(value: Any) -> None:
    fields = ["Type", "Choices", "Catch", "Retry", "Branches", "ItemProcessor", "Assign", "Parameters", "Resource",
              "Next", "End", "QueryLanguage", "Credentials", "ResultPath", "InputPath", "Timestamp", "Seconds",
              "ErrorPath", "Items", "TimeoutSeconds", "HeartbeatSeconds", "Arguments", "Output", "Default"]  # fmt: skip
    for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"):
        for language in ("JSONPath", "JSONata"):
            for field in fields:
                check(machine(kind, language, **{**({"End": True} if field != "End" else {}), field: value}))
    check({"StartAt": value, "States": value, "QueryLanguage": value, "TimeoutSeconds": value})


def test_a_comment_is_text_and_never_an_expression() -> None:
    definition = jsonata("Pass", Comment="{% ( %}", Output=1, End=True)
    assert check(definition | {"Comment": "{% ( %}"}) == []
    assert check(jsonata("Pass", Comment=1, End=True))[0].place == "/States/S/Comment"


def test_a_definition_of_more_than_a_mebibyte_is_refused() -> None:
    padded = '{"Comment": "%s", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    room = 1_048_576 - len(padded % "")
    assert Definition.parse(padded % ("x" * room)).json["StartAt"] == "A"
    for large in ("x" * (room + 1), "é" * (room // 2 + 1)):
        with pytest.raises(InvalidDefinition, match="1048576 are allowed"):
            Definition.parse(padded % large)
