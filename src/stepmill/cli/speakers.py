"""Collects what the jobs and functions of one execution say, as it comes.

In: the events of an execution, each after its digest took it in. Out: new lines by state. Touches: reads log files.
On AWS the logs are elsewhere: `remote_logs` puts them in place of the files.

A job has a log of its own. A function has one for all its invocations, of which an execution's are those that fell
into its tasks; two executions that call one function at the same moment see each other's lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from stepmill.cli.jobs import find_job
from stepmill.cli.tail import Tail
from stepmill.history.digest import Attempt, Digest, Visit
from stepmill.history.events import Event
from stepmill.stage import Settings

OWN_LINES = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ")
_SLACK = 0.005  # seconds between a worker's clock and the engine's event


class Line(NamedTuple):
    """One line somebody said: in which state, when (ISO 8601, may be empty), what."""

    state: str
    when: str
    text: str


class Heard(Protocol):
    """A log that grows."""

    def lines(self) -> list[tuple[str, str]]:
        """(time, text) of what came since the last look; the text is safe to print."""
        ...


class Spoken:
    """Who speaks in one execution: the jobs and the calls of functions that its events tell of.

    A subclass says where the logs are: `tail` gives a job's, `said` what functions said.
    """

    def __init__(self, digest: Digest) -> None:
        self._digest = digest
        self._known: set[int] = set()
        self._jobs: dict[tuple[str, str], tuple[Visit, Attempt, Heard | None]] = {}
        self._calls: dict[str, list[tuple[Visit, Attempt]]] = {}

    def tail(self, named: tuple[str, str], attempt: Attempt) -> Heard | None:
        """The log of a job, or None as long as there is no job."""
        raise NotImplementedError

    def said(self, state: str | None) -> Iterator[Line]:
        """What functions said since the last time, in one state or in all."""
        raise NotImplementedError

    def feed(self, event: Event) -> None:
        """Take in the next event."""
        if event.type not in ("TaskScheduled", "LambdaFunctionScheduled"):
            return
        for visit in reversed(self._digest.visits):
            attempt = visit.attempts[-1] if visit.attempts else None
            if attempt is not None and attempt.started == event.at and id(attempt) not in self._known:
                self._known.add(id(attempt))
                if attempt.job is not None:
                    self._jobs[attempt.job] = (visit, attempt, None)
                elif name := function_of(event.details):
                    self._calls.setdefault(name, []).append((visit, attempt))
                return

    @property
    def any(self) -> bool:
        """Whether anybody was asked to do something."""
        return bool(self._jobs or self._calls)

    def lines(self, state: str | None = None) -> list[Line]:
        """What was said since the last time, in one state or in all, in the order of time."""
        return sorted((*self._of_jobs(state), *self.said(state)), key=lambda line: line.when)

    def _of_jobs(self, state: str | None) -> Iterator[Line]:
        for named, (visit, attempt, tail) in self._jobs.items():
            if state in (None, visit.state):
                if tail is None:
                    tail = self.tail(named, attempt)
                    if tail is None:
                        continue  # asked for, not made yet
                    self._jobs[named] = (visit, attempt, tail)
                for when, text in tail.lines():
                    yield Line(visit.state, when, text)


class Speakers(Spoken):
    """The logs of one execution of this machine, each read on from where it was left."""

    def __init__(self, settings: Settings, digest: Digest) -> None:
        super().__init__(digest)
        self._settings = settings
        self._functions: dict[str, Tail] = {}

    def tail(self, named: tuple[str, str], attempt: Attempt) -> Heard | None:
        """The log in the job's folder."""
        job = find_job(self._settings, named)
        return None if job is None else Tail(job.log)

    def said(self, state: str | None) -> Iterator[Line]:
        """Of a function's log, the lines that fell into this execution's calls."""
        for name in self._calls:
            if name not in self._functions:
                self._functions[name] = Tail(self._settings.store / "functions" / name / "log")
            for when, text in self._functions[name].lines():
                visit_then = self._at(name, when)
                if visit_then in (None, "") or text.startswith(OWN_LINES):
                    continue
                if state in (None, visit_then):
                    yield Line(str(visit_then), when, text)

    def _at(self, name: str, when: str) -> str | None:
        """The state that called the function at a time."""
        try:
            at = datetime.fromisoformat(when).timestamp()
        except ValueError:
            return None
        # a line's time is rounded, so the call it fell into, or the one it missed by least
        missed = [
            (max(0.0, attempt.started - at, at - (attempt.ended or at)), -attempt.started, visit.state)
            for visit, attempt in self._calls[name]
        ]
        nearest = min(missed)
        return nearest[2] if nearest[0] <= _SLACK else None


def function_of(details: Mapping[str, Any]) -> str:
    """The name of the function a task calls; empty when it calls none."""
    if "resourceType" not in details:
        name = details.get("resource", "")
    elif details["resourceType"] == "lambda":
        try:
            name = json.loads(details.get("parameters", "null"))["FunctionName"]
        except (ValueError, TypeError, KeyError):
            return ""
    else:
        return ""
    parts = str(name).split(":")
    return parts[parts.index("function") + 1] if "function" in parts[:-1] else parts[0]
