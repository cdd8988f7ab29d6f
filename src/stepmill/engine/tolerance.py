"""How many items of a Map may fail, and numbers as the fields of a Map take them.

In: a state's JSON, once; then scopes. Out: numbers, or AWS's StatesError. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.jsonata import is_expression
from stepmill.asl.paths import compile_path
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.states import unexpected


class Tolerance:
    """ToleratedFailureCount and ToleratedFailurePercentage, those that are given."""

    __slots__ = ("_limits",)

    def __init__(self, json: Mapping[str, Any], language: str) -> None:
        self._limits = {
            field: _limit(json, field, language)
            for field in ("ToleratedFailureCount", "ToleratedFailurePercentage")
            if field in json or f"{field}Path" in json
        }

    def __call__(self, scope: Scope) -> dict[str, float]:
        """The limits by their fields. Raises StatesError for what is no such number."""
        return {field: read(scope) for field, read in self._limits.items()}


def whole(value: Any) -> int | None:
    """A value as AWS takes it for an integer: a number, or the text of one (recorded for paths)."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _limit(json: Mapping[str, Any], field: str, language: str) -> Callable[[Scope], Any]:
    """ToleratedFailureCount or …Percentage, in the ways the definition can say it."""
    percentage = field.endswith("Percentage")
    path = json.get(f"{field}Path") if language != "JSONata" else None
    written = json.get(field)
    if path is not None:
        read = compile_path(path)
    elif is_expression(written):
        read = compile_template(written, language, field=field)
    else:
        literal: Any = float(written or 0) if percentage else int(written or 0)
        return lambda scope: literal

    def evaluated(scope: Scope) -> float | int:
        value = read(scope)
        number = _decimal(value) if percentage else whole(value)
        if number is None and path is None:
            raise unexpected(written, field, "number", value)
        if number is None:
            shown = value if isinstance(value, str) else dumps(value)
            kind = "float" if percentage else "integer"
            raise StatesError(
                errors.RUNTIME, f'The {field}Path field refers to value "{shown}" which is not a valid {kind}: {path}'
            )
        if percentage and not 0 <= number <= 100:
            raise StatesError(errors.RUNTIME, f"{field} must be between 0 and 100.")
        if number < 0:
            raise StatesError(errors.RUNTIME, f"{field} cannot be negative.")
        return number

    return evaluated


def _decimal(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
