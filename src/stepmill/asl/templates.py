"""Payload templates: JSON in which some values are expressions.

In: a template and its query language. Out: a function of a Scope that gives the filled-in JSON. Touches: nothing.

What is constant is handed out as it stands and shared between evaluations: whoever receives it must not change it.
"""

from __future__ import annotations

from typing import Any

from stepmill.asl import jsonata
from stepmill.asl.errors import RUNTIME, BadExpression, StatesError
from stepmill.asl.paths import Evaluate, PathMiss, compile_path
from stepmill.asl.scope import Scope


def compile_template(template: Any, language: str, *, field: str = "Arguments") -> Evaluate:
    """Compiles Parameters, ResultSelector, ItemSelector, Assign (JSONPath: keys that end in `.$`) or Arguments,
    Output, Assign, Items (JSONata: texts `{% … %}` anywhere). `field` names the place in AWS's causes. Raises
    BadExpression or JsonataError; the function raises StatesError."""
    dynamic = _jsonata(template, field) if language == "JSONata" else _jsonpath(template)
    return dynamic if dynamic is not None else lambda scope: template


def _fill(base: Any, entries: list[tuple[Any, Evaluate]]) -> Evaluate | None:
    """Copies the constants and fills the rest in, so that keys keep the order of the text."""
    if not entries:
        return None

    def fill(scope: Scope) -> Any:
        value = base.copy()
        for key, entry in entries:
            value[key] = entry(scope)
        return value

    return fill


def _jsonpath(template: Any) -> Evaluate | None:
    if isinstance(template, list):
        items = [(at, inner) for at, item in enumerate(template) if (inner := _jsonpath(item)) is not None]
        return _fill(template, items)
    if not isinstance(template, dict):
        return None
    base: dict[str, Any] = {}
    entries: list[tuple[Any, Evaluate]] = []
    for key, value in template.items():
        if key.endswith(".$"):
            if not isinstance(value, str):
                raise BadExpression(str(value), f"The value for the field '{key}' must be a STRING that is a JSONPath")
            base[key[:-2]] = None
            entries.append((key[:-2], _selecting(key, value)))
            continue
        base[key] = value
        inner = _jsonpath(value)
        if inner is not None:
            entries.append((key, inner))
    return _fill(base, entries)


def _selecting(key: str, text: str) -> Evaluate:
    select = compile_path(text)
    if text == "$":
        return select

    def selecting(scope: Scope) -> Any:
        try:
            return select(scope)
        except PathMiss as miss:
            raise StatesError(
                RUNTIME,
                f"The JSONPath '{text}' specified for the field '{key}' could not be found in the input "
                f"'{miss.shown()}'",
            ) from None

    return selecting


def _jsonata(template: Any, field: str) -> Evaluate | None:
    if isinstance(template, str):
        return jsonata.compile_expression(template, field=field) if jsonata.is_expression(template) else None
    children: list[tuple[Any, str, Any]]
    if isinstance(template, dict):
        children = [(key, f"{field}/{key}", value) for key, value in template.items()]
    elif isinstance(template, list):
        children = [(at, f"{field}[{at}]", value) for at, value in enumerate(template)]
    else:
        return None
    entries = [(key, inner) for key, place, value in children if (inner := _jsonata(value, place)) is not None]
    return _fill(template, entries)
