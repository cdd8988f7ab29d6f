"""Amazon CloudWatch Logs, as far as it reads what jobs and functions of this machine said.

In: requests as boto3 spells them. Out: groups, streams and events, with times in milliseconds, as in AWS. Touches: log
files, through `log_streams`.
Nothing is written here: whoever runs something writes its log. A token says where in the files the next page begins.
"""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Iterator, Mapping
from typing import Any

from stepmill.services.log_patterns import matcher
from stepmill.services.log_streams import (
    Line,
    Place,
    Stream,
    Streams,
    backward,
    end_of,
    forward,
    last,
    since,
    start_of,
)
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet

_EVENTS = 10_000  # events in a page, at most
_BYTES = 1_048_576  # bytes in a page, at most
_OVERHEAD = 26  # bytes that AWS counts for each event
_ROWS = 50  # groups or streams in a page, at most


class Logs:
    """The logs of one account and region."""

    def __init__(self, streams: Streams, *, region: str, account: str) -> None:
        self._streams = streams
        self._scope = f"arn:aws:logs:{region}:{account}:log-group"

    @operation("DescribeLogGroups")
    def describe_log_groups(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The groups in which something was written: `/aws/sagemaker/…` and `/aws/lambda/…`."""
        _only(request, "logGroupNamePrefix logGroupNamePattern nextToken limit logGroupClass")
        prefix, part = request.get("logGroupNamePrefix") or "", request.get("logGroupNamePattern") or ""
        if prefix and part:
            raise _bad("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        names = [
            name
            for name in self._streams.groups()
            if name.startswith(prefix)
            and part.lower() in name.lower()
            and request.get("logGroupClass") in (None, "STANDARD")
        ]
        page, more = _rows(names, request)
        return {"logGroups": [self._group_row(name) for name in page], **more}

    @operation("DescribeLogStreams")
    def describe_log_streams(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The streams of a group: one for each job, one for each day of a function."""
        _only(request, "logGroupName logGroupIdentifier logStreamNamePrefix orderBy descending nextToken limit")
        order, prefix = request.get("orderBy") or "LogStreamName", request.get("logStreamNamePrefix") or ""
        if order not in ("LogStreamName", "LastEventTime"):
            raise invalid(unmet(order, "orderBy", "satisfy enum value set: [LogStreamName, LastEventTime]"))
        if order == "LastEventTime" and prefix:
            raise _bad("Cannot order by LastEventTime with a logStreamNamePrefix.")
        group = self._group(request)
        streams = {stream.name: stream for stream in self._streams.of(group, prefix)}
        names = list(streams)
        if order == "LastEventTime":
            names.sort(key=lambda name: last(streams[name]) or 0)
        if request.get("descending"):
            names.reverse()
        page, more = _rows(names, request)
        return {"logStreams": [self._stream_row(group, streams[name]) for name in page], **more}

    @operation("GetLogEvents", "logStreamName")
    def get_log_events(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The events of one stream: the newest, or from `startFromHead`, or on from a token in either direction."""
        known = "logGroupName logGroupIdentifier logStreamName startTime endTime nextToken limit startFromHead unmask"
        _only(request, known)
        limit, start, end = _limits(request)
        stream = self._stream(self._group(request), request["logStreamName"])
        parts, given = stream.parts, request.get("nextToken")
        ahead = bool(request.get("startFromHead")) if given is None else str(given).startswith("f/")
        place = None if given is None else _place(str(given))
        if ahead:
            if place is None and start is not None:
                place = since(stream, start) or end_of(parts)
            lines = forward(parts, place)
        else:
            lines = backward(parts, place)
        kept: list[Line] = []
        size = 0
        for line in lines:
            if (ahead and _past(line, end)) or (not ahead and start is not None and line.at < start - 2000):
                break
            if not _within(line, start, end):
                continue
            size += len(line.text.encode()) + _OVERHEAD
            if len(kept) == limit or (kept and size > _BYTES):
                break
            kept.append(line)
        if not ahead:
            kept.reverse()
        if kept:
            first, behind = kept[0].place, kept[-1].after
        else:
            first = behind = place or (end_of(parts) if ahead else start_of(parts))
        return {
            "events": [_event(line, self._tail(request)) for line in kept],
            "nextForwardToken": _token("f", behind),
            "nextBackwardToken": _token("b", first),
        }

    @operation("FilterLogEvents")
    def filter_log_events(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The events of a group's streams in the order of their times, those that a pattern of terms matches."""
        _only(
            request,
            "logGroupName logGroupIdentifier logStreamNames logStreamNamePrefix startTime endTime filterPattern "
            "nextToken limit interleaved startFromHead unmask",
        )
        names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix") or ""
        if names and prefix:
            raise _bad("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
        if request.get("startFromHead") is False:
            raise _bad("startFromHead false is not answered on this machine; events come oldest first")
        limit, start, end = _limits(request)
        matches = matcher(request.get("filterPattern") or "")
        group = self._group(request)
        streams = self._streams.of(group, prefix)
        if names:
            if set(names) - {stream.name for stream in streams}:
                raise _missing("stream")
            streams = [stream for stream in streams if stream.name in names]
        places = _places(request.get("nextToken"))
        read = dict(places)  # how far each stream was read
        kept: list[tuple[str, Line]] = []
        size, full = 0, False
        merged = heapq.merge(*(_timed(stream, places.get(stream.name), start, end) for stream in streams))
        for _, name, line in merged:
            if _within(line, start, end) and matches(line.text):
                size += len(line.text.encode()) + _OVERHEAD
                if len(kept) == limit or (kept and size > _BYTES):
                    full = True
                    break
                kept.append((name, line))
            read[name] = line.after
        more = {"nextToken": _packed({name: list(place) for name, place in read.items()})} if full else {}
        tail = self._tail(request)
        events = [{"logStreamName": name, "eventId": _id(line), **_event(line, tail)} for name, line in kept]
        return {"events": events, "searchedLogStreams": [], **more}

    def _tail(self, request: Mapping[str, Any]) -> str:
        """What a message ends with: Lambda keeps the line end, SageMaker does not."""
        return "\n" if "/aws/lambda/" in str(request.get("logGroupName") or request.get("logGroupIdentifier")) else ""

    def _group(self, request: Mapping[str, Any]) -> str:
        name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            raise _bad("Exactly one of logGroupName and logGroupIdentifier must be given.")
        group = str(name if name is not None else identifier).rpartition(":log-group:")[2].removesuffix(":*")
        if not self._streams.has(group):
            raise _missing("group")
        return group

    def _stream(self, group: str, name: str) -> Stream:
        for stream in self._streams.of(group, name):
            if stream.name == name:
                return stream
        raise _missing("stream")

    def _group_row(self, name: str) -> Response:
        streams = self._streams.of(name)
        arn = f"{self._scope}:{name}"
        return {
            "logGroupName": name,
            "creationTime": min((stream.created for stream in streams), default=0),
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "logGroupClass": "STANDARD",
            "storedBytes": sum(stream.size for stream in streams),
        }

    def _stream_row(self, group: str, stream: Stream) -> Response:
        row: Response = {
            "logStreamName": stream.name,
            "creationTime": stream.created,
            "arn": f"{self._scope}:{group}:log-stream:{stream.name}",
            "storedBytes": 0,  # AWS shows 0 since 2019
        }
        first, newest = next(forward(stream.parts), None), last(stream)
        if first is not None and newest is not None:
            row |= {"firstEventTimestamp": first.at, "lastEventTimestamp": newest, "lastIngestionTime": newest}
        return row


def _timed(stream: Stream, place: Place | None, start: int | None, end: int | None) -> Iterator[tuple[int, str, Line]]:
    """A stream's lines as they are merged with those of others."""
    if place is None and start is not None:
        place = since(stream, start)
        if place is None:
            return
    for line in forward(stream.parts, place):
        if _past(line, end):
            return
        yield line.at, stream.name, line


def _within(line: Line, start: int | None, end: int | None) -> bool:
    return (start is None or line.at >= start) and (end is None or line.at < end)


def _past(line: Line, end: int | None) -> bool:
    """Whether no later line can be before `end`; two workers' lines may stand a moment out of order."""
    return end is not None and line.at >= end + 2000


def _event(line: Line, tail: str) -> Response:
    return {"timestamp": line.at, "message": line.text + tail, "ingestionTime": line.at}


def _id(line: Line) -> str:
    """As many digits as AWS gives, and the same whenever the event is read."""
    return f"{line.at:018d}{line.place.file:020d}{line.place.offset:018d}"


def _limits(request: Mapping[str, Any]) -> tuple[int, int | None, int | None]:
    limit, start, end = request.get("limit"), request.get("startTime"), request.get("endTime")
    if limit is not None and not 1 <= int(limit) <= _EVENTS:
        edge = "greater than or equal to 1" if int(limit) < 1 else f"less than or equal to {_EVENTS}"
        raise invalid(unmet(limit, "limit", f"have value {edge}"))
    return int(limit or _EVENTS), None if start is None else int(start), None if end is None else int(end)


def _rows(names: list[str], request: Mapping[str, Any]) -> tuple[list[str], Response]:
    """A page of names that begins after the one its token holds."""
    limit, token = request.get("limit"), request.get("nextToken")
    if limit is not None and not 1 <= int(limit) <= _ROWS:
        edge = "greater than or equal to 1" if int(limit) < 1 else f"less than or equal to {_ROWS}"
        raise invalid(unmet(limit, "limit", f"have value {edge}"))
    start = 0
    if token is not None:
        found = _unpacked(str(token))
        if not isinstance(found, str) or found not in names:
            raise _bad_token()
        start = names.index(found) + 1
    page = names[start : start + int(limit or _ROWS)]
    more = {"nextToken": _packed(page[-1])} if start + len(page) < len(names) else {}
    return page, more


def _token(direction: str, place: Place) -> str:
    return f"{direction}/{place.file:020d}{place.offset:020d}"


def _place(token: str) -> Place:
    digits = token[2:]
    if token[:2] not in ("f/", "b/") or len(digits) != 40 or not (digits.isascii() and digits.isdigit()):
        raise _bad_token()
    return Place(int(digits[:20]), int(digits[20:]))


def _places(token: Any) -> dict[str, Place]:
    if token is None:
        return {}
    found = _unpacked(str(token))
    try:
        return {str(name): Place(int(file), int(offset)) for name, (file, offset) in found.items()}
    except (AttributeError, TypeError, ValueError):
        raise _bad_token() from None


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _unpacked(token: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise _bad_token() from None


def _only(request: Mapping[str, Any], known: str) -> None:
    for member, value in request.items():
        if member not in known.split() and value not in (None, False, []):
            raise _bad(f"{member} is not answered on this machine; leave it out")


def _missing(what: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", f"The specified log {what} does not exist.")


def _bad_token() -> ServiceError:
    return _bad("The specified nextToken is invalid.")


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
