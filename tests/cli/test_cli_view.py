"""What a run looks like while it goes: lines that stay, and a footer that does not."""

from __future__ import annotations

import io
import re
from typing import Any

from histories import DEFINITION, Teller, broken, good, rejected

from stepmill.cli.view import View
from stepmill.console.canvas import Look
from stepmill.console.facts import Facts
from stepmill.console.text import Curve
from stepmill.history.digest import Digester


def play(teller: Teller, *, live: bool, until: int | None = None, definition: Any = DEFINITION) -> str:
    """The text written when the events come one by one."""
    out = io.StringIO()
    digester = Digester(teller.arn)
    facts = Facts(definition, digester.digest)
    view = View(out, Look(60), live, definition, lambda visit: _metrics(visit.state), repaint=0)
    for event in teller.events[:until]:
        digester.feed(event)
        facts.feed(event)
        view.update(digester.digest, facts, event.at + 0.5)
    if until is None:
        view.close()
    return out.getvalue()


def _metrics(state: str) -> list[Curve]:
    return [Curve("accuracy", [0.5, 0.971])] if state == "Train" else []


def plain(text: str) -> list[str]:
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line).rstrip() for line in text.splitlines()]


def test_without_a_terminal_each_state_is_a_line_with_its_time() -> None:
    text = play(good(), live=False)
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in text.splitlines())
    assert "\x1b" not in text
    assert plain(text) == [
        "● 前処理    started",
        "✔ 前処理    4.0 s",
        "● Train     started",
        "✔ Train     4.0 s  accuracy 0.971",
        "✔ Good?     1.0 s  $report.accuracy >= 0.9 (0.97 >= 0.9) → Accepted",
        "✔ Accepted  1.0 s",
    ]


def test_a_rejecting_gate_tells_which_rule_did_not_hold() -> None:
    lines = plain(play(rejected(), live=False))
    assert "✔ Good?     1.0 s  not $report.accuracy >= 0.9 (0.5 >= 0.9) → Rejected" in lines
    assert "✖ Rejected  1.0 s  GateRejected: accuracy 0.5 is below 0.9" in lines


def test_a_task_that_failed_names_its_error() -> None:
    assert "✖ Train     4.0 s  accuracy 0.971  States.TaskFailed" in plain(play(broken(), live=False))


def test_a_retry_is_a_line_and_the_end_counts_them() -> None:
    teller = Teller().started().entered("Train")
    for number in range(3):
        teller.tell("TaskScheduled", resourceType="sagemaker", resource="createTrainingJob.sync", parameters="{}")
        if number < 2:
            teller.tell("TaskFailed", error="SageMaker.CapacityError", cause="none", _due=1.0)
    teller.tell("TaskSucceeded", resource="createTrainingJob.sync", output="{}").exited("Train").succeeded()
    lines = plain(play(teller, live=False))
    assert lines.count("↻ Train     trying again after SageMaker.CapacityError") == 2
    assert "✔ Train     7.0 s  retried ×2  accuracy 0.971" in lines


def test_a_terminal_gets_a_footer_of_what_runs_now() -> None:
    text = play(good(), live=True, until=8)
    assert text.split("\x1b[2K")[-1].endswith("● Train     1 s  accuracy 0.971")


def test_nothing_of_the_footer_is_left_at_the_end() -> None:
    text = play(good(), live=True)
    screen: list[str] = [""]
    for part in re.split(r"(\n|\r|\x1b\[2K|\x1b\[1A)", text):
        if part == "\n":
            screen.append("")
        elif part == "\x1b[2K":
            screen[-1] = ""
        elif part == "\x1b[1A":
            screen.pop()
        elif part != "\r":
            screen[-1] += part
    assert [line.split()[1] for line in screen if line] == ["前処理", "Train", "Good?", "Accepted"]


def test_the_items_of_a_map_are_counted_and_only_failures_are_lines() -> None:
    definition = {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass"}}}}},
    }
    teller = Teller().started().entered("Each", "Map").tell("MapStateStarted", length=3)
    for index in range(3):
        teller.tell("MapIterationStarted", name="Each", index=index).entered("I", "Pass").exited("I", "Pass")
        teller.tell("MapIterationSucceeded", name="Each", index=index)
    teller.tell("MapStateSucceeded").exited("Each", "Map").succeeded()
    assert plain(play(teller, live=False, definition=definition)) == ["● Each  started", "✔ Each  15.0 s"]


def test_what_came_in_one_go_is_told_in_the_order_it_happened() -> None:
    out = io.StringIO()
    teller = good()
    digester = Digester(teller.arn)
    facts = Facts(DEFINITION, digester.digest)
    for event in teller.events[:8]:
        digester.feed(event)
        facts.feed(event)
    view = View(out, Look(60), False, DEFINITION, lambda visit: [], repaint=0)
    view.update(digester.digest, facts, 0, lambda: view.log("前処理", "hello"))
    assert plain(out.getvalue()) == ["前処理 │ hello", "✔ 前処理    4.0 s", "● Train     started"]


def test_a_yes_or_no_question_is_answered_with_one_word() -> None:
    states: dict[str, Any] = {
        "New?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $input.update = true %}", "Next": "A"}],
            "Default": "B",
        },
        "A": {"Type": "Succeed"},
        "B": {"Type": "Succeed"},
    }
    teller = Teller().started().entered("Input", "Pass").exited("Input", "Pass", input={"update": False})
    teller.entered("New?", "Choice").exited("New?", "Choice").entered("B", "Succeed").exited("B", "Succeed").succeeded()
    lines = plain(play(teller, live=False, definition={"StartAt": "New?", "States": states}))
    assert "✔ New?  1.0 s  not $input.update = true (false) → B" in lines
