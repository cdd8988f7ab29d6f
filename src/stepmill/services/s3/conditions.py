"""Under which conditions, and how much of an object: the If-… members, Range and PartNumber.

In: requests, what is known of an object. Out: nothing or a refusal (304, 412, 416); the window that is wanted.
Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from stepmill.objects.facts import Facts
from stepmill.objects.store import ObjectInfo
from stepmill.services.operations import ServiceError
from stepmill.services.s3.requests import invalid_argument, moment, not_done

READING = "IfMatch IfNoneMatch IfModifiedSince IfUnmodifiedSince"
COPYING = " ".join(f"CopySource{name}" for name in READING.split())
Allow = Callable[[ObjectInfo | None], None]
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def check_read(request: Mapping[str, Any], info: ObjectInfo, prefix: str = "") -> None:
    """Raise 304 or 412 unless the object may be read; with `prefix` CopySource, 412 only, as when it is copied."""

    def told(name: str) -> Any:
        return request.get(prefix + name)

    unchanged = _FAILED if prefix else ServiceError("NotModified", "Not Modified", 304)
    modified = int(info.modified)
    if told("IfMatch") is not None:
        if not _matches(told("IfMatch"), info):
            raise _FAILED
    elif told("IfUnmodifiedSince") is not None and modified > moment(told("IfUnmodifiedSince"), "IfUnmodifiedSince"):
        raise _FAILED
    if told("IfNoneMatch") is not None:
        if _matches(told("IfNoneMatch"), info):
            raise unchanged
    elif told("IfModifiedSince") is not None and modified <= moment(told("IfModifiedSince"), "IfModifiedSince"):
        raise unchanged


def check_write(request: Mapping[str, Any]) -> Allow | None:
    """What a put under a condition asks of the object that is there now; None without a condition."""
    match, none = request.get("IfMatch"), request.get("IfNoneMatch")
    if none not in (None, "*"):
        raise ServiceError("NotImplemented", "A header you provided implies functionality that is not implemented", 501)
    if match is None and none is None:
        return None

    def allow(info: ObjectInfo | None) -> None:
        if none is not None and info is not None:
            raise _FAILED
        if match is not None:
            if info is None:
                raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
            if not _matches(match, info):
                raise _FAILED

    return allow


def window(name: str, request: Mapping[str, Any], info: ObjectInfo, facts: Facts) -> tuple[int, int, bool]:
    """Where the wanted bytes start, how many they are, and whether they are wanted as a part (206)."""
    if "PartNumber" in request:
        if "Range" in request:
            raise ServiceError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        return _part(name, request["PartNumber"], info, facts)
    match = _RANGE.fullmatch(str(request.get("Range", "")).replace(" ", ""))
    if match is None or match.group(1, 2) == ("", ""):
        return 0, info.size, False  # no range, several, or one that nobody can read: S3 gives the whole object
    first, last = match.group(1, 2)
    if not first:
        length = min(int(last), info.size)
        start = info.size - length
    else:
        start = int(first)
        end = min(int(last), info.size - 1) if last else info.size - 1
        if last and int(last) < start:
            return 0, info.size, False
        length = end - start + 1
    if start >= info.size or length <= 0:
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", 416)
    return start, length, True


def _part(name: str, value: Any, info: ObjectInfo, facts: Facts) -> tuple[int, int, bool]:
    number = part_number(value)
    runs = facts.parts
    if not runs:
        if "-" in info.etag:
            raise not_done(name, "PartNumber, of an object whose parts had uneven numbers or sizes")
        runs = [[info.size, 1]]
    start = 0
    for size, count in runs:
        if number <= count:
            return start + size * (number - 1), size, bool(info.size)
        start += size * count
        number -= count
    raise ServiceError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)


def part_number(value: Any) -> int:
    """1 to 10,000."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 10_000:
        raise invalid_argument("Part number must be an integer between 1 and 10000, inclusive")
    return int(text)


def _matches(wanted: Any, info: ObjectInfo) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in str(wanted).split(",")]
    return "*" in tags or info.etag.strip('"') in tags


_FAILED = ServiceError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
