"""Reads a store without an engine and without a lock: executions, their digests, their jobs.

In: settings. Out: rows, digests, log paths, curves. Touches: the store's files, only to read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.asl.places import escape
from stepmill.cli.jobs import find_job
from stepmill.cli.refusal import Refusal, nearest
from stepmill.console.text import Curve
from stepmill.console.words import log_line
from stepmill.history.digest import Digest, Digester, Visit
from stepmill.history.events import Event
from stepmill.history.sqlite import SqliteHistory
from stepmill.stage import Settings, load_settings

if TYPE_CHECKING:
    import argparse

    from stepmill.cli.speakers import Spoken
    from stepmill.jobs.job import Job

DATABASE = "history.db"
LAST = 15  # log lines on the screen of a failure
_TAIL = 65_536  # bytes looked at for them


def settings_of(args: argparse.Namespace, **flags: Any) -> Settings:
    """The settings in force for a command."""
    return load_settings(store=args.store, **flags)


class Growing:
    """The history of one execution in a store, read on from where it was left."""

    def __init__(self, history: Any, arn: str) -> None:
        self._history = history
        self._arn = arn
        self.seen = 0

    def new(self) -> list[Event]:
        """The events that came since the last time."""
        found: list[Event] = list(self._history.read(self._arn, self.seen))
        if found:
            self.seen = found[-1].id
        return found


class Reader:
    """A store, seen by a verb that only looks."""

    tick = 0.1
    """Seconds between two looks at what grows."""
    late = 0.0
    """Seconds after an end until the last that was said can be read: here it is on disk before the end is."""

    def __init__(self, settings: Settings, history: Any = None) -> None:
        self.settings = settings
        self.history = history or SqliteHistory(settings.store / DATABASE, readonly=True)

    def executions(self, *, children: bool = False) -> list[dict[str, Any]]:
        """The records of all executions, newest first; those of Map Runs with `children` only."""
        rows = (body for _, body in self.history.records("states", "execution"))
        return [body for body in rows if children or "map_run" not in body]

    def map_run(self, arn: str) -> dict[str, int] | None:
        """How many items of a Map Run stand where; None for one that is not on record yet."""
        found = self.history.record("states", "maprun", arn)
        return None if found is None else dict(found["items"])

    def first_failed(self, map_run: str) -> str:
        """The name of a Map Run's first child execution that failed; empty when there is none."""
        from stepmill.services.map_runs.records import failed

        return failed(self.history, map_run)

    def execution(self, wanted: str | None, status: str | None = None) -> dict[str, Any]:
        """One execution, by name, `workflow:name`, ARN or the beginning of its name; without a word, the newest."""
        rows = [row for row in self.executions(children=wanted is not None) if status in (None, row["status"])]
        if not rows:
            what = f"no execution is {status}" if status else "there are no executions yet"
            raise Refusal(f"{self.settings.store}: {what}; `stepmill list` shows all, `stepmill run FILE` starts one")
        return rows[0] if wanted is None else chosen(rows, wanted, "stepmill list")

    def events(self, arn: str) -> list[Event]:
        """The whole history of one execution."""
        found: list[Event] = self.history.read(arn)
        return found

    def reading(self, arn: str) -> Growing:
        """The history of an execution, read on from where it was left."""
        return Growing(self.history, arn)

    def speakers(self, digest: Digest) -> Spoken:
        """Who speaks in an execution."""
        from stepmill.cli.speakers import Speakers

        return Speakers(self.settings, digest)

    def digest(self, arn: str) -> Digest:
        """What became of one execution so far."""
        digester = Digester(arn)
        for event in self.events(arn):
            digester.feed(event)
        return digester.digest

    def definition(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The definition an execution runs by."""
        found = self.history.record("states", "revision", str(row.get("revision")))
        definition: dict[str, Any] = json.loads(found["definition"]) if found else {"States": {}}
        return definition

    def source(self, machine: str, state: str) -> str:
        """Where the pipeline says a state, such as `pipeline.py:41`; empty when that is not known."""
        found = self.history.record("stepmill", "bundle", machine) or {}
        ending = "/States/" + escape(state)
        places = [place for pointer, place in found.get("sources", {}).items() if str(pointer).endswith(ending)]
        return str(places[0]) if places else ""

    @property
    def store(self) -> str:
        """The store's folder, as JSON says it."""
        return str(self.settings.store)

    def urls(self, digest: Digest) -> None:
        """No console shows what runs here."""

    def places(self, digest: Digest) -> list[tuple[str, str]]:
        """Where an execution's things are: its files, and the store."""
        rows = []
        if any(attempt.job for visit in digest.visits for attempt in visit.attempts):
            prefix = f"s3://{self.settings.bucket}/{digest.machine.partition('/')[0]}/{digest.name}/"
            rows.append(("files", prefix))
        return [*rows, ("store", _whole(self.settings.store))]

    def called(self, digest: Digest) -> str:
        """What the verbs call an execution: its name."""
        return digest.name

    def hosted(self) -> bool:
        """Whether anybody runs what is RUNNING."""
        return is_hosted(self.settings)

    def job(self, visit: Visit) -> Job | None:
        """The job of a visit's last attempt that had one, if its folder is still there."""
        named = next((attempt.job for attempt in reversed(visit.attempts) if attempt.job), None)
        if named is None:
            return None
        return find_job(self.settings, named)

    def said_by_job(self, job: Job) -> list[str]:
        """The last lines of a job's log."""
        return last_lines(job.log)

    def log_of_job(self, job: Job) -> str:
        """Where the whole log of a job is."""
        return _near(job.log)

    def said_by_function(self, arn: str, visit: Visit) -> list[str]:
        """What the function that a state called printed; nothing for a state that called none."""
        digester = Digester(arn)
        speakers = self.speakers(digester.digest)
        for event in self.events(arn):
            digester.feed(event)
            speakers.feed(event)
        return [line.text for line in speakers.lines(visit.state) if line.text.strip()]

    def metrics(self, digest: Digest) -> dict[str, list[Curve]]:
        """The curves of each training job, by the job's name."""
        found: dict[str, list[Curve]] = {}
        for visit in digest.visits:
            job = self.job(visit)
            if job is not None and job.kind == "training" and (curves := read_curves(job.metrics)):
                found[job.name] = curves
        return found


def chosen(rows: Sequence[Mapping[str, Any]], wanted: str, listing: str) -> dict[str, Any]:
    """The one record that a word means: name, `workflow:name`, ARN or the beginning of a name. Raises Refusal."""
    found = [row for row in rows if wanted in _names(row)] or [r for r in rows if r["name"].startswith(wanted)]
    if len(found) == 1:
        return dict(found[0])
    if found:
        names = ", ".join(f"{row['machine']}:{row['name']}" for row in found[:6])
        raise Refusal(f'"{wanted}" is the beginning of several executions: {names}')
    hint = nearest(wanted, [row["name"] for row in rows])
    raise Refusal(f'there is no execution "{wanted}"{hint}\n`{listing}` shows them all')


def by_state(digest: Digest, metrics: Mapping[str, list[Curve]]) -> dict[str, list[Curve]]:
    """Curves by state: of a state visited several times, those of its last job."""
    named = ((visit.state, job_name(visit)) for visit in digest.visits)
    return {state: metrics[name] for state, name in named if name in metrics}


def job_name(visit: Visit) -> str:
    """The name of a visit's last job; empty when it had none."""
    return next((attempt.job[1] for attempt in reversed(visit.attempts) if attempt.job), "")


def is_hosted(settings: Settings) -> bool:
    """Whether a process runs this store's engine; one that does not say who it is does."""
    from stepmill.local.store import Store, StoreBusy

    try:
        return Store(settings.store).owner() is not None
    except StoreBusy:
        return True


def read_curves(path: Path) -> list[Curve]:
    """The curves of one job's `metrics.jsonl`; a line that is being written is left for the next time."""
    values: dict[str, list[float]] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            row = json.loads(line)
            values.setdefault(str(row["name"]), []).append(float(row["value"]))
        except (ValueError, TypeError, KeyError):
            continue
    return [Curve(name, found) for name, found in values.items()]


def _names(row: Mapping[str, Any]) -> tuple[str, ...]:
    return str(row["arn"]), str(row["name"]), f"{row['machine']}:{row['name']}"


def last_lines(path: Path, count: int = LAST) -> list[str]:
    """The last lines of a job's log, without their times."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - _TAIL, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [said(line) for line in text.splitlines()]
    return [line for line in lines if line.strip()][-count:]


def said(line: str) -> str:
    """What the script said in one line of a log file (`TIME out|err TEXT`)."""
    parts = line.split(" ", 2)
    return log_line(parts[2] if len(parts) == 3 and parts[1] in ("out", "err") else line)


def _whole(path: Path) -> str:
    """A path as it can be typed anywhere."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def _near(path: Path) -> str:
    """A path as short as it can be typed here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
