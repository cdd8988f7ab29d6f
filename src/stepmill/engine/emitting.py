"""How an execution says what it decided, and what its expressions see.

In: types and details of events. Out: events, already applied; scopes. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.asl import errors
from stepmill.asl.scope import MISSING, Scope
from stepmill.engine.branch import Branch
from stepmill.engine.context import Context
from stepmill.engine.distributed import MAP_RUN, DistributedMapState
from stepmill.engine.fold import Fold
from stepmill.engine.machine import Machine
from stepmill.engine.signals import Act, act_name
from stepmill.engine.states import (
    State,
)
from stepmill.history.events import ENDINGS, Event

# AWS ends an execution with its 25,000th event (Step Functions quotas).
EVENT_LIMIT = 25_000


class OverError(Exception):
    """The execution ended in the middle of a step."""


class Emitting(Fold):
    """A Fold that can say events of its own, and what expressions see at that moment."""

    def __init__(
        self,
        arn: str,
        machine: Machine,
        *,
        random: Callable[[], float] | None = None,
        is_there: Callable[[str], bool] = lambda resource: True,
    ) -> None:
        super().__init__(arn, machine)
        # Numbers from 0 to 1, for the jitter of Retry and for task tokens; None: the system's own.
        self._random = random
        self._is_there = is_there  # whether an activity exists
        self._now = 0.0
        self._out: list[Event] = []
        self._step_began = 0
        self._made: Context | None = None

    # ---- events

    def _step(self) -> None:
        """A new step begins: what it decides is written into its own events."""
        self._step_began = len(self._out)

    def _emit(self, branch: Branch, type_: str, details: dict[str, Any], previous: int | None = None) -> int:
        event_id = self.last_id + 1
        if event_id >= EVENT_LIMIT and not type_.startswith("Execution"):
            self._emit(
                self.root,
                "ExecutionFailed",
                {
                    "error": errors.RUNTIME,
                    "cause": f"The execution reached the maximum number of history events ({EVENT_LIMIT}).",
                },
            )
            raise OverError
        if branch.key:
            details["_branch"] = branch.key
        if ENDINGS.get(type_, "SUCCEEDED") != "SUCCEEDED":
            # What this step said so far is passed over by a redrive.
            began = self._out[self._step_began :]
            details["_from"] = began[0].id - 1 if began else self.last_id
        event = Event(event_id, branch.last if previous is None else previous, self._now, type_, details)
        self._out.append(event)
        self.apply(event)
        return event_id

    def _amend(self, told: list[Any]) -> None:
        """Put a granted retry into the last event of this step: AWS has no event of its own for it."""
        self._out[-1].details["_retry"] = told
        self._retry(told)

    # ---- what the world is asked

    def act(self, branch: Branch, *, recovered: bool = False) -> Act:
        """A Map Run is asked with everything that its items' inputs are made of."""
        state = branch.state
        if not isinstance(state, DistributedMapState):
            return super().act(branch, recovered=recovered)
        arn, started, _ = branch.request
        scope = self._scope(branch)
        machine = self.facts.get("_machine_arn", "")
        parameters = {
            "mapRunArn": arn,
            "label": arn.split(":")[6].partition("/")[2],
            "machine": machine,
            "roleArn": self.facts.get("roleArn", ""),
            "definition": state.definition,
            "express": state.express,
            "concurrency": branch.run["concurrency"],
            "plan": branch.run,
            "items": None if state.reads else branch.items,
            "language": state.language,
            "selector": state.selector,
            "batchInput": state.batch_input,
            "scope": {
                "data": state.data(scope),
                "input": scope.input,
                "context": scope.context,
                "variables": scope.variables,
            },
        }
        name = act_name(self.arn, branch.act)
        return Act(name, self.arn, state.name, MAP_RUN, parameters, False, started, None, recovered)

    # ---- what expressions see

    def _context(self, branch: Branch, state: State, entered_at: float) -> dict[str, Any]:
        if self._made is None:
            self._made = Context(self)
        return self._made.of(branch, state, entered_at)

    def _scope(self, branch: Branch, error_output: Any = MISSING) -> Scope:
        state = branch.state
        assert state is not None
        data = branch.data()
        context = self._context(branch, state, branch.entered_at)
        return Scope(data, data, context, branch.variables, MISSING, error_output, self._now)


def chance() -> float:
    """A number from 0 to 1."""
    import random  # costs 5 ms that only a jittered retry is worth

    return random.random()  # noqa: S311 - spreads retries, keeps no secret
