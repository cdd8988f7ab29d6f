"""Makes a JSON template final in one of the two languages: its run-time leaves become expressions or `.$` keys.

In: a JSON value with placeholders, conditions and tokens in it. Out: JSON as the Definition holds it, and what could
not be said. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from stepmill.asl.jsonata import is_expression

from . import jsonata, jsonpath
from .expressions import Const, Expr, Ref, Text, const, holds_token, kind_of
from .placeholders import Condition, Placeholder, expression
from .rendering import Language, Refusal, Scope, refuse


def run_time(value: Any) -> Expr | None:
    """The expression of a value that is known at run time only; None for constants.

    Raises:
        Refusal: a token was cut.
    """
    if isinstance(value, Placeholder | Condition):
        return value.expr
    if isinstance(value, str) and holds_token(value):
        try:
            return expression(value)
        except ValueError as fault:
            refuse("value.cut", str(fault), "build the text with an f-string or +, and leave it whole")
    return None


def expressions(value: Any) -> Iterator[Expr]:
    """Every expression in a template, wherever it stands; tokens that were cut are left for rendering to tell."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from expressions(key)
            yield from expressions(inner)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from expressions(item)
    else:
        try:
            found = run_time(value)
        except Refusal:
            return
        if found is not None:
            yield found


def constant(value: Any) -> Any:
    """A leaf that is no expression, as JSON.

    Raises:
        Refusal: JSON has no such value.
    """
    if isinstance(value, PurePath):
        return str(value)
    try:
        return const(value).value
    except TypeError as fault:
        refuse("value.json", str(fault))


Tell = Callable[[Refusal], None]


class Templates:
    """Renders templates in one language at one place; `tell` is given each refusal, so that all are found at once."""

    def __init__(self, language: Language, scope: Scope, tell: Tell) -> None:
        self.language, self.scope, self.tell = language, scope, tell

    def member(self, key: str, value: Any, *, raw: bool = False) -> dict[str, Any]:
        """One member of an object: `{key: …}` or, for a run-time value in JSONPath, `{key + ".$": …}`."""
        try:
            if holds_token(key):
                refuse("value.key", "a key cannot be known only at run time", "use a list of {name, value} objects")
            if self.language == "JSONata":
                if key.endswith(".$") and not raw:
                    refuse(
                        "jsonata.path",
                        f"the key {key!r} is JSONPath's way to say a path, and this state is JSONata",
                        f"write {key[:-2]!r} and give it a run-time value",
                    )
                return {key: self._jsonata(value, raw)}
            return self._jsonpath(key, value)
        except Refusal as refusal:
            self.tell(refusal)
            return {}

    def object(self, value: Mapping[str, Any], *, raw: bool = False) -> dict[str, Any]:
        """A whole object, member by member."""
        done: dict[str, Any] = {}
        for key, inner in value.items():
            done.update(self.member(str(key), inner, raw=raw))
        return done

    # -- JSONata: an expression may stand anywhere

    def _jsonata(self, value: Any, raw: bool) -> Any:
        if isinstance(value, Mapping):
            return self.object(value, raw=raw)
        if isinstance(value, list | tuple):
            return [self._jsonata(item, raw) for item in value]
        expr = run_time(value)
        if isinstance(expr, Const):
            return expr.value
        if expr is not None:
            return jsonata.wrap(expr, self.scope)
        value = constant(value)
        if isinstance(value, str) and is_expression(value) and not raw:
            return jsonata.wrap(Const(json.dumps(value, ensure_ascii=False)), self.scope)
        return value

    # -- JSONPath: only a key can say that its value is a path

    def _jsonpath(self, key: str, value: Any) -> dict[str, Any]:
        dynamic = key if key.endswith(".$") else f"{key}.$"
        if isinstance(value, Mapping):
            return {key: self.object(value)}
        if isinstance(value, list | tuple):
            if _dynamic_items(value):
                return {dynamic: self._array(value)}
            return {key: [self._item(item) for item in value]}
        expr = run_time(value)
        if expr is None:
            return {key: constant(value)}
        return {dynamic: jsonpath.intrinsic(expr, self.scope)}

    def _item(self, item: Any) -> Any:
        if isinstance(item, Mapping):
            return self.object(item)
        if isinstance(item, list | tuple):
            return [self._item(inner) for inner in item]
        return constant(item)

    def _array(self, items: list[Any] | tuple[Any, ...]) -> str:
        """One `States.Array`: in a list JSONPath takes no path, only an intrinsic makes the whole list."""
        done = []
        for item in items:
            if isinstance(item, list | tuple) and _dynamic_items(item):
                done.append(self._array(item))
                continue
            if isinstance(item, Mapping | list | tuple) and any(expressions(item)):
                refuse(
                    "jsonpath.list",
                    "this list mixes run-time texts with objects holding run-time values, which JSONPath cannot build",
                    'use JSONata: query_language="JSONata"',
                )
            expr = run_time(item)
            done.append(jsonpath.intrinsic(expr if expr is not None else const(constant(item)), self.scope))
        return jsonpath.array(done)


def _dynamic_items(items: list[Any] | tuple[Any, ...]) -> bool:
    return any(
        _dynamic_items(item) if isinstance(item, list | tuple) else run_time(item) is not None
        for item in items
        if not isinstance(item, Mapping)
    )


def as_text(value: Any) -> Any:
    """A run-time value as text, for fields that hold nothing else; constants and texts stay as they are."""
    expr = run_time(value)
    if expr is None or kind_of(expr) == "str":
        return value
    return Placeholder(Text((expr,)))


def whole(value: Any) -> bool:
    """Whether a value is one reference, such as a whole input, and not something put together."""
    return isinstance(value, Placeholder) and isinstance(value.expr, Ref)
