"""An execution: takes in the time and signals, gives out events.

In: now, signals. Out: events, already applied. Touches: nothing.

If the events cannot be committed, the Execution is thrown away and folded again from what is on disk.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from stepmill.asl import errors
from stepmill.asl.text import dumps
from stepmill.engine.branch import REDRIVE, RETRY, WAIT, Branch
from stepmill.engine.data import too_large
from stepmill.engine.distributed import DistributedMapState
from stepmill.engine.emitting import OverError
from stepmill.engine.signals import Beat, Begun, Failed, Finished, Signal, Stop, Submitted
from stepmill.engine.steps import Steps
from stepmill.engine.tasks import TaskState
from stepmill.history.events import Event


class Execution(Steps):
    """One execution of a machine.

    `apply` takes in an event, live and after a crash alike; `advance` decides what happens next.
    """

    def start(self, now: float, details: dict[str, Any]) -> list[Event]:
        """The first event. `details`: input (JSON text), roleArn, and ours: `_machine`, `_name`, `_machine_arn`."""
        event = Event(1, 0, now, "ExecutionStarted", details)
        self.apply(event)
        return [event]

    def advance(self, now: float, signals: Sequence[Signal] = (), budget: int = 1000) -> list[Event]:
        """Take in signals, then go on with every branch until it must wait, or until `budget` events are made."""
        self._now = now
        self._out = []
        if self.ended is not None:
            return []
        try:
            for signal in signals:
                self._step()
                self._signal(signal)
            self._timeouts(now)
            while self.ready and len(self._out) < budget:
                self._step()
                branch = next(iter(self.ready.values()))
                if branch.phase == REDRIVE:
                    self._again(branch)
                else:
                    self._enter(branch)
        except OverError:
            pass
        return self._out

    def _again(self, branch: Branch) -> None:
        """A redrive: what the state of this branch asked for is asked for anew."""
        state = branch.state
        assert state is not None
        if isinstance(state, DistributedMapState):
            self._redrive_run(branch, self.facts["_redrives"])
        else:
            self._work(branch, state)

    def _signal(self, signal: Signal) -> None:
        if isinstance(signal, Stop):
            details = {key: text for key, text in (("error", signal.error), ("cause", signal.cause)) if text}
            self._emit(self.root, "ExecutionAborted", details)
            raise OverError
        branch = self.acts.get(signal.act.event)
        if branch is None:
            return  # its outcome is known already
        state = branch.state
        if isinstance(state, DistributedMapState):
            self._run_ended(branch, state, signal)
            return
        assert isinstance(state, TaskState)
        if isinstance(signal, Submitted):
            if not branch.submitted and state.integration.pattern != "request":
                self._emit(branch, "TaskSubmitted", {**state.named(), "output": dumps(signal.output)})
        elif isinstance(signal, Begun):
            if not branch.submitted:
                worker = {} if signal.worker is None else {"workerName": signal.worker}
                self._emit(branch, "ActivityStarted", worker)
        elif isinstance(signal, Beat):
            self.beat(branch, self._now)
        elif isinstance(signal, Finished):
            self._task_finished(branch, state, signal)
        else:
            self._task_failed(branch, state, signal)

    def _run_ended(self, branch: Branch, state: DistributedMapState, signal: Signal) -> None:
        """Succeeded points to the run's success, Exited to its start (recorded from AWS)."""
        text = ""
        if isinstance(signal, Finished):
            text = dumps(signal.output)
            if too_large(text):
                signal = Failed(signal.act, errors.DATA_LIMIT_EXCEEDED, self._over_limit(state.name).cause)
        if isinstance(signal, Finished):
            succeeded = self._emit(branch, "MapRunSucceeded", {})
            self._emit(branch, "MapStateSucceeded", {}, succeeded)
            self._complete(branch, state, text, signal.output)
        elif isinstance(signal, Failed):
            details = {"error": signal.error, **({"cause": signal.cause} if signal.cause is not None else {})}
            self._emit(branch, "MapRunFailed", details)
            self._fail(branch, signal.error, signal.cause)

    def _task_finished(self, branch: Branch, state: TaskState, signal: Finished) -> None:
        text = dumps(signal.output)
        if too_large(text):
            what = state.resource if state.events != "Task" else state.integration.resource_type
            self._task_failed(
                branch, state, Failed(signal.act, errors.DATA_LIMIT_EXCEEDED, self._over_limit(what).cause)
            )
            return
        self._emit(branch, f"{state.events}Succeeded", {**state.named(), "output": text})
        self._complete(branch, state, text, signal.output)

    def _task_failed(self, branch: Branch, state: TaskState, signal: Failed) -> None:
        told = {"error": signal.error, "cause": signal.cause}
        details = {**state.named(), **{key: text for key, text in told.items() if text is not None}}
        refused = state.integration.pattern == "sync" and not branch.submitted
        self._emit(branch, "TaskSubmitFailed" if refused else f"{state.events}Failed", details)
        self._fail(branch, signal.error, signal.cause)

    def _timeouts(self, now: float) -> None:
        """Everything that is due."""
        while (due := self.next_due()) is not None and due <= now:
            if self.deadline is not None and self.deadline <= now:
                self._step()
                self._emit(self.root, "ExecutionTimedOut", {"error": errors.TIMEOUT})
                raise OverError
            self._step()
            branch = heapq.heappop(self.timers)[2]
            state = branch.state
            assert state is not None
            if branch.phase == WAIT:
                self._waited(branch)
            elif branch.phase == RETRY:
                self._work(branch, state)
            elif isinstance(state, TaskState):
                _, started, timeout = branch.request
                # Recorded: the event says States.Timeout of a missed heartbeat too. The guide has a name for it that a
                # Retry or Catch may use.
                missed = timeout is None or now < started + timeout
                self._emit(branch, f"{state.events}TimedOut", {**state.named(), "error": errors.TIMEOUT})
                self._fail(branch, errors.TIMEOUT, None, matched=errors.HEARTBEAT_TIMEOUT if missed else None)
