"""The rules of a Choice decide as AWS decides."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.asl.choices import COMPARISONS, OPERATORS, compile_rule
from stepmill.asl.errors import BadExpression, StatesError
from stepmill.asl.scope import Scope

DATA = {
    "n": 5, "half": 0.5, "whole": 5.0, "text": "abc", "yes": True, "no": False, "null": None, "list": [1], "object": {},
    "when": "2026-11-23T09:00:00Z", "later": "2026-11-23T11:00:01+01:00", "star": "a*b", "zero": 0, "empty": "",
}  # fmt: skip


def holds(rule: dict[str, Any], **scope: Any) -> bool:
    return compile_rule(rule, "JSONPath")(Scope(data=DATA, **scope))


@pytest.mark.parametrize(
    ("path", "operator", "operand", "expected"),
    [
        ("$.n", "NumericEquals", 5, True),
        ("$.n", "NumericEquals", 5.0, True),
        ("$.whole", "NumericEquals", 5, True),
        ("$.half", "NumericLessThan", 1, True),
        ("$.n", "NumericLessThan", 5, False),
        ("$.n", "NumericLessThanEquals", 5, True),
        ("$.n", "NumericGreaterThan", 4.9, True),
        ("$.n", "NumericGreaterThanEquals", 6, False),
        ("$.text", "NumericLessThan", 5, False),
        ("$.yes", "NumericEquals", 1, False),
        ("$.null", "NumericEquals", 0, False),
        ("$.text", "StringEquals", "abc", True),
        ("$.text", "StringEquals", "ABC", False),
        ("$.n", "StringEquals", "5", False),
        ("$.text", "StringLessThan", "abd", True),
        ("$.text", "StringGreaterThan", "ab", True),
        ("$.text", "StringLessThanEquals", "abc", True),
        ("$.text", "StringGreaterThanEquals", "abcd", False),
        ("$.empty", "StringLessThan", "a", True),
        ("$.text", "StringMatches", "a*", True),
        ("$.text", "StringMatches", "*", True),
        ("$.text", "StringMatches", "a*d", False),
        ("$.star", "StringMatches", "a\\*b", True),
        ("$.text", "StringMatches", "a\\*c", False),
        ("$.text", "StringMatches", "a.c", False),
        ("$.n", "StringMatches", "*", False),
        ("$.yes", "BooleanEquals", True, True),
        ("$.no", "BooleanEquals", False, True),
        ("$.zero", "BooleanEquals", False, False),
        ("$.null", "BooleanEquals", False, False),
        ("$.when", "TimestampEquals", "2026-11-23T09:00:00Z", True),
        ("$.when", "TimestampEquals", "2026-11-23T10:00:00+01:00", True),
        ("$.later", "TimestampGreaterThan", "2026-11-23T09:00:00Z", True),
        ("$.when", "TimestampLessThanEquals", "2026-11-23T09:00:00Z", True),
        ("$.text", "TimestampLessThan", "2026-11-23T09:00:00Z", False),
        ("$.n", "TimestampEquals", "2026-11-23T09:00:00Z", False),
        ("$.null", "IsNull", True, True),
        ("$.n", "IsNull", False, True),
        ("$.n", "IsPresent", True, True),
        ("$.null", "IsPresent", True, True),
        ("$.gone", "IsPresent", True, False),
        ("$.gone", "IsPresent", False, True),
        ("$gone", "IsPresent", False, True),
        ("$.n", "IsNumeric", True, True),
        ("$.yes", "IsNumeric", True, False),
        ("$.text", "IsString", True, True),
        ("$.when", "IsString", True, True),
        ("$.yes", "IsBoolean", True, True),
        ("$.zero", "IsBoolean", True, False),
        ("$.when", "IsTimestamp", True, True),
        ("$.text", "IsTimestamp", False, True),
        ("$.n", "NumericEqualsPath", "$.whole", True),
        ("$.n", "NumericGreaterThanPath", "$limit", True),
        ("$limit", "NumericLessThanPath", "$.n", True),
        ("$.text", "StringEqualsPath", "$$.Name", True),
        ("$.yes", "BooleanEqualsPath", "$.no", False),
        ("$.when", "TimestampLessThanPath", "$.later", True),
        ("$.n", "StringLessThanPath", "$.text", False),
    ],
)
def test_an_operator_compares_its_own_type_and_says_false_to_others(
    path: str, operator: str, operand: Any, expected: bool
) -> None:
    rule = {"Variable": path, operator: operand, "Next": "X"}
    assert holds(rule, variables={"limit": 4}, context={"Name": "abc"}) is expected


def test_there_are_operators_for_every_order_of_every_type() -> None:
    assert len(COMPARISONS) == 3 * 5 + 2
    assert len(OPERATORS) == 17 + 16 + 6 + 3


def test_rules_combine() -> None:
    yes, no = {"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.n", "NumericEquals": 6}
    assert holds({"And": [yes, yes]})
    assert not holds({"And": [yes, no]})
    assert holds({"Or": [no, yes], "Next": "X", "Comment": "c"})
    assert holds({"Not": no})
    assert holds({"And": [{"Not": {"Or": [no, no]}}, yes]})


def test_the_second_rule_of_an_and_is_not_looked_at_after_a_false_one() -> None:
    absent, compared = {"Variable": "$.gone", "IsPresent": True}, {"Variable": "$.gone", "NumericEquals": 1}
    assert not holds({"And": [absent, compared]})


@pytest.mark.parametrize("rule", [{"Variable": "$.gone", "NumericEquals": 1}, {"Variable": "$.gone", "IsNull": True}])
def test_a_variable_that_is_not_there_fails(rule: dict[str, Any]) -> None:
    with pytest.raises(StatesError) as failed:
        holds(rule)
    assert failed.value.error == "States.Runtime"
    assert failed.value.cause == (
        "Invalid path '$.gone': The choice state's condition path references an invalid value."
    )


def test_a_condition_is_true_false_or_a_jsonata_expression_that_gives_one() -> None:
    scope = Scope(input={"a": 1}, variables={"limit": 0.9})
    assert compile_rule({"Condition": "{% $states.input.a >= $limit %}", "Next": "X"}, "JSONata")(scope)
    assert compile_rule({"Condition": True, "Next": "X"}, "JSONata")(scope)
    with pytest.raises(StatesError) as failed:
        compile_rule({"Condition": "{% $states.input.a %}"}, "JSONata", field="Choices[0]/Condition")(scope)
    assert failed.value.error == "States.QueryEvaluationError"
    assert failed.value.location == "Choices[0]/Condition"
    assert "Expected 'boolean', but was 'number' for value: 1" in failed.value.cause


@pytest.mark.parametrize(
    ("rule", "language", "words"),
    [
        ({"Variable": "$.a", "NumericEqual": 1}, "JSONPath", "did you mean NumericEquals?"),
        ({"Variable": "$.a"}, "JSONPath", "exactly one comparison operator: none"),
        ({"Variable": "$.a", "IsNull": True, "IsString": True}, "JSONPath", "IsNull, IsString"),
        ({"IsNull": True}, "JSONPath", "The field 'Variable' is required but was missing"),
        ({"Variable": "$.a", "NumericEquals": "1"}, "JSONPath", "Expected value of type number for 'NumericEquals'"),
        ({"Variable": "$.a", "StringEquals": 1}, "JSONPath", "Expected value of type string"),
        ({"Variable": "$.a", "BooleanEquals": "true"}, "JSONPath", "Expected value of type boolean"),
        ({"Variable": "$.a", "IsNull": 1}, "JSONPath", "Expected value of type boolean for 'IsNull'"),
        ({"Variable": "$.a", "TimestampEquals": "now"}, "JSONPath", "String does not match RFC3339 timestamp"),
        ({"Variable": "$.a", "NumericEqualsPath": 1}, "JSONPath", "must be a valid JSONPath"),
        ({"Variable": "a", "IsNull": True}, "JSONPath", "A path must begin with '$'"),
        ({"And": []}, "JSONPath", "'And' must be a list with at least one rule"),
        ({"Not": [1]}, "JSONPath", "A Choice rule must be an object"),
        ({"Not": {"Variable": "$.a", "IsNull": True, "Next": "X"}}, "JSONPath", "Only the outer rule can have 'Next'"),
        ({"Condition": "$a"}, "JSONata", "A Condition is true, false or a JSONata expression"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(rule: Any, language: str, words: str) -> None:
    with pytest.raises(BadExpression) as refused:
        compile_rule(rule, language)
    assert words in str(refused.value)
