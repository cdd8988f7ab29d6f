"""What joins states: chains, branches, second attempts and ways out.

In: states. Out: states that hold others, and links between them. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stepmill.exceptions import DuplicateStatesInChain
from stepmill.inputs.templates import expressions

from .fields import ALWAYS, FIELDS, RESULTS, refuse_unknown
from .source import here
from .state import State, Target, _Fallible, entered, first

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


_AT_RUN_TIME = frozenset({"assign", "output"})


def _check(kind: str, given: dict[str, Any], known: Collection[str]) -> None:
    refuse_unknown(kind, given, known)
    for name in given.keys() - _AT_RUN_TIME:
        if any(expressions(given[name])):
            raise TypeError(f"{name}= of a {kind} is constant: AWS takes no value there that is known at run time only")
    if not given.get("error_equals"):
        raise TypeError(f'{kind} needs error_equals=, a list of error names such as ["States.ALL"]')


def _list(errors: Any) -> list[str]:
    names = [errors] if isinstance(errors, str) else errors
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise TypeError(f'error_equals= is a list of error names such as ["States.ALL"], not {errors!r}')
    return list(names)


class _Block:
    """What Retry and Catch share: fields, read and set as attributes too."""

    allowed: frozenset[str]

    def __init__(self, **fields: Any) -> None:
        _check(type(self).__name__, fields, self.allowed)
        self.given = {**fields, "error_equals": _list(fields["error_equals"])}
        self.source = here()

    @property
    def fields(self) -> dict[str, Any]:
        """The fields as they were given; what is changed here is changed in the block."""
        return self.given

    if not TYPE_CHECKING:  # or every slip of the pen would pass the type checker

        def __getattr__(self, name):
            if name in type(self).allowed:
                return self.__dict__.get("given", {}).get(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def __setattr__(self, name, value):
            if name in type(self).allowed:
                self.given[name] = _list(value) if name == "error_equals" else value
            else:
                object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """As ASL has it."""
        raise NotImplementedError

    def to_json(self, pretty: bool = False) -> str:
        """`to_dict()` as text; `pretty` indents it by four."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=4 if pretty else None)

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.given.items())
        return f"{type(self).__name__}({said})"

    def __str__(self) -> str:
        return self.to_json(pretty=True)


class Retry(_Block):
    """Try again after an error.

    Args:
        fields: error_equals (names), interval_seconds (1), max_attempts (3), backoff_rate (2.0), max_delay_seconds,
            jitter_strategy ("FULL" or "NONE"), comment. What is left out, AWS decides, as in brackets.
    """

    allowed = frozenset(_RETRY)

    def to_dict(self) -> dict[str, Any]:
        """As ASL has it."""
        return {_RETRY[name]: value for name, value in self.given.items() if value is not None}


class Catch(_Block):
    """Go elsewhere after an error.

    Args:
        next_step: a state, a chain, or the name of a state.
        fields: error_equals (names), result_path (JSONPath: where the error goes in the input), assign, output and
            comment.
    """

    allowed = frozenset(_CATCH)

    def __init__(self, next_step: Target, **fields: Any) -> None:
        super().__init__(**fields)
        self.next_step = next_step

    def to_dict(self) -> dict[str, Any]:
        """As ASL has it, when nothing in it is known only at run time."""
        target = first(self.next_step)
        done = {"ErrorEquals": self.given["error_equals"]}
        for name in ("comment", "result_path", "assign", "output"):
            if name in self.given and (name == "result_path" or self.given[name] is not None):
                done[FIELDS[name].asl] = self.given[name]
        return {**done, "Next": target.state_id if isinstance(target, State) else target}


class Chain:
    """Steps one after another. In a chain, the step after a Choice is its default.

    Args:
        steps: states and chains.
        comment: of the machine that begins with this chain: a branch of a Parallel, or what a Map runs.

    Raises:
        TypeError: what is given is no list.
        DuplicateStatesInChain: a step stands in it twice (a ValueError).
        ValueError: a step follows one that ends the execution.
    """

    def __init__(self, steps: Sequence[State | Chain] = (), *, comment: str | None = None) -> None:
        if not isinstance(steps, list | tuple):
            raise TypeError(f"a chain is made of a list of steps, not of {steps!r}")
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
                raise DuplicateStatesInChain(f"{each.state_id!r} stands twice in one chain; a loop is made by next()")
            if self.steps and not (isinstance(step, Chain) and each is not step.steps[0]):
                self.steps[-1].next(each)
            self.steps.append(each)

    @property
    def state_id(self) -> str:
        """The name of its first step.

        Raises:
            ValueError: it is empty.
        """
        if not self.steps:
            raise ValueError("the chain is empty")
        return self.steps[0].state_id

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
    allowed = ALWAYS | RESULTS
    _instead = {"Parameters": "Arguments"}  # noqa: RUF012

    def __init__(self, state_id: str, retry: Any = None, catch: Any = None, **fields: Any) -> None:
        super().__init__(state_id, retry=retry, catch=catch, **fields)
        self.branches: list[Target] = []

    def add_branch(self, branch: Target) -> None:
        """Add a state or a chain that runs beside the others. Raises TypeError for anything else."""
        self.branches.append(entered(branch, f"a branch of {self.state_id!r}"))

    def machines(self) -> Iterator[tuple[str, Target]]:
        """Every branch with its place."""
        for index, branch in enumerate(self.branches):
            yield f"Branches/{index}", branch
