"""What jobs left is removed: whole folders, however deep, and nothing beside them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from stepmill.jobs.removal import remove_begun, remove_tree


def test_a_tree_deeper_than_a_stack_and_a_path_is_removed_and_links_are_not_followed(tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_text("x")
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(tmp_path)
    here = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("level", dir_fd=here)
        below = os.open("level", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    remove_tree(str(top))
    assert (top.exists(), kept.read_text()) == (False, "x")


def test_what_a_dead_process_had_begun_is_removed_and_what_a_living_one_makes_is_not(tmp_path: Path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = [f".new-{dead.pid}-a", f".new-{os.getpid()}-b", "job"]
    for name in names:
        (tmp_path / "training" / name).mkdir(parents=True)
    assert remove_begun(str(tmp_path)) == 1
    assert sorted(path.name for path in (tmp_path / "training").iterdir()) == sorted(names[1:])
