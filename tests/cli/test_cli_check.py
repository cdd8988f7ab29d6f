"""`stepmill check` tells problems and warnings at the user's own lines; only problems end it with 1."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from stepmill.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "find-faults-before-running.md"
STATES = {"Make": {"Type": "Pass", "Result": {"a": 1}, "Next": "Use"}, "Use": {"Type": "Pass", "InputPath": "$.b"}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_the_page_shows_what_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, text in re.findall(r"<!-- file: (\S+) -->\n\n```\w+\n(.*?)```", page, re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    shown = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert main(["check", "pipeline.py"]) == 0
    said = capsys.readouterr()
    assert shown is not None
    assert said.err + said.out == shown[1]


def test_warnings_are_told_and_end_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = {"StartAt": "Make", "States": {**STATES, "Use": {**STATES["Use"], "End": True}}}
    (folder / "two.json").write_text(json.dumps(machine), encoding="utf-8")
    assert main(["check", "two.json"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("two.json/States/Use/InputPath: warning: '$.b' finds nothing on any way to this state\n")
    assert said.out == "two: 2 states, 1 warning\n"
    assert main(["check", "two.json", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], [row["severity"] for row in told["problems"]]) == (True, ["WARNING"])


def test_problems_end_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "two.json").write_text(json.dumps({"StartAt": "Make", "States": STATES}), encoding="utf-8")
    assert main(["check", "two.json"]) == 1
    assert "two.json/States/Use: One of [Next, End] is required" in capsys.readouterr().err
    assert main(["check", "two.json", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["severity"] == "ERROR"


def test_a_run_warns_once_and_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "from stepmill.steps import Chain, Pass",
        "from stepmill.workflow import Workflow",
        "one = Pass('One', result={'a': 1})",
        "two = Pass('Two', input_path='$.b')",
        "workflow = Workflow('pair', definition=Chain([one, two]))",
    ]
    (folder / "pair.py").write_text("\n".join(lines), encoding="utf-8")
    assert main(["run", "pair.py", "--set", "x=1"]) == 4
    assert capsys.readouterr().err.count("pair.py:4 (/States/Two/InputPath): warning: ") == 1


# The page on moving begins with what somebody wrote for the SDK, which is not there to import.
MOVING = PAGE.with_name("move-from-the-data-science-sdk.md")
PAGES = sorted(
    each
    for each in PAGE.parent.glob("*.md")
    if each not in (PAGE, MOVING) and "<!-- file: pipeline.py -->" in each.read_text("utf-8")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_pipelines_of_the_docs_have_no_warning(
    page: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in re.findall(r"<!-- file: (\S+) -->\n\n```\w+\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    main(["check", "pipeline.py", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [row for row in told["problems"] if row["severity"] == "WARNING"] == []
    assert "workflow" in told, told  # else it was not compiled, and nothing was looked for


def test_the_example_has_no_warning(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(PAGE.parents[2] / "examples" / "digits")
    assert main(["check", "pipeline.py"]) == 0
    assert capsys.readouterr().out.endswith("states, nothing wrong\n")
