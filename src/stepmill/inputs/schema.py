"""What an execution may be started with: the names, their types, their defaults.

In: the mapping a user writes into `ExecutionInput`. Out: `InputSchema`, which checks an input and knows its faults.
Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from stepmill.asl.problems import Problem
from stepmill.nearest import did_you_mean

_NAMES = {str: "str", int: "int", float: "float", bool: "bool", dict: "dict", list: "list"}
TYPES = {word: kind for kind, word in _NAMES.items()}
WORDS = {  # how people call the types of values
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "dict": "an object",
    "list": "a list", "NoneType": "null",
}  # fmt: skip


class ValidationResult(NamedTuple):
    """What `ExecutionInput.validate` finds. Names inside nested schemas are joined by dots.

    valid: whether the input fits. keys_missing: names that are not given. keys_type_mismatch: (name, type wanted, type
    given).
    """

    valid: bool
    keys_missing: list[str] | None
    keys_type_mismatch: list[tuple[str, type, type]] | None


@dataclass(frozen=True)
class InputSchema:
    """Names with their types and defaults.

    Attributes:
        given: what the user wrote, name → type, default or nested schema of types.
        faults: what cannot be a schema, as (message, hint); told when the pipeline is compiled.
    """

    given: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    faults: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> InputSchema:
        """A schema from what a user writes; faults are kept, not raised."""
        return cls(MappingProxyType(dict(given)), tuple(_faults(given, "")))

    @property
    def defaults(self) -> dict[str, Any]:
        """Name → default, for the names that have one."""
        return {name: value for name, value in self.given.items() if not _is_type(value)}

    def types(self) -> dict[str, Any]:
        """Name → type's name, nested as the schema is; null where a default says nothing about the type."""
        return {name: _type_of(value) for name, value in self.given.items()}

    def to_dict(self) -> dict[str, Any]:
        """The whole schema as JSON: types, defaults, and what is wrong with it."""
        return {"types": self.types(), "defaults": self.defaults, "faults": self.faults}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InputSchema:
        """The inverse of `to_dict`."""
        types, defaults = data["types"], data["defaults"]
        given = {name: defaults[name] if name in defaults else _from_name(types[name]) for name in types}
        faults = tuple((message, hint) for message, hint in data.get("faults", ()))
        return cls(MappingProxyType(given), faults)

    def check(self, given: Mapping[str, Any]) -> list[Problem]:
        """Everything in an input that does not fit: unknown names, missing ones, wrong types.

        Places are paths into the input, such as `input.epochs`. A schema without names fits every input.
        """
        if not self.given:
            return []
        if not isinstance(given, Mapping):
            return [Problem("input", "input.type", f"the input must be an object, not {_said(given)}")]
        defaults = self.defaults
        return _check(self.types(), given, "input", optional=defaults)

    def validate(self, given: Mapping[str, Any] | None) -> ValidationResult:
        """What is missing and what has another type, as the old SDK says it; unknown names are let be."""
        if given is None:
            return ValidationResult(False, None, None)
        wanted, found = _flat(self.types()), _flat(given)
        missing = [name for name in wanted if name not in found and name not in self.defaults]
        wrong = [
            (name, _from_name(kind), type(found[name]))
            for name, kind in wanted.items()
            if name in found and kind is not None and not _fits(found[name], kind)
        ]
        return ValidationResult(not missing and not wrong, missing, wrong)


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Every leaf of nested mappings, by its names joined with dots."""
    done: dict[str, Any] = {}
    for name, inner in value.items():
        done |= _flat(inner, f"{before}{name}.") if isinstance(inner, Mapping) else {f"{before}{name}": inner}
    return done


def _is_type(value: Any) -> bool:
    return isinstance(value, type) or (
        isinstance(value, Mapping) and bool(value) and all(map(_is_type, value.values()))
    )


def _type_of(value: Any) -> Any:
    if isinstance(value, type):
        return _NAMES.get(value)
    if _is_type(value):
        return {name: _type_of(inner) for name, inner in value.items()}
    return None if value is None else _NAMES.get(type(value))


def _from_name(name: Any) -> Any:
    if isinstance(name, Mapping):
        return {key: _from_name(inner) for key, inner in name.items()}
    return TYPES.get(name, object)


def _faults(given: Mapping[str, Any], path: str) -> list[tuple[str, str]]:
    found = []
    for name, value in given.items():
        here = f"{path}{name}"
        if not isinstance(name, str):
            found.append((f"the name {name!r} in the schema is no text", "JSON objects have text as keys"))
        elif isinstance(value, type):
            if value not in _NAMES and value is not object:
                found.append(
                    (
                        f"{here!r} has the type {value.__name__}, which JSON does not have",
                        f"use one of {', '.join(_NAMES.values())}",
                    )
                )
        elif _is_type(value):
            found.extend(_faults(value, f"{here}."))
        elif isinstance(value, Mapping) and value:
            found.append(
                (
                    f"{here!r} has nested defaults, and defaults are merged one level deep only",
                    f"give its fields names of their own, such as {here}_{next(iter(value))}",
                )
            )
        elif path:
            found.append(
                (
                    f"{here!r} is a default inside a nested schema",
                    "defaults stand on the first level only; give it a name of its own there",
                )
            )
        else:
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError):
                found.append((f"the default of {here!r} is no JSON value: {value!r}", "use text, numbers, lists …"))
    return found


def _check(types: Mapping[str, Any], given: Mapping[str, Any], path: str, optional: Mapping[str, Any]) -> list[Problem]:
    found = []
    for name in given:
        if name not in types:
            hint = did_you_mean(str(name), types, f"the pipeline knows {', '.join(types)}")
            found.append(Problem(path, "input.unknown", f"there is no input {name!r}", hint))
    for name, kind in types.items():
        here = f"{path}.{name}"
        if name not in given:
            if name not in optional:
                what = WORDS["dict"] if isinstance(kind, Mapping) else WORDS.get(kind or "", "a value")
                found.append(Problem(here, "input.missing", f"the input {name!r} is missing", f"it must be {what}"))
        elif isinstance(kind, Mapping):
            if isinstance(given[name], Mapping):
                found.extend(_check(kind, given[name], here, {}))
            else:
                found.append(Problem(here, "input.type", f"{name!r} must be an object, not {_said(given[name])}"))
        elif kind is not None and not _fits(given[name], kind):
            found.append(Problem(here, "input.type", f"{name!r} must be {WORDS[kind]}, not {_said(given[name])}"))
    return found


def _fits(value: Any, kind: str) -> bool:
    name = type(value).__name__
    return name == kind or (kind == "float" and name == "int")


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{WORDS.get(type(value).__name__, type(value).__name__)} ({text if len(text) <= 60 else text[:57] + '…'})"
