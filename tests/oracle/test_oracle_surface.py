"""Every public name and argument of the Data Science SDK 2.3.0 is here, or the docs say why not."""

import os
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from surface import SURFACE, entries
from surface_reasons import DIFFERS, LEFT_OUT

HERE = Path(__file__).parent
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")
PAGE = HERE.parents[1] / "docs" / "reference" / "data-science-sdk.md"


@pytest.mark.parametrize("module", SURFACE)
def test_all_of_a_module_of_the_old_sdk_is_here_or_has_a_reason(module):
    room = module.removeprefix("stepfunctions").removeprefix(".")
    missing = [
        f"{entry.name}: {finding.said} [{finding.what}]"
        for entry in entries()
        if entry.name.rpartition(".")[0] == room
        for finding in entry.unexplained
    ]
    assert missing == []


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_what_is_said_to_be_left_out_is_not_here(pattern):
    meant = [entry for entry in entries() if fnmatchcase(entry.name, pattern)]
    assert meant
    assert [entry.name for entry in meant if not entry.findings] == []


@pytest.mark.parametrize("pattern", DIFFERS)
def test_what_is_said_to_differ_does(pattern):
    found = [f"{entry.name} {finding.what}" for entry in entries() for finding in entry.findings]
    assert [key for key in found if fnmatchcase(key, pattern)]


@pytest.mark.parametrize("reason", sorted({*LEFT_OUT.values(), *DIFFERS.values()}))
def test_the_page_says_why(reason):
    assert reason in PAGE.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
def test_the_surface_is_what_the_old_sdk_says_of_itself(tmp_path):
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path)}
    subprocess.run([PYTHON, HERE / "surface_ask.py", tmp_path / "surface.json"], env=environment, check=True)
    assert (tmp_path / "surface.json").read_text("utf-8") == (HERE / "surface.json").read_text("utf-8")
