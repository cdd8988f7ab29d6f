"""When a Map Run fails, and what its failures are called.

In: counts. Out: whether they are too many. Touches: nothing.
"""

from __future__ import annotations

from typing import Final

EXCEEDED: Final = "States.ExceedToleratedFailureThreshold"
READER_FAILED: Final = "States.ItemReaderFailed"
THRESHOLD: Final = "The specified tolerated failure threshold was exceeded"  # AWS's words, recorded


def exceeds(failed: int, total: int, count: float | None, percentage: float | None) -> bool:
    """Whether more items failed than is tolerated, in number or in per cent; with neither limit, none may."""
    if count is None and percentage is None:
        return failed > 0
    return (percentage is not None and failed * 100 > percentage * total) or (count is not None and failed > count)
