"""What happens next in one branch: a state is entered, worked, left, retried, caught or given up.

In: a branch that is ready. Out: events, already applied. Touches: nothing.

Decisions only: each is said as an event, and `Fold.apply` changes the state. Everything random or evaluated is in the
events. Time and signals come in at `execution`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.text import dumps
from stepmill.engine import fold
from stepmill.engine.context import Context
from stepmill.engine.data import loads, too_large
from stepmill.engine.fold import Branch, Fold
from stepmill.engine.machine import Machine
from stepmill.engine.retry import Catcher, choose
from stepmill.engine.states import (
    ChoiceState,
    FailState,
    MapState,
    ParallelState,
    PassState,
    State,
    SucceedState,
    TaskState,
    WaitState,
)
from stepmill.history.events import Event

# AWS ends an execution with its 25,000th event (Step Functions quotas).
EVENT_LIMIT = 25_000


class OverError(Exception):
    """The execution ended in the middle of a step."""


class Steps(Fold):
    """A Fold that can take steps of its own."""

    def __init__(self, arn: str, machine: Machine, *, random: Callable[[], float] | None = None) -> None:
        super().__init__(arn, machine)
        # Numbers from 0 to 1, for the jitter of Retry.
        self._random = random or _chance
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
        event = Event(event_id, branch.last if previous is None else previous, self._now, type_, details)
        self._out.append(event)
        self.apply(event)
        return event_id

    def _amend(self, told: list[Any]) -> None:
        """Put a granted retry into the last event of this step: AWS has no event of its own for it."""
        self._out[-1].details["_retry"] = told
        self._retry(told)

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

    # ---- states

    def _enter(self, branch: Branch) -> None:
        """Enter the next state and go as far as it goes."""
        state = branch.block.states[branch.next]
        details: dict[str, Any] = {"name": state.name, "input": branch.text}
        if isinstance(state, WaitState):
            self._enter_wait(branch, state, details)
            return
        self._emit(branch, state.entered, details)
        if state.trivial:
            self._exit(branch, branch.text, None, state.next)
        else:
            self._work(branch, state)

    def _work(self, branch: Branch, state: State) -> None:
        """What a state does once it is entered, or when a retry is due."""
        try:
            match state:
                case TaskState():
                    self._schedule(branch, state)
                case ParallelState():
                    self._fork(branch, state)
                case MapState():
                    self._map(branch, state)
                case ChoiceState():
                    next_, output, assigned = state.choose(self._scope(branch))
                    self._leave(branch, output, assigned, next_)
                case FailState():
                    self._fail(branch, *state.outcome(self._scope(branch)))
                case PassState():
                    scope = self._scope(branch)
                    output, assigned = state.completion(scope, state.result(scope))
                    self._leave(branch, output, assigned, state.next)
                case SucceedState():
                    scope = self._scope(branch)
                    output, assigned = state.completion(scope, state.entry.data(scope))
                    self._leave(branch, output, assigned, None)
        except StatesError as error:
            # Recorded from AWS: what goes wrong before anything else happened points to the event before the state.
            self._state_error(branch, error, branch.before if branch.last == branch.entered_id else None)

    def _enter_wait(self, branch: Branch, state: WaitState, details: dict[str, Any]) -> None:
        """The due time is decided first, so that the Entered event can carry it."""
        fault: StatesError | None = None
        early = True
        # The state is not entered yet, so its scope is made by hand.
        data = branch.data()
        context = self._context(branch, state, self._now)
        scope = Scope(data, data, context, branch.variables, MISSING, MISSING, self._now)
        try:
            value = state.read(scope)
            early = False
            details["_due"] = state.until(value, self._now)
        except StatesError as error:
            fault = error
        self._emit(branch, state.entered, details)
        if fault is not None:
            self._state_error(branch, fault, branch.before if early else None)
        elif details["_due"] <= self._now:
            self._waited(branch)

    def _waited(self, branch: Branch) -> None:
        state = branch.state
        assert isinstance(state, WaitState)
        try:
            if state.entry.plain and state.completion.plain:
                self._exit(branch, branch.text, None, state.next)
            else:
                scope = self._scope(branch)
                output, assigned = state.completion(scope, state.entry.data(scope))
                self._leave(branch, output, assigned, state.next)
        except StatesError as error:
            self._state_error(branch, error, None)

    def _schedule(self, branch: Branch, state: TaskState) -> None:
        scope = self._scope(branch)
        text = branch.text if state.entry.plain else dumps(state.entry.arguments(scope))
        terms = state.terms(scope)
        if too_large(text):
            raise self._over_limit(state.name)
        if state.is_function:
            self._emit(branch, "LambdaFunctionScheduled", {"input": text, "resource": state.resource, **terms})
            self._emit(branch, "LambdaFunctionStarted", {})
            return
        named = self._named(state)
        region = self.arn.split(":")[3]
        self._emit(branch, "TaskScheduled", {**named, "region": region, "parameters": text, **terms})
        self._emit(branch, "TaskStarted", named)

    @staticmethod
    def _named(state: TaskState) -> dict[str, Any]:
        return {"resourceType": state.integration.resource_type, "resource": state.integration.resource}

    def _fork(self, branch: Branch, state: ParallelState) -> None:
        details = {}
        if not state.entry.plain:
            details["_input"] = dumps(state.entry.arguments(self._scope(branch)))
        self._emit(branch, "ParallelStateStarted", details)

    def _map(self, branch: Branch, state: MapState) -> None:
        scope = self._scope(branch)
        scope.data = state.data(scope)
        items = state.items(scope)
        concurrency = state.concurrency(scope)
        self._emit(branch, "MapStateStarted", {"length": len(items), "_items": items, "_concurrency": concurrency})
        started = branch.last
        while branch.begun < len(items) and branch.active < branch.limit:
            self._iterate(branch, state, started)
        if not items:
            self._joined(branch)

    def _iterate(self, branch: Branch, state: MapState, previous: int) -> None:
        """Begin the next iteration of a Map."""
        index = branch.begun
        item = branch.items[index]
        scope = self._scope(branch)
        scope.data = state.data(scope)
        scope.context = {**scope.context, "Map": {"Item": {"Index": index, "Value": item}}}
        value = state.item_input(scope, item)
        text = dumps(value)
        self.memo = (text, value)
        self._emit(branch, "MapIterationStarted", {"name": state.name, "index": index, "_input": text}, previous)

    # ---- leaving a state

    def _leave(self, branch: Branch, output: Any, assigned: dict[str, Any] | None, next_: str | None) -> None:
        """Exit with a value."""
        if output is branch.value:
            text = branch.text
        else:
            text = dumps(output)
            if too_large(text):
                raise self._over_limit(branch.state.name if branch.state else "")
        self.memo = (text, output)
        self._exit(branch, text, assigned, next_)

    def _exit(self, branch: Branch, text: str, assigned: dict[str, Any] | None, next_: str | None) -> None:
        state = branch.state
        assert state is not None
        if text is branch.text:
            self.memo = (text, branch.value)
        details: dict[str, Any] = {"name": state.name, "output": text}
        if assigned:
            details["assignedVariables"] = {name: dumps(value) for name, value in assigned.items()}
        if next_ is not None:
            details["_next"] = next_
        exited = self._emit(branch, state.exited, details)
        if next_ is not None:
            return
        parent = branch.parent
        if parent is None:
            self._emit(branch, "ExecutionSucceeded", {"output": text})
            raise OverError
        if isinstance(parent.state, MapState):
            self._iterated(parent, parent.state, branch, exited)
        if parent.active == 0 and parent.phase == fold.JOIN:
            self._joined(parent)

    def _iterated(self, parent: Branch, state: MapState, branch: Branch, exited: int) -> None:
        """An iteration ended well. The next one points to its last Exited event, not to its success."""
        self._emit(parent, "MapIterationSucceeded", {"name": state.name, "index": branch.index}, exited)
        if parent.begun < len(parent.items):
            try:
                self._iterate(parent, state, exited)
            except StatesError as error:
                self._state_error(parent, error, None)

    def _joined(self, branch: Branch) -> None:
        """All branches or iterations are through. Succeeded and Exited point to the same event."""
        state = branch.state
        assert state is not None
        text = "[" + ",".join(one or "null" for one in branch.results) + "]"
        self._emit(branch, f"{state.type}StateSucceeded", {})
        self._complete(branch, state, text)

    def _complete(self, branch: Branch, state: State, text: str, value: Any = MISSING) -> None:
        """Result to output, for Task, Map and Parallel."""
        try:
            if state.completion.plain:
                if too_large(text):
                    raise self._over_limit(state.name)
                if value is not MISSING:
                    self.memo = (text, value)
                self._exit(branch, text, None, state.next)
                return
            if value is MISSING:
                value = loads(text)
            output, assigned = state.completion(self._scope(branch), value, shown=value)
            self._leave(branch, output, assigned, state.next)
        except StatesError as error:
            self._state_error(branch, error, None)

    # ---- failing

    @staticmethod
    def _over_limit(what: str) -> StatesError:
        return StatesError(
            errors.DATA_LIMIT_EXCEEDED,
            f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes "
            "service limit.",
        )

    @staticmethod
    def _explain(branch: Branch, state: State, error: StatesError) -> str:
        where = f"the state '{state.name}' (entered at the event id #{branch.entered_id})"
        return f"An error occurred while executing {where}. {error.cause}"

    def _state_error(self, branch: Branch, error: StatesError, previous: int | None) -> None:
        """A state could not evaluate something."""
        state = branch.state
        assert state is not None
        cause = self._explain(branch, state, error)
        if error.error == errors.QUERY_EVALUATION:
            details = {"error": error.error, "cause": cause, "state": state.name}
            if error.location:
                details["location"] = error.location
            self._emit(branch, "EvaluationFailed", details, previous)
        self._fail(branch, error.error, cause, own=True)

    def _fail(
        self, branch: Branch, error: str | None, cause: str | None, *, own: bool = False, last: int | None = None
    ) -> None:
        """The present state failed: retry, catch or give up.

        `own`: it failed itself, not something inside it. `last`: the event that what follows points back to.
        """
        state = branch.state
        assert state is not None
        last = branch.last if last is None else last
        name = error or ""
        index = choose(state.retriers, branch.tries, name)
        # A retry is written into an event of this step; an evaluation that fails again without one fails for good.
        if index is not None and len(self._out) > self._step_began:
            due = state.retriers[index].due(self._now, branch.tries.get(index, 0), self._random)
            self._amend([branch.key, index, due, last])
            return
        for catcher in state.catchers:
            if catcher.applies(name):
                self._close_join(branch, state, last)
                self._caught(branch, catcher, error, cause)
                return
        if not (own and name == errors.RUNTIME):
            self._close_join(branch, state, last)
        self._give_up(branch, error, cause)

    def _close_join(self, branch: Branch, state: State, last: int) -> None:
        if isinstance(state, MapState | ParallelState):
            self._emit(branch, f"{state.type}StateFailed", {}, last)

    def _caught(self, branch: Branch, catcher: Catcher, error: str | None, cause: str | None) -> None:
        told = {"Error": error or "", "Cause": cause or ""}
        try:
            output, assigned = catcher.completion(self._scope(branch, told), told)
            self._leave(branch, output, assigned, catcher.next)
        except StatesError as fault:
            state = branch.state
            assert state is not None
            self._give_up(branch, fault.error, self._explain(branch, state, fault))

    def _give_up(self, branch: Branch, error: str | None, cause: str | None) -> None:
        """No Retry and no Catch here."""
        if branch.parent is None:
            details = {key: text for key, text in (("error", error), ("cause", cause)) if text is not None}
            self._emit(branch, "ExecutionFailed", details)
            raise OverError
        self._fail_parent(branch, branch.parent, error, cause)

    def _fail_parent(self, branch: Branch, parent: Branch, error: str | None, cause: str | None) -> None:
        """A branch or iteration failed for good; so does what encloses it."""
        last = branch.last
        state = parent.state
        assert state is not None
        if isinstance(state, MapState):
            self._emit(parent, "MapIterationFailed", {"name": state.name, "index": branch.index}, last)
        for child in list(parent.children.values()):
            # Recorded from AWS: in a Parallel the state that failed is aborted too. In a Map its iteration says it.
            if child is branch and isinstance(state, MapState):
                continue
            self._abort(child)
            if isinstance(state, MapState):
                self._emit(parent, "MapIterationAborted", {"name": state.name, "index": child.index}, child.last)
        self._fail(parent, error, cause, last=last)

    def _abort(self, branch: Branch) -> None:
        """Say of each state that will not be left that it was aborted, innermost first."""
        for child in list(branch.children.values()):
            self._abort(child)
        if branch.state is not None and branch.state.type in ("Task", "Wait", "Map", "Parallel"):
            self._emit(branch, f"{branch.state.type}StateAborted", {}, branch.last)


def _chance() -> float:
    import random  # costs 5 ms that only a jittered retry is worth

    return random.random()  # noqa: S311 - spreads retries, keeps no secret
