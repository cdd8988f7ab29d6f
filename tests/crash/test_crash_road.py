"""A few rounds of the crash loop; `make crash N=1000` plays as many as there is time for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOOP = Path(__file__).with_name("road.py")


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_runs_twice_whoever_is_killed(tmp_path: Path):
    command = [sys.executable, str(LOOP), "--rounds", "14", "--seed", "0", "--at-once", "2", "--out", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert ended.returncode == 0, ended.stdout + ended.stderr
