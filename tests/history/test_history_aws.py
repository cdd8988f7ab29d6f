"""The history of an execution on AWS reads as one of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stepmill.history import aws
from stepmill.history.aws import Reading
from stepmill.history.digest import digest
from stepmill.history.events import Event, from_public, public
from stepmill.testing import Outcome, ScriptedTasks, golden, hang, run

HISTORIES = Path(__file__).parents[1] / "golden" / "histories"
ARN = "arn:aws:states:us-east-1:111122223333:execution:Machine:run"


def boto(event: Event) -> dict[str, Any]:
    """The event as botocore gives it."""
    shown = public(event)
    return shown | {"timestamp": datetime.fromtimestamp(shown["timestamp"], UTC)}


def played(path: Path) -> list[Event]:
    case = golden.load(path)
    scripts = {
        state: [hang() if "hang" in one else Outcome(**one) for one in many] for state, many in case["tasks"].items()
    }
    return list(run(case["definition"], case["input"], ScriptedTasks(scripts)).events)


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.json")), ids=lambda path: path.stem)
def test_what_getexecutionhistory_answers_is_the_history_without_what_only_recovery_needs(path: Path) -> None:
    events = played(path)
    bare = [
        e._replace(details={key: value for key, value in e.details.items() if not key.startswith("_")}) for e in events
    ]
    known = [e if aws_has_details(e) else e._replace(details={}) for e in bare]
    back = from_public(boto(e) for e in events)
    assert [e._replace(at=0) for e in back] == [e._replace(at=0) for e in known]
    assert [e.at for e in back] == pytest.approx([e.at for e in known], abs=1e-5)
    ours, theirs = digest(ARN, events), digest(ARN, back)
    assert (ours.status, ours.output, ours.error) == (theirs.status, theirs.output, theirs.error)
    assert [(v.state, v.branch, v.status) for v in ours.visits] == [
        (v.state, v.branch, v.status) for v in theirs.visits
    ]


def aws_has_details(event: Event) -> bool:
    from stepmill.history.events import details_key

    return details_key(event.type) is not None


def test_a_payload_that_aws_cut_says_so() -> None:
    whole = boto(Event(1, 0, 1.0, "ExecutionStarted", {"input": "{}", "roleArn": "r"}))
    assert from_public([whole])[0].details == {"input": "{}", "roleArn": "r"}
    whole["executionStartedEventDetails"]["inputDetails"] = {"truncated": True}
    assert from_public([whole])[0].details["inputDetails"] == {"truncated": True}


class Refused(Exception):
    code = "InvalidToken"


class Paged:
    """GetExecutionHistory over a list that grows, in small pages whose tokens may be old."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.events: list[Event] = []
        self.asked: list[int] = []
        self.stale = False

    def grow(self, count: int) -> None:
        first = len(self.events) + 1
        self.events += [
            Event(n, n - 1, float(n), "PassStateEntered", {"name": "A"}) for n in range(first, first + count)
        ]

    def __call__(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "GetExecutionHistory"
        assert request["maxResults"] == aws.PAGE
        if self.stale and "nextToken" in request:
            raise Refused
        begin = int(json.loads(request.get("nextToken", "0")))
        self.asked.append(begin)
        answer: dict[str, Any] = {"events": [boto(e) for e in self.events[begin : begin + self.size]]}
        if len(self.events) > begin + self.size:
            answer["nextToken"] = json.dumps(begin + self.size)
        return answer


def test_a_history_that_grows_is_read_on_from_its_last_page() -> None:
    paged = Paged(3)
    reading = Reading(paged, ARN)
    assert reading.new() == []
    paged.grow(4)
    assert [e.id for e in reading.new()] == [1, 2, 3, 4]
    paged.grow(1)
    paged.asked.clear()
    assert [e.id for e in reading.new()] == [5]
    assert paged.asked == [3]
    paged.grow(3)
    assert [e.id for e in reading.new()] == [6, 7, 8]
    assert reading.new() == []
    assert reading.seen == 8


def test_a_token_that_is_too_old_costs_nothing_but_time() -> None:
    paged = Paged(3)
    reading = Reading(paged, ARN)
    paged.grow(5)
    reading.new()
    paged.grow(1)
    paged.stale, paged.size = True, 100
    assert [e.id for e in reading.new()] == [6]
