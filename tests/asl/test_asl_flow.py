"""What can only fail, or never happen, when a definition runs is told before it runs, and nothing else is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from stepmill.asl.checks import check
from stepmill.asl.flow import warnings
from stepmill.asl.problems import WARNING
from stepmill.testing import run

GOLDEN = Path(__file__).parent.parent / "golden"


def told() -> list[Any]:
    """Each definition of flow.txt with the lines under it."""
    found: list[Any] = []
    for number, line in enumerate((GOLDEN / "flow.txt").read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("{"):
            found.append(pytest.param(json.loads(line), [], id=f"flow.txt:{number}"))
        elif line.startswith("  "):
            found[-1].values[1].append(line[2:])
    return found


@pytest.mark.parametrize(("definition", "lines"), told())
def test_each_warning_is_told_with_its_place_and_no_other(definition: Any, lines: list[str]) -> None:
    assert check(definition) == [], "what AWS refuses belongs to problems.txt"
    assert "\n".join(map(str, warnings(definition))) == "\n".join(lines)


def test_the_golden_has_enough_of_both() -> None:
    lines = [each.values[1] for each in told()]
    assert sum("warning:" in line for each in lines for line in each) >= 40
    assert sum(not each for each in lines) >= 25


_FAILS = ("PATH_NEVER_FOUND", "VARIABLE_NEVER_ASSIGNED", "VALUE_NEVER_FITS", "FUNCTION_UNKNOWN", "CHOICE_NEVER_MATCHES")


def _always_fails() -> list[Any]:
    """Those that need no task, are told a failure, and come to it whatever the input is."""
    return [
        each
        for each in told()
        if '"Task"' not in json.dumps(each.values[0])
        and any(code in line for line in each.values[1] for code in _FAILS)
        and '"n.$": "$.n"' not in json.dumps(each.values[0])  # goes round for ever before it gets there
    ]


@pytest.mark.parametrize(("definition", "lines"), _always_fails())
def test_what_is_told_to_fail_fails_when_it_runs(definition: Any, lines: list[str]) -> None:
    result = run(definition, {"x": 1, "a": "text"} if "$.x" in json.dumps(definition) else [1])
    assert result.status == "FAILED"
    assert result.error in (
        "States.Runtime",
        "States.QueryEvaluationError",
        "States.ResultPathMatchFailure",
        "States.NoChoiceMatched",
        None,
    ), result.cause


@pytest.mark.parametrize("file", sorted((GOLDEN / "histories").glob("*.json")), ids=lambda file: file.stem)
def test_a_machine_that_ran_well_has_no_warning(file: Path) -> None:
    golden = json.loads(file.read_text(encoding="utf-8"))
    found = warnings(golden["definition"])
    if file.stem == "runtime_not_caught":  # that it fails, and is not caught, is its claim
        assert [problem.code for problem in found] == ["PATH_NEVER_FOUND", "ERROR_NEVER_MATCHED"]
    else:
        assert found == []


@pytest.mark.parametrize("file", sorted((GOLDEN / "pipelines").glob("*.json")), ids=lambda file: file.stem)
def test_what_the_compiler_writes_has_no_warning(file: Path) -> None:
    assert warnings(json.loads(file.read_text(encoding="utf-8"))) == []


def test_a_warning_says_so_and_does_not_refuse() -> None:
    (found,) = warnings({"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$x", "End": True}}})
    assert found.severity == WARNING
    assert str(found).startswith("/States/A/InputPath: warning: ")


def test_a_value_that_grows_in_a_loop_comes_to_an_end() -> None:
    grow = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "Next": "More"}
    more = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "End"}], "Default": "Grow"}
    start = {"Type": "Pass", "Result": {"n": 1}, "Next": "Grow"}
    states = {"Start": start, "Grow": grow, "More": more, "End": {"Type": "Succeed"}}
    assert warnings({"StartAt": "Start", "States": states}) == []
    chain = {f"S{at}": {**grow, "Next": f"S{at + 1}"} for at in range(200)} | {"S200": {"Type": "Succeed"}}
    assert warnings({"StartAt": "S0", "States": chain}) == []


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {"a": 1}, True, [{}], [None], "{% $x %}", "$"])
def test_no_value_in_any_field_is_a_crash(value: Any) -> None:
    fields = ["Type", "Choices", "Catch", "Retry", "Branches", "ItemProcessor", "Assign", "Parameters", "Resource",
              "Next", "End", "QueryLanguage", "Credentials", "ResultPath", "InputPath", "Timestamp", "Seconds",
              "Result", "ErrorPath", "Items", "TimeoutSeconds", "Arguments", "Output", "Default", "ItemSelector",
              "ItemsPath", "SecondsPath", "OutputPath", "ResultSelector", "MaxConcurrencyPath", "ItemReader",
              "Cause"]  # fmt: skip
    for kind in ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"):
        for language in ("JSONPath", "JSONata"):
            for field in fields:
                state = {"Type": kind, "End": True, field: value}
                warnings({"QueryLanguage": language, "StartAt": "S", "States": {"S": state}})
    warnings({"StartAt": value, "States": value, "QueryLanguage": value})


def _large(language: str) -> dict[str, Any]:
    states: dict[str, Any] = {}
    for at in range(500):
        after = f"S{at + 1}"
        if language == "JSONPath":
            rule = {"Variable": "$.a", "StringEquals": "x", "Next": after}
            made = {"a.$": "$.a", f"b{at}.$": "States.Format('{}', $.a)", "c": {"d.$": "$.a"}}
            work = {"Type": "Pass", "Parameters": made, "ResultPath": f"$.r{at % 7}", "Next": after}
        else:
            rule = {"Condition": f"{{% $states.input.a = {at} %}}", "Next": after}
            made = {"a": "{% $states.input.a %}", f"b{at}": f"{{% $string($states.input.a) & '{at}' %}}"}
            work = {"Type": "Pass", "Output": made, "Assign": {"v": "{% $states.input.a %}"}, "Next": after}
        states[f"S{at}"] = work if at % 5 else {"Type": "Choice", "Choices": [rule], "Default": after}
    states["S500"] = {"Type": "Succeed"}
    return {"QueryLanguage": language, "StartAt": "S0", "States": states}


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_five_hundred_states_are_walked_in_a_moment(language: str) -> None:
    definition = _large(language)
    assert check(definition) == []
    times = []
    for _ in range(3):
        begun = time.process_time()
        assert warnings(definition) == []
        times.append(time.process_time() - begun)
    print(language, times)
    assert min(times) < 0.1
