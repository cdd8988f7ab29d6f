"""Reads the time.

In: nothing. Out: seconds since 1970, as a float. Touches: the machine's clock, and nothing else in Stepmill does.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the supervisors of jobs import this, and must stay small
    from typing import Protocol
else:
    Protocol = object


class Clock(Protocol):
    """What tells the time. The engine is handed one; `stepmill.testing.VirtualClock` is another."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC, as the machine has it."""
        return time.time()
