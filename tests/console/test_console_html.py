"""What a notebook shows needs nothing but itself, and says what the terminal says."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from stepmill.console.html import events_table, executions_table, graph_html, link, workflows_table
from stepmill.history.digest import digest
from stepmill.history.events import Event

EVIL = 'Train <script>alert("1")</script> & co'
MACHINE: dict[str, Any] = {
    "StartAt": "New data?",
    "States": {
        "New data?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fresh", "BooleanEquals": True, "Next": "Preprocess"}],
            "Default": EVIL,
        },
        "Preprocess": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            "Next": EVIL,
        },
        EVIL: {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}},
                {
                    "StartAt": "Each",
                    "States": {
                        "Each": {
                            "Type": "Map",
                            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
                            "End": True,
                        }
                    },
                },
            ],
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Done?"},
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": False, "Next": "Wait"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "Broken"},
    },
}
NAMES = {"New data?", "Preprocess", EVIL, "A", "B", "Each", "One", "Wait", "Done?", "Done", "Failed"}
ARN = "arn:aws:states:us-east-1:000000000000:execution:digits:monday"
RUN = [
    Event(1, 0, 10.0, "ExecutionStarted", {"input": "{}"}),
    Event(2, 0, 10.0, "ChoiceStateEntered", {"name": "New data?", "input": "{}"}),
    Event(3, 2, 10.0, "ChoiceStateExited", {"name": "New data?", "output": "{}"}),
    Event(4, 3, 10.0, "TaskStateEntered", {"name": "Preprocess", "input": "{}"}),
    Event(5, 4, 10.0, "TaskScheduled", {"resourceType": "sagemaker", "resource": "createProcessingJob.sync"}),
    Event(6, 5, 12.5, "TaskFailed", {"error": "States.TaskFailed", "cause": "no data"}),
    Event(7, 6, 12.5, "TaskStateExited", {"name": "Preprocess", "output": "{}"}),
    Event(8, 7, 12.5, "FailStateEntered", {"name": "Failed", "input": "{}"}),
    Event(9, 8, 12.5, "ExecutionFailed", {"error": "Broken", "cause": "<b>no data</b>"}),
]


def svg(html: str) -> ET.Element:
    found = re.search(r"<svg.*</svg>", html, re.S)
    assert found, html
    return ET.fromstring(found.group())


def shown(html: str) -> dict[str, tuple[str, ET.Element]]:
    """State → its class and its box."""
    space = {"s": "http://www.w3.org/2000/svg"}
    groups = [g for g in svg(html).iter(f"{{{space['s']}}}g") if "state" in str(g.get("class"))]
    boxes: dict[str, tuple[str, ET.Element]] = {}
    for group in groups:
        title, rect = group.find("s:title", space), group.find("s:rect", space)
        assert title is not None and rect is not None
        boxes[str(title.text)] = (str(group.get("class")), rect)
    return boxes


@pytest.mark.parametrize("portrait", [False, True])
def test_every_state_is_in_the_picture_once_with_its_own_name(portrait: bool) -> None:
    assert shown(graph_html(MACHINE, portrait=portrait)).keys() == NAMES


@pytest.mark.parametrize("portrait", [False, True])
def test_boxes_of_one_machine_do_not_cover_each_other(portrait: bool) -> None:
    boxes = shown(graph_html(MACHINE, portrait=portrait))
    corners = {
        name: [float(rect.get(key, "0")) for key in ("x", "y", "width", "height")]
        for name, (_, rect) in boxes.items()
        if name in MACHINE["States"]
    }
    for (_, (x1, y1, w1, h1)), (_, (x2, y2, w2, h2)) in itertools.combinations(corners.items(), 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1


def test_a_landscape_is_wider_than_high_and_a_portrait_higher_than_wide() -> None:
    for portrait in (False, True):
        picture = svg(graph_html(MACHINE, portrait=portrait))
        assert (float(picture.get("height", "0")) > float(picture.get("width", "0"))) is portrait


def test_a_run_is_told_by_sign_word_and_colour_and_the_rest_is_skipped() -> None:
    html = graph_html(MACHINE, digest=digest(ARN, RUN))
    classes = {name: kind for name, (kind, _) in shown(html).items()}
    assert "good" in classes["New data?"]
    assert "warn" in classes["Preprocess"], "caught"
    assert "faint" in classes["Done"], "skipped"
    words = ["FAILED", "monday", "in 2.5 s", "↪ Preprocess", "2.5 s · caught", "States.TaskFailed"]
    assert [word for word in words if word not in html] == []


@pytest.mark.parametrize("html", [
    graph_html(MACHINE, digest=digest(ARN, RUN)),
    events_table([{"id": 1, "type": "PassStateEntered", "timestamp": 0.0, "stateEnteredEventDetails": {"name": EVIL}}]),
    executions_table([{"name": EVIL, "status": "RUNNING", "startDate": 0.0}]),
    workflows_table([{"name": EVIL, "creationDate": 0.0, "stateMachineArn": EVIL}]),
    link("Workflow", EVIL, local=True), link("Execution", f"{EVIL}\"x", local=False),
])  # fmt: skip
def test_names_cannot_become_markup_and_nothing_is_fetched(html: str) -> None:
    assert "<script" not in html
    assert "<b>no data" not in html
    assert not re.search(r"""(src|xlink:href)=|@import|url\(|<link""", html)
    assert "alert" in html


def test_what_lives_on_aws_leads_to_its_console_and_what_lives_here_does_not() -> None:
    assert "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/arn:" in link(
        "Execution", ARN, local=False
    )
    assert "href" not in link("Execution", ARN, local=True)
    assert "not created yet" in link("Workflow", None, local=False)


def test_a_state_of_another_script_and_a_long_name_are_kept_in_the_tooltip() -> None:
    long = "前処理" * 30
    machine = {"StartAt": long, "States": {long: {"Type": "Pass", "End": True}}}
    assert shown(graph_html(machine)).keys() == {long}
