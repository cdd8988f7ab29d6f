"""An owner that stands still, and a disk that is full: what the user is told, and that nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Project, when_read


@pytest.mark.slow
def test_a_store_whose_owner_stands_still_is_refused_by_its_name_and_the_owner_goes_on(
    project: Project, tmp_path: Path
):
    project.tiny()
    effects = tmp_path / "effects.log"
    os.mkfifo(tmp_path / "effects.log.train")
    owner = project.spawn("run", "pipeline.py", "--name", "mine", "--set", f"effects={effects}")
    hand = when_read(tmp_path / "effects.log.train", owner)
    os.kill(owner.pid, signal.SIGSTOP)
    try:
        refused = [
            project.spawn(*words)
            for words in (
                ["run", "pipeline.py"],
                ["resume", "mine"],
                ["stop", "mine"],
                ["run", "pipeline.py", "--detach"],
            )
        ]
        for command in refused:
            _, said = command.communicate(timeout=60)
            assert command.returncode == 5, said
            assert f"process {owner.pid} (stepmill run pipeline.py --name mine" in said
        assert "RUNNING" in project.stepmill("list").stdout  # readers need nobody
    finally:
        os.kill(owner.pid, signal.SIGCONT)
    os.close(hand)
    out, err = owner.communicate(timeout=60)
    assert owner.returncode == 0, out + err
    assert effects.read_text().split() == ["Prepare", "Train", "Tell"]


@pytest.mark.slow
def test_a_call_that_was_under_way_when_the_owner_stopped_is_refused_too(project: Project, tmp_path: Path):
    """The owner greeted, and stands still before it answers."""
    project.tiny()
    project.write("functions.py", "import time\ndef tell(event, context):\n    time.sleep(1)\n    return 1\n")
    owner = project.spawn("run", "pipeline.py")
    project.write(
        "call.py",
        """
        import sys
        from stepmill.local import StoreBusy, open_local
        from stepmill.stage import load_settings
        local = open_local(load_settings())
        name = sys.argv[1]
        print("asking", flush=True)
        try:
            local.call("lambda", "Invoke", {"FunctionName": name, "Payload": b"{}"})
        except StoreBusy as refusal:
            print(refusal)
        """,
    )
    name = _until(lambda: _function(project), owner)
    calling = subprocess.Popen(
        [sys.executable, "call.py", name], cwd=project.root, env=project.environ(), stdout=subprocess.PIPE, text=True
    )
    assert calling.stdout is not None
    assert calling.stdout.readline() == "asking\n"
    time.sleep(0.3)
    os.kill(owner.pid, signal.SIGSTOP)
    try:
        said, _ = calling.communicate(timeout=60)
    finally:
        os.kill(owner.pid, signal.SIGCONT)
    assert f"process {owner.pid}" in said
    out, err = owner.communicate(timeout=60)
    assert owner.returncode == 0, out + err


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.3, 0.6, 0.9, 1.2])
def test_a_full_disk_is_said_and_when_there_is_room_again_the_run_goes_on(
    project: Project, tmp_path: Path, after: float
):
    project.tiny()
    project.write("fill.py", FILL)
    effects = tmp_path / "effects.log"
    command = [sys.executable, "fill.py", str(effects), str(after)]
    rights = [] if os.geteuid() == 0 else ["-r"]
    ended = subprocess.run(
        ["unshare", "-m", *rights, *command],
        cwd=project.root,
        env=project.environ(STEPMILL_STORE="store"),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    if "unshare failed" in ended.stderr:
        pytest.skip(f"no mount namespaces here: {ended.stderr}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["ended"] in ("SUCCEEDED", "FAILED")
    if told["code"] == 1:  # else the disk was full where only a job noticed: that job failed, and says so
        assert "the disk is full" in told["said"]
        assert told["full"] == 1, told
        assert "the disk is full" in told["said while full"]
        assert told["resumed"] == (0 if told["ended"] == "SUCCEEDED" else 4), told
    starts = effects.read_text().split() if effects.exists() else []
    assert len(starts) == len(set(starts)), starts
    if told["ended"] == "SUCCEEDED":
        assert starts == ["Prepare", "Train", "Tell"]


FILL = """
    import errno, json, pathlib, subprocess, sys, time
    from stepmill.functions import Functions
    effects, after = sys.argv[1], float(sys.argv[2])
    store = pathlib.Path("store")
    store.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", "store"], check=True)
    def start(*words):
        return subprocess.Popen([sys.executable, "-m", "stepmill", *words], stderr=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
    def stepmill(*words):
        process = start(*words)
        out, err = process.communicate()
        return process.returncode, out, err
    run = start("run", "pipeline.py", "--name", "full", "--set", "effects=" + effects)
    time.sleep(after)
    filler = open(store / "filler", "wb", buffering=0)
    try:
        while True:
            filler.write(bytes(4096))
    except OSError as fault:
        assert fault.errno == errno.ENOSPC
    out, err = run.communicate()
    told = {"code": run.returncode, "said": out + err}
    told["full"], out, err = stepmill("run", "pipeline.py", "--name", "more")
    told["said while full"] = out + err
    filler.close()
    (store / "filler").unlink()
    def statuses():
        code, out, _ = stepmill("list", "--json")
        return {row["name"]: row["status"] for row in json.loads(out)["executions"]} if code == 0 else {}
    if statuses().get("full") == "RUNNING":
        told["resumed"], _, told["said after"] = stepmill("resume", "full")
    elif "full" not in statuses():  # never acknowledged
        told["resumed"], _, told["said after"] = stepmill("run", "pipeline.py", "--name", "full",
                                                          "--set", "effects=" + effects)
    told["ended"] = statuses().get("full")
    Functions(store / "functions").stop()
    print(json.dumps(told))
"""


def _function(project: Project) -> str | None:
    from stepmill.history.sqlite import SqliteHistory

    with contextlib.suppress(Exception):
        history = SqliteHistory(project.root / ".stepmill" / "history.db", readonly=True)
        try:
            return next((name for name, _ in history.records("lambda", "function")), None)
        finally:
            history.close()
    return None


def _until(look: Callable[[], str | None], process: subprocess.Popen[str]) -> str:
    while process.poll() is None:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(process.communicate())
