"""Reads a definition that shall become Python, and refuses what cannot.

In: Amazon States Language JSON. Out: the same, parsed; or every problem in it, with its JSON pointer. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.places import HERE, escape
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.inputs.expressions import holds_token
from stepmill.nearest import did_you_mean
from stepmill.steps.bundle import BUCKET, JOB_ROLE, STAGE, filled, names_in, names_said
from stepmill.steps.choice import Choice
from stepmill.steps.fields import FIELDS
from stepmill.steps.flow import Parallel
from stepmill.steps.map import Map
from stepmill.steps.plain import Fail, Pass, Succeed, Wait
from stepmill.steps.state import State, Task

from .calls import LINKS
from .rules import AROUND

_CLASSES: dict[str, type[State]] = {
    each.type: each for each in (Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait)
}
_CONFIG = {"Mode": ("INLINE", "DISTRIBUTED"), "ExecutionType": ("STANDARD", "EXPRESS")}


@dataclass(frozen=True)
class Read:
    """A definition, and the names in `${…}` in it that are not Stepmill's own."""

    machine: dict[str, Any]
    substitutions: tuple[str, ...]


def read(text: str) -> Read:
    """Parse and check a definition.

    What AWS runs and this machine does not is no problem here. Names in `${…}` are taken as filled in.

    Raises:
        InvalidDefinition: with everything that is wrong, and everything that Python could not say.
    """
    bound = filled(text, {name: f"arn:aws:iam::000000000000:role/{name}" for name in names_in(text)})
    try:
        Definition.parse(bound)
    except InvalidDefinition as fault:
        problems = [problem for problem in fault.problems if problem.code != HERE]
        if problems:
            raise InvalidDefinition(problems) from None
    machine = json.loads(text)
    texts = list(_texts(machine, ""))
    problems = [*_machine(machine, ""), *(_taken(pointer) for pointer, each in texts if holds_token(each))]
    if problems:
        raise InvalidDefinition(problems)
    names = dict.fromkeys(
        name for _, each in texts for name in names_said(each) if name not in (BUCKET, JOB_ROLE, STAGE)
    )
    return Read(machine, tuple(names))


def _problem(pointer: str, message: str, hint: str) -> Problem:
    return Problem(pointer, "IMPORT", message, hint)


def _machine(machine: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    for name, state in machine["States"].items():
        here = f"{pointer}/States/{escape(name)}"
        known = LINKS | {FIELDS[each].asl for each in _CLASSES[state["Type"]].allowed}
        for field in (field for field in state if field not in known):
            yield _problem(f"{here}/{escape(field)}", f"A {state['Type']} state has no {field}", "Remove it.")
        for field in ("Retry", "Catch"):
            if state.get(field) == []:
                yield _problem(f"{here}/{field}", f"{field} is empty", "Remove it: it says nothing.")
        for index, choice in enumerate(state.get("Choices", ())):
            yield from _rule(choice, f"{here}/Choices/{index}", outer=True)
        for index, branch in enumerate(state.get("Branches", ())):
            place = f"{here}/Branches/{index}"
            if "ProcessorConfig" in branch:
                yield _problem(f"{place}/ProcessorConfig", "A branch has no ProcessorConfig", "Remove it.")
            yield from _inner(branch, place)
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                place = f"{here}/{field}"
                yield from _config(state[field].get("ProcessorConfig", {}), f"{place}/ProcessorConfig")
                yield from _inner(state[field], place)


def _config(config: Any, pointer: str) -> Iterator[Problem]:
    if not isinstance(config, dict):
        yield _problem(pointer, "ProcessorConfig is an object", f"It has {' and '.join(_CONFIG)}.")
        return
    for key, value in config.items():
        if value not in _CONFIG.get(key, ()):
            values = " or ".join(_CONFIG.get(key, ()))
            hint = f"Write {values}." if values else did_you_mean(key, _CONFIG, "Remove it.")
            yield _problem(f"{pointer}/{escape(key)}", "This cannot stand here", hint)


def _inner(machine: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    if not isinstance(machine.get("Comment", ""), str):
        yield _problem(f"{pointer}/Comment", "A Comment is a text", "Put it in quotes, or remove it.")
    if "QueryLanguage" in machine:
        hint = "Say it in the states, or for the whole state machine; in between AWS does not look at it."
        yield _problem(f"{pointer}/QueryLanguage", "QueryLanguage stands between the state machine and a state", hint)
    yield from _machine(machine, pointer)


def _rule(rule: Mapping[str, Any], pointer: str, *, outer: bool = False) -> Iterator[Problem]:
    if "Comment" in rule and not outer:
        hint = "Move it to the outer rule, the one with Next."
        yield _problem(f"{pointer}/Comment", "A rule inside another one has no Comment", hint)
    operator = next((key for key in rule if key not in (*AROUND, "Variable")), "")
    if operator in ("And", "Or", "Not"):
        if "Variable" in rule:
            yield _problem(f"{pointer}/Variable", f"{operator} asks no Variable", "Remove it: it says nothing.")
        inner = rule[operator]
        if operator == "Not":
            yield from _rule(inner, f"{pointer}/Not")
        else:
            for index, one in enumerate(inner):
                yield from _rule(one, f"{pointer}/{operator}/{index}")


def _taken(pointer: str) -> Problem:
    message = "This text holds what Stepmill itself writes for a value known at run time"
    return _problem(pointer, message, "Take the part from U+E000 to U+E001 out.")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every text with its place, keys too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key, pointer)
            yield from _texts(inner, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{pointer}/{index}")
    elif isinstance(value, str):
        yield pointer, value
