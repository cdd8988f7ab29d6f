"""What both languages need to spell an expression: where it stands, and how to refuse.

In: the place of an expression in the compiled machine. Out: `Scope`, `Refusal`. Touches: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn, Protocol, TypeAlias

from .expressions import Either, Expr, Key, Ref, compatible, kind_of, said
from .schema import WORDS

Language: TypeAlias = Literal["JSONPath", "JSONata"]


class Refusal(ValueError):
    """An expression that cannot be said here: `code`, what is wrong, and what to do instead."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code, self.message, self.hint = code, message, hint
        super().__init__(message)


def refuse(code: str, message: str, hint: str = "") -> NoReturn:
    """Raise a `Refusal`."""
    raise Refusal(code, message, hint)


class Variables(Protocol):
    """Where remembered values are kept."""

    def find(self, value: Ref | Either) -> tuple[str, tuple[Key, ...]]:
        """The variable that holds a value, and the path inside it."""
        ...


class NoVariables:
    """For a text outside any pipeline."""

    def find(self, value: Ref | Either) -> tuple[str, tuple[Key, ...]]:
        refuse("value.nowhere", "this value exists only inside a pipeline")


@dataclass(frozen=True)
class Scope:
    """Where an expression stands.

    Attributes:
        variables: where remembered values are kept.
        input_variable: the variable that holds the execution's input merged with its defaults, if there is one.
        map_index: whether the state is run once per item of an inline Map.
        substitutions: names of `${Name}`s that the stage will fill; their braces are not text.
    """

    variables: Variables = field(default_factory=NoVariables)
    input_variable: str | None = None
    map_index: bool = False
    substitutions: frozenset[str] = frozenset()


JOB_NAME_PARTS: tuple[tuple[Key, ...], ...] = (
    ("Execution", "Id"),
    ("State", "EnteredTime"),
    ("Execution", "RedriveCount"),
)
MAP_INDEX: tuple[Key, ...] = ("Map", "Item", "Index")


def base_name(slug: str, limit: int) -> str:
    """The first part of a job's name: the slug, cut so that two long ones stay apart (reference/authoring.md 2.1)."""
    from hashlib import sha256

    if len(slug) <= limit:
        return slug
    return f"{slug[: limit - 5].rstrip('-')}-{sha256(slug.encode()).hexdigest()[:4]}"


def check_types(operator: str, left: Expr, right: Expr) -> None:
    """Refuse a comparison that can never be meant.

    Raises:
        Refusal: both types are known, and values of these types are never equal; or they are less and greater never.
    """
    a, b = kind_of(left), kind_of(right)
    if a and b and not compatible(a, b):
        refuse(
            "condition.types",
            f"{WORDS[a]} is compared with {WORDS[b]}, which is never true: {said(left)} {operator} {said(right)}",
            "compare values of one type; the type of an input is what its schema or its default says",
        )
    if operator in ("<", "<=", ">", ">=") and (odd := next((k for k in (a, b) if k in _UNORDERED), None)):
        refuse(
            "condition.types",
            f"{WORDS[odd]} is neither less nor greater than anything: {said(left)} {operator} {said(right)}",
            "only numbers and texts have an order; ask == or !=",
        )


_UNORDERED = ("bool", "dict", "list")
