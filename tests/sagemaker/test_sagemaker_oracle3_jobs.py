"""Transformers and tuners of sagemaker 3 become the requests that SDK itself would send."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import stepmill.sagemaker

PYTHON = os.environ.get("STEPMILL_ORACLE3_PYTHON", "")


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE3_PYTHON names no interpreter with sagemaker 3")
def test_transformers_and_tuners_of_sagemaker_3_give_that_sdk_s_requests(tmp_path: Path) -> None:
    program = Path(__file__).with_name("oracle3_jobs.py")
    sources = Path(stepmill.sagemaker.__file__).parents[2]
    target = tmp_path / "requests.json"
    done = subprocess.run(
        [PYTHON, str(program), str(target), str(sources)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    asked = json.loads(target.read_text("utf-8"))
    assert asked["ours"] == asked["theirs"]
