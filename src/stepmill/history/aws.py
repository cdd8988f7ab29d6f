"""The history of an execution on AWS, read page by page while it grows.

In: a function that asks Step Functions, an execution's ARN. Out: Events, each once, in order. Touches: nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from stepmill.history.events import Event, from_public

Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""One operation of Step Functions: its name and a request as boto3 spells them → the answer."""

PAGE: Final = 1000  # events, the most a page of GetExecutionHistory has (API reference)


class Reading:
    """One execution's history, read on from where it was left.

    The pages of a growing history stay as they are; only the last one grows. So the token that led to it is kept, and
    what that page had before is skipped.
    """

    def __init__(self, ask: Ask, arn: str) -> None:
        """ask: raises whatever its caller understands; an exception whose `code` is InvalidToken (tokens live for 24
        hours, API reference) is answered by reading from the beginning."""
        self._ask = ask
        self._arn = arn
        self._token: str | None = None
        self._seen = 0

    @property
    def seen(self) -> int:
        """The id of the last event that was read."""
        return self._seen

    def new(self) -> list[Event]:
        """The events that came since the last time."""
        try:
            return self._pages()
        except Exception as refusal:
            if self._token is None or getattr(refusal, "code", "") != "InvalidToken":
                raise
        self._token = None
        return self._pages()

    def _pages(self) -> list[Event]:
        found: list[Event] = []
        while True:
            request: dict[str, Any] = {"executionArn": self._arn, "maxResults": PAGE}
            if self._token is not None:
                request["nextToken"] = self._token
            answer = self._ask("GetExecutionHistory", request)
            fresh = [event for event in from_public(answer["events"]) if event.id > self._seen]
            if fresh:
                self._seen = fresh[-1].id
            found += fresh
            if not answer.get("nextToken"):
                return found
            self._token = answer["nextToken"]
