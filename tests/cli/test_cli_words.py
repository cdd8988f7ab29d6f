"""The command line: lazily loaded, every mistake answered with one message and exit code 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.cli import main
from stepmill.cli.given import given, parse
from stepmill.cli.parser import VERBS, build, module
from stepmill.cli.refusal import Refusal


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"usage: stepmill {verb}" in capsys.readouterr().out


def test_help_loads_no_verb_and_no_room() -> None:
    script = "import sys; from stepmill.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {name for name in run.stderr.split() if name.startswith("stepmill")}
    assert ours == {"stepmill", "stepmill.cli", "stepmill.cli.program", "stepmill.cli.parser", "stepmill.cli.refusal"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu", "x.py"], 'there is no verb "rnu"; did you mean "run"?'),
        (["run"], "the following arguments are required: FILE[:NAME]"),
        (["run", "x.py", "--detahc"], '--detahc is not known here; did you mean "--detach"?'),
        (["--stroe", "x"], '--stroe is not known before a verb; did you mean "--store"?'),
        (["clean", "--keep", "many"], "must be a number of executions, not 'many'"),
        (["clean"], "required: --keep"),
        (["cp", "a", "b"], "neither is an s3:// URL"),
        (["run", "x.py", "--pass-env", "NOT_THERE"], "--pass-env NOT_THERE: there is no such variable"),
        (["run", "x.py", "--set", "epochs"], "--set epochs: give key=value"),
        (["run", "x.py", "--stage", "Prod!"], "stage must be lower-case letters"),
    ],
)
def test_a_usage_error_is_one_message_and_exit_code_1(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    assert said in capsys.readouterr().err


def test_the_store_may_be_named_before_and_after_the_verb() -> None:
    for words in (["--store", "here", "list"], ["list", "--store", "here"]):
        parsed = build(["list"]).read(words)
        assert (parsed.store, parsed.verb, parsed.debug) == ("here", "list", False)


def test_no_verb_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "130  interrupted" in capsys.readouterr().out


def test_a_bug_of_ours_says_so_and_writes_a_report_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MY_TOKEN", "very-secret-value")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(module("list"), "run", lambda args: {}["very-secret-value"])
    assert main(["list"]) == 10
    err = capsys.readouterr().err
    assert "this is a bug of Stepmill: KeyError" in err
    report = next(tmp_path.glob("stepmill-bug-*.txt"))
    assert str(report) in err
    text = report.read_text()
    assert "Traceback" in text
    assert "very-secret-value" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_set_values_are_json_or_else_text() -> None:
    words = ["a=1", "b=[1,2]", "c=true", "d=s3://x/=y", 'e="1"', "f=", "g=1e-3", "h=NaN"]
    assert given(None, words) == {
        "a": 1, "b": [1, 2], "c": True, "d": "s3://x/=y", "e": "1", "f": "", "g": 0.001, "h": "NaN",
    }  # fmt: skip


def test_set_wins_over_the_input_file(tmp_path: Path) -> None:
    file = tmp_path / "in.json"
    file.write_text('\ufeff{"epochs": 1, "説明": "数字"}', encoding="utf-8")
    assert given(str(file), ["epochs=2"]) == {"epochs": 2, "説明": "数字"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1 "b"}', "in.json:1:9: not JSON"),
        ('{\n "a" 1}', "in.json:2:6: not JSON"),
        ("", "in.json:1:1: not JSON"),
        ("{'a': 1}", "in.json:1:2: not JSON"),
        ('{"a": NaN}', "in.json: not JSON: NaN is no JSON"),
        ('{"a": 1, "a": 2}', 'the key "a" stands there twice'),
        ("[" * 100_000, "in.json: not JSON"),
    ],
)
def test_input_that_is_not_json_is_told_with_line_and_column(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(text, "in.json")
    assert said in str(refusal.value)


def test_input_files_that_cannot_be_read_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read: No such file"):
        given(str(tmp_path / "none.json"), [])
    (tmp_path / "latin").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(Refusal, match="is not UTF-8 text"):
        given(str(tmp_path / "latin"), [])
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(Refusal, match="--set needs an input that is a JSON object"):
        given(str(tmp_path / "list.json"), ["a=1"])
