"""How a state ends: left, retried, caught or given up, and what that means for the Parallel or Map around it.

In: a branch whose state has a result or an error. Out: events, already applied. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import MISSING
from stepmill.asl.text import dumps
from stepmill.engine.blocks import MapState, ParallelState
from stepmill.engine.branch import JOIN, TASK, Branch
from stepmill.engine.data import PAYLOAD_LIMIT, VARIABLES_LIMIT, loads, too_large
from stepmill.engine.distributed import DistributedMapState
from stepmill.engine.emitting import Emitting, OverError, chance
from stepmill.engine.retry import Catcher, choose
from stepmill.engine.states import (
    State,
)
from stepmill.engine.tasks import TaskState


class Leaving(Emitting):
    """An Emitting that can leave states."""

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
        if assigned:
            self._check_sizes(branch, assigned)
        self.memo = (text, output)
        self._exit(branch, text, assigned, next_)

    @staticmethod
    def _check_sizes(branch: Branch, assigned: dict[str, Any]) -> None:
        """AWS's limits: 256 KiB for a variable and an Assign, 10 MiB for all that a state sees. What it says then is
        not recorded. https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"""
        text = dumps(assigned)
        if too_large(text):
            raise StatesError(errors.DATA_LIMIT_EXCEEDED, "The variables of an Assign are larger than 262144 bytes.")
        if len(branch.variables) * PAYLOAD_LIMIT > VARIABLES_LIMIT:
            kept = {**branch.variables, **assigned}
            if len(dumps(kept).encode("utf-8", "surrogatepass")) > VARIABLES_LIMIT:
                words = f"The variables are larger than {VARIABLES_LIMIT} bytes together."
                raise StatesError(errors.DATA_LIMIT_EXCEEDED, words)

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
        if parent.active == 0 and parent.phase == JOIN:
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
        self,
        branch: Branch,
        error: str | None,
        cause: str | None,
        *,
        own: bool = False,
        last: int | None = None,
        matched: str | None = None,
    ) -> None:
        """The present state failed: retry, catch or give up.

        `own`: it failed itself, not something inside it. `last`: the event that what follows points back to. `matched`:
        the name that Retry and Catch know the error by, where it is another.
        """
        state = branch.state
        assert state is not None
        last = branch.last if last is None else last
        name = matched or error or ""
        index = choose(state.retriers, branch.tries, name)
        # A retry is written into an event of this step; an evaluation that fails again without one fails for good.
        if index is not None and len(self._out) > self._step_began:
            due = state.retriers[index].due(self._now, branch.tries.get(index, 0), self._random or chance)
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
        # Recorded: a task that is failed by its token without an error and a cause has null for them.
        nothing = None if isinstance(branch.state, TaskState) and error is None else ""
        told = {"Error": error or nothing, "Cause": cause or nothing}
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
            if isinstance(branch.state, DistributedMapState) and branch.phase == TASK:
                self._emit(branch, "MapRunAborted", {}, branch.last)
