"""Decides where to go on: `Choice`, and the rules it decides by.

In: conditions (comparisons of run-time values, or the old SDK's `ChoiceRule`) and the states they lead to. Out: a
state. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stepmill.asl.jsonata import is_expression
from stepmill.inputs.expressions import Expr, Logic, PathText, Rule, const
from stepmill.inputs.placeholders import Condition, Placeholder, condition

from .fields import ALWAYS, PATHS, refuse_unknown
from .source import Source, here
from .state import Link, State, Target, first

_WANTED: dict[str, tuple[type | tuple[type, ...], str]] = {
    "String": (str, "text"),
    "Numeric": ((int, float), "a number"),
    "Boolean": (bool, "True or False"),
    "Timestamp": (str, "a timestamp such as 2026-11-23T09:00:00Z"),
    "Is": (bool, "True or False"),
}


def _variable(operator: str, value: Any) -> Expr:
    if isinstance(value, Placeholder):
        return value.expr
    if isinstance(value, str) and value.startswith("$"):
        return PathText(value)
    raise ValueError(f"the variable of {operator} is a run-time value or a path that starts with $, not {value!r}")


def _rule(operator: str) -> Callable[[Any, Any], Condition]:
    """One operator: `ChoiceRule.<operator>(variable, value)`."""

    def make(variable: Any, value: Any) -> Condition:
        if operator.endswith("Path"):
            return Condition(Rule(operator, _variable(operator, variable), _variable(operator, value)))
        kind, said = next(_WANTED[prefix] for prefix in _WANTED if operator.startswith(prefix))
        fits = isinstance(value, kind) and (isinstance(value, bool) == (kind is bool))
        if not fits:
            more = f"; {operator}Path compares with a run-time value" if isinstance(value, Placeholder) else ""
            raise ValueError(f"{operator} compares with {said}, not {value!r}{more}")
        return Condition(Rule(operator, _variable(operator, variable), const(value)))

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
    def And(rules: Sequence[Condition | Placeholder]) -> Condition:  # noqa: N802 -- ASL's name
        """True when all are."""
        return Condition(Logic("And", tuple(condition(rule).expr for rule in rules)))

    @staticmethod
    def Or(rules: Sequence[Condition | Placeholder]) -> Condition:  # noqa: N802 -- ASL's name
        """True when one is."""
        return Condition(Logic("Or", tuple(condition(rule).expr for rule in rules)))

    @staticmethod
    def Not(rule: Condition | Placeholder) -> Condition:  # noqa: N802 -- ASL's name
        """True when the rule is not."""
        return Condition(Logic("Not", (condition(rule).expr,)))


class Option(NamedTuple):
    """One choice: its condition, where it leads, the line that says so, and its own assign, output and comment."""

    rule: Expr
    next_step: Target
    source: Source
    given: Mapping[str, Any]


def _rule_of(rule: Any) -> Expr:
    """The expression of a condition; JSONata's own text, and True and False, stand as they are."""
    return const(rule) if isinstance(rule, bool) or is_expression(rule) else condition(rule).expr


class Choice(State):
    """Goes on with the first choice whose condition holds, else with the default.

    Args:
        state_id: the state's name.
        choices: (condition, next step) pairs, asked in order; a third item is a dict of `add_choice`'s other arguments.
            A Boolean run-time value is a condition; in JSONata so are a text `{% … %}`, True and False.
        default: where to go when none holds. In a `Chain` it is the step after the Choice.
        fields: input_path, output_path, assign, output, comment, query_language.
    """

    type = "Choice"
    fields = ALWAYS | PATHS | {"assign", "output"}

    def __init__(
        self,
        state_id: str,
        choices: Sequence[tuple[Any, Target] | tuple[Any, Target, Mapping[str, Any]]] = (),
        default: Target | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, **fields)
        self.choices: list[Option] = []
        self.default: Target | None = None
        for rule, step, *more in choices:
            self.add_choice(rule, step, **(more[0] if more else {}))
        if default is not None:
            self.default_choice(default)

    def add_choice(self, rule: Condition | Placeholder | str | bool, next_step: Target, **fields: Any) -> None:
        """Ask one more question, after those already there.

        Args:
            rule: the condition. next_step: where to go when it holds.
            fields: what holds on this way only: assign, output (JSONata), comment.

        Raises:
            TypeError: the rule is no condition, or a field that a choice does not have.
        """
        refuse_unknown(f"a choice of {self.state_id!r}", fields, ("assign", "output", "comment"))
        given = {name: value for name, value in fields.items() if value is not None}
        self.choices.append(Option(_rule_of(rule), next_step, here(), given))
        self._leads_to(next_step)

    def default_choice(self, next_step: Target) -> None:
        """Where to go when no condition holds."""
        self.default, self._next_source = next_step, here()
        self._leads_to(next_step)

    def next(self, next_step: Target) -> Any:
        """The same as `default_choice`: a Choice has no other way on. Returns `next_step`."""
        self.default_choice(next_step)
        return next_step

    def links(self) -> Iterator[Link]:
        """The ways out: the choices in order, then the default."""
        for index, option in enumerate(self.choices):
            yield Link("choice", first(option.next_step), option.source, index)
        if self.default is not None:
            yield Link("default", first(self.default), self._next_source)
