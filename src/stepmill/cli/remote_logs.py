"""What the jobs and functions of an execution on AWS say, read from CloudWatch Logs.

In: a function that asks AWS, the events of an execution. Out: lines by state, curves by job. Touches: AWS, to read.

SageMaker writes a job's log into streams `<job>/…` of one log group per kind of job; Lambda writes one group per
function, whose invocations are told apart by their request ids (SageMaker developer guide, "CloudWatch Logs for Amazon
SageMaker AI"; Lambda developer guide, "Sending function logs to CloudWatch Logs").
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from stepmill.asl.timestamps import render
from stepmill.cli.reading import LAST
from stepmill.cli.speakers import OWN_LINES, Heard, Line, Spoken
from stepmill.console.text import Curve
from stepmill.console.words import log_line
from stepmill.deploy.aws.consoles import job_log_group
from stepmill.history.digest import Attempt, Digest, Visit
from stepmill.history.events import Event

Ask = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any] | None]
"""service, operation, request as boto3 spells them → the answer, or None where there is none."""

EVERY: Final = 2.0  # seconds between two looks at one log: GetLogEvents answers 25 requests a second in a whole account
LATE: Final = 15.0  # seconds within which CloudWatch has what was said before a job or a call ended
_PAGES: Final = 20  # in one look, a megabyte each at most: where curves alone are wanted, a flood is not waited for
_MOST: Final = 10_000
_LONGEST: Final = 16 * 1024  # characters of a line in which metrics are looked for
_EARLY: Final = 1.0  # seconds by which the clock of Lambda may be behind that of Step Functions


class JobLog:
    """The log of one job, read on from where it was left."""

    def __init__(self, ask: Ask, kind: str, name: str, attempt: Attempt, patterns: Patterns, *, keep: bool) -> None:
        self.patterns = patterns
        self._ask = ask
        self._group, self._prefix = job_log_group(kind), f"{name}/"
        self._attempt = attempt
        self._keep = keep
        self._tokens: dict[str, str] = {}
        self._fresh: list[tuple[str, str]] = []
        self._next = 0.0
        self._over: float | None = None

    def lines(self) -> list[tuple[str, str]]:
        """(time, text) of what came since the last look."""
        self.look()
        found, self._fresh = self._fresh, []
        return found

    def look(self) -> None:
        """Read what is new, unless that was done just now or nothing can come any more."""
        now = time.monotonic()
        if self._attempt.ended is not None and self._over is None:
            self._over, self._next = now, now  # at its end at once, and a few times more
        if now < self._next or (self._over is not None and now > self._over + LATE):
            return
        asked = {"logGroupName": self._group, "logStreamNamePrefix": self._prefix}
        found = (self._ask("logs", "DescribeLogStreams", asked) or {}).get("logStreams", [])
        events = [event for stream in found for event in self._new(str(stream["logStreamName"]))]
        for event in sorted(events, key=lambda event: event["timestamp"]):  # of several machines, in order of time
            text = log_line(str(event["message"]).rstrip("\n"))
            self.patterns.line(text)
            if self._keep:
                self._fresh.append((render(event["timestamp"] / 1000), text))
        self._next = time.monotonic() + EVERY

    def _new(self, stream: str) -> Iterator[Mapping[str, Any]]:
        asked: dict[str, Any] = {"logGroupName": self._group, "logStreamName": stream, "startFromHead": True}
        for _ in range(_MOST if self._keep else _PAGES):
            token = self._tokens.get(stream)
            answer = self._ask("logs", "GetLogEvents", asked | ({"nextToken": token} if token else {}))
            if answer is None:
                return
            yield from answer["events"]
            self._tokens[stream] = str(answer["nextForwardToken"])
            if answer["nextForwardToken"] == token:
                return  # the end of the stream, so far (API reference)


class Patterns:
    """Metrics out of log lines, by a training job's `MetricDefinitions`: group 1 of each match is a value."""

    def __init__(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        self._found: dict[str, list[float]] = {}
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        for each in definitions:
            try:
                pattern = re.compile(str(each.get("Regex", "")))
            except re.error:
                continue  # SageMaker's dialect is not Python's; the final values are shown instead
            if pattern.groups:
                self._patterns.append((str(each.get("Name", "")), pattern))

    def line(self, text: str) -> None:
        """One line of the log."""
        for name, pattern in self._patterns:
            for match in pattern.finditer(text, 0, _LONGEST):
                try:
                    value = float(match[1])
                except (TypeError, ValueError):
                    continue
                if value - value == 0:  # neither NaN nor infinite
                    self._found.setdefault(name, []).append(value)

    @property
    def any(self) -> bool:
        """Whether there is something to look for."""
        return bool(self._patterns)

    def curves(self) -> list[Curve]:
        """What was found so far."""
        return [Curve(name, values) for name, values in self._found.items()]


class CloudSpeakers(Spoken):
    """The jobs and functions of one execution on AWS."""

    def __init__(self, ask: Ask, digest: Digest, *, keep: bool = True) -> None:
        super().__init__(digest)
        self._ask = ask
        self._keep = keep
        self._patterns: dict[str, Patterns] = {}
        self._logs: dict[str, JobLog] = {}
        self._requests: dict[int, str] = {}  # id(attempt) → the request id of its invocation
        self._heard: dict[int, set[str]] = {}  # id(attempt) → ids of log events that were given
        self._next: dict[int, float] = {}
        self._over: dict[int, float] = {}

    def feed(self, event: Event) -> None:
        """Take in the next event."""
        super().feed(event)
        if event.details.get("resourceType") == "sagemaker" and event.type == "TaskScheduled":
            self._asked(event)
        elif event.details.get("resourceType") == "lambda" and event.type in ("TaskSucceeded", "TaskFailed"):
            self._answered(event)

    def tail(self, named: tuple[str, str], attempt: Attempt) -> Heard | None:
        """The log of a job, or of one that will be there soon."""
        kind, name = named
        if name not in self._logs:
            patterns = self._patterns.get(name) or Patterns(())
            self._logs[name] = JobLog(self._ask, kind, name, attempt, patterns, keep=self._keep)
        return self._logs[name]

    def curves(self, name: str) -> list[Curve]:
        """The metrics in a training job's log so far; nothing when its request has no MetricDefinitions."""
        patterns = self._patterns.get(name)
        named = next((named for named in self._jobs if named[1] == name), None)
        if patterns is None or not patterns.any or named is None:
            return []
        if (log := self.tail(named, self._jobs[named][1])) and isinstance(log, JobLog):
            log.look()
        return patterns.curves()

    def said(self, state: str | None) -> Iterator[Line]:
        """What functions said in calls that have ended: only then is the id known by which a call's lines are told
        from those of others."""
        now = time.monotonic()
        for name, calls in self._calls.items():
            for visit, attempt in calls:
                key = id(attempt)
                if attempt.ended is None or state not in (None, visit.state) or now < self._next.get(key, 0):
                    continue
                if now > self._over.setdefault(key, now) + LATE:
                    continue
                self._next[key] = now + EVERY
                yield from self._of_call(name, visit, attempt)

    def _of_call(self, name: str, visit: Visit, attempt: Attempt) -> Iterator[Line]:
        request, heard = self._requests.get(id(attempt), ""), self._heard.setdefault(id(attempt), set())
        begin, end = attempt.started - _EARLY, (attempt.ended or attempt.started) + _EARLY
        asked: dict[str, Any] = {
            "logGroupName": f"/aws/lambda/{name}",
            "startTime": int(begin * 1000),
            "endTime": int(end * 1000),
        }
        events = []
        for _ in range(_PAGES):
            answer = self._ask("logs", "FilterLogEvents", asked)
            if answer is None:
                return
            events += answer["events"]
            if not answer.get("nextToken"):
                break
            asked["nextToken"] = answer["nextToken"]
        for event in of_request(events, request):
            text = str(event["message"]).rstrip("\n")
            if event["eventId"] not in heard and not text.startswith(OWN_LINES):
                heard.add(event["eventId"])
                yield Line(visit.state, render(event["timestamp"] / 1000), log_line(text))

    def _asked(self, event: Event) -> None:
        try:
            request = json.loads(event.details.get("parameters", "null"))
            name, training = request.get("TrainingJobName"), request.get("AlgorithmSpecification") or {}
        except (ValueError, AttributeError):
            return
        if name:
            self._patterns[str(name)] = Patterns(training.get("MetricDefinitions") or ())

    def _answered(self, event: Event) -> None:
        """The request id: in the answer of a call that succeeded, and in the error of a Python function."""
        try:
            if event.type == "TaskSucceeded":
                found = json.loads(event.details["output"])["SdkResponseMetadata"]["RequestId"]
            else:
                found = json.loads(event.details["cause"])["requestId"]
        except (ValueError, TypeError, KeyError):
            return
        for calls in self._calls.values():
            for _, attempt in calls:
                if attempt.ended == event.at and id(attempt) not in self._requests:
                    self._requests[id(attempt)] = str(found)
                    return


def of_request(events: Sequence[Mapping[str, Any]], request: str) -> list[Mapping[str, Any]]:
    """Of a function's log events, those of one invocation.

    In each stream invocations follow each other, each after its line `START RequestId: …`. Where no such line names the
    request (logs in JSON, an id that is not known), the events that hold the id are meant, and else all of them.
    """
    now: dict[str, str] = {}
    own, holding = [], []
    for event in events:
        text, stream = str(event["message"]), str(event.get("logStreamName", ""))
        if found := re.match(r"START RequestId: ([\w-]+)", text):
            now[stream] = found[1]
        if request and now.get(stream) == request:
            own.append(event)
        if request and request in text:
            holding.append(event)
        if text.startswith("END RequestId: "):
            now.pop(stream, None)
    return own or holding or list(events)


def last_of_job(ask: Ask, kind: str, name: str, count: int = LAST) -> list[str]:
    """The last lines of a job's log."""
    group = job_log_group(kind)
    asked = {"logGroupName": group, "logStreamNamePrefix": f"{name}/"}
    events: list[Mapping[str, Any]] = []
    for stream in (ask("logs", "DescribeLogStreams", asked) or {}).get("logStreams", []):
        wanted = {"logGroupName": group, "logStreamName": stream["logStreamName"], "limit": 4 * count}
        events += (ask("logs", "GetLogEvents", wanted) or {}).get("events", [])
    events.sort(key=lambda event: event["timestamp"])
    lines = [log_line(str(event["message"]).rstrip("\n")) for event in events]
    return [line for line in lines if line.strip()][-count:]
