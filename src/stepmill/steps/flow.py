"""What joins states: chains, branches, second attempts and ways out.

In: states. Out: states that hold others, and links between them. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from .fields import ALWAYS, RESULTS, refuse_unknown
from .source import here
from .state import State, Target, _Fallible

_RETRY = {
    "error_equals": "ErrorEquals",
    "interval_seconds": "IntervalSeconds",
    "max_attempts": "MaxAttempts",
    "backoff_rate": "BackoffRate",
    "max_delay_seconds": "MaxDelaySeconds",
    "jitter_strategy": "JitterStrategy",
    "comment": "Comment",
}
_CATCH = ("error_equals", "result_path", "assign", "output", "comment")


def _check(kind: str, given: dict[str, Any], known: Collection[str]) -> None:
    refuse_unknown(kind, given, known)
    if not given.get("error_equals"):
        raise TypeError(f'{kind} needs error_equals=, a list of error names such as ["States.ALL"]')


def _list(errors: str | Sequence[str]) -> list[str]:
    return [errors] if isinstance(errors, str) else list(errors)


class Retry:
    """Try again after an error.

    Args:
        fields: error_equals (names), interval_seconds (1), max_attempts (3), backoff_rate (2.0), max_delay_seconds,
            jitter_strategy ("FULL" or "NONE"), comment. What is left out, AWS decides, as in brackets.
    """

    def __init__(self, **fields: Any) -> None:
        _check("Retry", fields, _RETRY)
        self.given = {**fields, "error_equals": _list(fields["error_equals"])}
        self.source = here()

    def to_dict(self) -> dict[str, Any]:
        """As ASL has it."""
        return {_RETRY[name]: value for name, value in self.given.items() if value is not None}


class Catch:
    """Go elsewhere after an error.

    Args:
        next_step: a state, a chain, or the name of a state.
        fields: error_equals (names), result_path (JSONPath: where the error goes in the input), assign, output and
            comment.
    """

    def __init__(self, next_step: Target, **fields: Any) -> None:
        _check("Catch", fields, _CATCH)
        self.next_step = next_step
        self.given = {**fields, "error_equals": _list(fields["error_equals"])}
        self.source = here()


class Chain:
    """Steps one after another. In a chain, the step after a Choice is its default.

    Args:
        steps: states and chains.
        comment: of the machine that begins with this chain: a branch of a Parallel, or what a Map runs.

    Raises:
        ValueError: a step stands in it twice, or follows one that ends the execution.
    """

    def __init__(self, steps: Sequence[State | Chain] = (), *, comment: str | None = None) -> None:
        self.steps: list[State] = []
        self.comment = comment
        for step in steps:
            self.append(step)

    def append(self, step: State | Chain) -> None:
        """Go on with another step."""
        for each in step.steps if isinstance(step, Chain) else [step]:
            if not isinstance(each, State):
                raise TypeError(f"a chain is made of states and chains, not of {each!r}")
            if any(each is other for other in self.steps):
                raise ValueError(f"{each.state_id!r} stands twice in one chain; a loop is made by next()")
            if self.steps and not (isinstance(step, Chain) and each is not step.steps[0]):
                self.steps[-1].next(each)
            self.steps.append(each)

    def add_catch(self, catch: Catch) -> None:
        """Add a catcher to every Task, Parallel and Map of the chain."""
        for step in self.steps:
            if isinstance(step, _Fallible):
                step.add_catch(catch)

    def add_retry(self, retry: Retry) -> None:
        """Add a Retry to every Task, Parallel and Map of the chain."""
        for step in self.steps:
            if isinstance(step, _Fallible):
                step.add_retry(retry)

    def __iter__(self) -> Iterator[State]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<Chain {' → '.join(step.state_id for step in self.steps)}>"


class Parallel(_Fallible):
    """Several machines at the same time; its result is the list of their outputs, in order.

    Args:
        state_id: the state's name.
        retry: one Retry or several.
        catch: one Catch or several.
        fields: parameters or arguments, result_selector, result_path, input_path, output_path, assign, output,
            comment, query_language.
    """

    type = "Parallel"
    fields = ALWAYS | RESULTS
    _instead = {"Parameters": "Arguments"}  # noqa: RUF012

    def __init__(self, state_id: str, retry: Any = None, catch: Any = None, **fields: Any) -> None:
        super().__init__(state_id, retry=retry, catch=catch, **fields)
        self._branches: list[Target] = []

    def add_branch(self, branch: Target) -> None:
        """Add a state or a chain that runs beside the others."""
        self._branches.append(branch)

    def branches(self) -> Iterator[tuple[str, Target]]:
        """Every branch with its place."""
        for index, branch in enumerate(self._branches):
            yield f"Branches/{index}", branch
