"""What one field of a state can find, before anything runs.

In: a path, an expression or a template, and the shapes that can be seen there. Out: the shape it gives, and Problems
for what it can never find. Touches: nothing.

Told is what fails each time it is read; what may be there is never told. A value that cannot be found counts as
anything afterwards, so that one fault is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from stepmill.asl import jsonata
from stepmill.asl.errors import BadExpression
from stepmill.asl.pathsyntax import Path, parse_path, scan_path
from stepmill.asl.places import Place
from stepmill.asl.problems import WARNING, Problem
from stepmill.asl.shapes import ANY, NONE, Shape, along, an_array, an_object, constant, mapped, simple
from stepmill.nearest import nearest

PATH: Final = "PATH_NEVER_FOUND"
VARIABLE: Final = "VARIABLE_NEVER_ASSIGNED"
VALUE: Final = "VALUE_NEVER_FITS"
FUNCTION: Final = "FUNCTION_UNKNOWN"
Tell = Callable[[Problem], None]

_CONTEXT: Final = frozenset({"Execution", "State", "StateMachine", "Task", "Map"})
_GIVES: Final = {
    **dict.fromkeys(("Format", "JsonToString", "UUID", "Hash", "Base64Encode", "Base64Decode"), simple("string")),
    **dict.fromkeys(("MathAdd", "MathRandom", "ArrayLength"), simple("number")),
    "ArrayContains": simple("boolean"),
    **dict.fromkeys(("Array", "ArrayPartition", "ArrayRange", "ArrayUnique", "StringSplit"), an_array()),
}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a field sees. `data` is JSONPath's `$`; `parts` are those of `$states`; `mapped` says that a Map is around
    it, so that the context object has a Map."""

    tell: Tell
    language: str
    data: Shape
    variables: Mapping[str, Shape]
    parts: Mapping[str, Shape] = field(default_factory=dict)
    mapped: bool = False

    def of(self, data: Shape) -> Sight:
        """The same with another `$`."""
        return replace(self, data=data)

    def seeing(self, part: str, shape: Shape) -> Sight:
        """The same with one more part of `$states`."""
        return replace(self, parts={**self.parts, part: shape})

    # ---- JSONPath

    def path(self, text: Any, place: Place) -> Shape:
        """What a path or an intrinsic call gives; told when it always fails."""
        if not isinstance(text, str):
            return ANY
        if text.startswith("States."):
            for path in _paths_of(text):
                self._definite(path, place)
            return _GIVES.get(text[len("States.") : text.find("(")].strip(), ANY)
        parsed = _parsed(text)
        return ANY if parsed is None else self._definite(parsed, place)

    def _definite(self, path: Path, place: Place) -> Shape:
        found = self.quiet(path)
        if found:
            return found
        self.tell(self._missing(path, place))
        return ANY

    def quiet(self, path: Path) -> Shape:
        """What a path finds, NONE when it finds nothing on any way. Nothing is told."""
        if not path.definite:
            return an_array()
        if path.root == "$$":
            return self._context(path)
        root = self._root(path)
        return along(root, path.steps) if root else NONE

    def quietly(self, text: Any) -> Shape:
        """`quiet` of a text."""
        parsed = _parsed(text) if isinstance(text, str) else None
        return ANY if parsed is None else self.quiet(parsed)

    def _root(self, path: Path) -> Shape:
        return self.data if path.root == "$" else self.variables.get(path.root, NONE)

    def _context(self, path: Path) -> Shape:
        first = path.steps[0] if path.steps else None
        if first is None or first.kind != "key":
            return ANY
        if first.value not in _CONTEXT or (first.value == "Map" and not self.mapped):
            return NONE
        return ANY

    def _missing(self, path: Path, place: Place) -> Problem:
        if path.root == "$$":
            name = str(path.steps[0].value)
            hint = "Only what stands inside a Map has it." if name == "Map" else _near(name, sorted(_CONTEXT))
            return warning(place, PATH, f"'{path.text}' finds nothing: the context object has no '{name}' here", hint)
        if path.root != "$" and path.root not in self.variables:
            return self._unassigned(path.text, path.root, place)
        shape = self._root(path)
        for at, step in enumerate(path.steps):
            inner = along(shape, [step])
            if inner:
                shape = inner
                continue
            stem = "$" if path.root == "$" else f"${path.root}"
            before = f"{stem}{''.join(map(str, path.steps[:at]))}"
            said = f"'{path.text}' finds nothing on any way to this state"
            return warning(place, PATH, said, _why(shape, str(step.value), before, step.kind == "index"))
        return warning(place, PATH, f"'{path.text}' finds nothing on any way to this state")

    def _unassigned(self, text: str, name: str, place: Place) -> Problem:
        said = f"'{text}' fails: no state on any way to here assigns the variable '{name}'"
        return warning(place, VARIABLE, said, _near(name, sorted(self.variables)))

    # ---- templates

    def template(self, value: Any, place: Place) -> Shape:
        """What a template gives, in either language."""
        return self._jsonata(value, place) if self.language == "JSONata" else self._jsonpath(value, place)

    def _jsonpath(self, value: Any, place: Place) -> Shape:
        if isinstance(value, list):
            return an_array([self._jsonpath(item, place.at(at)) for at, item in enumerate(value)])
        if not isinstance(value, dict):
            return constant(value)
        fields: dict[str, Shape] = {}
        for key, item in value.items():
            if key.endswith(".$"):
                fields[key[:-2]] = self.path(item, place.at(key))
            else:
                fields[key] = self._jsonpath(item, place.at(key))
        return an_object(fields)

    def _jsonata(self, value: Any, place: Place) -> Shape:
        if isinstance(value, dict):
            return an_object({key: self._jsonata(item, place.at(key)) for key, item in value.items()})
        if isinstance(value, list):
            return an_array([self._jsonata(item, place.at(at)) for at, item in enumerate(value)])
        return self.expression(value, place) if jsonata.is_expression(value) else constant(value)

    def expression(self, text: str, place: Place) -> Shape:
        """What a `{% … %}` gives. Only paths of names, and sums and products of them, are looked at: other
        expressions may do without what they read."""
        body = text[2:-2].strip()
        walk = jsonata.plain_path(body)
        if walk is None:
            parts = _operands(body)
            if parts:  # what is undefined makes the whole of it undefined
                for part in parts:
                    self.expression(f"{{%{part}%}}", place)
                return simple("number")
            for name in sorted(_unknown_calls(body) - self.variables.keys()):
                said = f"There is no function '${name}': the expression fails with T1006"
                hint = "Step Functions has $random(seed)." if name == "randomSeeded" else ""
                self.tell(warning(place, FUNCTION, said, hint))
            return ANY
        root, names = walk
        if root != "states":
            if root not in self.variables:
                if root in _variables(body):
                    self.tell(self._unassigned(body, root, place))
                return ANY
            return self._names(self.variables[root], names, f"${root}", body, place)
        if not names or names[0] not in self.parts:
            return ANY
        return self._names(self.parts[names[0]], names[1:], f"$states.{names[0]}", body, place)

    def _names(self, shape: Shape, names: tuple[str, ...], stem: str, body: str, place: Place) -> Shape:
        found = mapped(shape, names)
        if found:
            return found
        for at, name in enumerate(names):
            inner = mapped(shape, [name])
            if not inner:
                said = f"'{body}' is undefined on any way to this state"
                self.tell(warning(place, PATH, said, _why(shape, name, ".".join((stem, *names[:at])), False)))
                return ANY
            shape = inner
        return ANY

    # ---- fields

    def needs(self, shape: Shape, kinds: tuple[str, ...], place: Place, text: Any) -> None:
        """Tell when a value never has one of the types that its field takes."""
        if shape.kinds.isdisjoint(kinds):
            was = " or ".join(sorted(shape.kinds))
            shown = text[2:-2].strip() if jsonata.is_expression(text) else text
            said = f"'{place.field}' takes {' or '.join(kinds)}, and {shown} is always {was} here"
            self.tell(warning(place, VALUE, said))


def warning(place: Place, code: str, message: str, hint: str = "") -> Problem:
    """What AWS takes and what can only fail, or do nothing, when it runs."""
    return Problem(place.pointer, code, message, hint, WARNING)


def _near(name: str, known: list[str]) -> str:
    if not known:
        return ""
    near = nearest(name, known)
    return f"Did you mean '{near}'?" if near else f"There are: {', '.join(known[:12])}."


def _why(shape: Shape, name: str, before: str, index: bool) -> str:
    if index and "array" in shape.kinds:
        count = len(shape.items or ())
        return f"{before} has {count} item{'' if count == 1 else 's'}."
    if not index and "object" in shape.kinds:
        if not shape.fields:
            return f"{before} is always an empty object."
        near = nearest(name, shape.fields)
        known = ", ".join(list(shape.fields)[:12])
        return f"Did you mean '{near}'?" if near else f"{before} has only: {known}."
    return f"{before} is always {' or '.join(sorted(shape.kinds))}."


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Path | None:
    try:
        return parse_path(text)
    except BadExpression:
        return None


@lru_cache(maxsize=4096)
def _variables(body: str) -> frozenset[str]:
    try:
        return jsonata.compile(body).variables
    except jsonata.JsonataError:
        return frozenset()


_ARITHMETIC: Final = re.compile(r"\s*[+*/-]\s*")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


@lru_cache(maxsize=4096)
def _operands(body: str) -> tuple[str, ...]:
    """The paths in a sum or product of paths and numbers; () for every other expression."""
    parts = _ARITHMETIC.split(body)
    paths = tuple(part for part in parts if jsonata.plain_path(part))
    numbers = sum(_NUMBER.fullmatch(part) is not None for part in parts)
    return paths if len(parts) > 1 and len(paths) + numbers == len(parts) else ()


@lru_cache(maxsize=4096)
def _unknown_calls(body: str) -> frozenset[str]:
    return jsonata.called(body) & _variables(body)


@lru_cache(maxsize=4096)
def _paths_of(call: str) -> tuple[Path, ...]:
    try:
        return tuple(_scan(call))
    except BadExpression:
        return ()


def _scan(call: str) -> Iterator[Path]:
    at, quoted = 0, False
    while at < len(call):
        char = call[at]
        if quoted and char == "\\":
            at += 1
        elif char == "'":
            quoted = not quoted
        elif char == "$" and not quoted:
            path, at = scan_path(call, at)
            yield path
            continue
        at += 1


def items_of(shape: Shape) -> Shape:
    """What a Map makes of its items: those of an array, or anything."""
    return ANY if "object" in shape.kinds else shape.each
