"""The picture of an execution: what a person sees is in `golden/`. STEPMILL_GOLDEN=write writes it anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from stepmill.console.canvas import Look
from stepmill.console.text import Curve, draw, outcomes
from stepmill.console.words import width
from stepmill.history.digest import Attempt, Digest, Visit

GOLDEN = Path(__file__).parent / "golden"
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Tell failure"}]


def task(following: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "r", "Next": following, "Catch": CATCH, **more}


DIGITS: dict[str, Any] = {
    "StartAt": "Input",
    "States": {
        "Input": {"Type": "Pass", "Next": "New data?"},
        "New data?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $input.DataUpdate = true %}", "Next": "Preprocess"}],
            "Default": "Latest data",
        },
        "Preprocess": task("Train"),
        "Latest data": task("Train"),
        "Train": task("Evaluate"),
        "Evaluate": task("Read report"),
        "Read report": task("Good enough?"),
        "Good enough?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $report.accuracy >= 0.9 %}", "Next": "Export experiments"}],
            "Default": "Tell rejection",
        },
        "Export experiments": task("Tell success"),
        "Tell success": {"Type": "Task", "Resource": "r", "End": True},
        "Tell rejection": {"Type": "Task", "Resource": "r", "Next": "Rejected"},
        "Rejected": {"Type": "Fail"},
        "Tell failure": {"Type": "Task", "Resource": "r", "Next": "Failed"},
        "Failed": {"Type": "Fail"},
    },
}
NESTED: dict[str, Any] = {
    "StartAt": "前処理",
    "States": {
        "前処理": {"Type": "Pass", "Next": "並列で学習"},
        "並列で学習": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "学習",
                    "States": {"学習": {"Type": "Task", "Next": "評価"}, "評価": {"Type": "Task", "End": True}},
                },
                {
                    "StartAt": "選択",
                    "States": {
                        "選択": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$.数", "NumericEquals": 3, "Next": "三"}],
                            "Default": "その他",
                        },
                        "三": {"Type": "Pass", "End": True},
                        "その他": {"Type": "Pass", "End": True},
                    },
                },
            ],
            "Next": "待つ",
        },
        "待つ": {"Type": "Wait", "Seconds": 5, "Next": "できた?"},
        "できた?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "一つずつ"}],
            "Default": "待つ",
        },
        "一つずつ": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "写す", "States": {"写す": {"Type": "Pass", "End": True}}},
            "End": True,
        },
    },
}


def visit(state: str, begin: float, end: float | None, status: str = "succeeded", tries: int = 1, **more: Any) -> Visit:
    return Visit(state, "Task", more.pop("branch", ()), begin, end, status, [Attempt(begin)] * tries, **more)


def run_of(status: str, *visits: Visit) -> Digest:
    return Digest("arn", "m", "n", status, 0.0, 30.0, visits=list(visits))


SUCCEEDED = run_of(
    "SUCCEEDED",
    visit("Input", 0, 0),
    visit("New data?", 0, 0.02),
    visit("Preprocess", 0.1, 1.3),
    visit("Train", 1.3, 13.6, tries=3),
    visit("Evaluate", 13.6, 80),
    visit("Read report", 80, 80.1),
    visit("Good enough?", 80.1, 80.1),
    visit("Export experiments", 80.1, 80.2),
    visit("Tell success", 80.2, 80.3),
)
FAILED = run_of(
    "FAILED",
    visit("Input", 0, 0),
    visit("New data?", 0, 0),
    visit("Latest data", 0, 0.3),
    visit("Train", 0.3, 2.3, "caught", error="States.TaskFailed", next="Tell failure"),
    visit("Tell failure", 2.3, 2.4),
    visit("Failed", 2.4, 2.4, "failed", error="PipelineFailed"),
)
RUNNING = run_of(
    "RUNNING",
    visit("前処理", 0, 0.5),
    visit("並列で学習", 0.5, None, "running"),
    visit("学習", 0.5, None, "running", branch=("並列で学習[0]",)),
    visit("選択", 0.5, 0.5, branch=("並列で学習[1]",)),
    visit("三", 0.5, 0.5, branch=("並列で学習[1]",)),
)
CURVES = {
    "Train": [
        Curve("accuracy", [0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97]),
        Curve("loss", [2, 1.5, 1, 0.7, 0.5, 0.4, 0.3, 0.2]),
    ],
    "学習": [Curve("正解率", [0.1, 0.5, 0.9])],
}


def golden(name: str, drawn: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        path.write_text(drawn + "\n", encoding="utf-8")
    assert drawn + "\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "machine", "digest", "look"),
    [
        ("digits", DIGITS, SUCCEEDED, Look(80)),
        ("digits_stacked", DIGITS, SUCCEEDED, Look(44)),
        ("digits_ascii", DIGITS, SUCCEEDED, Look(80, unicode=False)),
        ("digits_failed", DIGITS, FAILED, Look(80)),
        ("japanese", NESTED, RUNNING, Look(80)),
        ("japanese_narrow", NESTED, RUNNING, Look(36)),
    ],
)
def test_the_picture_is_the_one_in_the_golden_file(
    name: str, machine: dict[str, Any], digest: Digest, look: Look
) -> None:
    golden(name, draw(machine, digest, CURVES, look, now=10.0))


@pytest.mark.parametrize("columns", [36, 60, 80, 120])
@pytest.mark.parametrize(("machine", "digest"), [(DIGITS, SUCCEEDED), (DIGITS, FAILED)])
def test_no_line_is_wider_than_the_terminal(machine: dict[str, Any], digest: Digest, columns: int) -> None:
    assert max(map(width, draw(machine, digest, CURVES, Look(columns)).split("\n"))) <= columns


def test_a_box_around_wide_characters_is_closed_in_one_column() -> None:
    lines = draw(NESTED, RUNNING, CURVES, Look(80), now=10.0).split("\n")
    ends = [width(line) for line in lines if line.endswith(("┐", "│", "┘")) and ("並列" in line or line[0] in "│└")]
    assert len(ends) > 4
    assert len(set(ends[: ends.index(ends[0]) + 5])) == 1


def test_without_unicode_nothing_but_ascii_is_drawn() -> None:
    assert draw(DIGITS, SUCCEEDED, CURVES, Look(80, unicode=False)).isascii()


def test_colours_change_nothing_but_colours() -> None:
    import re

    coloured = draw(DIGITS, FAILED, CURVES, Look(80, colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == draw(DIGITS, FAILED, CURVES, Look(80))


def test_control_characters_in_names_and_errors_reach_no_terminal() -> None:
    machine = {"StartAt": "a\x1b]0;t\x07", "States": {"a\x1b]0;t\x07": {"Type": "Fail"}}}
    digest = run_of("FAILED", visit("a\x1b]0;t\x07", 0, 1, "failed", error="\x1b[2J\u202ebad"))
    drawn = draw(machine, digest)
    assert "\x1b" not in drawn
    assert "\\x1b]0;t\\x07" in drawn
    assert "\\u202ebad" in drawn


def test_the_visits_of_a_map_are_taken_together() -> None:
    visits = [visit("I", i, i + 2, "failed" if i == 3 else "succeeded", branch=(f"Each[{i}]",)) for i in range(5)]
    found = outcomes(run_of("FAILED", *visits))["I"]
    assert (found.status, found.visits, found.seconds) == ("failed", 5, 6)
