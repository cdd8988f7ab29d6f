"""A few rounds of the crash loop; `make crash N=1000` plays as many as there is time for."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from road_check import of_history

from stepmill.history.events import Event

LOOP = Path(__file__).with_name("road.py")


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_runs_twice_whoever_is_killed(tmp_path: Path):
    command = [sys.executable, str(LOOP), "--rounds", "14", "--seed", "0", "--at-once", "2", "--out", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_judge_of_the_loop_sees_what_is_wrong():
    task = {"parameters": {"TrainingJobName": "road-train-1-0"}}
    events = [
        Event(1, 0, 0.0, "ExecutionStarted", {}),
        Event(2, 1, 0.0, "TaskScheduled", task),
        Event(3, 2, 0.0, "TaskSucceeded", {}),
        Event(4, 3, 0.0, "ExecutionSucceeded", {}),
    ]
    attempt = "Train road-train-1-0"
    assert of_history(events, Counter([attempt]), False) == []
    assert of_history(events, Counter([attempt] * 2), True) == [f"{attempt} started 2 times"]
    assert of_history(events, Counter(), True) == [f"{attempt} never started and yet succeeded"]
    assert of_history(events, Counter([attempt, "Train x"]), True) == ["Train x started, and no event asked for it"]
    failed = [*events[:2], events[2]._replace(type="TaskFailed"), events[3]]
    assert of_history(failed, Counter(), True) == []  # its supervisor was killed before the script began
    assert of_history(failed, Counter(), False) == [f"{attempt} never started"]
    assert "gaps" in of_history([events[0], events[3]], Counter(), False)[0]
    assert "does not end once" in of_history(events[:3], Counter([attempt]), False)[0]
