"""A pipeline file is imported once, and whatever is wrong with it is told with the user's own line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepmill.cli.loader import load
from stepmill.cli.refusal import Refusal

ONE = "from stepmill.workflow import Workflow\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_the_one_workflow_of_a_file_is_found(folder: Path) -> None:
    (folder / "helper.py").write_text("NAME = 'digits'\n")
    (folder / "pipeline.py").write_text(ONE + "from helper import NAME\nw = Workflow(NAME, None)\nsame = w\n")
    assert load("pipeline.py").name == "digits"
    assert load(f"{folder}/pipeline.py:same").name == "digits"


def test_a_file_named_like_a_module_replaces_nothing(folder: Path) -> None:
    import json

    (folder / "json.py").write_text(ONE + "w = Workflow('a', None)\n")
    assert load("json.py").name == "a"
    assert sys.modules["json"] is json


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "pipeline.py: has no Workflow at module level"),
        (
            "a = Workflow('a', None)\nb = Workflow('b', None)\n",
            "2 workflows; say which: pipeline.py:a or pipeline.py:b",
        ),
        ("def f():\n    raise ValueError('no data')\n\nf()\n", "pipeline.py:3: ValueError: no data"),
        ("if True\n    pass\n", "pipeline.py:2: does not parse: expected ':'"),
        ("import sys\nsys.exit(3)\n", "pipeline.py:3: the file ends the program when it is imported"),
        ("import nowhere_to_be_found\n", "pipeline.py:2: ModuleNotFoundError"),
        ("w = Workflow('a', None)\nw.execute()\n", "pipeline.py:3: RuntimeError: execute() was called while"),
        ("w = Workflow('a', None)\nw.create()\n", "pipeline.py:3: RuntimeError: create() was called while"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_at_its_line(folder: Path, text: str, said: str) -> None:
    (folder / "pipeline.py").write_text(ONE + text)
    with pytest.raises(Refusal) as refusal:
        load("pipeline.py")
    assert said in str(refusal.value)
    assert "site-packages" not in str(refusal.value)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("pipelin.py", 'pipelin.py: there is no such file; did you mean "pipeline.py"?'),
        ("pipeline.py:wrok", '"wrok" is not in it; did you mean "work"?'),
        ("pipeline.py:x", '"x" is a int, no Workflow'),
        ("pipeline.py:a-b", '"a-b" cannot be the name of a workflow'),
        (".", ": is a folder; did you mean pipeline.py?"),
        ("data.csv", "a pipeline is a Python file"),
    ],
)
def test_a_reference_that_leads_nowhere_is_answered_with_the_nearest(folder: Path, reference: str, said: str) -> None:
    (folder / "pipeline.py").write_text(ONE + "work = Workflow('a', None)\nx = 1\n")
    (folder / "data.csv").write_text("{}")
    with pytest.raises(Refusal) as refusal:
        load(reference)
    assert said in str(refusal.value)
