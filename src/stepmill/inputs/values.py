"""Values known only when the execution runs, as Python objects that stand wherever a value can stand.

In: item access, f-strings, comparisons, `& | ~`, `+ - * /`. Out: `Placeholder` and `Condition`, each holding an
expression. Touches: nothing.

What a value can do belongs here; where values come from is the business of `placeholders`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from .expressions import (
    Comparison,
    Either,
    Expr,
    Key,
    Logic,
    Operation,
    Ref,
    compatible,
    const,
    kind_of,
    parse,
    said,
    token,
)
from .schema import TYPES, WORDS, InputSchema, Shape, ValidationResult, type_name

_NO_BOOL = (
    "{what} is known only when the execution runs, so Python cannot branch on it: "
    "give it to Choice, and join conditions with & | ~, not and/or/not"
)


def expression(value: Any) -> Expr:
    """Anything a user may write as a value → an expression.

    Raises:
        TypeError: JSON has no such value.
        ValueError: a run-time value inside a text was cut or changed.
    """
    if isinstance(value, Placeholder | Condition):
        return value.expr
    return parse(value) if isinstance(value, str) else const(value)


class Condition:
    """A comparison of run-time values: what a Choice decides by. Combine with `&`, `|` and `~`.

    Comparing makes them; `expr` is the expression they hold. Python's own `if`, `and`, `or` and `not` raise TypeError.
    """

    __slots__ = ("expr",)

    def __init__(self, expr: Expr) -> None:
        object.__setattr__(self, "expr", expr)

    expr: Expr

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a condition does not change; make another one")

    def __and__(self, other: Condition | Placeholder) -> Condition:
        return Condition(Logic("And", (*_terms("And", self), *_terms("And", condition(other)))))

    def __or__(self, other: Condition | Placeholder) -> Condition:
        return Condition(Logic("Or", (*_terms("Or", self), *_terms("Or", condition(other)))))

    def __invert__(self) -> Condition:
        return Condition(Logic("Not", (self.expr,)))

    __rand__, __ror__ = __and__, __or__

    def __bool__(self) -> bool:
        if isinstance(self.expr, Comparison) and self.expr.operator == "==":
            return self.expr.left == self.expr.right  # so that `in` and the old contains() find what they look for
        raise TypeError(_NO_BOOL.format(what="a comparison of run-time values"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.expr == other.expr

    def __hash__(self) -> int:
        return hash(self.expr)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Condition, (self.expr,))

    def __repr__(self) -> str:
        return f"Condition({self.expr!r})"


def _terms(operator: str, condition: Condition) -> tuple[Expr, ...]:
    expr = condition.expr
    return expr.terms if isinstance(expr, Logic) and expr.operator == operator else (expr,)


def condition(value: Condition | Placeholder) -> Condition:
    """A condition as it is; a Boolean value as the question whether it is true.

    Raises:
        TypeError: neither.
    """
    if isinstance(value, Condition):
        return value
    if not isinstance(value, Placeholder):
        raise TypeError(f"{value!r} is no condition: compare a run-time value, as in run['accuracy'] >= 0.9")
    if (kind := kind_of(value.expr)) is not None and kind != "bool":
        raise TypeError(
            f"{WORDS[kind]} is neither true nor false ({said(value.expr)}): compare it with something; "
            "for whichever of two values is there, write either(a, b)"
        )
    return Condition(Comparison("is", value.expr, const(True)))


class Placeholder:
    """A value known only when the execution runs. Immutable; item access goes deeper into it.

    It may stand wherever a value may: in dicts and lists, in f-strings, as an argument of a processor or an
    estimator. Comparisons give a `Condition`, `+ - * /` another placeholder. Steps and inputs make them; `expr` is the
    expression they hold, `shape` what is said of the input they belong to. Asking for the truth, the length or the
    items of one raises TypeError.
    """

    __slots__ = ("expr", "shape")
    __stepmill_placeholder__ = True  # what the request builders know it by
    expr: Expr
    shape: Shape | None

    def __init__(self, expr: Expr, shape: Shape | None = None) -> None:
        object.__setattr__(self, "expr", expr)
        object.__setattr__(self, "shape", shape)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a run-time value does not change; take another one")

    def __getitem__(self, key: Key) -> Placeholder:
        return self._at(key, "")

    def get(self, name: Key, type: type | None = None) -> Placeholder:
        """`placeholder[name]`, with its type said where no schema says it.

        Args:
            name: the key or the index.
            type: str, int, float, bool, dict or list; None says nothing. Another type than the schema's, or than
                another step's, is told when the pipeline is compiled.

        Raises:
            ValueError: the name is neither text nor a whole number, or JSON has no such type.
        """
        return self._at(name, type_name(type))

    def _at(self, key: Key, said: str) -> Placeholder:
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise ValueError(f"a run-time value is read by a key or an index, not by {key!r}")
        match self.expr:
            case Ref() as ref:
                return self._inside(_deeper(ref, key, said))
            case Either(options):
                return self._inside(Either(tuple(_deeper(option, key, said) for option in options)))
        raise TypeError(f"[{key!r}] cannot be read from a calculated value; read first, calculate afterwards")

    def _inside(self, expr: Ref | Either) -> Placeholder:
        """A value inside this one, which the input it belongs to takes note of."""
        if self.shape is not None and isinstance(expr, Ref):
            self.shape.note(expr.keys, expr.type)
        return Placeholder(expr, self.shape)

    # -- text

    def __str__(self) -> str:
        return token(self.expr)

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(
                f"the format {spec!r} cannot be applied: the value exists only when the execution runs, "
                "and neither JSONata nor JSONPath is given it here"
            )
        return token(self.expr)

    def __add__(self, other: object) -> Any:
        return self._operate("+", self, other)

    def __radd__(self, other: object) -> Any:
        return self._operate("+", other, self)

    def __sub__(self, other: object) -> Any:
        return self._operate("-", self, other)

    def __rsub__(self, other: object) -> Any:
        return self._operate("-", other, self)

    def __mul__(self, other: object) -> Any:
        return self._operate("*", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Any:
        return self._operate("/", self, other)

    def __rtruediv__(self, other: object) -> Any:
        return self._operate("/", other, self)

    @staticmethod
    def _operate(operator: str, left: object, right: object) -> Any:
        a, b = expression(left), expression(right)
        texts = [kind_of(side) == "str" for side in (a, b)]
        if any(texts):  # as in Python: text is joined by +, and by nothing else
            if operator == "+" and compatible(kind_of(a), kind_of(b)):
                return f"{left}{right}"
            raise TypeError(f"{operator!r} does not go with text; join texts in an f-string")
        if odd := next((side for side in (a, b) if kind_of(side) in ("bool", "dict", "list")), None):
            raise TypeError(f"{operator!r} goes with numbers, and {said(odd)} is {WORDS[str(kind_of(odd))]}")
        return Placeholder(Operation(operator, a, b))

    # -- comparison

    def _compare(self, operator: str, other: object) -> Condition:
        return Condition(Comparison(operator, self.expr, expression(other)))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        try:
            return self._compare("==", other)
        except TypeError:  # JSON has no such value, so it is another one; Python finds that out by identity
            return NotImplemented

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        try:
            return self._compare("!=", other)
        except TypeError:
            return NotImplemented

    def __lt__(self, other: object) -> Condition:
        return self._compare("<", other)

    def __le__(self, other: object) -> Condition:
        return self._compare("<=", other)

    def __gt__(self, other: object) -> Condition:
        return self._compare(">", other)

    def __ge__(self, other: object) -> Condition:
        return self._compare(">=", other)

    def __and__(self, other: Condition | Placeholder) -> Condition:
        return condition(self) & other

    def __or__(self, other: Condition | Placeholder) -> Condition:
        return condition(self) | other

    def __invert__(self) -> Condition:
        return ~condition(self)

    def __hash__(self) -> int:
        return hash(self.expr)

    def __bool__(self) -> NoReturn:
        raise TypeError(_NO_BOOL.format(what="this value"))

    def __iter__(self) -> NoReturn:
        raise TypeError("this value is known only when the execution runs: Python cannot go through its items. Use Map")

    def __len__(self) -> NoReturn:
        raise TypeError("this value is known only when the execution runs: its length is not known yet")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Placeholder, (self.expr,))

    def __repr__(self) -> str:
        return f"<{WORDS.get(kind_of(self.expr) or '', 'a value')} known at run time: {said(self.expr)}>"

    # -- the old SDK's questions

    @property
    def name(self) -> Key | None:
        """The last key of its path; None for a whole input and for a calculated value."""
        return self.expr.keys[-1] if isinstance(self.expr, Ref) and self.expr.keys else None

    @property
    def type(self) -> type | None:
        """Its type, when the schema or `get` says one."""
        return TYPES.get(kind_of(self.expr) or "")

    @property
    def parent(self) -> Placeholder | None:
        """What it was read from; None for a whole input and for a calculated value."""
        if not isinstance(ref := self.expr, Ref) or not ref.keys:
            return None
        return Placeholder(replace(ref, keys=ref.keys[:-1], type=""), self.shape)

    def contains(self, placeholder: Placeholder) -> bool:
        """Whether `placeholder` was read from inside this one; the same as `placeholder in …`.

        Raises:
            TypeError: it is no run-time value; names are found in `get_schema_as_dict()`.
        """
        if not isinstance(placeholder, Placeholder):
            raise TypeError(f"{placeholder!r} is no run-time value; ask for a name in get_schema_as_dict()")
        mine, other = self.expr, placeholder.expr
        if not isinstance(mine, Ref) or not isinstance(other, Ref):
            return False
        same = (mine.root, mine.step, mine.kind) == (
            other.root,
            other.step,
            other.kind,
        ) and self.shape is placeholder.shape
        return same and len(other.keys) > len(mine.keys) and other.keys[: len(mine.keys)] == mine.keys

    __contains__ = contains

    def get_schema_as_dict(self) -> dict[str, Any]:
        """What a schema says is inside: name → type or default. Without one, what was read so far (str where no type
        was said); of what is no input, nothing.
        """
        return self._names(str)

    def get_schema_as_json(self, pretty: bool = False) -> str:
        """The types of `get_schema_as_dict()` by their names, as JSON.

        Args:
            pretty: whether each name has a line of its own.
        """
        types = InputSchema.of(self.get_schema_as_dict()).types()
        return json.dumps(types, ensure_ascii=False, indent=4 if pretty else None)

    def validate(self, input: Mapping[str, Any] | None) -> ValidationResult:
        """Whether an input has every name, with its type; `ExecutionInput.schema.check` words what does not fit.

        Args:
            input: what this would be. None is not valid.
        """
        return InputSchema.of(self._names(object)).compare(input)

    def _names(self, untyped: Any) -> dict[str, Any]:
        return self.shape.inside(self.expr.keys, untyped) if self.shape and isinstance(self.expr, Ref) else {}

    def to_jsonpath(self) -> str:
        """The path of an execution's or a state's input, as the old SDK spells it."""
        from .jsonpath import plain_path

        return plain_path(self.expr)


def _deeper(ref: Ref, key: Key, said: str) -> Ref:
    return Ref(ref.root, (*ref.keys, key), ref.step, ref.kind, ref.schema, said)
