"""What happens next in one branch: a state is entered and does its work.

In: a branch that is ready. Out: events, already applied. Touches: nothing.

Decisions only: each is said as an event, and `Fold.apply` changes the state. Everything random or evaluated is in the
events. Time and signals come in at `execution`.
"""

from __future__ import annotations

from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.text import dumps
from stepmill.engine import tokens
from stepmill.engine.blocks import MapState, ParallelState
from stepmill.engine.branch import Branch
from stepmill.engine.data import too_large
from stepmill.engine.distributed import DistributedMapState, names
from stepmill.engine.leaving import Leaving
from stepmill.engine.signals import act_name
from stepmill.engine.states import (
    ChoiceState,
    FailState,
    PassState,
    State,
    SucceedState,
    WaitState,
)
from stepmill.engine.tasks import TaskState


class Steps(Leaving):
    """A Leaving that can take steps of its own."""

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
        ours: dict[str, Any] = {}
        if state.integration.pattern == "token":
            ours["_token"] = self._token()
            if not state.is_activity:
                scope.context = {**scope.context, "Task": {"Token": ours["_token"]}}
        text = branch.text if state.entry.plain else dumps(state.entry.arguments(scope))
        terms = state.terms(scope)
        if too_large(text):
            raise self._over_limit(state.name)
        if state.is_activity and not self._is_there(state.resource):
            raise StatesError(errors.RUNTIME, f"The activity {state.resource} does not exist.")
        named = state.named()
        if not named:
            details = {"input": text, "resource": state.resource, **terms, **ours}
            self._emit(branch, f"{state.events}Scheduled", details)
        else:
            region = self.arn.split(":")[3]
            self._emit(branch, "TaskScheduled", {**named, "region": region, "parameters": text, **terms, **ours})
        if not state.is_activity:
            self._emit(branch, f"{state.events}Started", named)

    def _token(self) -> str:
        """A task token: where the next event stands, and what nobody can guess."""
        return tokens.make(act_name(self.arn, self.last_id + 1), self._random)

    def _fork(self, branch: Branch, state: ParallelState) -> None:
        details = {}
        if not state.entry.plain:
            details["_input"] = dumps(state.entry.arguments(self._scope(branch)))
        self._emit(branch, "ParallelStateStarted", details)

    def _map(self, branch: Branch, state: MapState) -> None:
        scope = self._scope(branch)
        scope.data = state.data(scope)
        items = [] if isinstance(state, DistributedMapState) and state.reads else state.items(scope)
        concurrency = state.concurrency(scope)
        if isinstance(state, DistributedMapState):
            self._map_run(branch, state, scope, items, concurrency)
            return
        self._emit(branch, "MapStateStarted", {"length": len(items), "_items": items, "_concurrency": concurrency})
        # AWS takes tolerances in an inline Map too (recorded); that it heeds them there is not, and failing is safe.
        state.tolerance(scope)
        started = branch.last
        while branch.begun < len(items) and branch.active < branch.limit:
            self._iterate(branch, state, started)
        if not items:
            self._joined(branch)

    def _map_run(
        self, branch: Branch, state: DistributedMapState, scope: Scope, items: list[Any], concurrency: int
    ) -> None:
        """The order is AWS's, recorded: a tolerance that cannot be read fails after MapStateStarted."""
        details: dict[str, Any] = {"length": len(items)}
        if not state.reads:
            details["_items"] = items
        self._emit(branch, "MapStateStarted", details)
        plan = {"concurrency": concurrency, **state.plan(scope)}
        arn, _ = names(self.arn, self.last_id + 1, state, self.facts.get("_machine_arn", ""))
        self._emit(branch, "MapRunStarted", {"mapRunArn": arn, "_run": plan})

    def _redrive_run(self, branch: Branch, count: int) -> None:
        """Ask for a Map Run once more: only what has not succeeded runs again. `branch` is in its distributed Map;
        `count` says how often its run has been redriven, this time included."""
        arn = branch.request[0]
        self._emit(branch, "MapRunRedriven", {"mapRunArn": arn, "redriveCount": count}, branch.started_id)
