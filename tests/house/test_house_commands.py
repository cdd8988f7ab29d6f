"""The pages about commands and settings say what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stepmill.stage import KEYS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_about_commands_is_what_the_parser_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_cli_reference.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_stands_on_the_page_about_configuration_and_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    rows = [line for line in page.partition("| Key |")[2].partition("\n\n")[0].splitlines() if line.startswith("| `")]
    assert tuple(row.split("`")[1] for row in rows) == KEYS
