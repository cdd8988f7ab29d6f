"""Run-time values as data: an expression is a small frozen tree that can travel inside a string.

In: roots (execution input, state input, a step's result, a caught error, the context) and operations on them.
Out: the same tree, or its token: private-use characters around base64 of its JSON. Touches: nothing.

What an expression *says* belongs here; how a language spells it is the business of `jsonata` and `jsonpath`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from stepmill.asl.text import dumps

OPEN, CLOSE = "\ue000", "\ue001"

Key: TypeAlias = str | int
Root: TypeAlias = Literal["execution", "state", "step", "error", "context"]


@dataclass(frozen=True, slots=True)
class Ref:
    """A path from a root.

    kind: how a step's result is read: outputs, model, metrics, payload, json, result. schema: the root's, as JSON text.
    type: what the reader says it is, in a schema's words; empty when nothing was said.
    """

    root: Root
    keys: tuple[Key, ...] = ()
    step: str = ""
    kind: str = ""
    schema: str = "null"
    type: str = ""


@dataclass(frozen=True, slots=True)
class Either:
    """The value of whichever of these steps ran last."""

    options: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class JobName:
    """The name of the job this very state starts: base, digest of what makes it unique, number of the attempt.

    limit: how long SageMaker lets such a name be.
    """

    base: str
    limit: int = 63


@dataclass(frozen=True, slots=True)
class Const:
    """A constant as JSON text (texts compare and hash; a dict would not)."""

    json: str

    @property
    def value(self) -> Any:
        """The constant itself."""
        return json.loads(self.json)


@dataclass(frozen=True, slots=True)
class PathText:
    """A JSONPath that the user wrote down as text."""

    path: str


@dataclass(frozen=True, slots=True)
class Raw:
    """Text of the language of the state it stands in, made by the compiler."""

    text: str


@dataclass(frozen=True, slots=True)
class UriPart:
    """The `bucket` or the `key` of an `s3://` URI that is known at run time only."""

    part: str
    uri: Expr


@dataclass(frozen=True, slots=True)
class Text:
    """Parts joined to one text."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`+ - * /` of two values."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Comparison:
    """`== != < <= > >=` of two values; `is` asks whether a Boolean value is true."""

    operator: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Rule:
    """One operator of a Choice rule under its own name, for what a comparison cannot say (`IsPresent`, …)."""

    operator: str
    variable: Expr
    value: Expr


@dataclass(frozen=True, slots=True)
class Logic:
    """`And`, `Or` or `Not` of conditions."""

    operator: str
    terms: tuple[Expr, ...]


Expr: TypeAlias = (
    Ref | Either | JobName | Const | PathText | Raw | UriPart | Text | Operation | Comparison | Rule | Logic
)


def const(value: Any) -> Const:
    """A constant.

    Raises:
        TypeError: JSON has no such value.
    """
    try:
        return Const(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError):
        raise TypeError(f"{value!r} is no JSON value: a definition can hold text, numbers, true, false, null, "
                        "lists and objects of these") from None  # fmt: skip


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly under this one."""
    match expr:
        case Either(options):
            return options
        case Text(parts):
            return parts
        case UriPart(_, uri):
            return (uri,)
        case Operation(_, left, right) | Comparison(_, left, right) | Rule(_, left, right):
            return (left, right)
        case Logic(_, terms):
            return terms
        case _:
            return ()


def references(expr: Expr) -> Iterator[Ref | Either]:
    """Every value this expression reads. An `Either` is one value; its options are not visited."""
    if isinstance(expr, Ref | Either):
        yield expr
    else:
        for child in children(expr):
            yield from references(child)


_WHOSE = {
    "execution": "the execution's input",
    "state": "the state's input",
    "error": "the caught error",
    "context": "the context object",
}


def said(expr: Expr) -> str:
    """An expression as a person calls it in a message."""
    match expr:
        case Ref(root, keys, step, kind):
            way = "".join(f"[{key!r}]" for key in keys)
            if root == "step":
                return f"{kind}{way} of {step!r}"
            return f"{way} of {_WHOSE[root]}" if way else _WHOSE[root]
        case Either(options):
            return " or ".join(map(said, options))
        case Const(text) | PathText(text) | Raw(text):
            return text if len(text) <= 40 else f"{text[:37]}…"
        case Operation(operator, left, right):
            a, b = (f"({said(side)})" if isinstance(side, Operation) else said(side) for side in (left, right))
            return f"{a} {operator} {b}"
        case JobName():
            return "the job's name"
        case Text() | UriPart():
            return "a text put together"
        case _:
            return "a condition"


# -- types ------------------------------------------------------------------------------------------------------------

_ALWAYS = {"outputs": "str", "model": "str", "metrics": "float", "name": "str"}
# The context object (Step Functions guide, "Accessing execution data from the Context object"); an input and an item
# may be anything.
_CONTEXT: dict[tuple[Key, ...], str] = {
    (): "dict",
    ("Execution",): "dict",
    ("Execution", "Id"): "str",
    ("Execution", "Name"): "str",
    ("Execution", "RoleArn"): "str",
    ("Execution", "StartTime"): "str",
    ("Execution", "RedriveCount"): "int",
    ("Execution", "RedriveTime"): "str",
    ("State",): "dict",
    ("State", "EnteredTime"): "str",
    ("State", "Name"): "str",
    ("State", "RetryCount"): "int",
    ("StateMachine",): "dict",
    ("StateMachine", "Id"): "str",
    ("StateMachine", "Name"): "str",
    ("Task",): "dict",
    ("Task", "Token"): "str",
    ("Map", "Item", "Index"): "int",
    ("Map", "Item", "Key"): "str",
    ("Map", "Item", "Source"): "str",
}


def kind_of(expr: Expr) -> str | None:
    """The JSON type a value will have, as a schema names it (str, int, float, bool, dict, list); None: not known."""
    match expr:
        case Ref(root="step", kind=kind) if kind in _ALWAYS:
            return _ALWAYS[kind]
        case Ref(root="context", keys=keys):
            return _CONTEXT.get(keys)
        case Ref(root="error"):
            return "str" if expr.keys else "dict"
        case Ref(root="execution", keys=()):
            return "dict"
        case Ref():
            schema = json.loads(expr.schema)
            return _walk(schema and schema["types"], expr.keys) or expr.type or None
        case Either(options):
            found = {kind_of(option) for option in options}
            return found.pop() if len(found) == 1 else None
        case Const():
            name = type(expr.value).__name__
            return None if name == "NoneType" else name
        case Text() | JobName() | UriPart():
            return "str"
        case Operation(operator, left, right):
            kinds = {kind_of(left), kind_of(right)}
            return "int" if kinds == {"int"} and operator != "/" else "float" if kinds <= {"int", "float"} else None
        case PathText() | Raw():
            return None
        case _:
            return "bool"


def _walk(schema: Any, keys: tuple[Key, ...]) -> str | None:
    """A schema here is a type's name, or an object of such; null is unknown."""
    for key in keys:
        schema = schema.get(str(key)) if isinstance(schema, dict) else None
    return "dict" if isinstance(schema, dict) else schema


def compatible(left: str | None, right: str | None) -> bool:
    """Whether a comparison of these two types can ever be meant; unknown goes with everything."""
    numbers = {"int", "float"}
    return left is None or right is None or left == right or {left, right} <= numbers


# -- tokens -----------------------------------------------------------------------------------------------------------

_CLASSES: dict[str, type[Any]] = {
    c.__name__: c
    for c in (Ref, Either, JobName, Const, PathText, Raw, UriPart, Text, Operation, Comparison, Rule, Logic)
}


def _encode(node: Any) -> Any:
    if isinstance(node, tuple):
        return [_encode(item) for item in node]
    if type(node).__name__ in _CLASSES:
        return {type(node).__name__: [_encode(getattr(node, name)) for name in type(node).__slots__]}
    return node


def _decode(node: Any) -> Any:
    if isinstance(node, list):
        return tuple(_decode(item) for item in node)
    if isinstance(node, dict):
        ((name, fields),) = node.items()
        return _CLASSES[name](*(_decode(field) for field in fields))
    return node


def token(expr: Expr) -> str:
    """The expression as text that survives `+`, `os.path.join` and pickling."""
    data = dumps(_encode(expr)).encode()
    return OPEN + base64.urlsafe_b64encode(data).decode().rstrip("=") + CLOSE


def holds_token(text: str) -> bool:
    """Whether there is a token in a text, or a piece of one. The two characters alone, as icon fonts have them, are
    text like any other."""
    return (OPEN in text or CLOSE in text) and _PIECE.search(text) is not None


def readable(text: str) -> str:
    """A text for a message: `…` where a run-time value stands."""
    return _TOKEN.sub("…", text)


def parse(text: str) -> Expr:
    """Text with tokens in it → a `Text` of its parts (a `Const` when there is no token).

    Raises:
        ValueError: a token was cut, changed or turned around.
    """
    if not holds_token(text):
        return const(text)
    parts: list[Expr] = []
    for index, piece in enumerate(_TOKEN.split(text)):
        if index % 2 == 0:
            if holds_token(piece):
                raise ValueError(_CUT)
            if piece:
                parts.append(const(piece))
            continue
        try:
            found = _decode(json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))))
        except (ValueError, KeyError, TypeError):
            raise ValueError(_CUT) from None
        parts.extend(found.parts if isinstance(found, Text) else (found,))
    return Text(tuple(parts))


_BODY = "[A-Za-z0-9_-]"
_TOKEN = re.compile(f"{OPEN}({_BODY}{{8,}}){CLOSE}")
# every token begins with the base64 of `{"`; an end alone is known by its length
_PIECE = re.compile(f"{OPEN}eyJ|{_BODY}{{8}}{CLOSE}")
_CUT = "a run-time value inside this text was cut or changed; its text exists only when the execution runs"
