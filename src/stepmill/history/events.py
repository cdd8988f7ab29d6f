"""One thing that happened, in AWS's words.

In: an Event. Out: the HistoryEvent AWS would answer with, and back. Touches: nothing.

The one place where our own facts (keys with a leading `_`) are stripped; no other reader does it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One entry of an execution's history.

    `id` counts from 1 without gaps; `previous` is AWS's previousEventId; `at` is seconds since 1970; `details` has the
    keys of AWS's `…EventDetails` object, payloads as JSON texts. Keys with a leading `_` hold what recovery needs and
    AWS does not record.
    """

    id: int
    previous: int
    at: float
    type: str
    details: dict[str, Any]


ENDINGS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
"""The events that end an execution, and the status it has from then on."""

# Event types whose details object AWS leaves out (seen in recordings, 2025).
_BARE = frozenset(
    {
        "LambdaFunctionStarted",
        "MapRunAborted",
        "MapRunSucceeded",
        "MapStateAborted",
        "MapStateFailed",
        "MapStateSucceeded",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ParallelStateStarted",
        "ParallelStateSucceeded",
        "TaskStateAborted",
        "WaitStateAborted",
    }
)
# Payloads beside which AWS states whether it cut them; we never cut.
_PAYLOADS = {"input": "inputDetails", "output": "outputDetails", "assignedVariables": "assignedVariablesDetails"}
_STATE = re.compile(r"(?:Pass|Task|Choice|Wait|Succeed|Fail|Parallel|Map)State(Entered|Exited)\Z")


@cache
def details_key(type_: str) -> str | None:
    """The name of the details object in a HistoryEvent of this type; None when AWS gives it none."""
    if type_ in _BARE:
        return None
    if state := _STATE.match(type_):
        return f"state{state[1]}EventDetails"
    return f"{type_[0].lower()}{type_[1:]}EventDetails"


def public(event: Event) -> dict[str, Any]:
    """The HistoryEvent of AWS's API: id, previousEventId, timestamp (seconds), type and its details object."""
    shown: dict[str, Any] = {
        "id": event.id,
        "previousEventId": event.previous,
        "timestamp": event.at,
        "type": event.type,
    }
    key = details_key(event.type)
    if key is not None:
        details = {name: value for name, value in event.details.items() if not name.startswith("_")}
        for payload, beside in _PAYLOADS.items():
            if payload in details:
                details[beside] = {"truncated": False}
        shown[key] = details
    return shown


def from_public(events: Iterable[Mapping[str, Any]]) -> list[Event]:
    """HistoryEvents, of this machine or of AWS (whose clients have datetimes), as Events: `public`, turned round."""
    return [
        Event(
            shown["id"],
            shown.get("previousEventId", 0),
            at.timestamp() if isinstance(at := shown["timestamp"], datetime) else float(at),
            shown["type"],
            _whole(shown.get(details_key(shown["type"]) or "", {})),
        )
        for shown in events
    ]


def _whole(details: Mapping[str, Any]) -> dict[str, Any]:
    """Details without what AWS says beside a payload, unless it says that the payload was cut."""
    said = {beside for beside in _PAYLOADS.values() if not details.get(beside, {}).get("truncated")}
    return {name: value for name, value in details.items() if name not in said}
