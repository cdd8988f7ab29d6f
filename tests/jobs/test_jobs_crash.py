"""What survives the death of whoever started a job, and of its supervisor."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading

import pytest

from stepmill.jobs.job import JobExists, Jobs
from stepmill.jobs.logs import follow

STARTER = """
import json, os, sys
from pathlib import Path
from stepmill.jobs.job import Jobs
root, request = Path(sys.argv[1]), json.loads(sys.argv[2])
jobs = Jobs(root / "jobs", root / "objects")
jobs.create("processing", request, token="act-1", python=sys.executable, grace=1, environ=dict(os.environ))
print("started", flush=True)
sys.stdin.read()
"""


def gated(desk, name, effect):
    """A job that says that it started, and goes on when a file appears."""
    gate = desk.root / "gate"
    os.mkfifo(gate)
    return gate, desk.processing(
        name, "/bin/sh", "-c", f"echo {name} >> {effect}; echo ready; read x < {gate}; echo $x"
    )


def test_a_job_outlives_who_started_it_and_is_found_again(desk):
    effect = desk.root / "effect"
    gate, request = gated(desk, "adopted", effect)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(desk.root), json.dumps(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with starter:
        assert starter.stdout.readline() == b"started\n"
        os.killpg(os.getpgid(starter.pid), 0)
        starter.kill()
    job = desk.start(request, token="act-1")
    for line in follow(job.log, job.wait):
        if line.text == "ready":
            gate.write_text("gone on\n")
    assert job.wait(10)
    assert job.state().status == "Completed" and "out gone on" in desk.said(job)
    assert effect.read_text() == "adopted\n", "it was started exactly once"
    assert desk.jobs.find("processing", "adopted").token == "act-1"


def test_the_same_token_starts_once_however_many_ask(desk):
    effect = desk.root / "effect"
    request = desk.processing("once", "/bin/sh", "-c", f"echo once >> {effect}")
    asking = [threading.Thread(target=desk.start, args=(request,), kwargs={"token": "t"}) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    job = desk.run(request, token="t")
    assert job.state().status == "Completed"
    desk.run(request, token="t")
    assert effect.read_text() == "once\n"


def test_another_token_with_the_same_name_is_refused(desk):
    request = desk.processing("taken", "true")
    desk.run(request, token="first")
    with pytest.raises(JobExists, match="taken exists already"):
        desk.start(request, token="second")
    desk.run(desk.training("taken", "true"), token="third")
    assert [(job.kind, job.name) for job in desk.jobs.list()] == [("training", "taken"), ("processing", "taken")]
    assert [job.kind for job in desk.jobs.list("training")] == ["training"]


def test_a_name_that_is_no_job_name_is_refused_before_anything_is_made(desk):
    for name in ("../up", "a/b", "前処理", "-a", "a" * 64, ""):
        with pytest.raises(ValueError, match="no job name"):
            desk.start(desk.processing(name, "true"), token="x")
        assert desk.jobs.find("processing", name) is None
    assert not (desk.root / "jobs").exists()


def test_a_job_that_was_created_and_never_started_is_started_by_its_token(desk, monkeypatch):
    request = desk.processing("later", "true")
    monkeypatch.setattr(Jobs, "_spawn", lambda *_: None)  # its creator dies between the folder and the start
    job = desk.start(request, token="t")
    monkeypatch.undo()
    assert not job.wait(0) and not job.wait()
    assert (job.state().status, job.state().secondary) == ("InProgress", "Starting")
    assert desk.run(request, token="t").state().status == "Completed"


def test_a_killed_supervisor_means_a_lost_job_and_no_survivors(desk):
    script = "(setsid sh -c 'echo pid $$; while :; do sleep 0.05; done' &); echo pid $$; while :; do sleep 0.05; done"
    job = desk.start(desk.training("lost", "/bin/sh", "-c", script))
    handles = []
    for line in follow(job.log, job.wait):
        handles.append(os.pidfd_open(int(line.text.split()[1])))
        if len(handles) == 2:
            break
    os.kill(json.loads((job.folder / "started").read_text())["pid"], signal.SIGKILL)
    assert job.wait(10)
    state = job.state()
    assert state.status == "Failed" and state.failure_reason.startswith("InternalServerError: ")
    assert state.ended is not None and state.transitions[-1].status == "Failed"
    for handle in handles:  # readable once the process is gone: the program, and what left its session
        assert select.select([handle], [], [], 10)[0]
        os.close(handle)
    again = desk.start(desk.training("lost", "/bin/sh", "-c", "true"))
    assert again.wait(10) and again.state().status == "Failed", "it is not started a second time"


def test_asking_whether_a_job_lives_does_not_keep_it_from_starting(desk):
    request = desk.processing("asked", "true")
    folder = desk.root / "jobs" / "processing" / "asked"
    desk.jobs.root.mkdir()
    real = Jobs._start

    def disturbed(self, job, given):
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(file, fcntl.LOCK_SH)
        timer = threading.Timer(0.03, os.close, [file])
        timer.start()
        real(self, job, given)
        timer.join()

    Jobs._start = disturbed
    try:
        assert desk.run(request).state().status == "Completed"
    finally:
        Jobs._start = real


def test_a_supervisor_that_hears_no_environment_leaves_the_job_unstarted(desk):
    """Its starter died while telling it; the next one with the same token starts it."""
    request = desk.processing("unheard", "true")
    real = Jobs._spawn
    Jobs._spawn = lambda self, folder, lock, given: real(self, folder, lock, given[: len(given) // 2])
    try:
        job = desk.start(request, token="t")
    finally:
        Jobs._spawn = real
    assert job.wait(10) and job.state().failure_reason.startswith("InternalServerError: ")
    assert not (job.folder / "started").exists()
    assert desk.run(request, token="t").state().status == "Completed"
