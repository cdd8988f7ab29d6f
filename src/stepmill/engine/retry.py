"""Which retrier or catcher applies to an error, and when a retry is due.

In: Retry and Catch as JSON, an error, a count of tries. Out: a choice, a time. Touches: nothing.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stepmill.asl import errors
from stepmill.engine.data import Completion


class Retrier:
    """One entry of Retry. Intervals are seconds."""

    __slots__ = ("_full_jitter", "_interval", "_max_delay", "_names", "_rate", "max_attempts")

    def __init__(self, json: Mapping[str, Any]) -> None:
        self._names: Sequence[str] = json["ErrorEquals"]
        self._interval = json.get("IntervalSeconds", 1)
        self._rate = json.get("BackoffRate", 2.0)
        self._max_delay = json.get("MaxDelaySeconds")
        self._full_jitter = json.get("JitterStrategy") == "FULL"
        self.max_attempts: int = json.get("MaxAttempts", 3)

    def applies(self, error: str) -> bool:
        """Whether this retrier is for that error."""
        return errors.matches(self._names, error)

    def due(self, failed_at: float, attempt: int, random: Callable[[], float]) -> float:
        """When retry number `attempt` (from 0) is due. Call it once and keep the answer: it may be random."""
        delay: float
        try:
            delay = self._interval * self._rate**attempt
        except OverflowError:
            delay = float("inf")
        if self._max_delay is not None:
            delay = min(delay, self._max_delay)
        if self._full_jitter:
            delay *= random()
        # A century stands for "never": JSON has no infinity.
        return failed_at + min(delay, 3_155_760_000.0)


class Catcher:
    """One entry of Catch."""

    __slots__ = ("_names", "completion", "next")

    def __init__(self, json: Mapping[str, Any], language: str) -> None:
        self._names: Sequence[str] = json["ErrorEquals"]
        self.next: str = json["Next"]
        self.completion = Completion(json, language, where="Catch")

    def applies(self, error: str) -> bool:
        """Whether this catcher is for that error."""
        return errors.matches(self._names, error)


def choose(retriers: Sequence[Retrier], tries: Mapping[int, int], error: str) -> int | None:
    """The index of the retrier to use; None when the first that applies is used up, or none applies."""
    for index, retrier in enumerate(retriers):
        if retrier.applies(error):
            return index if tries.get(index, 0) < retrier.max_attempts else None
    return None
