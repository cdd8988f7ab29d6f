"""Timestamps between text and seconds.

In: an RFC 3339 text, or seconds since 1970. Out: the other one. Touches: nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_PROFILE: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> float:
    """Seconds since 1970 for an RFC 3339 text in AWS's profile: capital T, capital Z or a numeric offset, which must
    be there. Raises ValueError with one sentence for anything else, impossible dates included."""
    found = _PROFILE.fullmatch(text)
    if found is None:
        raise ValueError(f"not an RFC 3339 timestamp such as 2026-11-23T09:00:00Z: {text}")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=UTC)
    except ValueError as wrong:
        raise ValueError(f"no such date or time ({wrong}): {text}") from None
    seconds = (moment - _EPOCH) / timedelta(seconds=1)
    if fraction:
        seconds += float(fraction)
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 18 or minutes > 59:
            raise ValueError(f"no such offset: {text}")
        offset = hours * 3600 + minutes * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds


def is_timestamp(value: object) -> bool:
    """Whether a value is a text that `parse` accepts."""
    if not isinstance(value, str):
        return False
    try:
        parse(value)
    except ValueError:
        return False
    return True


def render(seconds: float) -> str:
    """The text AWS writes for a moment: UTC, milliseconds, Z."""
    moment = _EPOCH + timedelta(milliseconds=round(seconds * 1000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
