"""A ChoiceRule decides the same in JSONata as in JSONPath, whatever the values are."""

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stepmill.asl.choices import COMPARISONS, TYPE_TESTS, WITH_PATH, compile_rule
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import Scope as Data
from stepmill.inputs import StepInput, jsonata, jsonpath
from stepmill.inputs.rendering import Scope
from stepmill.steps import ChoiceRule

TEXTS = ["", "a", "b", "1", "true", "a*c", "a\nc", "a.c", "a/c", "A", "é", "前", "2026-11-23T09:00:00Z"]
TIMES = ["2026-11-23T09:00:00+01:00", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00.500Z", "2026-11-23", "yesterday"]
VALUES = [None, True, False, 0, 1, 1.5, -2, *TEXTS, *TIMES, [], ["a"], [1, 2], {}, {"a": 1}]
CONSTANTS = {
    "String": ["", "a", "b", "前"],
    "Numeric": [0, 1, 1.5, -2],
    "Boolean": [True, False],
    "Timestamp": TIMES[:3],
    "StringMatches": ["a", "*", "a*", "a\\*c", "*c", "a.c", "a/c", "*\\\\*", "", "a\\.c"],
}


def verdicts(rule, given):
    """What both languages say: (JSONPath, JSONata)."""
    found = []
    for language, text in (
        ("JSONPath", jsonpath.rule(rule.expr, Scope())),
        ("JSONata", {"Condition": jsonata.wrap(rule.expr, Scope())}),
    ):
        ask = compile_rule({**text, "Next": "N"}, language)
        try:
            found.append([ask(Data(value, value, {})) for value in given])
        except StatesError as fault:
            found.append(f"{text}: {fault}")
    return found


def family(operator):
    return "StringMatches" if operator == "StringMatches" else next(f for f in CONSTANTS if operator.startswith(f))


@pytest.mark.parametrize("operator", sorted(COMPARISONS))
def test_a_comparison_with_a_constant_decides_the_same(operator):
    given = [{"x": value} for value in VALUES]
    for constant in CONSTANTS[family(operator)]:
        in_jsonpath, in_jsonata = verdicts(getattr(ChoiceRule, operator)("$.x", constant), given)
        assert in_jsonata == in_jsonpath, constant
        assert isinstance(in_jsonpath, list)


@pytest.mark.parametrize("operator", sorted(WITH_PATH))
def test_a_comparison_of_two_values_decides_the_same(operator):
    given = [{"x": x, "y": y} for x, y in itertools.product(VALUES, VALUES)]
    in_jsonpath, in_jsonata = verdicts(getattr(ChoiceRule, operator)("$.x", "$.y"), given)
    assert in_jsonata == in_jsonpath
    assert isinstance(in_jsonpath, list)


@pytest.mark.parametrize("operator", sorted(TYPE_TESTS))
@pytest.mark.parametrize("wanted", [True, False])
def test_a_question_about_the_type_decides_the_same(operator, wanted):
    in_jsonpath, in_jsonata = verdicts(getattr(ChoiceRule, operator)("$.x", wanted), [{"x": value} for value in VALUES])
    assert in_jsonata == in_jsonpath
    assert isinstance(in_jsonpath, list)


@pytest.mark.parametrize("wanted", [True, False])
def test_whether_a_value_is_there_decides_the_same(wanted):
    given = [{}, {"x": {}}, *({"x": {"y": value}} for value in VALUES)]
    in_jsonpath, in_jsonata = verdicts(ChoiceRule.IsPresent("$.x.y", wanted), given)
    assert in_jsonata == in_jsonpath == [not wanted, not wanted, *[wanted] * len(VALUES)]


def test_rules_in_rules_decide_the_same():
    rule = ChoiceRule.Or(
        [
            ChoiceRule.And([ChoiceRule.IsNumeric("$.x", True), ChoiceRule.Not(ChoiceRule.NumericLessThan("$.x", 1))]),
            ChoiceRule.Not(ChoiceRule.Or([ChoiceRule.IsString("$.x", True), ChoiceRule.IsNumeric("$.x", True)])),
            ChoiceRule.StringMatches("$.x", "a*") & ~ChoiceRule.StringEquals("$.x", "a"),
        ]
    )
    in_jsonpath, in_jsonata = verdicts(rule, [{"x": value} for value in VALUES])
    assert in_jsonata == in_jsonpath
    assert set(in_jsonpath) == {True, False}


def test_a_rule_asks_for_the_type_only_where_it_is_not_known():
    known = StepInput({"n": int, "s": str})
    for rule, text in (
        (ChoiceRule.NumericLessThan(known["n"], 3), "$states.input.n < 3"),
        (ChoiceRule.StringEquals(known["s"], "x"), "$states.input.s = 'x'"),
        (ChoiceRule.NumericEquals("$.n", 3), "$states.input.n = 3"),
        (ChoiceRule.NumericLessThan("$.n", 3), "$type($states.input.n) = 'number' and $states.input.n < 3"),
    ):
        assert jsonata.expression(rule.expr, Scope()) == text


ANSWER = """
const jsonata = require('jsonata');
const cases = JSON.parse(require('fs').readFileSync(0));
(async () => {
  const answers = [];
  for (const [text, input] of cases) {
    try { answers.push(await jsonata(text).evaluate({}, {states: {input}})) } catch (fault) { answers.push(fault.code) }
  }
  console.log(JSON.stringify(answers));
})()
"""


@pytest.mark.slow
def test_the_reference_jsonata_decides_the_same():
    node, here = shutil.which("node"), Path(os.environ.get("STEPMILL_NPM") or Path(__file__).parents[2])
    if node is None or not (here / "node_modules" / "jsonata").is_dir():
        pytest.skip("node and jsonata@2.0.6 are not installed")
    rules = [
        (getattr(ChoiceRule, operator)("$.x", constant), [{"x": value} for value in VALUES])
        for operator in COMPARISONS
        for constant in CONSTANTS[family(operator)]
    ]
    pairs = [{"x": x, "y": y} for x, y in itertools.product(VALUES, VALUES)]
    rules += [(getattr(ChoiceRule, operator)("$.x", "$.y"), pairs) for operator in WITH_PATH]
    cases = [(jsonata.expression(rule.expr, Scope()), value) for rule, given in rules for value in given]
    asked = json.dumps(cases)
    done = subprocess.run([node, "-e", ANSWER], cwd=here, input=asked, capture_output=True, text=True, check=True)
    expected = [verdict for rule, given in rules for verdict in verdicts(rule, given)[0]]
    wrong = [case for case, want, got in zip(cases, expected, json.loads(done.stdout), strict=True) if want is not got]
    assert wrong == []
