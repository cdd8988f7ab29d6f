"""Whether a definition is one that AWS takes and that can be run here.

In: a parsed definition. Out: every Problem in it, in the order of the text. Touches: nothing.

How states join and nest; whether a single value is right is `values`. Codes and wordings are AWS's where a recording or
its documentation shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stepmill.asl.fields import (
    AT_MOST_ONE,
    INNER_FIELDS,
    INSTEAD,
    MACHINE_FIELDS,
    ONE_OF,
    REQUIRED,
    STATE_FIELDS,
    TRANSITIONS,
)
from stepmill.asl.integrations import UnknownIntegration, integration
from stepmill.asl.maps import check_map, express_inside
from stepmill.asl.places import SCHEMA, Found, Place, unknown_field
from stepmill.asl.problems import Problem
from stepmill.asl.values import check_value
from stepmill.nearest import nearest

MAX_NAME: Final = 80
TARGET: Final = "MISSING_TRANSITION_TARGET"


def check(definition: Mapping[str, Any], *, express: bool = False) -> list[Problem]:
    """Everything wrong with a bound definition, in the order of the text.

    Empty when AWS would take it and we can run it. Places are JSON pointers. `express` adds what Express state machines
    refuse. Never raises for what a user wrote.
    """
    language = definition.get("QueryLanguage", "JSONPath")
    place = Place("", "", language if language in ("JSONPath", "JSONata") else "JSONPath", express)
    problems: list[Problem] = []
    for name, value in definition.items():
        if name not in MACHINE_FIELDS:
            problems.append(unknown_field(place, name, MACHINE_FIELDS))
        elif name in ("Comment", "Version"):
            problems.extend(check_value("plain", value, place.at(name)))
        elif name == "QueryLanguage":
            problems.extend(check_value("language", value, place.at(name)))
        elif name == "TimeoutSeconds":
            problems.extend(check_value("seconds", value, place.at(name)))
    problems.extend(_Machine(definition, place, {}, frozenset()).problems())
    return problems


class _Machine:
    """One set of states: the whole machine, a branch, or an item processor."""

    def __init__(self, machine: Mapping[str, Any], place: Place, names: dict[str, str], outer: frozenset[str]) -> None:
        self.machine = machine
        self.place = place
        self.names = names  # every state name so far, with its pointer: names are unique across nesting
        states = machine.get("States")
        self.states: dict[str, Any] = states if isinstance(states, dict) else {}
        self.outer = outer
        self.lost = False  # whether a transition of this level leads nowhere
        self.assigned = outer | {name for state in self.states.values() for name in _assigned(state, place.language)}

    def problems(self) -> Found:
        missing = [name for name in ("StartAt", "States") if name not in self.machine]
        if missing:
            yield Problem(self.place.pointer or "/", SCHEMA, f"These fields are required: [{', '.join(missing)}]")
        if "States" in self.machine:
            if not isinstance(self.machine["States"], dict):
                yield self.place.at("States").wrong("Expected value of type Object")
            elif not self.states:
                yield self.place.at("States").wrong("Value cannot be empty", "Add at least one state.")
        start = self.machine.get("StartAt")
        if "StartAt" in self.machine and not isinstance(start, str):
            yield self.place.at("StartAt").wrong("Expected value of type String")
        elif isinstance(start, str) and self.states and start not in self.states:
            yield self.missing(self.place.at("StartAt"), "StartAt", start)
        found = [problem for name, state in self.states.items() for problem in self.state(name, state)]
        yield from found
        yield from self.reach(start, sound=not found)

    def missing(self, place: Place, field: str, target: str) -> Problem:
        self.lost = True
        near = nearest(target, self.states)
        if near:
            hint = f"Did you mean '{near}'?"
        elif target in self.names:
            hint = "That state is at another level; a transition stays within its own States."
        else:
            hint = f"The states here are: {', '.join(self.states)}."
        return place.wrong(f"Missing '{field}' target: {target}", hint, TARGET)

    def state(self, name: str, state: Any) -> Found:
        place = self.place.at("States", name)
        if len(name) > MAX_NAME:
            yield place.wrong(f"A state name has {MAX_NAME} characters at most; this one has {len(name)}")
        if not name:
            yield place.wrong("A state name cannot be empty")
        if name in self.names:
            yield place.wrong(
                f"Duplicate State name: {name}", f"The other one is at {self.names[name]}.", "DUPLICATE_STATE_NAME"
            )
        self.names.setdefault(name, place.pointer)
        if not isinstance(state, dict):
            yield place.wrong("Expected value of type Object")
            return
        kind = state.get("Type")
        if kind is None:
            yield place.wrong("These fields are required: [Type]")
            return
        if not isinstance(kind, str) or kind not in STATE_FIELDS:
            near = nearest(str(kind), STATE_FIELDS)
            known = ", ".join(STATE_FIELDS)
            yield place.at("Type").wrong(f"Expected one of {known}", f"Did you mean '{near}'?" if near else "")
            return
        language = state.get("QueryLanguage", self.place.language)
        if self.place.language == "JSONata" and language == "JSONPath":
            yield place.wrong("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
        if language not in ("JSONPath", "JSONata"):
            language = self.place.language
        here = Place(place.pointer, name, language, place.express)
        yield from self.fields(state, kind, here)
        yield from _together(state, kind, here)
        yield from self.targets_of(state, here)
        yield from self.variables(state, here)
        yield from self.inner(state, here)

    def fields(self, state: dict[str, Any], kind: str, place: Place) -> Found:
        known = STATE_FIELDS[kind]
        for name, value in state.items():
            if name == "Type":
                continue
            field = known.get(name)
            if field is None:
                usable = [other for other, each in known.items() if each.only in (None, place.language)]
                yield unknown_field(place, name, usable, f"Field is not supported in a {kind} state")
            elif field.only not in (None, place.language):
                yield place.at(name).wrong(
                    f"'{name}' cannot be used when the query language is {place.language}",
                    INSTEAD.get(name, f"Write {name.removesuffix('Path')} with a JSONata expression."),
                )
            else:
                result = kind in ("Task", "Parallel", "Map") and name in ("Output", "Assign")
                yield from check_value(field.kind, value, place.at(name).seeing("result" if result else ""))
        required = REQUIRED.get(kind)
        if required and required not in state:
            yield place.wrong(f"These fields are required: [{required}]")
        if kind == "Task":
            yield from _parameters(state, place)

    def targets_of(self, state: dict[str, Any], place: Place) -> Found:
        for where, field, target in targets(state):
            if target not in self.states:
                yield self.missing(place.at(*where), field, target)

    def variables(self, state: dict[str, Any], place: Place) -> Found:
        for name in sorted(_assigned(state, place.language) & self.outer):
            yield place.at("Assign").wrong(
                f"The variable '{name}' is assigned outside and cannot be assigned again in here",
                "Choose another name: an inner state reads outer variables but does not change them.",
            )

    def inner(self, state: dict[str, Any], place: Place) -> Found:
        # The language of inner states comes from the whole machine, not from the state around them.
        outside = Place(place.pointer, place.field, self.place.language, place.express)
        branches = state.get("Branches")
        if state["Type"] == "Parallel" and "Branches" in state:
            if not isinstance(branches, list):
                yield place.at("Branches").wrong("Expected value of type Array")
            elif not branches:
                yield place.at("Branches").wrong("Value cannot be empty")
            else:
                for index, branch in enumerate(branches):
                    yield from self.nested(branch, outside.at("Branches", index))
        if state["Type"] == "Map":
            for field in ("ItemProcessor", "Iterator"):
                if field in state:
                    within = outside._replace(express=outside.express or express_inside(state))
                    yield from self.nested(state[field], within.at(field))
            yield from check_map(state, place)

    def nested(self, machine: Any, place: Place) -> Found:
        if not isinstance(machine, dict):
            yield place.wrong("Expected value of type Object")
            return
        for name in machine:
            if name not in INNER_FIELDS:
                yield unknown_field(place, name, INNER_FIELDS)
        yield from _Machine(machine, place, self.names, self.assigned).problems()

    def reach(self, start: Any, *, sound: bool) -> Found:
        if not isinstance(start, str) or start not in self.states:
            return
        reached = {start}
        waiting = [start]
        ends = False
        while waiting:
            state = self.states[waiting.pop()]
            if not isinstance(state, dict):
                continue
            ends = ends or state.get("End") is True or state.get("Type") in ("Succeed", "Fail")
            for _, _, target in targets(state):
                if target in self.states and target not in reached:
                    reached.add(target)
                    waiting.append(target)
        # Where a transition leads nowhere, what lies behind it is lost too: that is told once.
        for name in () if self.lost else self.states:
            if name not in reached:
                hint = "No 'Next', 'Default' or 'Catch' leads there from the start."
                yield self.place.at("States", name).wrong(f'State "{name}" is not reachable.', hint, TARGET)
        if sound and not ends:
            yield self.place.at("States").wrong(
                "No terminal state", 'Give one state "End": true, or add a Succeed or Fail.', "MISSING_END_STATE"
            )


def targets(state: Any) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Every transition of a state, as (where it stands, its field, the name of the next state)."""
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield (field,), field, state[field]
    for field in ("Choices", "Catch"):
        entries = state.get(field)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield (field, index, "Next"), "Next", entry["Next"]


def _assigned(state: Any, language: str) -> set[str]:
    if not isinstance(state, dict):
        return set()
    entries = [state]
    for field in ("Choices", "Catch"):
        value = state.get(field)
        entries.extend(entry for entry in (value if isinstance(value, list) else ()) if isinstance(entry, dict))
    names: set[str] = set()
    for entry in entries:
        assign = entry.get("Assign")
        if isinstance(assign, dict):
            names.update(assign)
    if state.get("QueryLanguage", language) == "JSONata":
        return names
    return {name.removesuffix(".$") for name in names}


def _together(state: dict[str, Any], kind: str, place: Place) -> Found:
    """Fields that exclude or need each other."""
    if kind in TRANSITIONS:
        if "Next" in state and "End" in state:
            yield place.wrong("Only one of [Next, End] can be given", "Remove one of them.")
        elif "Next" not in state and "End" not in state:
            yield place.wrong("One of [Next, End] is required", 'Name the following state, or write "End": true.')
    for choice in ONE_OF.get(kind, ()):
        given = [name for name in choice if name in state]
        if len(given) != 1:
            said = f"{', '.join(given)} were given" if given else "none was given"
            yield place.wrong(f"Exactly one of [{', '.join(choice)}] is required; {said}")
    for pair in AT_MOST_ONE:
        if all(name in state for name in pair):
            yield place.wrong(f"Only one of [{', '.join(pair)}] can be given", "Remove one of them.")
    heartbeat, timeout = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if isinstance(heartbeat, int) and isinstance(timeout, int) and heartbeat >= timeout:
        yield place.at("HeartbeatSeconds").wrong("HeartbeatSeconds must be smaller than TimeoutSeconds")


def _parameters(state: dict[str, Any], place: Place) -> Found:
    """The parameters that an integration asks for."""
    resource = state.get("Resource")
    try:
        row = integration(resource) if isinstance(resource, str) else None
    except UnknownIntegration:
        row = None
    if row is None:
        return
    field = "Arguments" if place.language == "JSONata" else "Parameters"
    if field not in state and not (row.job or row.service == "lambda"):
        return  # the state's input is the request; that AWS asks for Parameters is known of the other two
    given = state.get(field, {})
    if not isinstance(given, dict):
        return
    where = place.at(field) if field in state else place
    for name in row.required:
        if name not in given and not (field == "Parameters" and f"{name}.$" in given):
            near = nearest(name, [other.removesuffix(".$") for other in given])
            hint = f"There is '{near}'; was it meant?" if near else f"{row.operation} cannot do without it."
            yield where.wrong(f"The field '{name}' is required but was missing", hint)
