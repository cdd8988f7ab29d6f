"""The store: who owns it, and what it refuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.history.log import StoreError
from stepmill.local import locks
from stepmill.local.store import Store, StoreBusy

HOLD = """
import sys
from pathlib import Path
from stepmill.local.store import Store
store = Store(Path(sys.argv[1]))
store.make(); assert store.take(); store.sign()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / ".stepmill")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_store_is_for_its_user_alone_and_ignores_itself_in_git(tmp_path: Path):
    store = Store(tmp_path / "deep" / ".stepmill")
    store.make()
    assert (store.root.stat().st_mode & 0o777, (store.root / ".gitignore").read_text()) == (0o700, "*\n")


def test_one_process_owns_a_store_and_the_others_can_name_it(tmp_path: Path, holder: subprocess.Popen[str]):
    store = Store(tmp_path / ".stepmill")
    assert not store.take()
    owner = store.owner()
    assert owner is not None
    assert owner.pid == holder.pid
    assert f"process {holder.pid}" in str(owner)


def test_a_store_falls_free_when_its_owner_is_killed(tmp_path: Path, holder: subprocess.Popen[str]):
    holder.kill()
    holder.wait()
    store = Store(tmp_path / ".stepmill")
    assert store.owner() is None
    assert store.take()
    store.release()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused_with_what_to_do(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="choose another store with --store"):
        Store(tmp_path / ".stepmill").make()


def test_a_store_where_a_file_stands_is_refused_with_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another store with --store"):
        Store(tmp_path / "file" / ".stepmill").make()


@pytest.mark.slow
def test_an_owner_that_does_not_answer_is_named(tmp_path: Path):
    from stepmill.local import Local
    from stepmill.stage import load_settings

    script = (
        "import sys; from stepmill.local import Local; from stepmill.stage import load_settings\n"
        "assert Local(load_settings(store=sys.argv[1])).host(); print('held', flush=True); sys.stdin.read()"
    )
    where = str(tmp_path / ".stepmill")
    process = subprocess.Popen(
        [sys.executable, "-c", script, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreBusy, match=rf"held by process {process.pid} .*has not answered"):
            Local(load_settings(store=where)).call("states", "ListStateMachines", {})
    finally:
        process.kill()
        process.communicate()


def test_a_lock_that_is_let_go_is_free_though_a_process_that_was_just_started_has_its_descriptor(tmp_path):
    lock = locks.take(tmp_path / "lock")
    assert lock is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[lock]) as child:
        assert locks.held(tmp_path / "lock")
        locks.let_go(lock)
        again = locks.take(tmp_path / "lock")
        assert again is not None
        locks.let_go(again)
        assert child.stdin is not None
        child.stdin.close()
