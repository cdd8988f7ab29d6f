"""Definitions, paths, templates, expressions and inputs made at random: only typed errors, no hang, little memory.

STEPMILL_FUZZ_SECONDS says how long each of them goes on (default 8), STEPMILL_FUZZ_SEED where it begins.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import resource
import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from stepmill.asl.checks import check
from stepmill.asl.definition import Definition
from stepmill.asl.errors import StatesError
from stepmill.asl.jsonata import JsonataError, compile
from stepmill.asl.paths import compile_path
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.testing import StuckError, fail, run, succeed
from stepmill.testing.tasks import ScriptedTasks

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("STEPMILL_FUZZ_SECONDS", "8"))
SEED = int(os.environ.get("STEPMILL_FUZZ_SEED", "0"))
LONGEST = 2.0  # seconds for one of them, on a machine that does other things too; a second is what is promised
MEMORY = 400 << 20  # bytes that the whole may add

WORDS = [
    "a",
    "b",
    "x y",
    "é",
    "\ud800",
    "$",
    "$$",
    "'",
    '"',
    "\\",
    "",
    "0",
    "-1",
    "*",
    "..",
    "[",
    "]",
    "?",
    "@",
    "{%",
    "%}",
]
NUMBERS = [0, 1, -1, 2.5, 1e308, -1e308, 10**30, 2**53 + 1, float(2**31)]


def value(draw: Random, depth: int = 4) -> Any:
    kind = draw.randrange(8 if depth else 5)
    if kind < 2:
        return draw.choice(WORDS)
    if kind == 2:
        return draw.choice(NUMBERS)
    if kind < 5:
        return draw.choice([None, True, False])
    if kind == 5:
        return [value(draw, depth - 1) for _ in range(draw.randrange(4))]
    return {draw.choice(WORDS): value(draw, depth - 1) for _ in range(draw.randrange(4))}


def soup(draw: Random, pieces: list[str], most: int = 12) -> str:
    return "".join(draw.choice(pieces) for _ in range(draw.randrange(1, most)))


PATH = [
    "$",
    "$$",
    ".",
    "..",
    "a",
    "b",
    "['a']",
    '["x y"]',
    "[0]",
    "[-1]",
    "[1:2]",
    "[*]",
    "[?(@.a > 1)]",
    "[?(@.a =~ /(a+)+$/)]",
]
PATH += [
    "[?(@.a in ['x', 1])]",
    ".length()",
    ".min()",
    "[a,b]",
    "['a','b']",
    "(",
    ")",
    "&&",
    "||",
    "!",
    " ",
    "é",
    "$x",
    "10000000",
]
CALLS = [
    "States.Format('{}', ",
    "States.Array(",
    "States.MathAdd(1, ",
    "States.JsonToString($",
    "States.StringSplit('a', ",
    "$.a",
    "'x'",
]
CALLS += [
    ")",
    ", ",
    "1",
    "null",
    "States.ArrayRange(1, 9, ",
    "States.Hash('a', 'MD5')",
    "States.UUID()",
    "\\'",
    "{}",
    "-",
    "1e9",
]
SATA = [
    "$states.input",
    ".a",
    "[0]",
    "$sum(",
    "$map(",
    "function($v){",
    "}",
    ")",
    "(",
    "1",
    "+",
    "*",
    "'a'",
    "$f := ",
    ";",
    "$f()",
    "&",
    "~>",
]
SATA += [
    "/(a+)+$/",
    "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', ",
    "$range(1, 1000000, 1)",
    "$pad('a', 100000000)",
    "**",
    "^(a)",
    "|a|{}|",
]
SATA += [
    "$string(",
    "{",
    ":",
    ",",
    "[1..100000000]",
    "null",
    "$lookup($",
    "?",
    "$exists(",
    "$reduce([1..99], function($a, $b){$a & $b})",
]


def bounded(draw: Random, attempt: Callable[[Random], Any], allowed: tuple[type[Exception], ...]) -> None:
    """Go on for a while; nothing but `allowed` may come out, and nothing may take long."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    until, tried = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        seed = draw.randrange(1 << 60)
        began = time.monotonic()
        try:
            attempt(Random(seed))
        except allowed:
            pass
        except Exception as fault:
            raise AssertionError(f"seed {seed}: {type(fault).__name__}: {str(fault)[:300]}") from fault
        taken = time.monotonic() - began
        assert taken < LONGEST, f"seed {seed}: {taken:.1f} s"
        tried += 1
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert tried > 20
    assert grown < MEMORY, f"{grown >> 20} MiB more after {tried} of them"


def test_paths() -> None:
    def attempt(draw: Random) -> None:
        data = value(draw)
        compile_path("$" + soup(draw, PATH))(Scope(data, data, {"Execution": {}}, {"x": data}))

    bounded(Random(SEED), attempt, (StatesError, ValueError))


def test_templates_and_intrinsic_functions() -> None:
    def attempt(draw: Random) -> None:
        data = value(draw)
        made = {"a.$": soup(draw, CALLS), "b": value(draw), "c.$": "$" + soup(draw, PATH, 3)}
        compile_template(made, "JSONPath", field="Parameters")(Scope(data, data, {}, {}))

    bounded(Random(SEED + 1), attempt, (StatesError, ValueError))


def test_jsonata() -> None:
    def attempt(draw: Random) -> None:
        expression = compile(soup(draw, SATA))
        data = value(draw)
        expression.evaluate(None, {"states": {"input": data}})

    bounded(Random(SEED + 2), attempt, (JsonataError,))


PLAIN = {
    "StartAt": "P",
    "States": {
        "P": {"Type": "Pass", "Parameters": {"x.$": "$.a"}, "ResultPath": "$.p", "Next": "C"},
        "C": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "StringMatches": "*a*a*"}],
                    "Next": "M",
                }
            ],
            "Default": "T",
        },
        "M": {
            "Type": "Map",
            "ItemsPath": "$.list",
            "ItemSelector": {"i.$": "$$.Map.Item.Value"},
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
            "Next": "Two",
        },
        "Two": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": True}}}],
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T", "ResultPath": "$.e"}],
            "Next": "T",
        },
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "QueryLanguage": "JSONata",
            "Arguments": {"Bucket": "{% $string($states.input.a) %}"},
            "Assign": {"v": "{% $states.result %}"},
            "Output": "{% $states.input %}",
            "End": True,
        },
    },
}


def mutated(draw: Random) -> dict[str, Any]:
    """The machine above, wrong in a few places."""
    made = copy.deepcopy(PLAIN)
    for _ in range(draw.randrange(1, 5)):
        place: Any = made
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw.choice(keys)
            below = place[key]
            if isinstance(below, dict | list) and below and draw.random() < 0.7:
                place = below
                continue
            what = draw.randrange(4)
            if what == 0:
                del place[key]
            elif what == 1:
                place[key] = value(draw)
            elif what == 2 and isinstance(below, str):
                place[key] = soup(draw, [below, *PATH, *SATA, "{% ", " %}"], 4)
            elif isinstance(place, dict):
                place[draw.choice([*WORDS, "Next", "End", "Assign", "Catch", "Type", "Output"])] = value(draw)
            break
    return made


def test_definitions_and_whole_executions() -> None:
    def attempt(draw: Random) -> None:
        text = json.dumps(mutated(draw))
        check(json.loads(text))
        definition = Definition.parse(text)
        ends = [succeed(value(draw)), fail(draw.choice(["A", "States.Timeout"]), takes=3)]
        tasks = ScriptedTasks(
            dict.fromkeys((name for _, name, state in definition.states() if state["Type"] == "Task"), ends)
        )
        given = {"a": value(draw), "list": [value(draw, 2)]} if draw.random() < 0.8 else value(draw)
        seen = run(definition, given, tasks, seed=draw.randrange(99))
        for event in seen.events:
            assert event.previous < event.id
        assert seen.events[-1].type.startswith("Execution")
        assert "This is a bug" not in (seen.cause or ""), seen.cause

    bounded(Random(SEED + 3), attempt, (InvalidDefinition, StuckError))


@pytest.mark.parametrize("depth", [100, 1_000, 10_000])
def test_what_is_nested_deeply(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    began = time.monotonic()
    for attempt in (
        lambda: Definition.parse('{"StartAt":"A","States":{"A":{"Type":"Pass","Result":' + nested + ',"End":true}}}'),
        lambda: compile_path("$" + ".a" * depth)(Scope({}, {}, {}, {})),
        lambda: compile_path("$[?(" + "(" * depth + "@.a" + ")" * depth + ")]")(Scope({}, {}, {}, {})),
        lambda: compile_template({"a.$": "States.Array(" * depth + "1" + ")" * depth}, "JSONPath", field="P"),
        lambda: compile("(" * depth + "1" + ")" * depth).evaluate(None),
        lambda: compile("[" * depth + "]" * depth).evaluate(None),
        lambda: compile("$f := function($n){$n = 0 ? 0 : 1 + $f($n - 1)}; $f(" + str(depth * 10) + ")").evaluate(None),
    ):
        with contextlib.suppress(InvalidDefinition, StatesError, JsonataError, ValueError):
            attempt()
    assert time.monotonic() - began < 7 * LONGEST
