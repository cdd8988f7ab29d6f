"""A program that speaks to AWS through the old SDK asks AWS for the same through ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import old_program
import pytest

HERE = Path(__file__).parent
RECORDED = HERE / "old_program.json"
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")


def recorded() -> dict[str, Any]:
    return dict(json.loads(RECORDED.read_text("utf-8")))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("ours") / "ours.json"
    old_program.main("stepmill", str(target))
    return dict(json.loads(target.read_text("utf-8")))


def test_the_client_is_asked_for_the_same_in_the_same_order(ours: dict[str, Any]) -> None:
    assert ours["asked"] == recorded()["asked"]


@pytest.mark.parametrize("what", recorded()["found"])
def test_a_program_finds_the_same(ours: dict[str, Any], what: str) -> None:
    assert ours["found"][what] == recorded()["found"][what]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
def test_the_record_is_what_the_old_sdk_does_today(tmp_path: Path) -> None:
    target = tmp_path / "theirs.json"
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path)}
    subprocess.run(
        [PYTHON, HERE / "old_program.py", "stepfunctions", target], check=True, capture_output=True, env=environment
    )
    assert json.loads(target.read_text("utf-8")) == recorded()
