"""Judges what a round of the crash loop left behind: the histories, the effect log, the jobs, the processes."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

from road_project import LINES

from stepmill.functions import Functions
from stepmill.history.events import ENDINGS, Event
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.job import Jobs
from stepmill.jobs.logs import read


def faults(root: Path, effects: dict[str, Path], *, killed_below: bool) -> list[str]:
    """What is wrong, in sentences. `killed_below`: a supervisor or the Lambda host was killed in this round."""
    store = root / ".stepmill"
    history = SqliteHistory(store / "history.db", readonly=True)
    found: list[str] = []
    for name, log in effects.items():
        arns = [arn for arn, _ in history.records("states", "execution") if arn.endswith(f":{name}")]
        if len(arns) != 1:
            found.append(f"{name}: acknowledged, and {len(arns)} executions of that name are on record")
            continue
        body = history.record("states", "execution", arns[0]) or {}
        if body.get("status") != "SUCCEEDED":
            found.append(f"{name}: {body.get('status')} {body.get('error')} {body.get('cause')}")
        starts = Counter(log.read_text().splitlines() if log.exists() else [])
        found += [f"{name}: {fault}" for fault in of_history(history.read(arns[0]), starts, killed_below)]
    if left := history.records("states", "unfinished"):
        found.append(f"still unfinished: {left}")
    history.close()
    return found + _of_jobs(store) + _of_processes(root, store)


def of_history(events: list[Event], starts: Counter[str], killed_below: bool) -> list[str]:
    """What is wrong with one history, given how often each attempt's script began."""
    found = []
    if [event.id for event in events] != list(range(1, len(events) + 1)):
        found.append(f"the history has gaps: {[event.id for event in events]}")
    if [event.type in ENDINGS for event in events] != [False] * (len(events) - 1) + [True]:
        found.append(f"the history does not end once, at its end: {[event.type for event in events]}")
    followers = {event.previous: [] for event in events}
    for event in events:
        followers[event.previous].append(event)
    attempts: dict[str, bool] = {}
    for event in events:
        if event.type == "TaskScheduled":
            attempts[_attempt(event)] = _succeeded(event, followers)
    found += [f"{attempt} started {count} times" for attempt, count in starts.items() if count > 1]
    found += [f"{attempt} started, and no event asked for it" for attempt in starts if attempt not in attempts]
    for attempt, succeeded in attempts.items():
        if not starts[attempt] and (succeeded or not killed_below):
            found.append(f"{attempt} never started{' and yet succeeded' if succeeded else ''}")
    return found


def _attempt(event: Event) -> str:
    """As the script writes it: state and what its attempt is known by."""
    parameters = event.details["parameters"]
    request = json.loads(parameters) if isinstance(parameters, str) else parameters
    if "TrainingJobName" in request:
        return f"Train {request['TrainingJobName']}"
    if name := request.get("ProcessingJobName"):
        return f"{name.split('-')[1].capitalize()} {name}"
    payload = request["Payload"]
    return f"{payload['state']} {payload['item']}/{payload['try']}"


def _succeeded(event: Event, followers: dict[int, list[Event]]) -> bool:
    line = [event]
    while line:
        event = line.pop()
        if event.type.startswith("Task") and event.type in ("TaskSucceeded", "TaskFailed", "TaskTimedOut"):
            return event.type == "TaskSucceeded"
        line += [one for one in followers.get(event.id, []) if one.type.startswith("Task")]
    return False


def _of_jobs(store: Path) -> list[str]:
    found = []
    for job in Jobs(store / "jobs", store / "objects").list():
        if job.alive():
            found.append(f"the job {job.name} still runs")
        if job.state().status != "Completed":
            continue
        said = [line.text for line in read(job.log) if line.text.startswith("line ")]
        if said != [f"line {number}" for number in range(LINES)]:
            found.append(f"the log of {job.name} has {len(said)} of {LINES} lines: {said[:3]}…{said[-3:]}")
    return found


def _of_processes(root: Path, store: Path) -> list[str]:
    """Nothing that belongs to this folder runs once the function host, which may stay a while, was told to go."""
    Functions(store / "functions").stop()
    end = time.monotonic() + 5
    while (left := list(_who_knows(str(root)))) and time.monotonic() < end:
        time.sleep(0.05)
    return [f"still runs: {one}" for one in left]


def _who_knows(root: str) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            # Words alone do not tell a function's worker or a job in its own /opt/ml; folders do.
            if words and (root in words or str((process / "cwd").readlink()).startswith(root)):
                found.append(f"{process.name} {words}")
        except OSError:
            continue
    return found
