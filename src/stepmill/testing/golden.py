"""Histories as lines a reviewer can read.

In: events. Out: one line per event, compared with a file. Touches: the golden file, and only when told to write it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepmill.history.events import Event

# Extras are cut here: a golden is read, not parsed.
_WIDTH = 160


def render(events: Sequence[Event], *, claim: str, truth: str) -> str:
    """`id ← previous  time  Type  name  extra`, under a header that says what is shown and where the truth is from."""
    lines = [f"# {claim}", f"# truth: {truth}"]
    began = events[0].at
    inside: dict[str, str] = {}  # branch → the state it is in
    for event in events:
        key = event.details.get("_branch", "")
        if event.type.endswith("StateEntered"):
            inside[key] = event.details["name"]
        name = "" if event.type.startswith("Execution") else event.details.get("name") or inside.get(key, "")
        if "index" in event.details:
            name += f"[{event.details['index']}]"
        extra = _extra(event, began)
        extra = extra if len(extra) <= _WIDTH else extra[: _WIDTH - 1] + "…"
        place = f"{event.id:>4} ← {event.previous:<4} {event.at - began:>8.10g}s"
        lines.append(f"{place}  {event.type:<24} {name:<12} {extra}".rstrip())
    return "\n".join(lines) + "\n"


def _extra(event: Event, began: float) -> str:
    details = event.details
    parts = []
    if "resourceType" in details and event.type in ("TaskScheduled", "TaskSubmitFailed"):
        parts.append(f"{details['resourceType']}:{details['resource']}")
    if event.type == "LambdaFunctionScheduled":
        parts.append(details["resource"])
    if event.type in ("TaskScheduled", "LambdaFunctionScheduled", "ExecutionStarted"):
        parts += [details[key] for key in ("input", "parameters") if key in details]
    if "mapRunArn" in details:
        parts.append(details["mapRunArn"].split(":", 5)[5])
    if "length" in details:
        parts.append(f"{details['length']} items")
    if "timeoutInSeconds" in details:
        parts.append(f"timeout {details['timeoutInSeconds']}s")
    if "error" in details or "cause" in details:
        parts.append(": ".join(str(details[key]) for key in ("error", "cause") if key in details))
    if "output" in details:
        parts.append(details["output"])
    parts += [f"{name}={text}" for name, text in details.get("assignedVariables", {}).items()]
    if "_due" in details:
        parts.append(f"until {details['_due'] - began:.10g}s")
    if "_retry" in details:
        parts.append(f"retry at {details['_retry'][2] - began:.10g}s")
    return "  ".join(parts)


def compare(path: Path, text: str) -> None:
    """Assert that a golden file says `text`. With STEPMILL_GOLDEN=write in the environment it is written instead."""
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    recorded = path.read_text(encoding="utf-8") if path.exists() else "(no golden yet; STEPMILL_GOLDEN=write makes it)"
    assert text == recorded, f"{path.name} differs; run with STEPMILL_GOLDEN=write and read the diff"


def load(path: Path) -> dict[str, Any]:
    """A golden's own JSON: claim, truth, definition, input, tasks."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
