"""`stepmill import` prints Python, writes over nothing, and prints nothing when something is wrong."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from stepmill.cli import main
from stepmill.steps.importing import python_of

HELLO = '{"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Result": "前", "End": true}}}'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "hello.asl.json").write_text(HELLO, encoding="utf-8")
    return tmp_path


def test_what_is_printed_is_a_pipeline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "hello.asl.json"]) == 0
    text = capsys.readouterr().out
    assert text.endswith('workflow = Workflow("hello", definition=hello)\n')
    (folder / "printed.py").write_text(text, encoding="utf-8")
    assert main(["check", "printed.py"]) == 0
    assert capsys.readouterr().out == "hello: 1 states, nothing wrong\n"


def test_a_file_is_written_and_only_replaced_by_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = folder / "pipeline.py"
    assert main(["import", "hello.asl.json", "-o", "pipeline.py"]) == 0
    before = target.read_text(encoding="utf-8")
    assert main(["import", "hello.asl.json", "-o", "pipeline.py", "--name", "other"]) == 1
    assert "pipeline.py: is there already; --force replaces it" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == before
    assert main(["import", "hello.asl.json", "-o", "pipeline.py", "--name", "other", "--force"]) == 0
    assert 'Workflow("other", ' in target.read_text(encoding="utf-8")


def test_everything_wrong_is_told_and_nothing_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B", "Reslt": 1}}}')
    assert main(["import", "bad.json", "-o", "bad.py"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "bad.json: /States/A/Reslt: Field is not supported" in said.err
    assert "bad.json: /States/A/Next: Missing 'Next' target: B" in said.err
    assert not (folder / "bad.py").exists()


def test_a_definition_may_come_from_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + HELLO.encode()), encoding="ascii"))
    assert main(["import", "-"]) == 0
    assert 'Workflow("workflow", definition=hello)' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff{}", "bad.json: is no UTF-8 text (byte 1)"),
        (b"{", "bad.json: Definition must be a valid JSON object"),
        (json.dumps([]).encode(), "bad.json: Definition must be a valid JSON object"),
    ],
)
def test_what_is_no_definition_is_told(
    folder: Path, data: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.json").write_bytes(data)
    assert main(["import", "bad.json"]) == 1
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "nowhere.json"]) == 1
    assert "nowhere.json: No such file or directory" in capsys.readouterr().err


def test_the_page_shows_what_is_printed() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "import-a-definition.md").read_text("utf-8")
    definition = page.partition("```json\n")[2].partition("```")[0]
    shown = page.partition("This is `pipeline.py`:\n\n```python\n")[2].partition("```")[0]
    assert python_of(definition, "order") == shown
