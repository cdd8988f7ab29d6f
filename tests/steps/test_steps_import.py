"""A definition becomes Python that compiles back to it, and that a person would keep."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from machines import definitions, same

from stepmill.asl.choices import OPERATORS
from stepmill.asl.definition import walk_states
from stepmill.asl.fields import STATE_FIELDS
from stepmill.asl.problems import InvalidDefinition
from stepmill.steps.importing import python_of

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
WRITTEN = sorted((GOLDEN / "imports").glob("*.json"))
COMPILED = sorted((GOLDEN / "pipelines").glob("*.json"))
CONFORMANCE = os.environ.get("STEPMILL_CONFORMANCE")


def back(text: str) -> dict[str, Any]:
    """What a module's workflow compiles to."""
    space: dict[str, Any] = {}
    exec(compile(text, "pipeline.py", "exec"), space)
    found: dict[str, Any] = space["workflow"].definition.to_dict()
    return found


@pytest.mark.parametrize("file", [*WRITTEN, *COMPILED], ids=lambda file: file.name.partition(".json")[0])
def test_the_python_of_a_definition_compiles_back_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert same(back(python_of(text, "digits")), json.loads(text))


def test_fifty_definitions_by_hand_use_every_field_and_every_operator() -> None:
    assert len(WRITTEN) >= 50
    used: dict[str, set[str]] = {}
    said: set[str] = set()
    for file in WRITTEN:
        definition = json.loads(file.read_text(encoding="utf-8"))
        for _, _, state in walk_states(definition):
            used.setdefault(state["Type"], set()).update(state)
            said |= set(re.findall(r'"(\w+)": ', json.dumps(state.get("Choices", []))))
    missing = [
        (kind, field)
        for kind, fields in STATE_FIELDS.items()
        for field in fields
        if field not in used[kind] and field not in ("QueryLanguage", "Comment")
    ]
    assert missing == []
    assert OPERATORS - said == set()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(definitions())
def test_what_nobody_wrote_comes_back_too(definition: dict[str, Any]) -> None:
    assert same(back(python_of(definition)), definition)


@pytest.mark.skipif(CONFORMANCE is None, reason="STEPMILL_CONFORMANCE names no folder of recorded executions")
def test_every_recorded_definition_comes_back() -> None:
    count = 0
    for file in sorted(Path(str(CONFORMANCE)).rglob("*.json")):
        for definition in _definitions(json.loads(file.read_text(encoding="utf-8"))):
            try:
                text = python_of(definition)
            except InvalidDefinition as fault:
                assert all(problem.code != "IMPORT" for problem in fault.problems), (file.name, fault)
                continue
            count += 1
            assert same(back(text), definition), file.name
    assert count > 100


def _definitions(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, str) and '"StartAt"' in value:
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, dict):
        if "StartAt" in value and "States" in value:
            yield value
            return
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _definitions(inner)


def test_what_is_printed_is_laid_out_as_ruff_does_and_nothing_in_it_is_wrong(tmp_path: Path) -> None:
    for file in (*WRITTEN, *COMPILED):
        text = python_of(file.read_text(encoding="utf-8"), "digits")
        (tmp_path / f"{file.name.replace('.', '_')}.py").write_text(text, encoding="utf-8")
    for words in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", "--config", ROOT / "pyproject.toml", tmp_path]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["poll-a-job", "error-handler-shared", "nested-three-deep", "jsonata-conditions", "texts"]
)
def test_the_python_is_the_one_that_was_looked_at(name: str) -> None:
    text = python_of((GOLDEN / "imports" / f"{name}.json").read_text(encoding="utf-8"), name)
    golden = GOLDEN / "imports" / f"{name}.py.txt"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def _machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def _nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"k": value}
    return value


def _parallels(levels: int) -> dict[str, Any]:
    machine = _machine(end={"Type": "Pass", "End": True})
    for level in range(levels):
        machine = _machine(**{f"p{level}": {"Type": "Parallel", "Branches": [machine], "End": True}})
    return machine


def _rules(levels: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"Variable": "$.a", "IsNull": True}
    for level in range(levels):
        rule = {"And": [rule]} if level % 2 else {"Not": rule}
    return _machine(c={"Type": "Choice", "Choices": [{**rule, "Next": "e"}]}, e={"Type": "Succeed"})


@pytest.mark.parametrize(
    "definition",
    [
        _machine(a={"Type": "Pass", "Result": _nested("deep", 190), "End": True}),
        _machine(a={"Type": "Pass", "Parameters": _nested("deep", 189), "End": True}),
        {"QueryLanguage": "JSONata", **_machine(a={"Type": "Pass", "Output": _nested("deep", 190), "End": True})},
        _parallels(48),
        _rules(96),
    ],
    ids=["result", "parameters", "output", "parallels", "rules"],
)
def test_what_is_nested_as_deep_as_a_definition_may_be_comes_back(definition: dict[str, Any]) -> None:
    assert same(back(python_of(definition)), definition)


def test_a_definition_of_a_mebibyte_is_done_in_seconds() -> None:
    text = "a word and another one " * 7
    states: dict[str, Any] = {
        f"s{n}": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload": {"text": text}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "end"}],
            "Next": f"s{n + 1}",
        }
        for n in range(2400)
    }
    states["s2400"] = {"Type": "Pass", "Result": "\n" * 50_000 + "x" * 40_000, "Next": "end"}
    states["end"] = {"Type": "Succeed"}
    definition = json.dumps(_machine(**states))
    assert 1_000_000 < len(definition) < 1 << 20  # as large as AWS takes one
    before = time.process_time()
    python = python_of(definition)
    assert time.process_time() - before < 5
    assert python.count("LambdaStep(") == 2400


@pytest.mark.parametrize(
    ("definition", "place", "said"),
    [
        ("{", "", "Definition must be a valid JSON object"),
        (_machine(a={"Type": "Pas", "End": True}), "/States/a/Type", "Did you mean 'Pass'?"),
        (_machine(a={"Type": "Pass", "Nxt": "b", "End": True}), "/States/a/Nxt", "Did you mean 'Next'?"),
        (
            _machine(a={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Retry": [], "End": True,
                        "Parameters": {"FunctionName": "f"}}),
            "/States/a/Retry", "Remove it",
        ),
        (
            _machine(a={"Type": "Choice", "Choices": [{"Not": {"Variable": "$.a", "IsNull": True, "Comment": "no"},
                                                       "Next": "b"}]}, b={"Type": "Succeed"}),
            "/States/a/Choices/0/Not/Comment", "Move it to the outer rule",
        ),
        (
            _machine(a={"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a", "IsNull": True}], "Variable": "$.b",
                                                       "Next": "b"}]}, b={"Type": "Succeed"}),
            "/States/a/Choices/0/Variable", "it says nothing",
        ),
        (
            _machine(a={"Type": "Map", "End": True, "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE", "ExecutionTyp": "STANDARD"},
                **_machine(b={"Type": "Pass", "End": True})}}),
            "/States/a/ItemProcessor/ProcessorConfig/ExecutionTyp", "did you mean 'ExecutionType'?",
        ),
        (
            {"QueryLanguage": "JSONata", **_machine(a={"Type": "Map", "End": True, "Arguments": {},
             "ItemProcessor": _machine(b={"Type": "Pass", "End": True})})},
            "/States/a/Arguments", "not supported in a Map state",
        ),
        (
            _machine(a={"Type": "Parallel", "End": True, "Branches": [
                {"QueryLanguage": "JSONata", **_machine(b={"Type": "Pass", "End": True})}]}),
            "/States/a/Branches/0/QueryLanguage", "Say it in the states",
        ),
        (
            _machine(a={"Type": "Parallel", "End": True, "Branches": [
                {"ProcessorConfig": {}, **_machine(b={"Type": "Pass", "End": True})}]}),
            "/States/a/Branches/0/ProcessorConfig", "Remove it",
        ),
        (
            _machine(a={"Type": "Pass", "Result": {"t/u": "x\ue000eyJSZWYiOltdfQ\ue001"}, "End": True}),
            "/States/a/Result/t~1u", "Take the part from U+E000 to U+E001 out",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_told_with_its_place(definition: Any, place: str, said: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        python_of(definition)
    (problem,) = refused.value.problems
    assert problem.place == place
    assert said in str(problem)
