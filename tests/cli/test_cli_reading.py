"""`list`, `show` and `logs` read a store: no engine, no lock, aligned in any script."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from histories import add_job, broken, fill, good, rejected, running

from stepmill.cli import main
from stepmill.console.words import width


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STEPMILL_STORE", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    made = fill(tmp_path / ".stepmill", good("最初の実行"), rejected(), broken(), running())
    lines = [*(f"line {i}" for i in range(40)), "Error: 壊れた \x1b[31mred\x1b[0m\x07"]
    ended = {"status": "Failed", "secondary": "Failed", "exit_code": 1, "reason": "AlgorithmError: ExitCode 1"}
    add_job(made, "training", "third-train", "t#1", lines, **ended)
    folder = add_job(made, "training", "second-train", "s#1", ["epoch 1"], model="s3://stepmill-local/m/model.tar.gz")
    points = [{"name": "loss", "value": v, "at": i} for i, v in enumerate((3, 2, 1))]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(point) + "\n" for point in points) + '{"name": "lo')
    return made


def test_list_shows_the_newest_first_and_aligns_wide_names(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == ["fourth", "third", "second", "最初の実行"]
    column = width(head[: head.index("STATUS")])
    for row, word in zip(rows, ("RUNNING", "FAILED", "FAILED", "SUCCEEDED"), strict=True):
        assert width(row[: row.index(word)]) == column + 2


def test_list_as_json_has_one_shape(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "-n", "2"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["schema"] == 1
    assert [set(row) for row in listed["executions"]] == [
        {"arn", "workflow", "name", "status", "started", "ended", "error"}
    ] * 2
    assert listed["executions"][1]["started"] == "2023-11-14T22:13:20.000Z"


def test_a_store_that_is_not_there_has_no_executions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", str(tmp_path / "none"), "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["executions"] == []
    assert not (tmp_path / "none").exists()


def test_show_draws_the_newest_execution_or_the_one_named(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 0
    assert "● Train" in capsys.readouterr().out
    assert main(["show", "最初の実行"]) == 0
    out = capsys.readouterr().out
    assert "✔ 前処理" in out
    assert "✔ digits 最初の実行  SUCCEEDED in 15.0 s" in out
    assert 'output  {"accuracy": 0.97}' in out


def test_show_says_the_sentence_of_the_gate(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "second"]) == 0
    out = capsys.readouterr().out
    assert "REJECTED by the gate" in out
    assert re.search(r"why +accuracy 0.5 is below 0.9", out)
    assert "loss █▅▁ 3 → 1" in out


def test_a_failure_is_one_screen(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "third"]) == 0
    out = capsys.readouterr().out
    end = out[out.index("✖ digits third") :]
    for said in ("Train  (pipeline.py:41)", "exit code  1", "AlgorithmError: ExitCode 1", "line 39", "jobs/training"):
        assert said in end
    assert "line 25" not in end, "only the last lines"
    assert len(end.splitlines()) <= 30
    assert "Error: 壊れた red\\x07" in end, "colours go, control characters are shown, not obeyed"


def test_show_as_json_has_every_visit(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "second", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema"], shown["status"], shown["error"]) == (1, "FAILED", "GateRejected")
    train = shown["states"][0]
    assert (train["name"], train["job"], train["metrics"]) == (
        "Train", {"kind": "training", "name": "second-train"}, {"loss": [3.0, 2.0, 1.0]},
    )  # fmt: skip


def test_logs_print_what_the_job_said_and_name_the_state_when_there_are_several(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["logs", "third", "Train"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == ("line 0", 41)
    assert main(["logs", "third"]) == 0
    assert capsys.readouterr().out.startswith("Train │ line 0\n")
    assert main(["logs", "second", "-t", "-f"]) == 0
    assert capsys.readouterr().out == "2023-11-14T22:13:20.000Z Train │ epoch 1\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "thrid"], 'there is no execution "thrid"; did you mean "third"?'),
        (["logs", "third", "Tarin"], '"third" has no state "Tarin"; did you mean "Train"?'),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(
    store: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words) == 1
    assert said in capsys.readouterr().err


def test_the_beginning_of_a_name_is_enough_when_it_is_the_only_one(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "fou", "--json"]) == 0
    assert main(["show", "f"]) == 0
    assert main(["show", "digits:third"]) == 0


def test_a_store_of_a_later_stepmill_is_left_alone(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import apsw

    apsw.Connection(str(store / "history.db")).execute("PRAGMA user_version = 99")
    assert main(["list"]) == 5
    assert "later Stepmill" in capsys.readouterr().err


def test_a_terminal_without_unicode_gets_ascii(store: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "stepmill", "--store", str(store), "show", "最初の実行"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        check=True,
    )
    assert run.stdout.isascii()
    assert b"+ Train  4.0 s" in run.stdout


def test_a_reading_verb_starts_no_engine_and_takes_no_lock(store: Path) -> None:
    script = "import sys; from stepmill.cli import main; main(['show', 'second']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=store.parent, check=True)
    loaded = set(run.stderr.split())
    assert not {"stepmill.local", "stepmill.engine", "stepmill.services", "jlens", "boto3"} & loaded
    assert not (store / "engine.lock").exists()
