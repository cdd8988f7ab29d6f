"""A store changes hands between processes, and nothing that was acknowledged is lost or done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepmill.history.log import StoreError
from stepmill.local import Local, StoreBusy
from stores import PASS, create, machine_text, open_store

Spawn = Callable[..., "subprocess.Popen[str]"]
HEAD = """
import json, os, sys, threading
from pathlib import Path
from stores import *
local = open_store(Path(sys.argv[1]))
def say(*words): print(*words, flush=True)
"""
HOST = "assert local.host(); say('ready'); sys.stdin.read()"


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start a process over the same store; what is left of them at the end is killed."""
    processes = []

    def start(program: str, *words: str, until: str | None = "ready") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(program), str(tmp_path), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        processes.append(process)
        if until is not None:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == until, process.communicate(timeout=10)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def waiting(local: Local, name: str, seconds: int = 3600) -> str:
    machine = create(local, name, machine_text(W={"Type": "Wait", "Seconds": seconds, "End": True}))
    return str(local.call("states", "StartExecution", {"stateMachineArn": machine, "name": name})["executionArn"])


def test_a_call_goes_to_whoever_owns_the_store_and_the_next_one_when_that_is_killed(tmp_path: Path, spawn: Spawn):
    host = spawn(HOST)
    local = open_store(tmp_path)
    arn = waiting(local, "w", 1)
    assert not local.hosting
    host.kill()
    assert local.wait(arn, 20)
    assert local.hosting
    local.release()


def test_an_owner_that_dies_under_a_start_is_followed_by_one_that_finds_it(tmp_path: Path, spawn: Spawn):
    # The first owner starts the execution, and dies before it says so.
    host = spawn(
        """
        from stepmill.local.host import Host
        answer = Host.answer
        def die(self, service, operation, *rest):
            found = answer(self, service, operation, *rest)
            if operation == "StartExecution":
                self._engine.close(); self._thread.join()
                os._exit(9)
            return found
        Host.answer = die
        assert local.host(); say('ready'); sys.stdin.read()
        """
    )
    local = open_store(tmp_path)
    machine = create(local)
    arn = local.call("states", "StartExecution", {"stateMachineArn": machine})["executionArn"]
    assert host.wait(10) == 9
    assert local.wait(arn, 10)
    listed = local.call("states", "ListExecutions", {"stateMachineArn": machine})["executions"]
    assert [row["executionArn"] for row in listed] == [arn]
    local.release()


def test_an_owner_that_has_waiting_guests_lets_the_store_go_to_them(tmp_path: Path, spawn: Spawn):
    host = spawn(
        """
        machine = create(local, 'w', machine_text(W={"Type": "Wait", "Seconds": 1, "End": True}))
        arn = local.call('states', 'StartExecution', {'stateMachineArn': machine})['executionArn']
        say(arn); sys.stdin.readline(); local.linger(); say('gone'); sys.stdin.read()
        """,
        until=None,
    )
    assert host.stdout is not None
    assert host.stdin is not None
    arn = host.stdout.readline().strip()
    local = open_store(tmp_path)
    waiter = threading.Thread(target=local.wait, args=(arn, 30))
    waiter.start()
    host.stdin.write("\n")
    host.stdin.flush()
    assert host.stdout.readline().strip() == "gone"
    waiter.join()
    assert local.hosting
    described = local.call("states", "DescribeExecution", {"executionArn": arn})
    assert (described["status"], host.poll()) == ("SUCCEEDED", None)
    local.release()


def test_a_stop_that_was_acknowledged_outlives_the_owner(tmp_path: Path, spawn: Spawn):
    host = spawn(HOST)
    local = open_store(tmp_path)
    arn = waiting(local, "w")
    local.call("states", "StopExecution", {"executionArn": arn})
    host.kill()
    host.wait()
    found = local.history.record("states", "execution", arn)
    assert found is not None
    assert found["status"] == "ABORTED"
    local.release()


def test_an_owner_that_is_stopped_is_named_not_waited_for(
    tmp_path: Path, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("stepmill.local.door._PATIENCE", 0.3)
    host = spawn(HOST)
    os.kill(host.pid, signal.SIGSTOP)
    local = open_store(tmp_path)
    with pytest.raises(StoreBusy, match=f"held by process {host.pid} .*kill -CONT {host.pid}"):
        create(local)
    os.kill(host.pid, signal.SIGCONT)
    create(local)


def test_many_processes_at_once_have_one_owner_and_all_their_executions_end(tmp_path: Path, spawn: Spawn):
    program = """
    name = sys.argv[2]
    machine = create(local, 'm')
    arn = local.call('states', 'StartExecution', {'stateMachineArn': machine, 'name': name})['executionArn']
    assert local.wait(arn, 30)
    local.linger()
    say(local.history.record('states', 'execution', arn)['status'])
    """
    processes = [spawn(program, f"e{number}", until=None) for number in range(3)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [out.strip() for out, _ in ends] == ["SUCCEEDED"] * 3, ends


def test_a_fork_of_the_owner_neither_holds_the_store_nor_hosts_it(tmp_path: Path, spawn: Spawn):
    host = spawn(
        """
        arn = None
        assert local.host()
        if os.fork() == 0:
            assert not local.hosting
            machine = create(local)  # through the parent's door
            say('ready')
            sys.stdin.read()
            os._exit(0)
        sys.stdin.read()
        """
    )
    owner = open_store(tmp_path).owner()
    assert owner is not None
    assert owner.pid == host.pid
    host.kill()
    host.wait()
    local = open_store(tmp_path)
    until = time.monotonic() + 5
    while not local.host() and time.monotonic() < until:
        time.sleep(0.01)
    assert local.hosting, "the fork still holds the lock"
    local.release()


def test_what_ended_the_engine_is_told_to_who_waits_and_who_calls(tmp_path: Path):
    local = open_store(tmp_path)
    arn = waiting(local, "w")
    host = local._host
    assert host is not None
    host._engine._error = StoreError("the disk is full")  # what `run` leaves when the store takes no more
    with pytest.raises(StoreError, match="the disk is full"):
        local.wait(arn, 5)
    with pytest.raises(StoreError, match="the disk is full"):
        create(local, "other", machine_text(Other=PASS))
    local.release()
    local = open_store(tmp_path)
    assert arn in local.running()
    assert json.loads(local.call("states", "DescribeExecution", {"executionArn": arn})["input"]) == {}
    local.release()
