"""Expressions give what AWS gives: readable tables, one line an expectation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepmill.asl import jsonata
from stepmill.asl.errors import BadExpression, StatesError
from stepmill.asl.intrinsics import compile_intrinsic
from stepmill.asl.jsonata import JsonataError, compile_expression
from stepmill.asl.paths import compile_path
from stepmill.asl.scope import MISSING, Scope

GOLDEN = Path(__file__).parent.parent / "golden" / "expressions"
CONTEXT = {"Execution": {"Name": "run-1", "Input": {"epochs": 20}}}
VARIABLES = {"model": {"uri": "s3://b/m", "scores": [3, 1, 2]}, "n": 7, "count": 5}
NINE = 1795424400.0  # 2026-11-23T09:00:00Z


def rows(name: str) -> list[Any]:
    return list(read(name))


def read(name: str) -> Iterator[Any]:
    document: Any = None
    for number, line in enumerate((GOLDEN / name).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("@ "):
            document = json.loads(line[2:])
        elif line.strip() and not line.startswith("# ") and line != "#":
            expression, _, expected = line.rpartition(" -> ")
            yield pytest.param(expression.strip(), document, expected.strip(), id=f"{name}:{number}")


def scope(document: Any) -> Scope:
    result = {"Payload": {"ok": True}, "list": [1]}
    return Scope(data=document, input=document, context=CONTEXT, variables=VARIABLES, result=result, now=NINE)


def hold(compiling: Any, text: str, document: Any, expected: str, error: str) -> None:
    if expected.startswith("?? "):
        with pytest.raises((BadExpression, JsonataError)) as refused:
            compiling(text)
        assert expected[3:] in str(refused.value)
        return
    evaluate = compiling(text)
    if expected.startswith("!! "):
        with pytest.raises(StatesError) as failed:
            evaluate(scope(document))
        assert expected[3:] in failed.value.cause
        runtime = "could not be found" in expected or "JsonPath argument" in expected
        assert failed.value.error == ("States.Runtime" if runtime else error)
        return
    value = evaluate(scope(document))
    assert json.dumps(value) == json.dumps(json.loads(expected))


@pytest.mark.parametrize(("text", "document", "expected"), rows("jsonpath.txt"))
def test_a_path_reads_what_aws_reads(text: str, document: Any, expected: str) -> None:
    hold(compile_path, text, document, expected, "States.Runtime")


@pytest.mark.parametrize(("text", "document", "expected"), rows("intrinsics.txt"))
def test_an_intrinsic_function_gives_what_aws_gives(text: str, document: Any, expected: str) -> None:
    hold(compile_intrinsic, text, document, expected, "States.IntrinsicFailure")


@pytest.mark.parametrize(("text", "document", "expected"), rows("jsonata.txt"))
def test_a_jsonata_expression_gives_what_aws_gives(text: str, document: Any, expected: str) -> None:
    def compiling(text: str) -> Any:
        return compile_expression("{% " + text + " %}", field="Output/x")

    hold(compiling, text, document, expected, "States.QueryEvaluationError")


@pytest.mark.parametrize(("text", "document", "expected"), rows("jsonata.txt"))
def test_an_expression_sees_no_difference_when_it_gets_only_what_it_reads(
    text: str, document: Any, expected: str
) -> None:
    if expected.startswith("??"):
        return
    here = scope(document)
    everything = {"input": here.input, "context": here.context, "result": here.result}
    try:
        whole = jsonata.compile(text).evaluate(None, {"states": everything, **VARIABLES}, now=NINE)
    except JsonataError as wrong:
        assert expected.startswith("!!")
        assert wrong.code in expected or expected[3:] in wrong.message
        return
    if whole is MISSING:
        assert "undefined" in expected
    else:
        assert json.dumps(whole) == json.dumps(json.loads(expected))


def test_undefined_and_null_are_told_apart() -> None:
    bound = {"states": {"input": {"n": None}}}
    assert jsonata.compile("$states.input.n").evaluate(None, bound) is None
    assert jsonata.compile("$states.input.m").evaluate(None, bound) is MISSING
    assert jsonata.compile("n").evaluate({"n": None}) is None
    assert jsonata.compile("m").evaluate({"n": None}) is MISSING


def test_only_a_text_that_is_marked_from_end_to_end_is_an_expression() -> None:
    assert jsonata.is_expression("{% 1 %}")
    assert jsonata.is_expression("{%1%}")
    for text in (" {% 1 %} ", "{% 1", "1 %}", "{%}", 1, None):
        assert not jsonata.is_expression(text)


def test_an_expression_of_another_type_than_its_field_is_refused_in_aws_words() -> None:
    for value, kind, shown in ((True, "boolean", "true"), ("x", "string", '"x"'), ({"f": 1}, "object", '{"f":1}')):
        evaluate = compile_expression("{% $v %}", field="Items", expect="array")
        with pytest.raises(StatesError) as failed:
            evaluate(Scope(variables={"v": value}))
        assert failed.value.location == "Items"
        assert failed.value.cause == (
            "The JSONata expression '$v' specified for the field 'Items' returned an unexpected result type. "
            f"Expected 'array', but was '{kind}' for value: {shown}"
        )


def test_an_endless_expression_ends() -> None:
    endless = jsonata.compile("($f := function($n){ $f($n + 1) }; $f(0))")
    options = {"timeout": 0.1}
    with pytest.raises(Exception, match="timeout"):
        endless._engine.evaluate(None, {}, **options)
    assert jsonata.SECONDS <= 1


def test_random_numbers_and_names_come_from_the_functions() -> None:
    uuid = compile_intrinsic("States.UUID()")
    assert uuid(Scope()) != uuid(Scope())
    assert len(uuid(Scope())) == 36
    seeded = compile_intrinsic("States.MathRandom(0, 1000000, 3)")
    assert seeded(Scope()) == seeded(Scope())
    assert 1 <= compile_intrinsic("States.MathRandom(1, 4)")(Scope()) < 4


pieces = st.lists(
    st.sampled_from(["$", "$$", ".a", "..", "[0]", "[", "]", "'", "(", ")", "?", "@", "==", "*", ":", ",", "-1",
                     "States.", "Format", "Array", "{}", "\\", " ", "length()", "&&", "=~", "/x/", '"', "true", "é"]),
    max_size=9,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces)
def test_any_text_compiles_or_is_refused_with_a_sentence(parts: list[str]) -> None:
    text = "".join(parts)
    for compiling in (compile_path, compile_intrinsic):
        try:
            evaluate = compiling(text)
        except BadExpression as refused:
            assert refused.reason
            continue
        try:
            json.dumps(evaluate(scope({"a": [{"a": 1}, "x", None]})))
        except StatesError as failed:
            assert failed.cause
