"""Any process may die at any moment: what was committed is enough to go on, and nothing is begun twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stepmill.asl.definition import Definition
from stepmill.asl.text import dumps
from stepmill.engine.loop import Engine
from stepmill.history.events import Event
from stepmill.history.log import MemoryHistory, Record, StoreError, StoreFull
from stepmill.history.sqlite import SqliteHistory
from stepmill.testing import Outcome, ScriptedTasks, VirtualClock, golden, hang
from stepmill.testing.runner import ARN, drive
from stepmill.testing.runner import world as scripted

HISTORIES = Path(__file__).parents[1] / "golden" / "histories"
CASES = sorted(HISTORIES.glob("*.json"))


class Died(BaseException):
    """The process is gone."""


class MortalHistory(MemoryHistory):
    """Lets the process die at one of its commits, just before or just after it."""

    def __init__(self, dies_at: int, *, after: bool, error: type[BaseException] = Died) -> None:
        super().__init__()
        self.commits = 0
        self._dies_at = dies_at
        self._after = after
        self._error = error

    def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
        self.commits += 1
        dies = self.commits == self._dies_at
        if dies and not self._after:
            raise self._error
        super().append(batches, records)
        if dies:
            raise self._error


def world(case: dict[str, Any]) -> ScriptedTasks:
    return ScriptedTasks(
        {state: [hang() if "hang" in one else Outcome(**one) for one in many] for state, many in case["tasks"].items()}
    )


def engine(history: MemoryHistory | SqliteHistory, clock: VirtualClock, tasks: ScriptedTasks) -> Engine:
    """An engine whose Map Runs begin once it has recovered, as a host has them."""
    it, map_runs = scripted(history, clock, tasks)
    fold = it.recover

    def recover() -> list[str]:
        found = fold()
        map_runs.begin()
        return found

    it.recover = recover  # type: ignore[method-assign]
    if not history.records("states", "unfinished"):
        map_runs.begin()
    return it


def start(it: Engine, case: dict[str, Any]) -> None:
    it.start(
        ARN,
        machine="Machine",
        name="run",
        definition=Definition.parse(json.dumps(case["definition"])),
        input_text=dumps(case["input"]),
        role="role",
        machine_arn="arn",
    )


def uninterrupted(case: dict[str, Any]) -> tuple[list[Event], int, list[str]]:
    history, clock, tasks = MortalHistory(0, after=False), VirtualClock(), world(case)
    it = engine(history, clock, tasks)
    start(it, case)
    drive(it, tasks, clock)
    return history.read(ARN), history.commits, [act.name for act in tasks.started]


def told(events: list[Event], case: dict[str, Any]) -> list[Event]:
    """The events, at what times they were written; where heartbeats are waited for, without: that waiting begins anew
    after a fault, since a beat heard before it may not have been kept."""
    beats = "HeartbeatSeconds" in json.dumps(case["definition"])
    return [event._replace(at=0.0) for event in events] if beats else events


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_run_stopped_at_any_commit_goes_on_from_the_log_alone(path: Path) -> None:
    case = golden.load(path)
    expected, commits, acts = uninterrupted(case)
    for dies_at in range(1, commits + 1):
        for after in (False, True):
            if dies_at == 1 and not after:
                continue  # nothing was acknowledged
            history, clock, tasks = MortalHistory(dies_at, after=after), VirtualClock(), world(case)
            it = engine(history, clock, tasks)
            with pytest.raises(Died):
                start(it, case)
                drive(it, tasks, clock)
            second = engine(history, clock, tasks)
            second.recover()
            drive(second, tasks, clock)
            assert told(history.read(ARN), case) == told(expected, case)
            assert [act.name for act in tasks.started] == acts
            assert all(act.recovered for act in tasks.recovered)
            assert history.records("states", "unfinished") == []


@pytest.mark.parametrize("after", [False, True], ids=["not written", "written"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_commit_of_unknown_fate_is_read_back_and_the_run_goes_on(path: Path, after: bool) -> None:
    case = golden.load(path)
    expected, commits, acts = uninterrupted(case)
    for fails_at in range(2, commits + 1):
        history = MortalHistory(fails_at, after=after, error=StoreError)
        clock, tasks = VirtualClock(), world(case)
        it = engine(history, clock, tasks)
        start(it, case)
        drive(it, tasks, clock)
        assert told(history.read(ARN), case) == told(expected, case)
        assert [act.name for act in tasks.started] == acts
        assert tasks.recovered == []


def test_a_full_disk_stops_the_engine_with_one_clear_error_and_the_run_can_go_on() -> None:
    case = golden.load(HISTORIES / "retry_ladder.json")
    expected, _, _ = uninterrupted(case)
    history, clock, tasks = MortalHistory(3, after=False, error=StoreFull), VirtualClock(), world(case)
    it = engine(history, clock, tasks)
    start(it, case)
    with pytest.raises(StoreFull):
        drive(it, tasks, clock)
    drive(it, tasks, clock)
    assert history.read(ARN) == expected


def test_acts_of_an_ended_execution_are_cancelled_even_if_the_process_died_first() -> None:
    case = golden.load(HISTORIES / "machine_timeout.json")
    _, commits, _ = uninterrupted(case)
    history, clock, tasks = MortalHistory(commits, after=True), VirtualClock(), world(case)
    it = engine(history, clock, tasks)
    start(it, case)
    with pytest.raises(Died):
        drive(it, tasks, clock)
    assert tasks.cancelled == []
    engine(history, clock, tasks).recover()
    assert [act.state for act in tasks.cancelled] == ["Train"]
    assert history.records("states", "unfinished") == []


CHILD = """
import os, signal, sys
sys.path[:0] = sys.argv[3].split(os.pathsep)
from pathlib import Path
import test_crash_engine as crash
from stepmill.testing import VirtualClock, golden
from stepmill.testing.runner import drive
case = golden.load(crash.HISTORIES / sys.argv[4])
class Killed(crash.SqliteHistory):
    left = int(sys.argv[2])
    def append(self, *given):
        super().append(*given)
        Killed.left -= 1
        if Killed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
history, clock, tasks = Killed(Path(sys.argv[1])), VirtualClock(), crash.world(case)
engine = crash.engine(history, clock, tasks)
crash.start(engine, case)
drive(engine, tasks, clock)
"""


@pytest.mark.parametrize(("name", "commit"), [("catch_with_assign.json", 2), ("map_in_parallel.json", 3)])
def test_a_killed_process_leaves_a_store_that_another_goes_on_with(tmp_path: Path, name: str, commit: int) -> None:
    store = tmp_path / "store.db"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run([sys.executable, "-c", CHILD, str(store), str(commit), path, name], check=False)
    assert done.returncode == -signal.SIGKILL
    case = golden.load(HISTORIES / name)
    expected, _, _ = uninterrupted(case)
    history = SqliteHistory(store)
    kept = history.read(ARN)
    assert kept == expected[: len(kept)]
    clock, tasks = VirtualClock(kept[-1].at), world(case)
    it = engine(history, clock, tasks)
    assert it.recover() == [ARN]
    drive(it, tasks, clock)
    assert history.read(ARN) == expected
    history.close()
