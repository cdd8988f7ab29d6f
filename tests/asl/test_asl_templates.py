"""Payload templates, results put in their place, errors and timestamps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepmill.asl import timestamps
from stepmill.asl.errors import BadExpression, StatesError, matches
from stepmill.asl.jsonata import compile_expression
from stepmill.asl.paths import compile_reference
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template


def fill(template: Any, language: str = "JSONPath", **scope: Any) -> Any:
    return compile_template(template, language, field="Output")(Scope(**scope))


def test_keys_that_end_in_a_dollar_are_filled_in_and_keep_their_order() -> None:
    template = {"first.$": "$.a", "second": 2, "third": {"x.$": "$$.Name", "y": [{"z.$": "$v"}, "$.a"]}, "4th.$": "$"}
    filled = fill(template, data={"a": 1}, context={"Name": "run"}, variables={"v": 3})
    assert json.dumps(filled) == (
        '{"first": 1, "second": 2, "third": {"x": "run", "y": [{"z": 3}, "$.a"]}, "4th": {"a": 1}}'
    )


def test_a_template_without_expressions_is_handed_out_as_it_stands() -> None:
    template = {"a": [1, {"b": None}], "$.c": "{% not here %}"}
    assert fill(template) is template


def test_filling_does_not_change_the_template() -> None:
    template = {"a.$": "$.x", "l": [{"b.$": "$.x"}]}
    evaluate = compile_template(template, "JSONPath")
    assert evaluate(Scope(data={"x": 1})) == {"a": 1, "l": [{"b": 1}]}
    assert evaluate(Scope(data={"x": 2})) == {"a": 2, "l": [{"b": 2}]}
    assert template == {"a.$": "$.x", "l": [{"b.$": "$.x"}]}


def test_a_path_that_finds_nothing_in_a_template_fails_in_aws_words() -> None:
    with pytest.raises(StatesError) as failed:
        fill({"a": {"value.$": "$$.Execution.Gone"}}, context={"Execution": {"Name": "x"}})
    assert failed.value.error == "States.Runtime"
    assert failed.value.cause == (
        "The JSONPath '$$.Execution.Gone' specified for the field 'value.$' could not be found in the input "
        '\'{"Execution":{"Name":"x"}}\''
    )


def test_jsonata_stands_anywhere_in_a_template_and_nowhere_else() -> None:
    template = {"a": "{% $states.input.x %}", "b.$": "$.x", "l": [1, "{% $v %}", " {% $v %}"], "n": None}
    filled = fill(template, "JSONata", input={"x": 1}, variables={"v": 2})
    assert filled == {"a": 1, "b.$": "$.x", "l": [1, 2, " {% $v %}"], "n": None}
    assert fill("{% $states.input %}", "JSONata", input=[1]) == [1]
    assert fill(["{% 1 %}"], "JSONata") == [1]


def test_a_failed_expression_names_its_field_down_to_the_key() -> None:
    for template, location in (
        ({"a": {"b": "{% $gone %}"}}, "Output/a/b"),
        ({"a": [0, {"b": "{% $gone %}"}]}, "Output/a[1]/b"),
        ("{% $gone %}", "Output"),
    ):
        with pytest.raises(StatesError) as failed:
            fill(template, "JSONata")
        assert failed.value.error == "States.QueryEvaluationError"
        assert failed.value.location == location
        assert f"specified for the field '{location}' returned nothing (undefined)." in failed.value.cause


def test_a_dynamic_key_needs_a_text() -> None:
    with pytest.raises(BadExpression, match=r"must be a STRING"):
        compile_template({"a.$": 1}, "JSONPath")


@pytest.mark.parametrize(
    ("path", "value", "result", "expected"),
    [
        ("$", {"a": 1}, 2, 2),
        (None, {"a": 1}, 2, {"a": 1}),
        ("$.b", {"a": 1}, 2, {"a": 1, "b": 2}),
        ("$.a", {"a": {"x": 1}}, 2, {"a": 2}),
        ("$.a.b.c", {"z": 0}, None, {"z": 0, "a": {"b": {"c": None}}}),
        ("$['a b'].c", {"a b": {"d": 1}}, 2, {"a b": {"d": 1, "c": 2}}),
        ("$.a.b", {"a": None}, 2, {"a": {"b": 2}}),
        ("$.l[1]", {"l": [1, 2, 3]}, 9, {"l": [1, 9, 3]}),
        ("$.l[0].x", {"l": [{"y": 1}]}, 9, {"l": [{"y": 1, "x": 9}]}),
    ],
)
def test_a_result_is_put_where_resultpath_says(path: str | None, value: Any, result: Any, expected: Any) -> None:
    before = json.dumps(value)
    assert compile_reference(path).put(value, result) == expected
    assert json.dumps(value) == before


@pytest.mark.parametrize(("path", "value"), [("$.a", "text"), ("$.a", None), ("$.a", [1]), ("$.l[3]", {"l": []})])
def test_a_result_that_has_no_place_fails(path: str, value: Any) -> None:
    with pytest.raises(StatesError) as failed:
        compile_reference(path).put(value, 1)
    assert failed.value.error == "States.ResultPathMatchFailure"
    assert failed.value.cause.startswith(f"Unable to apply ReferencePath {path} to input ")


@pytest.mark.parametrize("path", ["$$.a", "$v", "$.a[*]", "$..a", "$.a[0:1]", "$.a[?(@.b)]", "a"])
def test_a_resultpath_is_a_reference_path_into_the_data(path: str) -> None:
    with pytest.raises(BadExpression):
        compile_reference(path)


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["States.ALL"], "Any.Error", True),
        (["States.ALL"], "States.DataLimitExceeded", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "SageMaker.AmazonSageMakerException", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["State.ALL"], "Any.Error", False),
        (["a", "b"], "b", True),
        ([], "b", False),
    ],
)
def test_a_retry_or_catch_applies_to_the_errors_it_names(names: list[str], error: str, expected: bool) -> None:
    assert matches(names, error) is expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("2026-11-23T09:00:00Z", 1795424400.0),
        ("2026-11-23T09:00:00.250Z", 1795424400.25),
        ("2026-11-23T09:00:00.000000Z", 1795424400.0),
        ("2026-11-23T10:30:00+01:30", 1795424400.0),
        ("2026-11-23T04:00:00-05:00", 1795424400.0),
    ],
)
def test_a_timestamp_is_read(text: str, seconds: float) -> None:
    assert timestamps.parse(text) == seconds
    assert timestamps.parse(timestamps.render(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-23", "2026-11-23T09:00:00", "2026-11-23 09:00:00Z", "05-12-2016T21:29:29Z", "2016-12-05T25:29:29Z",
     "2026-02-30T00:00:00Z", "2026-11-23t09:00:00z", "2026-11-23T09:00:00+25:00", "2026-11-23T09:00:00.Z",
     "٢٠٢٦-11-23T09:00:00Z"],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"timestamp|date|offset"):
        timestamps.parse(text)


def test_a_timestamp_is_written_with_milliseconds() -> None:
    assert timestamps.render(1795424400.1239) == "2026-11-23T09:00:00.124Z"
    assert timestamps.render(0) == "1970-01-01T00:00:00.000Z"


names = st.sampled_from(["a", "b", "c"])
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text("xy", max_size=2)
documents = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents, st.lists(names, min_size=1, max_size=3))
def test_a_plain_path_means_the_same_without_the_engine(document: Any, keys: list[str]) -> None:
    path = "$states.input." + ".".join(keys)
    quick, whole = (compile_expression(f"{{% {text} %}}", field="f") for text in (path, f"({path})"))

    def outcome(evaluate: Any) -> str:
        try:
            return json.dumps(evaluate(Scope(input=document)), sort_keys=True)
        except StatesError:
            return "undefined"

    assert outcome(quick) == outcome(whole)
