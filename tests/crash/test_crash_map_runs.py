"""A Map Run may lose its process at any moment: it goes on, starts no child execution twice, and ends the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_crash_engine import Died, MortalHistory, engine, start

from maps import distributed, map_run, put
from stepmill.history.log import StoreError
from stepmill.testing import ScriptedTasks, VirtualClock, fail, succeed
from stepmill.testing.runner import ARN, drive
from stores import open_store

WORK = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
            "End": True,
        }
    },
}
CASE: dict[str, Any] = {
    "definition": distributed(
        WORK,
        MaxConcurrency=2,
        ItemReader={"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}},
        ItemBatcher={"MaxItemsPerBatch": 2},
        ToleratedFailureCount=2,
        ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}},
    ),
    "input": {},
}


def world() -> ScriptedTasks:
    def outcome(act: Any) -> Any:
        return fail("Bad") if 3 in act.parameters["Payload"]["Items"] else succeed(act.parameters["Payload"]["Items"])

    return ScriptedTasks({"Work": outcome}, items={"Each": [1, 2, 3, 4, 5, 6, 7]})


def told(history: MortalHistory, tasks: ScriptedTasks) -> Any:
    """All that there is to know at the end: every history, the run, what was written, what was asked."""
    executions = {name: history.read(name) for name, _ in history.records("states", "execution")}
    runs = history.records("states", "maprun")
    return executions, runs, tasks.written, sorted(act.name for act in tasks.started)


def uninterrupted() -> tuple[Any, int]:
    history, clock, tasks = MortalHistory(0, after=False), VirtualClock(), world()
    it = engine(history, clock, tasks)
    start(it, CASE)
    drive(it, tasks, clock)
    return told(history, tasks), history.commits


def test_the_run_that_is_stopped_everywhere_below_is_what_it_should_be() -> None:
    (executions, [(_, run)], written, started), commits = uninterrupted()
    assert (len(executions), len(started), commits >= 9) == (5, 4, True)
    assert (run["status"], run["items"]["failed"], run["items"]["succeeded"]) == ("SUCCEEDED", 2, 5)
    assert sorted(url.rpartition("/")[2] for url in written) == ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]


def test_a_map_run_stopped_at_any_commit_goes_on_and_starts_nothing_twice() -> None:
    expected, commits = uninterrupted()
    for dies_at in range(2, commits + 1):
        for after in (False, True):
            history, clock, tasks = MortalHistory(dies_at, after=after), VirtualClock(), world()
            it = engine(history, clock, tasks)
            with pytest.raises(Died):
                start(it, CASE)
                drive(it, tasks, clock)
            second = engine(history, clock, tasks)
            second.recover()
            drive(second, tasks, clock)
            assert told(history, tasks) == expected, (dies_at, after)
            assert history.records("states", "unfinished") == []


@pytest.mark.parametrize("after", [False, True], ids=["not written", "written"])
def test_a_commit_of_unknown_fate_is_read_back_by_the_map_run_too(after: bool) -> None:
    expected, commits = uninterrupted()
    for fails_at in range(2, commits + 1):
        history = MortalHistory(fails_at, after=after, error=StoreError)
        clock, tasks = VirtualClock(), world()
        it = engine(history, clock, tasks)
        start(it, CASE)
        drive(it, tasks, clock)
        assert told(history, tasks) == expected, fails_at


@pytest.mark.parametrize("after", [False, True])
def test_a_stop_that_lost_its_process_is_carried_out_by_the_next(after: bool) -> None:
    """Whatever commit is the last, no child of a stopped run goes on."""
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    case = {"definition": distributed(wait, MaxConcurrency=2), "input": [1, 2, 3]}

    def stopped(history: MortalHistory, tasks: ScriptedTasks) -> None:
        clock = VirtualClock()
        it = engine(history, clock, tasks)
        start(it, case)
        for _ in range(4):
            it.turn()
        it.stop(ARN)
        drive(it, tasks, clock)

    whole = MortalHistory(0, after=False)
    stopped(whole, ScriptedTasks())
    for dies_at in range(4, whole.commits + 1):
        history = MortalHistory(dies_at, after=after)
        with pytest.raises(Died):
            stopped(history, ScriptedTasks())
        clock, tasks = VirtualClock(), ScriptedTasks()
        second = engine(history, clock, tasks)
        second.recover()
        if history.record("states", "execution", ARN)["status"] == "RUNNING":  # type: ignore[index]
            second.stop(ARN)
        drive(second, tasks, clock)
        ((_, run),) = history.records("states", "maprun")
        assert (run["status"], run["phase"], run["counts"]["running"]) == ("ABORTED", "over", 0)
        left = {body["status"] for _, body in history.records("states", "execution")}
        assert left == {"ABORTED"}


CHILD = """
import os, signal, sys
sys.path[:0] = sys.argv[2].split(os.pathsep)
from pathlib import Path
from maps import start
from stores import open_store
import test_crash_map_runs as crash
from stepmill.history.sqlite import SqliteHistory
left = 40
whole = SqliteHistory.append
def append(self, *given):
    global left
    whole(self, *given)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
SqliteHistory.append = append
local = open_store(Path(sys.argv[1]))
local.host()
arn = start(local, crash.KILLED, list(range(200)))
local.wait(arn, 60)
"""
KILLED = distributed(ItemSelector={"n.$": "$$.Map.Item.Value"}, MaxConcurrency=7)


@pytest.mark.slow
def test_a_host_killed_in_the_middle_leaves_a_map_run_that_the_next_one_finishes(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path), path], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    local = open_store(tmp_path)
    try:
        put(local, "x", "")
        ((arn),) = [body["arn"] for name, body in _executions(local) if "/" not in name]
        assert local.wait(arn, 60)
        ended = local.call("states", "DescribeExecution", {"executionArn": arn})
        assert json.loads(ended["output"]) == [{"n": n} for n in range(200)]
        assert map_run(local, arn)["executionCounts"]["succeeded"] == 200
        assert len(_executions(local)) == 201
    finally:
        local.release()


def _executions(local: Any) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = local.history.records("states", "execution")
    return found
