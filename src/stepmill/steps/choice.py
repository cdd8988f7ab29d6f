"""Decides where to go on: `Choice`.

In: conditions (comparisons of run-time values, or rules of `ChoiceRule`) and the states they lead to. Out: a state.
Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stepmill.asl.jsonata import is_expression
from stepmill.inputs.expressions import Expr, const
from stepmill.inputs.placeholders import Condition, Placeholder, condition
from stepmill.logger import logger

from .fields import ALWAYS, PATHS, refuse_unknown
from .source import Source, here
from .state import Link, State, Target, _Typed, first


class Option(NamedTuple):
    """One choice: its condition, as it was said and as an expression; where it leads; the line that says so; its own
    assign, output and comment."""

    said: Any
    rule: Expr
    next_step: Target
    source: Source
    given: Mapping[str, Any]


def _rule_of(rule: Any) -> Expr:
    """The expression of a condition; JSONata's own text, and True and False, stand as they are."""
    return const(rule) if isinstance(rule, bool) or is_expression(rule) else condition(rule).expr


class Choice(_Typed):
    """Goes on with the first choice whose condition holds, else with the default.

    Args:
        state_id: the state's name.
        choices: (condition, next step) pairs, asked in order; a third item is a dict of `add_choice`'s other arguments.
            A Boolean run-time value is a condition; in JSONata so are a text `{% … %}`, True and False.
        default: where to go when none holds. In a `Chain` it is the step after the Choice.
        fields: input_path, output_path, assign, output, comment, query_language.
    """

    type = "Choice"
    allowed = ALWAYS | PATHS | {"assign", "output"}

    def __init__(
        self,
        state_id: str,
        choices: Sequence[tuple[Any, Target] | tuple[Any, Target, Mapping[str, Any]]] = (),
        default: Target | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, **fields)
        self.options: list[Option] = []
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
        self.options.append(Option(rule, _rule_of(rule), next_step, here(), given))
        self._leads_to(next_step)

    @property
    def choices(self) -> list[list[Any]]:
        """The conditions, each with where it leads, in order."""
        return [[option.said, option.next_step] for option in self.options]

    def default_choice(self, next_step: Target) -> None:
        """Where to go when no condition holds."""
        self.default, self._next_source = next_step, here()
        self._leads_to(next_step)

    def next(self, next_step: Target) -> Any:
        """The same as `default_choice`: a Choice has no other way on. Returns `next_step`.

        A default that it has already is replaced, and the log says so.
        """
        if self.default is not None and first(self.default) is not first(next_step):
            logger.warning(f"{here()}: the default of {self.state_id!r} was {_named(self.default)}; now it is "
                           f"{_named(next_step)}, which follows it in a chain or by next()")  # fmt: skip
        self.default_choice(next_step)
        return next_step

    def links(self) -> Iterator[Link]:
        """The ways out: the choices in order, then the default."""
        for index, option in enumerate(self.options):
            yield Link("choice", first(option.next_step), option.source, index)
        if self.default is not None:
            yield Link("default", first(self.default), self._next_source)


def _named(target: Target) -> str:
    state = first(target)
    return repr(state.state_id if isinstance(state, State) else state)
