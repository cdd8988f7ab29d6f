"""A clock that moves only when told.

In: seconds. Out: the time. Touches: nothing.
"""

from __future__ import annotations


class VirtualClock:
    """See `stepmill.clock.Clock`. Begins at 2026-01-01T00:00:00Z unless told otherwise."""

    def __init__(self, now: float = 1_767_225_600.0) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by some seconds."""
        self._now += seconds

    def jump(self, to: float) -> None:
        """Move on to a moment; one that has passed changes nothing."""
        self._now = max(self._now, to)
