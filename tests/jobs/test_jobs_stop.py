"""How a job is stopped, killed, and ended by its maximum runtime."""

from __future__ import annotations

import os
import time

import pytest

from stepmill.jobs.logs import follow

STUBBORN = "trap 'echo got TERM' TERM; echo ready; while :; do sleep 0.05; done"
POLITE = "trap 'echo saving; echo half > /opt/ml/model/m; exit 0' TERM; echo ready; while :; do sleep 0.05; done"


def until(job, text):
    """Waits for a line, without polling the clock."""
    for line in follow(job.log, job.wait):
        if text in line.text:
            return
    raise AssertionError(f"{text} was never said: {job.state()}")


def test_a_stopped_job_gets_sigterm_and_its_model_is_kept(desk):
    job = desk.start(desk.training("polite", "/bin/sh", "-c", POLITE), grace=20)
    until(job, "ready")
    assert (job.state().status, job.state().secondary) == ("InProgress", "Training")
    job.stop()
    assert job.wait(10)
    state = job.state()
    assert (state.status, state.secondary, state.exit_code) == ("Stopped", "Stopped", 0)
    assert desk.unpacked(state.model) == {"m": "half\n"}
    assert [one.status for one in state.transitions] == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]
    job.stop()
    job.kill()
    assert job.state() == state, "nothing happens to a job that is over"


def test_a_job_that_ignores_sigterm_is_killed_after_its_grace(desk):
    job = desk.start(desk.processing("stubborn", "/bin/sh", "-c", STUBBORN), grace=0.3)
    until(job, "ready")
    before = time.monotonic()
    job.stop()
    until(job, "got TERM")
    assert job.state().status == "Stopping"
    assert job.wait(10)
    assert 0.3 <= time.monotonic() - before < 5
    assert (job.state().status, job.state().exit_code) == ("Stopped", 137)


def test_a_second_signal_kills_at_once(desk):
    job = desk.start(desk.processing("twice", "/bin/sh", "-c", STUBBORN), grace=600)
    until(job, "ready")
    job.stop()
    until(job, "got TERM")
    job.kill()
    assert job.wait(10)
    assert (job.state().status, job.state().exit_code) == ("Stopped", 137)


def test_a_job_over_its_maximum_runtime_gets_sigterm_its_grace_and_sigkill(desk):
    job = desk.start(desk.training("overrun", "/bin/sh", "-c", STUBBORN, seconds=1), grace=0.3)
    assert job.wait(10)
    state = job.state()
    assert "got TERM" in desk.said(job)
    assert (state.status, state.secondary, state.exit_code) == ("Stopped", "MaxRuntimeExceeded", 137)
    assert "MaxRuntimeInSeconds (1)" in state.reason and state.failure_reason is None
    assert [one.status for one in state.transitions][-2:] == ["Stopping", "MaxRuntimeExceeded"]


def test_processes_that_left_the_group_are_killed_too(desk):
    script = (
        "setsid sh -c 'trap \"\" TERM; echo $$ > /opt/ml/processing/pid; while :; do sleep 0.05; done' & " + STUBBORN
    )
    job = desk.start(desk.processing("group", "/bin/sh", "-c", script), grace=0.1)
    until(job, "ready")
    while not (pid := _read(job.folder / "ml" / "processing" / "pid")):
        os.sched_yield()
    job.stop()
    assert job.wait(10)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def _read(path):
    return path.read_text().strip() if path.exists() else ""


def test_a_stop_before_the_supervisor_listens_is_not_lost(desk):
    for number in range(5):
        job = desk.start(desk.processing(f"early-{number}", "/bin/sh", "-c", "sleep 30"), grace=0.1)
        job.stop()
        assert job.wait(10)
        assert job.state().status == "Stopped"


def test_a_job_may_run_as_long_as_sagemaker_allows(desk):
    request = desk.training("month", "/bin/sh", "-c", "read x < /dev/null; echo done", seconds=28 * 86400)
    assert desk.run(request).state().status == "Completed"


def test_waiting_has_a_time_limit(desk):
    job = desk.start(desk.processing("waits", "/bin/sh", "-c", "echo ready; sleep 30"), grace=0.1)
    assert not job.wait(0)
    until(job, "ready")
    assert not job.wait(0.05)
    job.kill()
    assert job.wait()
