"""What people ask of a history: which states ran, how long, how often, and how it ended.

In: events, ours or those GetExecutionHistory gave. Out: a Digest. Touches: nothing.

Uses AWS's own facts only (previous ids and names), so that it reads real executions as well as local ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stepmill.history.events import ENDINGS, Event

_SCHEDULED = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_FAILED = frozenset(
    {
        "TaskFailed",
        "TaskTimedOut",
        "TaskStartFailed",
        "TaskSubmitFailed",
        "LambdaFunctionFailed",
        "LambdaFunctionTimedOut",
        "LambdaFunctionScheduleFailed",
        "LambdaFunctionStartFailed",
        "ActivityFailed",
        "ActivityTimedOut",
        "ActivityScheduleFailed",
        "MapStateFailed",
        "MapRunFailed",
        "ParallelStateFailed",
        "EvaluationFailed",
    }
)
_SUCCEEDED = frozenset(
    {"TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded", "MapStateSucceeded", "ParallelStateSucceeded"}
)
# SageMaker requests by their kind of job and the field that names it.
_JOBS = {
    "createTrainingJob": ("training", "TrainingJobName"),
    "createProcessingJob": ("processing", "ProcessingJobName"),
}


@dataclass
class Attempt:
    """One try of a Task, Map or Parallel state. `map_run` is the ARN of a distributed Map's run."""

    started: float
    ended: float | None = None
    error: str | None = None
    cause: str | None = None
    resource: str | None = None
    job: tuple[str, str] | None = None
    map_run: str | None = None


@dataclass
class Visit:
    """One stay in one state. `branch` names what encloses it, outermost first: ("Each[2]", "Both[0]")."""

    state: str
    type: str
    branch: tuple[str, ...]
    entered: float
    exited: float | None = None
    status: str = "running"
    attempts: list[Attempt] = field(default_factory=list)
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next: str | None = None


@dataclass
class Digest:
    """One execution at a glance. Times are seconds since 1970, payloads JSON texts."""

    arn: str
    machine: str
    name: str
    status: str = "RUNNING"
    started: float | None = None
    ended: float | None = None
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    visits: list[Visit] = field(default_factory=list)

    def current(self) -> list[Visit]:
        """The visits that have not ended, in the order they began."""
        return [visit for visit in self.visits if visit.status in ("running", "retrying")]


def digest(arn: str, events: Sequence[Event]) -> Digest:
    """Fold a whole history."""
    digester = Digester(arn)
    for event in events:
        digester.feed(event)
    return digester.digest


class Digester:
    """A Digest that grows with each event fed to it, in order."""

    def __init__(self, arn: str) -> None:
        parts = arn.split(":")
        self.digest = Digest(arn, *(parts[6:8] if len(parts) >= 8 else ("", arn)))
        self._where: dict[int, tuple[str, ...]] = {0: (), 1: ()}
        self._open: dict[tuple[tuple[str, ...], str], Visit] = {}
        self._inside: dict[tuple[str, ...], Visit] = {}  # the visit a branch is in, or was in last
        self._parallels: dict[int, tuple[str, int]] = {}  # ParallelStateStarted → (state, branches begun)
        self._redrive = -1  # the latest ExecutionRedriven

    def feed(self, event: Event) -> None:
        """Take in the next event."""
        type_, details = event.type, event.details
        if type_.endswith("StateEntered"):
            self._entered(event)
        elif type_.endswith("StateExited"):
            self._exited(event)
        elif type_.startswith("MapIteration"):
            self._iteration(event)
        elif type_ == "ExecutionStarted":
            self.digest.started, self.digest.input = event.at, details.get("input")
        elif type_ in ENDINGS:
            self._ended(event)
        elif type_ == "ExecutionRedriven":
            self._redriven(event)
        else:
            self._happened(event)

    def _entered(self, event: Event) -> None:
        branch = self._where.get(event.previous, ())
        if event.previous in self._parallels:
            state, begun = self._parallels[event.previous]
            self._parallels[event.previous] = (state, begun + 1)
            branch = (*branch, f"{state}[{begun}]")
        name = event.details["name"]
        before = self._inside.get(branch)
        if before is not None:
            before.next = name
            if before.exited is None:
                again = event.previous == self._redrive and before.state == name
                self._close(branch, before, event.at, "failed" if again else "caught")
        visit = Visit(name, event.type.removesuffix("StateEntered"), branch, event.at, input=event.details.get("input"))
        self._where[event.id] = branch
        self._inside[branch] = self._open[branch, name] = visit
        self.digest.visits.append(visit)

    def _exited(self, event: Event) -> None:
        name = event.details["name"]
        branch = self._enclosing(event.previous, name)
        self._where[event.id] = branch
        visit = self._open.get((branch, name))
        if visit is None:
            return
        visit.output = event.details.get("output")
        self._close_inside(branch, visit, event.at)
        # The error of an attempt that a retry made good is the attempt's, not the visit's.
        caught = bool(visit.attempts and visit.attempts[-1].error is not None) or visit.status == "failed"
        if not caught:
            visit.error = visit.cause = None
        self._close(branch, visit, event.at, "caught" if caught else "succeeded")

    def _close(self, branch: tuple[str, ...], visit: Visit, at: float, status: str) -> None:
        visit.exited, visit.status = at, status
        self._open.pop((branch, visit.state), None)

    def _iteration(self, event: Event) -> None:
        name, index = event.details["name"], event.details["index"]
        branch = self._enclosing(event.previous, name)
        self._where[event.id] = (*branch, f"{name}[{index}]")
        if event.type == "MapIterationStarted":
            self._inside.pop((*branch, f"{name}[{index}]"), None)

    def _ended(self, event: Event) -> None:
        shown = self.digest
        shown.status, shown.ended = ENDINGS[event.type], event.at
        shown.output, shown.error, shown.cause = (event.details.get(key) for key in ("output", "error", "cause"))
        for (branch, _), visit in list(self._open.items()):
            failed = shown.status == "FAILED" and (visit.status == "failed" or visit.type == "Fail" or not branch)
            if failed:
                visit.error, visit.cause = visit.error or shown.error, visit.cause or shown.cause
            self._close(branch, visit, event.at, "failed" if failed else "stopped")

    def _redriven(self, event: Event) -> None:
        """What failed or was stopped goes on, with all that encloses it."""
        shown = self.digest
        shown.status, shown.ended = "RUNNING", None
        shown.output = shown.error = shown.cause = None
        self._where[event.id], self._redrive = (), event.id
        for branch in sorted(self._inside, key=len):
            around = [self._inside.get(branch[:depth]) for depth in range(len(branch))]
            visit = self._inside[branch]
            if visit.status in ("failed", "stopped") and all(one is None or one.exited is None for one in around):
                visit.status, visit.exited = "running", None
                self._open[branch, visit.state] = visit

    def _happened(self, event: Event) -> None:
        """An event inside a visit: a try begins, is accepted, succeeds or fails."""
        type_, details = event.type, event.details
        branch = self._where.get(event.previous, ())
        visit = self._inside.get(branch)
        if type_.startswith(("MapState", "ParallelState")):
            branch, visit = self._joining(branch, type_)
        elif type_ == "EvaluationFailed" and "state" in details:
            # Its previous id can be that of the event before the state was entered.
            named = [(b, v) for (b, name), v in self._open.items() if name == details["state"]]
            branch, visit = named[-1] if named else (branch, visit)
        self._where[event.id] = branch
        if visit is None:
            return
        if type_ in _SCHEDULED or type_ in ("MapStateStarted", "ParallelStateStarted"):
            self._tried(branch, visit, event)
        elif type_ in _FAILED:
            self._close_inside(branch, visit, event.at)
            visit.error, visit.cause = details.get("error", visit.error), details.get("cause", visit.cause)
            visit.status = "retrying" if details.get("_retry", [None])[0] == details.get("_branch", "") else "failed"
            if visit.attempts:
                last = visit.attempts[-1]
                last.ended, last.error, last.cause = event.at, visit.error or visit.type + "Failed", visit.cause
        elif type_ in ("MapRunStarted", "MapRunRedriven") and visit.attempts:
            visit.attempts[-1].map_run = details.get("mapRunArn")
        elif type_ in _SUCCEEDED and visit.attempts:
            visit.attempts[-1].ended = event.at
        elif type_.endswith("StateAborted") and visit.exited is None:
            self._close(branch, visit, event.at, "failed" if visit.status == "failed" else "stopped")

    def _joining(self, branch: tuple[str, ...], type_: str) -> tuple[tuple[str, ...], Visit | None]:
        """The Map or Parallel an event is about, which its previous event may be deep inside of."""
        kind, _, what = type_.partition("State")
        while True:
            visit = self._inside.get(branch)
            fits = visit is not None and visit.type == kind and visit.exited is None
            # A second Started is a retry, and what has failed for good is not retried.
            if fits and not (what == "Started" and visit is not None and visit.status == "failed"):
                return branch, visit
            if not branch:
                return branch, visit
            branch = branch[:-1]

    def _tried(self, branch: tuple[str, ...], visit: Visit, event: Event) -> None:
        """A try begins; in a Map or Parallel it ends what the one before left open."""
        self._close_inside(branch, visit, event.at)
        if visit.attempts and visit.attempts[-1].ended is None:
            last = visit.attempts[-1]
            last.ended, last.error = event.at, last.error or f"{visit.type}Failed"
        visit.status = "running"
        visit.attempts.append(Attempt(event.at, resource=event.details.get("resource"), job=_job(event.details)))
        if event.type == "ParallelStateStarted":
            self._parallels[event.id] = (visit.state, 0)

    def _close_inside(self, branch: tuple[str, ...], visit: Visit, at: float) -> None:
        """End what is open in the branches of a Map or Parallel."""
        if visit.type not in ("Map", "Parallel"):
            return
        for (inner, _), one in list(self._open.items()):
            if len(inner) > len(branch) and inner[: len(branch)] == branch and _within(inner[len(branch)], visit.state):
                self._close(inner, one, at, "failed" if one.status == "failed" or one.type == "Fail" else "stopped")

    def _enclosing(self, event_id: int, name: str) -> tuple[str, ...]:
        """The branch, at or around that of an event, in which the named state is open."""
        branch = self._where.get(event_id, ())
        while branch and (branch, name) not in self._open:
            branch = branch[:-1]
        return branch


def _within(part: str, state: str) -> bool:
    """Whether a part of a branch, "Each[2]", belongs to a state, "Each"."""
    return part.rpartition("[")[0] == state


def _job(details: dict[str, Any]) -> tuple[str, str] | None:
    """The SageMaker job a TaskScheduled asks for."""
    operation = str(details.get("resource", "")).partition(".")[0]
    if details.get("resourceType") != "sagemaker" or operation not in _JOBS:
        return None
    kind, key = _JOBS[operation]
    try:
        name = json.loads(details.get("parameters", "null"))[key]
    except (ValueError, TypeError, KeyError):
        return None
    return kind, str(name)
