"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src" / "stepmill").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_run_one_way():
    command = [Path(sys.executable).parent / "lint-imports"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_comes_in_what_goes_out_and_what_it_touches(path: Path):
    opening = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert all(word in opening for word in ("In:", "Out:", "Touches:")), opening


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_two_nouns_long(path: Path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import stepmill", {"apsw", "jlens", "asyncio", "boto3"}),
        ("import stepmill.cli", {"apsw", "jlens", "asyncio", "boto3", "stepmill.local", "stepmill.engine"}),
        ("import stepmill.steps, stepmill.workflow", {"apsw", "boto3", "botocore", "sagemaker", "stepmill.engine"}),
        ("import stepmill.local.host", {"boto3", "botocore", "moto", "sagemaker", "asyncio"}),
    ],
)
def test_an_import_brings_no_more_than_it_needs(statement: str, absent: set[str]):
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not absent & set(loaded)
