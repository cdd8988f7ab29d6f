"""The JSON that `--json` prints: one shape for an execution, whichever verb prints it.

In: records and digests. Out: JSON values; `schema` counts up when a key changes its meaning. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stepmill.asl.timestamps import render
from stepmill.console.text import Curve
from stepmill.history.digest import Attempt, Digest, Visit

SCHEMA = 1


def stamp(seconds: float | None) -> str | None:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return None if seconds is None else render(seconds)


def listed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`list --json`."""
    return {
        "schema": SCHEMA,
        "executions": [
            {
                "arn": row["arn"],
                "workflow": row["machine"],
                "name": row["name"],
                "status": row["status"],
                "started": stamp(row.get("started")),
                "ended": stamp(row.get("ended")),
                "error": row.get("error"),
            }
            for row in rows
        ],
    }


def execution(
    digest: Digest,
    metrics: Mapping[str, Sequence[Curve]],
    store: str | None,
    console: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """`run --json` and `show --json`. An execution on AWS has no store, and under `console` its pages there."""
    return {
        "schema": SCHEMA,
        "arn": digest.arn,
        "workflow": digest.machine,
        "name": digest.name,
        "status": digest.status,
        "started": stamp(digest.started),
        "ended": stamp(digest.ended),
        "input": _payload(digest.input),
        "output": _payload(digest.output),
        "error": digest.error,
        "cause": digest.cause,
        "store": store,
        "states": [_visit(visit, metrics) for visit in digest.visits],
    } | ({} if console is None else {"console": {kind: dict(pages) for kind, pages in console.items()}})


def _visit(visit: Visit, metrics: Mapping[str, Sequence[Curve]]) -> dict[str, Any]:
    job = next((attempt.job for attempt in reversed(visit.attempts) if attempt.job), None)
    said: dict[str, Any] = {
        "name": visit.state,
        "type": visit.type,
        "branch": list(visit.branch),
        "status": visit.status,
        "entered": stamp(visit.entered),
        "exited": stamp(visit.exited),
        "error": visit.error,
        "cause": visit.cause,
        "next": visit.next,
        "attempts": [_attempt(attempt) for attempt in visit.attempts],
    }
    if (run := next((attempt.map_run for attempt in reversed(visit.attempts) if attempt.map_run), None)) is not None:
        said["map_run"] = run
    if job is not None:
        said["job"] = {"kind": job[0], "name": job[1]}
    if job is not None and job[1] in metrics:
        said["metrics"] = {curve.name: list(curve.values) for curve in metrics[job[1]]}
    return said


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "started": stamp(attempt.started),
        "ended": stamp(attempt.ended),
        "error": attempt.error,
        "cause": attempt.cause,
    }


def _payload(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
