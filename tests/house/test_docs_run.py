"""The blocks of the docs that can be run are run, a page at a time, in the order of the page.

A comment above a block says what it is: `<!-- file: NAME -->` is written, `<!-- run -->` is run in the same folder, and
`<!-- run: exit 3 -->` must end so. Blocks without a comment are shown only; Python in them must parse (test_readme).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.joinpath("docs").rglob("*.md"))]
BLOCK = re.compile(r"^<!-- (file|run)(?:: (.+?))? -->\n+```(\w+)\n(.*?)^```", flags=re.M | re.S)
SLOW = {
    "move-from-the-data-science-sdk.md",  # it runs a program in each of its sections
    "tour.md",  # it installs scikit-learn and trains five times
    "run-on-aws-and-look-from-here.md",  # it serves a store that stands in for AWS
    "point-your-code-at-stepmill.md",  # it calls the AWS CLI, which is slow to start, and has to be installed
}
MARKED = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]


def slow_or_not(page: Path):
    marks = [pytest.mark.slow] if page.name in SLOW else []
    return pytest.param(page, marks=marks, id=str(page.relative_to(ROOT)))


@pytest.mark.parametrize("page", [slow_or_not(page) for page in MARKED])
def test_what_a_page_says_can_be_done_as_it_says(page: Path, project):
    folders = [str(Path(sys.executable).parent), os.environ.get("STEPMILL_AWSCLI", ""), os.environ["PATH"]]
    path = os.pathsep.join(folder for folder in folders if folder)
    for script in (ROOT / "examples" / "digits").glob("*.py"):
        if page.name in SLOW:
            shutil.copy(script, project.root)
    for verb, word, language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if verb == "file":
            project.write(word, text)
            continue
        wanted = int(word.removeprefix("exit ")) if word else 0
        command = ["sh", "-eu", "-c", text] if language == "sh" else [sys.executable, "-c", text]
        done = subprocess.run(
            command,
            cwd=project.root,
            env=project.environ(PATH=path, STEPMILL_STORE=str(project.root / ".stepmill")),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == wanted, f"{text}\n{done.stdout}\n{done.stderr}"


def test_the_pages_on_how_to_do_something_are_run():
    howto = sorted(ROOT.joinpath("docs", "howto").glob("*.md"))
    assert [page.name for page in howto if page not in MARKED] == []


def test_every_mark_stands_above_a_block():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^<!-- (?:file|run)", text, flags=re.M)) == len(BLOCK.findall(text)), page
