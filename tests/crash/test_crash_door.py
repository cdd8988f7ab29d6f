"""The front door under kill -9: what was acknowledged ends, and is done once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOOP = Path(__file__).with_name("door.py")


@pytest.mark.slow
def test_a_hundred_executions_end_and_are_done_once_though_the_server_is_killed_under_them(tmp_path: Path):
    command = [sys.executable, str(LOOP), "--executions", "100", "--kills", "8", "--seed", "0", "--out", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
