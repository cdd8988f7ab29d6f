"""Where run-time values come from: the execution's input, a state's input, a step's result, a caught error.

In: schemas and names. Out: placeholders. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepmill.nearest import did_you_mean

from .expressions import Either, Key, Ref, Root, const
from .schema import InputSchema, Shape, ValidationResult
from .values import Condition, Placeholder, condition, expression

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


class _Input(Placeholder):
    """A whole input, with what is said of its shape."""

    __slots__ = ()

    def __init__(
        self,
        root: Root,
        schema: Mapping[str, Any] | None,
        name: Key | None,
        type: type | None,
        parent: Placeholder | None,
        step: str = "",
    ) -> None:
        if parent is None and name is None and type is None:
            shape = Shape(InputSchema.of(schema or {}))
            text = json.dumps(shape.schema.to_dict(), ensure_ascii=False) if schema else "null"
            super().__init__(Ref(root, step=step, schema=text), shape)
            return
        if name is None or not isinstance(expr := getattr(parent, "expr", None), Ref) or expr.root != root:
            raise ValueError("name=, type= and parent= go together: parent.get(name, type) says the same")
        if schema:
            raise ValueError("schema= says what a whole input looks like; give it to the parent")
        assert parent is not None
        inner = parent.get(name, type)
        super().__init__(inner.expr, inner.shape)

    @property
    def schema(self) -> InputSchema:
        """What was given as `schema`; it checks an input and words what does not fit."""
        return self.shape.schema if self.shape else InputSchema()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_again, (self.__class__, self.expr, dict(self.schema.given)))


def _again(kind: type[_Input], expr: Ref, given: dict[str, Any]) -> _Input:
    """The inverse of pickling."""
    made = object.__new__(kind)
    Placeholder.__init__(made, expr, Shape(InputSchema.of(given)))
    return made


class ExecutionInput(_Input):
    """What an execution is started with.

    Args:
        schema: name → type (`int`), or name → default (`20`; its type is the type). Types may nest, defaults may not.
            Types are str, int, float, bool, dict and list. A faulty schema is told when the pipeline is compiled, and
            so is a name that it lacks. None leaves the shape open.
        name: with `parent`: the key or index of a value inside the parent, as `parent.get(name, type)` says it.
        type: with `name`: its type.
        parent: with `name`: an ExecutionInput, or a value in one, that it is read from.

    Raises:
        ValueError: some of these do not go together.
    """

    __slots__ = ()

    def __init__(
        self,
        schema: Mapping[str, Any] | None = None,
        *,
        name: Key | None = None,
        type: type | None = None,
        parent: Placeholder | None = None,
    ) -> None:
        super().__init__("execution", schema, name, type, parent)


class StepInput(_Input):
    """What a state is given: the output of the state before it. `step.output()` makes one.

    Args:
        schema: name → type, as in ExecutionInput; a state's input has no defaults.
        name: with `parent`: the key or index of a value inside the parent, as `parent.get(name, type)` says it.
        type: with `name`: its type.
        parent: with `name`: a StepInput, or a value in one, that it is read from.

    Raises:
        ValueError: some of these do not go together.
    """

    __slots__ = ()

    def __init__(
        self,
        schema: Mapping[str, Any] | None = None,
        *,
        name: Key | None = None,
        type: type | None = None,
        parent: Placeholder | None = None,
        _step: str = "",
    ) -> None:
        super().__init__("state", schema, name, type, parent, _step)


class CaughtError(Placeholder):
    """The error that the last catcher on the road caught: `["State"]`, `["Error"]` and `["Cause"]`, all text.

    Any other key raises KeyError, with the nearest of the three.
    """

    __slots__ = ()
    KEYS = ("State", "Error", "Cause")

    def __init__(self) -> None:
        super().__init__(Ref("error"))

    def _at(self, key: Key, said: str) -> Placeholder:
        if key not in self.KEYS:
            guess = did_you_mean(str(key), self.KEYS)
            raise KeyError(f"a caught error has State, Error and Cause, no {key!r}" + (f"; {guess}" if guess else ""))
        return super()._at(key, said)

    def __reduce__(self) -> tuple[Any, ...]:
        return (CaughtError, ())


def either(*values: Placeholder) -> Placeholder:
    """One value that several roads provide: that of whichever step ran last.

    Args:
        values: remembered values of steps (`preprocess.outputs["train"]`, `latest.payload["train"]`, …).

    Raises:
        TypeError: something else was given.
    """
    options: list[Ref] = []
    for value in values:
        match getattr(value, "expr", None):
            case Ref(root="step") as ref:
                options.append(ref)
            case Either(more):
                options.extend(more)
            case _:
                raise TypeError(
                    "either() takes remembered values of steps, such as preprocess.outputs['train']; "
                    f"this is something else: {value!r}"
                )
    if not options:
        raise TypeError("either() needs at least one value")
    return Placeholder(Either(tuple(dict.fromkeys(options))))


def remembered(step: str, kind: str, *keys: Key) -> Placeholder:
    """What the result of a step holds, remembered for every state downstream."""
    return Placeholder(Ref("step", keys, step, kind))


def context(*keys: Key) -> Placeholder:
    """A value of the context object (`$states.context`, `$$`)."""
    return Placeholder(Ref("context", keys))


NULL = Placeholder(const(None))
"""JSON's null, for a field where None would mean that it is not given: `output=NULL` in JSONata."""
