"""Executions on AWS, seen by a verb that looks.

In: an Account; ARNs and names. Out: rows, digests, jobs, logs, curves, the console's URLs. Touches: AWS, only to read.

The sibling of `reading.Reader`: what both answer is one shape, so that pictures and reports do not know where a run is.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from stepmill.cli.reading import chosen
from stepmill.cli.refusal import Refusal, nearest
from stepmill.cli.remote_logs import EVERY, CloudSpeakers, last_of_job
from stepmill.cli.screen import say
from stepmill.cli.speakers import function_of
from stepmill.console.text import Curve
from stepmill.deploy.aws.account import AwsRefusal
from stepmill.deploy.aws.consoles import console_urls, job_log_group, log_group
from stepmill.deploy.refusals import DeployRefused
from stepmill.history.aws import Reading
from stepmill.history.digest import Digest, Digester, Visit
from stepmill.jobs.state import JobState

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Account
    from stepmill.history.events import Event

SERVICES: Final = ("stepfunctions",)
_GONE: Final = frozenset({"StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFound", "InvalidArn"})
_DESCRIBE: Final = {
    "training": ("DescribeTrainingJob", "TrainingJobName", "TrainingJobStatus"),
    "processing": ("DescribeProcessingJob", "ProcessingJobName", "ProcessingJobStatus"),
}
_PAGE: Final = 1000  # the most that ListExecutions and ListStateMachines give at once (API reference)
_NEWEST: Final = 100  # executions of each machine among which a beginning of a name is looked for


class RemoteJob:
    """A SageMaker job on AWS: (kind, name), and what its description says."""

    def __init__(self, kind: str, name: str, ask: Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None]) -> None:
        self.kind = kind
        self.name = name
        self._ask = ask

    def described(self) -> Mapping[str, Any]:
        """DescribeTrainingJob's or DescribeProcessingJob's answer; empty when it may not be read."""
        operation, key, _ = _DESCRIBE[self.kind]
        return self._ask(operation, {key: self.name}) or {}

    def state(self) -> JobState:
        """The same in the words that a local job has. SageMaker tells no exit code but in its FailureReason."""
        found = self.described()
        return JobState(
            status=str(found.get(_DESCRIBE[self.kind][2], "")),
            secondary=str(found.get("SecondaryStatus", "")),
            created=seconds(found.get("CreationTime")) or 0.0,
            failure_reason=found.get("FailureReason") or found.get("ExitMessage"),
            model=found.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            metrics=tuple(
                (each["MetricName"], float(each["Value"]), seconds(each.get("Timestamp")) or 0.0)
                for each in found.get("FinalMetricDataList", ())
            ),
        )


class Remote:
    """The executions of one account and region."""

    tick = EVERY
    """Seconds between two looks at what grows."""
    late = EVERY + 0.2
    """Seconds after an end until CloudWatch has most of what was said, and is looked at again."""
    store = None
    """There is none."""

    def __init__(self, account: Account, sources: Mapping[str, str] | None = None) -> None:
        """sources: JSON pointer of a state → `pipeline.py:41`, where the pipeline is at hand."""
        self.account = account
        self.stage = account.stage
        self._sources = sources or {}
        self._told: set[str] = set()
        self._expected = False
        self._items: dict[str, tuple[float, Mapping[str, int] | None]] = {}
        self._read: dict[str, tuple[Reading, list[Event]]] = {}
        self._functions: dict[str, dict[str, None]] = {}

    # asking

    def states(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One operation of Step Functions. Raises AwsRefusal, DeployRefused: of another account than is meant, too."""
        if not self._expected:
            self.account.expect()
            self._expected = True
        return self.account.call("stepfunctions", operation, request)

    def ask(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """One operation beside what is asked for: None when it is refused; the first refusal of a service is told,
        unless it says that there is no such thing (yet)."""
        try:
            return self.account.call(service, operation, request)
        except AwsRefusal as refusal:
            told = "" if "NotFound" in refusal.code or re.search("not f(ind|ound)", refusal.message) else str(refusal)
        except DeployRefused as refused:
            told = str(refused)
        if told and service not in self._told:
            self._told.add(service)
            say(f"note: not everything can be shown: {told}")
        return None

    # which

    def machines(self) -> list[str]:
        """The ARNs of the stage's state machines: those that `stepmill deploy` made end in its name."""
        found = (row["stateMachineArn"] for row in self._listed("ListStateMachines", "stateMachines", {}, 10_000))
        return [arn for arn in found if self._ours(arn)]

    def machine(self, word: str | None) -> str | None:
        """The ARN of a machine of the stage by its name, with or without the stage's at its end; an ARN is itself.

        Raises Refusal for a name that none has."""
        if word is None or word.startswith("arn:"):
            return word
        found = {arn.rpartition(":")[2]: arn for arn in self.machines()}
        suffix = f"-{self.stage.name}"
        for name in (word, word + suffix):
            if name in found:
                return found[name]
        hint = nearest(word, [name.removesuffix(suffix) for name in found])
        raise Refusal(f'stage {self.stage.name} has no state machine "{word}"{hint}')

    def executions(self, machine: str | None = None, limit: int = 0) -> tuple[list[dict[str, Any]], bool]:
        """Rows of a machine's executions, or of all machines of the stage, newest first; whether there are more.

        machine: the ARN of a machine, a version or an alias. limit: rows, 0 for all."""
        arns = self.machines() if machine is None else [machine]
        most = limit + 1 if limit > 0 else 1_000_000
        rows = [
            _row(each)
            for arn in arns
            for each in self._listed("ListExecutions", "executions", {"stateMachineArn": arn}, most)
        ]
        rows.sort(key=lambda row: row["started"], reverse=True)
        return (rows[:limit], len(rows) > limit) if limit > 0 else (rows, False)

    def execution(self, wanted: str | None, status: str | None = None) -> dict[str, Any]:
        """One execution, by ARN, name, `workflow:name` or the beginning of a name; without a word, the newest.

        A beginning is looked for among the newest hundred of each machine. Raises Refusal."""
        listing = f"stepmill list --stage {self.stage.name}"
        if wanted is not None and wanted.startswith("arn:"):
            return self._described(wanted)
        machines = self.machines()
        if wanted is not None:
            machine, _, name = wanted.rpartition(":")
            for arn in machines:
                if machine in ("", arn.rpartition(":")[2]) and (row := self._perhaps(arn, name)):
                    return row
        rows = [
            _row(each)
            for arn in machines
            for each in self._listed(
                "ListExecutions",
                "executions",
                {"stateMachineArn": arn} | ({"statusFilter": status} if status else {}),
                _NEWEST if wanted is not None else 2,
            )
        ]
        if not rows:
            what = f"no execution is {status}" if status else "there are no executions yet"
            raise Refusal(f"stage {self.stage.name}: {what}; `{listing}` shows all")
        rows.sort(key=lambda row: row["started"], reverse=True)
        if wanted is not None:
            return chosen(rows, wanted, listing)
        if status and len(rows) > 1:
            raise Refusal(f"several executions are {status}; say which: {', '.join(row['name'] for row in rows)}")
        return rows[0]

    def _ours(self, arn: str) -> bool:
        name = arn.rpartition(":")[2]
        if name.endswith(f"-{self.stage.name}"):
            return True
        if len(name) < 80:
            return False
        # A longer name was cut, its end with it; the tag tells.
        answer = self.ask("stepfunctions", "ListTagsForResource", {"resourceArn": arn}) or {}
        return {"key": "stepmill:stage", "value": self.stage.name} in answer.get("tags", [])

    def _listed(self, operation: str, member: str, request: Mapping[str, Any], most: int) -> Iterator[dict[str, Any]]:
        asked, left = dict(request), most
        while left > 0:
            answer = self.states(operation, asked | {"maxResults": min(left, _PAGE)})
            yield from answer[member][:left]
            left -= len(answer[member])
            if not answer.get("nextToken"):
                return
            asked["nextToken"] = answer["nextToken"]

    def _described(self, arn: str) -> dict[str, Any]:
        if ":express:" in arn:
            raise Refusal(f"{arn}: Step Functions keeps no history of Express executions; look into the machine's logs")
        try:
            return _row(self.states("DescribeExecution", {"executionArn": arn}))
        except AwsRefusal as refusal:
            if refusal.code not in _GONE:
                raise
            raise Refusal(f"there is no execution {arn}: {refusal.message}") from None

    def _perhaps(self, machine: str, name: str) -> dict[str, Any] | None:
        try:
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
            return _row(self.states("DescribeExecution", {"executionArn": arn}))
        except AwsRefusal as refusal:
            if refusal.code in (*_GONE, "InvalidName", "ValidationException"):
                return None
            raise

    # what happened

    def reading(self, arn: str) -> Reading:
        """The history of an execution, read on from where it was left."""
        return Reading(self.states, arn)

    def events(self, arn: str) -> list[Event]:
        """The whole history of one execution."""
        reading, found = self._read.setdefault(arn, (self.reading(arn), []))
        fresh = reading.new()
        self.saw(arn, fresh)
        found += fresh
        return list(found)

    def saw(self, arn: str, events: Iterable[Event]) -> None:
        """Remember which functions an execution calls, for their logs' pages."""
        called = self._functions.setdefault(arn, {})
        for event in events:
            if event.type in ("TaskScheduled", "LambdaFunctionScheduled") and (name := function_of(event.details)):
                called[name] = None

    def digest(self, arn: str) -> Digest:
        """What became of one execution so far."""
        digester = Digester(arn)
        for event in self.events(arn):
            digester.feed(event)
        return digester.digest

    def definition(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The definition an execution runs by, which is that of its start."""
        found = self.states("DescribeStateMachineForExecution", {"executionArn": row["arn"]})
        definition: dict[str, Any] = json.loads(found["definition"])
        return definition

    def speakers(self, digest: Digest, *, keep: bool = True) -> CloudSpeakers:
        """Who speaks in an execution. keep: whether lines are wanted, or only the curves in them."""
        return CloudSpeakers(self.ask, digest, keep=keep)

    def map_run(self, arn: str) -> Mapping[str, int] | None:
        """How many items of a Map Run stand where."""
        now = time.monotonic()
        if arn not in self._items or self._items[arn][0] + EVERY < now:
            found = self.ask("stepfunctions", "DescribeMapRun", {"mapRunArn": arn})
            self._items[arn] = (now, None if found is None else dict(found["itemCounts"]))
        return self._items[arn][1]

    def first_failed(self, map_run: str) -> str:
        """The ARN of one child execution that failed; empty when there is none."""
        asked = {"mapRunArn": map_run, "statusFilter": "FAILED", "maxResults": 1}
        found = (self.ask("stepfunctions", "ListExecutions", asked) or {}).get("executions", [])
        return str(found[0]["executionArn"]) if found else ""

    # jobs, functions, places

    def job(self, visit: Visit) -> RemoteJob | None:
        """The job of a visit's last attempt that had one."""
        named = next((attempt.job for attempt in reversed(visit.attempts) if attempt.job), None)
        if named is None:
            return None
        return RemoteJob(*named, lambda operation, request: self.ask("sagemaker", operation, request))

    def said_by_job(self, job: RemoteJob) -> list[str]:
        """The last lines of a job's log."""
        return last_of_job(self.ask, job.kind, job.name)

    def log_of_job(self, job: RemoteJob) -> str:
        """The console's page of a job's log."""
        return log_group(self.stage.region, job_log_group(job.kind), f"{job.name}/")

    def said_by_function(self, arn: str, visit: Visit) -> list[str]:
        """What the function that a state called printed."""
        found = self._fed(arn)
        return [line.text for line in found.lines(visit.state) if line.text.strip()]

    def source(self, machine: str, state: str) -> str:
        """Where the pipeline says a state, when the pipeline is at hand."""
        from stepmill.asl.places import escape

        ending = "/States/" + escape(state)
        return next((place for pointer, place in self._sources.items() if pointer.endswith(ending)), "")

    def metrics(self, digest: Digest) -> dict[str, list[Curve]]:
        """The curves of each training job, by its name: from its log, else its final values."""
        named = [(visit, job) for visit in digest.visits if (job := self.job(visit)) and job.kind == "training"]
        if not named:
            return {}
        speakers = self._fed(digest.arn, keep=False)
        found = {job.name: speakers.curves(job.name) or final(job) for _, job in named}
        return {name: curves for name, curves in found.items() if curves}

    def urls(self, digest: Digest) -> dict[str, dict[str, str]]:
        """The console's pages of an execution, its machine, its jobs and its logs."""
        jobs = dict.fromkeys(attempt.job for visit in digest.visits for attempt in visit.attempts if attempt.job)
        return console_urls(digest.arn, jobs, self._functions.get(digest.arn, ()))

    def places(self, digest: Digest) -> list[tuple[str, str]]:
        """The same as rows: a state's job and log by the state's name."""
        states = {a.job[1]: visit.state for visit in digest.visits for a in visit.attempts if a.job}
        found = self.urls(digest)
        rows = [(kind, url) for kind in ("execution", "machine") for url in found.get(kind, {}).values()]
        for name, url in found.get("job", {}).items():
            rows += [(f"job of {states[name]}", url), (f"log of {states[name]}", found["log"][name])]
        rows += [(f"log of {name}", url) for name, url in found.get("log", {}).items() if name not in states]
        return rows

    def called(self, digest: Digest) -> str:
        """What the verbs call an execution of AWS: its ARN."""
        return digest.arn

    def hosted(self) -> bool:
        """AWS runs it."""
        return True

    def _fed(self, arn: str, *, keep: bool = True) -> CloudSpeakers:
        """The speakers of an execution, from its whole history."""
        digester = Digester(arn)
        speakers = self.speakers(digester.digest, keep=keep)
        for event in self.events(arn):
            digester.feed(event)
            speakers.feed(event)
        return speakers


def final(job: RemoteJob) -> list[Curve]:
    """The final values of a training job's metrics, as curves of one point."""
    return [Curve(name, [value]) for name, value, _ in job.state().metrics]


def seconds(at: Any) -> float | None:
    """A time of a botocore answer as seconds since 1970."""
    return at.timestamp() if isinstance(at, datetime) else None if at is None else float(at)


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    arn = str(found["executionArn"])
    return {
        "arn": arn,
        "machine": arn.split(":")[6],
        "name": found["name"],
        "status": found["status"],
        "started": seconds(found["startDate"]),
        "ended": seconds(found.get("stopDate")),
        "error": found.get("error"),
    }
