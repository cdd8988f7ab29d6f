"""A program that asks its steps about themselves hears from ours what the old SDK says."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import old_steps
import pytest

HERE = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((HERE / "old_steps.json").read_text("utf-8"))
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")


@pytest.mark.parametrize("name", old_steps.QUESTIONS)
def test_a_step_answers_what_the_old_sdk_s_does(name: str) -> None:
    answer = old_steps.QUESTIONS[name](old_steps.Old("stepmill"))
    assert json.loads(json.dumps(answer)) == RECORDED[name]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
def test_the_answers_are_what_the_old_sdk_says_today(tmp_path: Path) -> None:
    target = tmp_path / "theirs.json"
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path)}
    command = [PYTHON, HERE / "old_steps.py", "stepfunctions", target]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert json.loads(target.read_text("utf-8")) == RECORDED
