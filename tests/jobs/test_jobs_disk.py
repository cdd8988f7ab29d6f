"""What a full disk does to a job."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILL = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import Desk
desk = Desk(Path(sys.argv[1]))
fill = "dd if=/dev/zero of=/opt/ml/processing/big bs=64k 2>/dev/null; echo said; exit 7"
state = desk.run(desk.processing("full", "/bin/sh", "-c", fill)).state()
(Path(sys.argv[1]) / "jobs/processing/full/ml/processing/big").unlink()
again = desk.run(desk.processing("then", "/bin/sh", "-c", "exit 0")).state()
print(json.dumps([state.status, state.exit_code, state.failure_reason, again.status]))
"""


@pytest.mark.slow
def test_a_job_that_fills_the_disk_is_told_from_a_lost_one(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    tried = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True)
    if tried.returncode:
        pytest.skip("user namespaces are not allowed here, so no small disk can be mounted")
    script = f'mount -t tmpfs -o size=4m none {small} && exec "$0" -c "$1" {small} {Path(__file__).parent}'
    said = subprocess.check_output(["unshare", "-rm", "/bin/sh", "-c", script, sys.executable, FILL])
    assert json.loads(said) == ["Failed", 7, "AlgorithmError: the program ended with exit code 7", "Completed"]
