"""Where run-time values begin: what an execution is started with, what a state is given, what a catcher caught.

In: schemas. Out: placeholders with nothing read from them yet; and all of `values`, as the old SDK has them
there. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepmill.nearest import did_you_mean

from .expressions import Key, Ref
from .schema import InputSchema, ValidationResult
from .values import NULL, Condition, Placeholder, condition, context, either, expression, remembered

__all__ = [
    "NULL",
    "CaughtError",
    "Condition",
    "ExecutionInput",
    "Placeholder",
    "StepInput",
    "ValidationResult",
    "condition",
    "context",
    "either",
    "expression",
    "remembered",
]


class _WithSchema(Placeholder):
    """A root with a schema: what the value will look like."""

    __slots__ = ("schema",)
    schema: InputSchema

    def __init__(self, root: Any, schema: Mapping[str, Any] | None, step: str = "") -> None:
        found = InputSchema.of(schema or {})
        object.__setattr__(self, "schema", found)
        text = json.dumps(found.types() if root == "state" else found.to_dict(), ensure_ascii=False, default=repr)
        super().__init__(Ref(root, step=step, schema=text if schema else "null"))

    def get_schema_as_dict(self) -> dict[str, Any]:
        """The schema as it was given: types and defaults."""
        return dict(self.schema.given)

    def get_schema_as_json(self, pretty: bool = False) -> str:
        """The schema's types as JSON."""
        return json.dumps(self.schema.types(), ensure_ascii=False, indent=4 if pretty else None)

    def validate(self, input: Mapping[str, Any] | None) -> ValidationResult:
        """What of an input does not fit: names that are missing, names whose value has another type."""
        return self.schema.validate(input)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Placeholder, (self.expr,))


class ExecutionInput(_WithSchema):
    """What an execution is started with.

    Args:
        schema: name → type (`int`), or name → default (`20`; its type is the type). Types may nest, defaults may not.
            Types are str, int, float, bool, dict and list. A faulty schema is told when the pipeline is compiled.
    """

    __slots__ = ()

    def __init__(self, schema: Mapping[str, Any] | None = None) -> None:
        super().__init__("execution", schema)


class StepInput(_WithSchema):
    """What a state is given: the output of the state before it. `step.output()` makes one.

    Args:
        schema: name → type, as in ExecutionInput; None leaves the shape open.
    """

    __slots__ = ()

    def __init__(self, schema: Mapping[str, Any] | None = None, *, _step: str = "") -> None:
        super().__init__("state", schema, _step)


class CaughtError(Placeholder):
    """The error that the last catcher on the road caught: `["State"]`, `["Error"]` and `["Cause"]`, all text.

    Any other key raises KeyError, with the nearest of the three.
    """

    __slots__ = ()
    KEYS = ("State", "Error", "Cause")

    def __init__(self) -> None:
        super().__init__(Ref("error"))

    def __getitem__(self, key: Key) -> Placeholder:
        if key not in self.KEYS:
            guess = did_you_mean(str(key), self.KEYS)
            raise KeyError(f"a caught error has State, Error and Cause, no {key!r}" + (f"; {guess}" if guess else ""))
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[Any, ...]:
        return (CaughtError, ())
