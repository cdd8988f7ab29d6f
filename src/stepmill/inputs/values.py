"""Values known only when the execution runs, as Python objects that stand wherever a value can stand.

In: item access, f-strings, comparisons, `& | ~`, `+ - * /`. Out: `Placeholder` and `Condition`, each holding an
expression. Touches: nothing.
"""

from __future__ import annotations

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
    token,
)
from .schema import TYPES, WORDS

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
        raise TypeError(f"{WORDS[kind]} is neither true nor false: compare it with something")
    return Condition(Comparison("is", value.expr, const(True)))


class Placeholder:
    """A value known only when the execution runs. Immutable; item access goes deeper into it.

    It may stand wherever a value may: in dicts and lists, in f-strings, as an argument of a processor or an
    estimator. Comparisons give a `Condition`, `+ - * /` another placeholder. Steps and inputs make them; `expr` is the
    expression they hold. Asking for its truth, its length or its items raises TypeError.
    """

    __slots__ = ("expr",)
    __stepmill_placeholder__ = True  # what the request builders know it by
    expr: Expr

    def __init__(self, expr: Expr) -> None:
        object.__setattr__(self, "expr", expr)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a run-time value does not change; take another one")

    def __getitem__(self, key: Key) -> Placeholder:
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise TypeError(f"a run-time value is read by a key or an index, not by {key!r}")
        match self.expr:
            case Ref() as ref:
                return Placeholder(_deeper(ref, key))
            case Either(options):
                return Placeholder(Either(tuple(_deeper(option, key) for option in options)))
        raise TypeError(f"[{key!r}] cannot be read from a calculated value; read first, calculate afterwards")

    def get(self, name: Key, type: type | None = None) -> Placeholder:
        """`placeholder[name]`; a type given here must be the schema's, when there is one."""
        found = self[name]
        known = kind_of(found.expr)
        if type is not None and known is not None and known != type.__name__:
            raise ValueError(f"{name!r} is {known} in the schema, not {type.__name__}")
        return found

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
        return f"Placeholder({self.expr!r})"

    # -- the old SDK's questions

    @property
    def name(self) -> Key | None:
        """The last key of its path; None for a root and for a calculated value."""
        return self.expr.keys[-1] if isinstance(self.expr, Ref) and self.expr.keys else None

    @property
    def type(self) -> type | None:
        """Its type, when the schema says one."""
        return TYPES.get(kind_of(self.expr) or "")

    @property
    def parent(self) -> Placeholder | None:
        """What it was read from; None for a root and for a calculated value."""
        if not isinstance(ref := self.expr, Ref) or not ref.keys:
            return None
        return Placeholder(replace(ref, keys=ref.keys[:-1]))

    def contains(self, placeholder: Placeholder) -> bool:
        """Whether `placeholder` was read from this one."""
        mine, other = self.expr, placeholder.expr
        if not isinstance(mine, Ref) or not isinstance(other, Ref):
            return mine == other
        same = (mine.root, mine.step, mine.kind, mine.schema) == (other.root, other.step, other.kind, other.schema)
        return same and other.keys[: len(mine.keys)] == mine.keys

    __contains__ = contains

    def to_jsonpath(self) -> str:
        """The path of an execution's or a state's input, as the old SDK spells it."""
        from .jsonpath import plain_path

        return plain_path(self.expr)


def _deeper(ref: Ref, key: Key) -> Ref:
    return Ref(ref.root, (*ref.keys, key), ref.step, ref.kind, ref.schema)


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
