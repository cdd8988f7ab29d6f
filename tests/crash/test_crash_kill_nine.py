"""`kill -9` of the process that runs the engine: what ran goes on, is adopted, and starts once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from projects import Project, when_read


@pytest.mark.parametrize("step", ["train", "tell"])
def test_a_step_that_ran_when_the_engine_was_killed_is_adopted_and_starts_once(
    project: Project, tmp_path: Path, step: str
):
    project.tiny()
    effects = tmp_path / "effects.log"
    gate = tmp_path / f"effects.log.{step}"
    os.mkfifo(gate)

    first = project.spawn("run", "pipeline.py", "--name", "once", "--set", f"effects={effects}")
    hand = when_read(gate, first)  # the step is running now, and waits until this is closed
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    os.close(hand)

    project.stepmill("resume", "once")
    assert effects.read_text().split() == ["Prepare", "Train", "Tell"]
    assert '"status": "SUCCEEDED"' in project.stepmill("show", "once", "--json").stdout
