"""What an execution may be started with: the names, their types, their defaults.

In: the mapping a user writes into `ExecutionInput`. Out: `InputSchema`, which checks an input and knows its faults.
Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from stepmill.asl.problems import Problem
from stepmill.nearest import did_you_mean

from .expressions import holds_token

_NAMES = {str: "str", int: "int", float: "float", bool: "bool", dict: "dict", list: "list"}
TYPES = {word: kind for kind, word in _NAMES.items()}
WORDS = {  # how people call the types of values
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "dict": "an object",
    "list": "a list", "NoneType": "null",
}  # fmt: skip


class ValidationResult(NamedTuple):
    """What `validate` finds in an input.

    Attributes:
        valid: whether it fits.
        keys_missing: names that are not there, as `outer.inner`; None when there was no input at all.
        keys_type_mismatch: (name, the type it should have, the type it has); None when there was no input at all.
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
        """A schema from what a user writes; faults are kept, not raised.

        Raises:
            TypeError: it is no mapping at all.
        """
        if not isinstance(given, Mapping):
            raise TypeError(f"a schema says name → type or default, as in {{'epochs': 20}}; this is none: {given!r}")
        return cls(MappingProxyType(dict(given)), tuple(_faults(given, "")))

    @property
    def defaults(self) -> dict[str, Any]:
        """Name → default, for the names that have one."""
        return {name: value for name, value in self.given.items() if not _is_type(value)}

    def types(self) -> dict[str, Any]:
        """Name → type's name, nested as the schema is; null where a default says nothing about the type."""
        return {name: _type_of(value) for name, value in self.given.items()}

    def to_dict(self) -> dict[str, Any]:
        """The whole schema as JSON: types, defaults that JSON can hold, and what is wrong with it."""
        defaults = {name: value for name, value in self.defaults.items() if is_json(value)}
        return {"types": self.types(), "defaults": defaults, "faults": self.faults}

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

        Args:
            given: the input, as JSON has it.
        """
        if not self.given:
            return []
        if not isinstance(given, Mapping):
            return [Problem("input", "input.type", f"the input must be an object, not {_said(given)}")]
        defaults = self.defaults
        return _check(self.types(), given, "input", optional=defaults)

    def compare(self, given: Mapping[str, Any] | None) -> ValidationResult:
        """The old SDK's question: which names are missing, and which have a value of another type.

        As there, names that the schema lacks are not asked about; `check` tells them too. A whole number is a number,
        and True is none. What has a default is never missing.

        Args:
            given: the input; None for none at all.
        """
        if given is None:
            return ValidationResult(False, None, None)
        missing: list[str] = []
        wrong: list[tuple[str, type, type]] = []
        defaults = self.defaults
        for path, kind in _leaves(self.types(), ()):
            value: Any = given
            for key in path:
                value = value.get(key, _NOTHING) if isinstance(value, Mapping) else _item(value, key)
            if value is _NOTHING:
                if path[0] not in defaults:
                    missing.append(".".join(map(str, path)))
            elif kind is not None and not _fits(value, kind):
                wrong.append((".".join(map(str, path)), _from_name(kind), type(value)))
        return ValidationResult(not missing and not wrong, missing, wrong)


class Shape:
    """What is said of one input: its schema, or, without one, what was read from it so far and as which type."""

    __slots__ = ("_read", "schema")

    def __init__(self, schema: InputSchema) -> None:
        self.schema = schema
        self._read: dict[tuple[str | int, ...], str] = {}

    def note(self, keys: tuple[str | int, ...], said: str) -> None:
        """Take note of a read; `said` is the type's name, empty when none was said."""
        if said or keys not in self._read:
            self._read[keys] = said

    def inside(self, keys: tuple[str | int, ...], untyped: type) -> dict[str, Any]:
        """Name → type or default of what is inside `keys`; where no type is known, `untyped`."""
        if not self.schema.given:
            return self._noted(keys, untyped)
        found: Any = self.schema.given
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return dict(found) if isinstance(found, Mapping) else {}

    def _noted(self, keys: tuple[str | int, ...], untyped: type) -> dict[Any, Any]:
        return {
            path[-1]: self._noted(path, untyped) or (_from_name(kind) if kind else untyped)
            for path, kind in list(self._read.items())
            if path[:-1] == keys
        }


_NOTHING = object()


def _item(value: Any, key: Any) -> Any:
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else _NOTHING


def _leaves(types: Mapping[Any, Any], path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str | None]]:
    for name, kind in types.items():
        if isinstance(kind, Mapping):
            yield from _leaves(kind, (*path, name))
        else:
            yield (*path, name), kind


def type_name(kind: type | None) -> str:
    """A type as a schema names it; empty for None and for object, which say nothing.

    Raises:
        ValueError: JSON has no such type.
    """
    if kind is None or kind is object:
        return ""
    if kind not in _NAMES:
        raise ValueError(f"JSON has no {getattr(kind, '__name__', kind)}: use one of {', '.join(_NAMES.values())}")
    return _NAMES[kind]


def name_of(value: Any) -> str:
    """The type of a value as a schema names it; of what JSON does not have, Python's own name."""
    kinds = (bool, str, int, float, dict, list)  # True is an int in Python
    found = next((kind for kind in kinds if isinstance(value, kind)), None)
    return _NAMES[found] if found else "list" if isinstance(value, tuple) else type(value).__name__


def is_json(value: Any) -> bool:
    """Whether JSON has this value."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _is_type(value: Any) -> bool:
    return isinstance(value, type) or (
        isinstance(value, Mapping) and bool(value) and all(map(_is_type, value.values()))
    )


def _type_of(value: Any) -> Any:
    if isinstance(value, type):
        return _NAMES.get(value)
    if _is_type(value):
        return {name: _type_of(inner) for name, inner in value.items()}
    return None if value is None or not is_json(value) else name_of(value)


def _from_name(name: Any) -> Any:
    if isinstance(name, Mapping):
        return {key: _from_name(inner) for key, inner in name.items()}
    return TYPES.get(name, object)


def _faults(given: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        here = f"{path}{name}"
        if not isinstance(name, str):
            yield f"the name {name!r} in the schema is no text", "JSON objects have text as keys"
        elif isinstance(value, type):
            if value not in _NAMES and value is not object:
                yield (
                    f"{here!r} has the type {value.__name__}, which JSON does not have",
                    f"use one of {', '.join(_NAMES.values())}",
                )
        elif _is_type(value):
            yield from _faults(value, f"{here}.")
        elif isinstance(value, Mapping) and value:
            yield (
                f"{here!r} has nested defaults, and defaults are merged one level deep only",
                f"give its fields names of their own, such as {here}_{next(iter(value))}",
            )
        elif path:
            yield (
                f"{here!r} is a default inside a nested schema",
                "defaults stand on the first level only; give it a name of its own there",
            )
        elif not is_json(value):
            shown = repr(value)
            yield (
                f"the default of {here!r} is no JSON value: {shown if len(shown) <= 60 else shown[:57] + '…'}",
                "write a type, or a default that is its own type: int, or 20",
            )
        elif holds_token(json.dumps(value, ensure_ascii=False)):
            yield f"the default of {here!r} has a value in it that is known at run time only", "a default is constant"


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
    name = name_of(value)
    return name == kind or (kind == "float" and name == "int")


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{WORDS.get(name_of(value), name_of(value))} ({text if len(text) <= 60 else text[:57] + '…'})"
