"""The one verb `call`, as a Workflow and its Executions use it: over a boto3 client, or over a store of this machine.

In: an operation and a request of Step Functions. Out: its answer, with times as datetimes, as boto3 gives them.
Touches: nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
_TIMES = re.compile(r"(?:.*Date|timestamp)")
_PAGE = 1000  # the largest page that Step Functions gives


def over(client: Any) -> Call:
    """`call` for a boto3 client: CreateStateMachine is its create_state_machine."""

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        answer: dict[str, Any] = getattr(client, snake)(**request)
        return answer

    return call


def pages(call: Call, operation: str, member: str, request: dict[str, Any], most: int) -> Iterator[Any]:
    """What an operation lists, at most `most`, page after page."""
    asked = dict(request)
    while most > 0:
        answer = call(operation, asked | {"maxResults": min(_PAGE, most)})
        yield from answer[member][:most]
        most -= len(answer[member])
        if not answer.get("nextToken"):
            return
        asked["nextToken"] = answer["nextToken"]


def dated(value: Any) -> Any:
    """An answer of this machine, its times as datetimes with a time zone, as boto3 has them."""
    if isinstance(value, dict):
        return {key: _time(inner) if _TIMES.fullmatch(key) else dated(inner) for key, inner in value.items()}
    return [dated(item) for item in value] if isinstance(value, list) else value


def _time(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value
