"""Decides which step remembers what, and under which variable.

In: the values that are read, and where. Out: names of variables, and what each step assigns. Touches: nothing.

Only what somebody reads is assigned (reference/authoring.md 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from stepmill.inputs import jsonata, jsonpath
from stepmill.inputs.expressions import Either, Key, Raw, Ref
from stepmill.inputs.placeholders import Placeholder
from stepmill.inputs.rendering import Language, refuse
from stepmill.steps import names
from stepmill.steps.build import Build, Ledger
from stepmill.steps.choice import Choice
from stepmill.steps.state import State

from .graph import Machine

_WHOLE = ("payload", "json", "result")
_VARIABLE = re.compile(r"[^\W\d]\w{0,79}")


def source_text(ref: Ref, language: Language, build: Build) -> str:
    """Where a value is in the result of its own state, in that state's language."""
    name = str(ref.keys[0]) if ref.keys else ""
    if language == "JSONata":
        base = "$states.result"
        match ref.kind:
            case "outputs":
                picked = f"{base}.ProcessingOutputConfig.Outputs[OutputName={jsonata.text_literal(name)}]"
                return f"{picked}.S3Output.S3Uri"
            case "model":
                return f"{base}.ModelArtifacts.S3ModelArtifacts"
            case "metrics":
                return f"{base}.FinalMetricDataList[MetricName={jsonata.text_literal(name)}].Value"
            case "payload":
                return jsonata.path(f"{base}.Payload", ref.keys)
            case "json":
                return jsonata.path(f"$parse({base}.Body)", ref.keys)
            case "name":
                return f"$substringAfter({base}.{name}, '/')"  # of the ARN
        return jsonata.path(base, ref.keys)
    match ref.kind:
        case "outputs":
            return f"$.ProcessingOutputConfig.Outputs[{build.outputs[name]}].S3Output.S3Uri"
        case "model":
            return "$.ModelArtifacts.S3ModelArtifacts"
        case "metrics":
            return "$.FinalMetricDataList[0].Value"  # the only one, see TrainingStep.check_read
        case "payload":
            return jsonpath.dotted("$.Payload", ref.keys)
        case "json":
            return "States.StringToJson($.Body)"  # an intrinsic's result cannot be indexed: the reader does
        case "name":
            return f"States.ArrayGetItem(States.StringSplit($.{name}, '/'), 1)"  # of the ARN
    return jsonpath.dotted("$", ref.keys)


def _kept(ref: Ref, language: Language) -> tuple[Key, ...]:
    """The part of a read that the step itself takes; the reader goes on from there."""
    if ref.kind == "model" or (ref.kind == "json" and language == "JSONPath"):
        return ()
    return ref.keys[:1] if ref.kind in ("outputs", "metrics") else ref.keys


def check_assigned(top: Machine, ledger: Ledger, reserved: Set[str]) -> set[str]:
    """The variables that steps assign themselves; what is wrong with their names goes to the ledger."""
    outside: dict[int, dict[str, State]] = {}  # machine → variable → who assigns it
    for machine, state in top.everything():
        given = [state.given.get("assign"), *(catch.given.get("assign") for catch in state.catches)]
        if isinstance(state, Choice):
            given.extend(option.given.get("assign") for option in state.options)
        own = outside.setdefault(id(machine), {})
        for name in (str(key).removesuffix(".$") for assign in given if isinstance(assign, dict) for key in assign):
            if name in reserved or not _VARIABLE.fullmatch(name):
                ledger.problem(
                    state.source,
                    "variable.name",
                    f"{state.state_id!r} cannot assign a variable {name!r}",
                    "letters, digits and _, at most 80; `states` is ASL's own"
                    + (", and `input` holds the execution's input" if "input" in reserved else ""),
                )
            own.setdefault(name, state)
    for machine, _ in top.everything():
        for around in () if machine.outer is None else machine.outer.chain():
            for name in outside[id(machine)].keys() & outside[id(around)].keys():
                state, other = outside[id(machine)][name], outside[id(around)][name]
                ledger.problem(
                    state.source,
                    "variable.shadow",
                    f"{state.state_id!r} assigns {name!r}, a variable of {other.state_id!r} outside",
                    "a variable of the outside can be read inside, not assigned; take another name",
                )
    return {name for names_ in outside.values() for name in names_}


class Memory:
    """The variables of one workflow; or, when `part`, of a part of one, whose other steps it does not know."""

    def __init__(self, builds: Mapping[str, Build], taken: Iterable[str], part: bool = False) -> None:
        self.builds, self.part = builds, part
        self.taken = set(taken)
        self.assigns: dict[str, dict[str, Any]] = {}  # state → what it assigns, values in its own language
        self._kept: dict[str, dict[str, list[tuple[Key, ...]]]] = {}  # state → kind → what it keeps
        self._names: dict[str, str] = {}
        self._errors: dict[int, str] = {}
        self._eithers: dict[tuple[Ref, ...], tuple[str, tuple[Key, ...]]] = {}
        self._places: dict[tuple[str, str, tuple[Key, ...]], tuple[Key, ...]] = {}

    def read(self, value: Ref | Either) -> None:
        """Take note of a read. Every step in it must be one of the workflow's.

        Raises:
            Refusal: the step does not have it, or its language cannot take it.
        """
        if isinstance(value, Either):
            self._either(value)
            return
        build = self.builds[value.step]
        build.state.check_read(value, build, build.language)
        if value.step not in self._names:
            self._name(value.step)
        kept = self._kept.setdefault(value.step, {}).setdefault(value.kind, [])
        if (new := _kept(value, build.language)) not in kept:
            kept.append(new)

    def _name(self, step: str) -> None:
        self._names[step] = names.variable(step, self.taken)
        self.taken.add(self._names[step])

    def _either(self, value: Either) -> None:
        if value.options in self._eithers:
            return
        rests = []
        for option in value.options:
            build = self.builds[option.step]
            build.state.check_read(option, build, build.language)
            whole = option.kind == "json" and build.language == "JSONPath"
            rests.append(option.keys if whole else ())
        if len(set(rests)) > 1:
            refuse(
                "jsonpath.either",
                "JSONPath can only remember a whole JSON document, so either() cannot mix one with other values",
                'use JSONata: query_language="JSONata"',
            )
        texts = [key for key in value.options[0].keys if isinstance(key, str)]
        name = names.variable(f"either_{texts[-1] if texts else value.options[0].kind}", self.taken)
        self.taken.add(name)
        self._eithers[value.options] = (name, rests[0])
        for option in value.options:
            self._assign(option, (name,))

    def settle(self) -> None:
        """Lay out every step's variable, once all reads are known."""
        for step, kinds in self._kept.items():
            used: dict[Key, str] = {}
            for kind, kept in kinds.items():
                shortest = [keys for keys in kept if not any(o != keys and keys[: len(o)] == o for o in kept)]
                for keys in shortest:
                    self._settle(step, kind, keys, alone=len(kinds) == 1, used=used)

    def _settle(self, step: str, kind: str, keys: tuple[Key, ...], alone: bool, used: dict[Key, str]) -> None:
        place: tuple[Key, ...] = (kind,) if kind in ("model", "name") else keys
        if not place and not alone:
            place = (kind,)
        if place and used.setdefault(place[0], kind) != kind:
            place = (names.free(f"{kind}_{place[0]}", {str(key) for key in used}, "_"), *place[1:])
            used[place[0]] = kind
        self._places[step, kind, keys] = place
        self._assign(Ref("step", keys, step, kind), (self._names[step], *place))

    def _assign(self, ref: Ref, place: tuple[Key, ...]) -> None:
        build = self.builds[ref.step]
        target = self.assigns.setdefault(ref.step, {})
        *way, last = map(_named, place)
        for key in way:
            target = target.setdefault(key, {})
        target[last] = self._value(ref, build)

    def _value(self, ref: Ref, build: Build) -> Any:
        state = build.state
        if build.language == "JSONPath" and "result_selector" in state.given:
            refuse(
                "value.selector",
                f"{state.state_id!r} has a result_selector, and AWS does not say which of the two results Assign sees",
                "take what is needed from its output(), or leave result_selector out",
            )
        if build.language == "JSONata" and state.type == "Pass":  # it has no $states.result
            made = next((build.fields[f] for f in ("Output", "Parameters", "Result") if f in build.fields), None)
            return _inside(made, ref.keys, state)
        return Placeholder(Raw(source_text(ref, build.language, build)))

    def find(self, value: Ref | Either) -> tuple[str, tuple[Key, ...]]:
        """The variable that holds a value, and the path inside it."""
        if isinstance(value, Either):
            if value.options not in self._eithers:
                return self._supposed(value.options[0], "either") or refuse(
                    "value.nowhere", "nothing remembers this value"
                )
            return self._eithers[value.options]
        for (step, kind, keys), place in self._places.items():
            if (step, kind) == (value.step, value.kind) and value.keys[: len(keys)] == keys:
                return self._names[step], (*map(_named, place), *value.keys[len(keys) :])
        return self._supposed(value, value.step) or refuse(
            "value.nowhere", f"nothing remembers this value of {value.step!r}"
        )

    def _supposed(self, ref: Ref, step: str) -> tuple[str, tuple[Key, ...]] | None:
        """Where a step elsewhere remembers a value, when nothing stands in its way."""
        if not self.part:
            return None
        return names.variable(step, set()), (ref.kind,) if ref.kind in ("model", "name") else ref.keys

    def error(self, machine: object) -> str:
        """The variable of the error that a machine's catchers keep; no inner one may assign an outer one's."""
        if id(machine) not in self._errors:
            self._errors[id(machine)] = names.variable("error", self.taken)
            self.taken.add(self._errors[id(machine)])
        return self._errors[id(machine)]


class Seen:
    """The variables as one state sees them: its own caught error among them."""

    def __init__(self, memory: Memory, error: str | None) -> None:
        self.memory, self.error = memory, error

    def find(self, value: Ref | Either) -> tuple[str, tuple[Key, ...]]:
        """The variable that holds a value, and the path inside it."""
        if isinstance(value, Ref) and value.root == "error":
            return self.error or refuse("value.nowhere", "no error was caught here"), value.keys
        return self.memory.find(value)


def _named(key: Key) -> str:
    """A key of a variable: what was item 0 of a list is remembered alone, without the list around it."""
    return key if isinstance(key, str) else f"_{key}"


def _inside(made: Any, keys: tuple[Key, ...], state: State) -> Any:
    """The part of what a Pass made that `keys` lead to."""
    if made is None:
        return Placeholder(Raw(jsonata.path("$states.input", keys)))
    for index, key in enumerate(keys):
        if isinstance(made, Placeholder) and isinstance(made.expr, Ref):
            for rest in keys[index:]:
                made = made[rest]
            return made
        try:
            made = made[key]
        except (KeyError, IndexError, TypeError):
            refuse("value.missing", f"{state.state_id!r} makes nothing named {key!r}")
    return made
