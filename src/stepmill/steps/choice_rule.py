"""The rules a Choice decides by, under ASL's own names.

In: variables (run-time values, or paths) and what they are compared with. Out: conditions. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stepmill.asl.choices import OPERATORS
from stepmill.inputs import jsonpath
from stepmill.inputs.expressions import Expr, Logic, PathText, const
from stepmill.inputs.expressions import Rule as Operator
from stepmill.inputs.placeholders import Condition, Placeholder, condition
from stepmill.inputs.rendering import Scope
from stepmill.nearest import did_you_mean

_WANTED: dict[str, tuple[type | tuple[type, ...], str]] = {
    "String": (str, "text"),
    "Numeric": ((int, float), "a number"),
    "Boolean": (bool, "True or False"),
    "Timestamp": (str, "a timestamp such as 2026-11-23T09:00:00Z"),
    "Is": (bool, "True or False"),
}

_COMPARE = OPERATORS - {"And", "Or", "Not"}


def _variable(operator: str, value: Any) -> Expr:
    if isinstance(value, Placeholder):
        return value.expr
    if isinstance(value, str) and value.startswith("$"):
        return PathText(value)
    raise ValueError(f"the variable of {operator} is a run-time value or a path that starts with $, not {value!r}")


class BaseRule(Condition):
    """A condition under ASL's own names. `ChoiceRule` makes them; `&`, `|` and `~` join them like all conditions.

    expr: the expression it holds.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSONPath has it, without `Next`.

        Raises:
            Refusal: it reads what another step remembers; where that is, only the compiler knows.
        """
        return jsonpath.rule(self.expr, Scope())

    def __str__(self) -> str:
        return str(self.to_dict())


class Rule(BaseRule):
    """One comparison.

    Args:
        variable: a run-time value or a path text (`$.a`).
        operator: its name, such as `StringEquals`.
        value: what it is compared with; a run-time value or a path text where the name ends in `Path`.

    Raises:
        ValueError: a variable that is no path, an operator ASL does not have, or a value of another type than the
            operator's.
    """

    __slots__ = ("operator", "value", "variable")
    operator: str
    variable: Any
    value: Any

    def __init__(self, variable: Any, operator: str, value: Any) -> None:
        if operator not in _COMPARE:
            raise ValueError(f"a rule has no operator {operator!r}; {did_you_mean(operator, _COMPARE)}".rstrip("; "))
        if operator.endswith("Path"):
            second = _variable(operator, value)
        else:
            kind, said = next(_WANTED[prefix] for prefix in _WANTED if operator.startswith(prefix))
            if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
                more = f"; {operator}Path compares with a run-time value" if isinstance(value, Placeholder) else ""
                raise ValueError(f"{operator} compares with {said}, not {value!r}{more}")
            second = const(value)
        super().__init__(Operator(operator, _variable(operator, variable), second))
        for name, given in (("variable", variable), ("operator", operator), ("value", value)):
            object.__setattr__(self, name, given)

    def __repr__(self) -> str:
        return f"Rule(variable={self.variable!r}, operator={self.operator!r}, value={self.value!r})"


class CompoundRule(BaseRule):
    """Several conditions joined.

    Args:
        operator: `And` or `Or`.
        rules: the conditions; a Boolean run-time value is one.

    Raises:
        TypeError: one of them is no condition.
        ValueError: another operator.
    """

    __slots__ = ("operator", "rules")
    operator: str
    rules: Sequence[Any]

    def __init__(self, operator: str, rules: Sequence[Condition | Placeholder]) -> None:
        if operator not in ("And", "Or"):
            raise ValueError(f"conditions are joined by And or Or, not by {operator!r}")
        super().__init__(Logic(operator, tuple(condition(rule).expr for rule in rules)))
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "rules", rules)

    def __repr__(self) -> str:
        return f"CompoundRule(operator={self.operator!r}, rules={self.rules!r})"


class NotRule(BaseRule):
    """The opposite of a condition.

    Args:
        rule: the condition; a Boolean run-time value is one.

    Raises:
        TypeError: it is no condition.
    """

    __slots__ = ("rule",)
    rule: Any

    def __init__(self, rule: Condition | Placeholder) -> None:
        super().__init__(Logic("Not", (condition(rule).expr,)))
        object.__setattr__(self, "rule", rule)

    def __repr__(self) -> str:
        return f"NotRule(rule={self.rule!r})"


def _rule(operator: str) -> Callable[[Any, Any], Rule]:
    """One operator: `ChoiceRule.<operator>(variable, value)`."""

    def make(variable: Any, value: Any) -> Rule:
        return Rule(variable, operator, value)

    make.__name__ = operator
    make.__doc__ = f"ASL's `{operator}` of a variable (a run-time value or a path) and a value."
    return make


class ChoiceRule:
    """ASL's rules under their own names: `ChoiceRule.NumericLessThan(variable=…, value=…)`.

    `variable` is a run-time value or a path text (`$.a`); so is `value` where the name ends in `Path`.

    Raises:
        ValueError: a variable that is no path, or a value of another type than the operator's.
    """

    StringEquals = staticmethod(_rule("StringEquals"))
    StringEqualsPath = staticmethod(_rule("StringEqualsPath"))
    StringLessThan = staticmethod(_rule("StringLessThan"))
    StringLessThanPath = staticmethod(_rule("StringLessThanPath"))
    StringGreaterThan = staticmethod(_rule("StringGreaterThan"))
    StringGreaterThanPath = staticmethod(_rule("StringGreaterThanPath"))
    StringLessThanEquals = staticmethod(_rule("StringLessThanEquals"))
    StringLessThanEqualsPath = staticmethod(_rule("StringLessThanEqualsPath"))
    StringGreaterThanEquals = staticmethod(_rule("StringGreaterThanEquals"))
    StringGreaterThanEqualsPath = staticmethod(_rule("StringGreaterThanEqualsPath"))
    StringMatches = staticmethod(_rule("StringMatches"))
    NumericEquals = staticmethod(_rule("NumericEquals"))
    NumericEqualsPath = staticmethod(_rule("NumericEqualsPath"))
    NumericLessThan = staticmethod(_rule("NumericLessThan"))
    NumericLessThanPath = staticmethod(_rule("NumericLessThanPath"))
    NumericGreaterThan = staticmethod(_rule("NumericGreaterThan"))
    NumericGreaterThanPath = staticmethod(_rule("NumericGreaterThanPath"))
    NumericLessThanEquals = staticmethod(_rule("NumericLessThanEquals"))
    NumericLessThanEqualsPath = staticmethod(_rule("NumericLessThanEqualsPath"))
    NumericGreaterThanEquals = staticmethod(_rule("NumericGreaterThanEquals"))
    NumericGreaterThanEqualsPath = staticmethod(_rule("NumericGreaterThanEqualsPath"))
    BooleanEquals = staticmethod(_rule("BooleanEquals"))
    BooleanEqualsPath = staticmethod(_rule("BooleanEqualsPath"))
    TimestampEquals = staticmethod(_rule("TimestampEquals"))
    TimestampEqualsPath = staticmethod(_rule("TimestampEqualsPath"))
    TimestampLessThan = staticmethod(_rule("TimestampLessThan"))
    TimestampLessThanPath = staticmethod(_rule("TimestampLessThanPath"))
    TimestampGreaterThan = staticmethod(_rule("TimestampGreaterThan"))
    TimestampGreaterThanPath = staticmethod(_rule("TimestampGreaterThanPath"))
    TimestampLessThanEquals = staticmethod(_rule("TimestampLessThanEquals"))
    TimestampLessThanEqualsPath = staticmethod(_rule("TimestampLessThanEqualsPath"))
    TimestampGreaterThanEquals = staticmethod(_rule("TimestampGreaterThanEquals"))
    TimestampGreaterThanEqualsPath = staticmethod(_rule("TimestampGreaterThanEqualsPath"))
    IsNull = staticmethod(_rule("IsNull"))
    IsPresent = staticmethod(_rule("IsPresent"))
    IsString = staticmethod(_rule("IsString"))
    IsNumeric = staticmethod(_rule("IsNumeric"))
    IsBoolean = staticmethod(_rule("IsBoolean"))
    IsTimestamp = staticmethod(_rule("IsTimestamp"))

    @staticmethod
    def And(rules: Sequence[Condition | Placeholder]) -> CompoundRule:  # noqa: N802 -- ASL's name
        """True when all are."""
        return CompoundRule("And", rules)

    @staticmethod
    def Or(rules: Sequence[Condition | Placeholder]) -> CompoundRule:  # noqa: N802 -- ASL's name
        """True when one is."""
        return CompoundRule("Or", rules)

    @staticmethod
    def Not(rule: Condition | Placeholder) -> NotRule:  # noqa: N802 -- ASL's name
        """True when the rule is not."""
        return NotRule(rule)
