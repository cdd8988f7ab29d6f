"""The logs of this machine as log groups, streams and events: which files they are, and how to read on from a place.

In: the folders of jobs and functions. Out: groups, streams, and lines with their places in both directions. Touches:
reads log files, a piece at a time: a log of any size costs no more memory than its longest line.
How an operation asks for them and pages through them is `logs`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stepmill.functions import Functions, stream_of
from stepmill.jobs.job import Job, Jobs, Kind
from stepmill.jobs.logs import parse

_PIECE = 1 << 16
_FIRST = 1 << 12  # bytes of the first piece: often only a few lines are wanted
_DAY = 86_400
_JOBS: dict[str, Kind] = {
    "/aws/sagemaker/ProcessingJobs": "processing",
    "/aws/sagemaker/TrainingJobs": "training",
}
_FUNCTIONS = "/aws/lambda/"


class Part(NamedTuple):
    """The bytes `start` to `end` of the file `path`, whose inode is `file`."""

    path: Path
    file: int
    start: int
    end: int


class Place(NamedTuple):
    """A byte of a file, named so that it is found again after the log was turned over."""

    file: int
    offset: int


class Line(NamedTuple):
    """One event: its place, the place behind it, when (milliseconds since 1970), and its text."""

    place: Place
    after: Place
    at: int
    text: str


class Stream(NamedTuple):
    """A log stream: its name, when it was made (milliseconds), and its parts, oldest first."""

    name: str
    created: int
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes in all its parts."""
        return sum(part.end - part.start for part in self.parts)


class Streams:
    """The log groups of one store."""

    def __init__(self, jobs: Jobs, functions: Functions) -> None:
        self._jobs = jobs
        self._functions = functions

    def groups(self) -> list[str]:
        """The names of the groups in which something was ever written, sorted."""
        kinds = [name for name, kind in _JOBS.items() if self._jobs.list(kind)]
        return sorted([*kinds, *(f"{_FUNCTIONS}{name}" for name in self._functions.logged())])

    def has(self, group: str) -> bool:
        """Whether there is such a group."""
        if group in _JOBS:
            return bool(self._jobs.list(_JOBS[group]))
        return group.startswith(_FUNCTIONS) and group.removeprefix(_FUNCTIONS) in self._functions.logged()

    def of(self, group: str, prefix: str = "") -> list[Stream]:
        """The streams of a group whose names begin with `prefix`, by name."""
        if group in _JOBS:
            found = [
                stream for job in self._jobs.list(_JOBS[group]) if (stream := _of_job(job)).name.startswith(prefix)
            ]
        else:
            found = [
                stream
                for stream in _of_function(self._functions, group.removeprefix(_FUNCTIONS))
                if stream.name.startswith(prefix)
            ]
        return sorted(found, key=lambda stream: stream.name)


def _of_job(job: Job) -> Stream:
    """SageMaker's name for the one instance of a job: the host, and the second in which it was made."""
    return Stream(f"{job.name}/algo-1-{int(job.created)}", round(job.created * 1000), _whole(job.log))


def _whole(path: Path) -> tuple[Part, ...]:
    try:
        known = path.stat()
    except FileNotFoundError:
        return ()
    return (Part(path, known.st_ino, 0, known.st_size),)


def _of_function(functions: Functions, name: str) -> list[Stream]:
    """A stream for every day, named as the function's context names it: all workers of a day write one."""
    log = functions.log(name)
    days: dict[int, list[Part]] = {}
    for part in (*_whole(log.with_name("log.1")), *_whole(log)):
        start = part.start
        while start < part.end:
            line = next(forward((part,), Place(part.file, start)), None)
            if line is None:
                break
            day = line.at // (_DAY * 1000)
            end = _first_at(part, (day + 1) * _DAY * 1000, line.after.offset)
            days.setdefault(day, []).append(part._replace(start=start, end=end))
            start = end
    return [
        Stream(
            time.strftime("%Y/%m/%d/[$LATEST]", time.gmtime(day * _DAY)) + stream_of(name),
            next(forward(tuple(parts))).at,
            tuple(parts),
        )
        for day, parts in days.items()
    ]


def since(stream: Stream, at: int) -> Place | None:
    """A place before which no line of `at` (milliseconds) or later is; None when the stream has none.

    Lines of two workers may stand a moment out of order, so the place is a little earlier than it could be.
    """
    early = at - 2000
    for part in stream.parts:
        offset = _first_at(part, early, part.start)
        if offset < part.end:
            return Place(part.file, offset)
    return None


def last(stream: Stream) -> int | None:
    """When the stream's last line was written; None when there is none."""
    line = next(backward(stream.parts), None)
    return None if line is None else line.at


def end_of(parts: tuple[Part, ...]) -> Place:
    """The place behind everything."""
    return Place(parts[-1].file, parts[-1].end) if parts else Place(0, 0)


def start_of(parts: tuple[Part, ...]) -> Place:
    """The place before everything."""
    return Place(parts[0].file, parts[0].start) if parts else Place(0, 0)


def forward(parts: tuple[Part, ...], place: Place | None = None) -> Iterator[Line]:
    """The whole lines from `place` on (from the start when it is None or its file is gone), oldest first."""
    first = _index(parts, place)
    for index, part in enumerate(parts[first or 0 :], first or 0):
        start = place.offset if place is not None and index == first else part.start
        yield from _ahead(part, max(start, part.start))


def backward(parts: tuple[Part, ...], place: Place | None = None) -> Iterator[Line]:
    """The whole lines before `place` (before the end when it is None), newest first."""
    found = _index(parts, place)
    if place is not None and found is None:
        return  # what stood before it is gone with its file
    for index in range(len(parts) - 1 if found is None else found, -1, -1):
        part = parts[index]
        end = place.offset if place is not None and index == found else part.end
        yield from _behind(part, min(end, part.end))


def _index(parts: tuple[Part, ...], place: Place | None) -> int | None:
    """The part that a place is in; at the seam of two, the later."""
    if place is None:
        return None
    found = [i for i, part in enumerate(parts) if part.file == place.file and part.start <= place.offset <= part.end]
    return found[-1] if found else None


def _ahead(part: Part, start: int) -> Iterator[Line]:
    rest, offset, size = b"", start, _FIRST
    while offset + len(rest) < part.end:
        data = _read(part, offset + len(rest), min(size, part.end - offset - len(rest)))
        if not data:
            return
        size = _PIECE
        *whole, rest = (rest + data).split(b"\n")
        for raw in whole:
            after = offset + len(raw) + 1
            yield _line(part, offset, after, raw)
            offset = after


def _behind(part: Part, end: int) -> Iterator[Line]:
    held, offset, size = b"", end, _FIRST  # `held` are the bytes from `offset` to `end`, which are no lines yet
    while offset > part.start:
        step = min(size, offset - part.start)
        size = _PIECE
        offset -= step
        held = _read(part, offset, step) + held
        # What stands before the first line end may be only the end of a line.
        known = 0 if offset == part.start else held.find(b"\n") + 1
        if known == 0 and offset > part.start:
            continue
        *whole, rest = held[known:].split(b"\n")
        end -= len(rest)  # a line that has not ended is none yet
        for raw in reversed(whole):
            yield _line(part, end - len(raw) - 1, end, raw)
            end -= len(raw) + 1
        held = held[:known]


def _first_at(part: Part, at: int, start: int) -> int:
    """The offset of the first line of `at` or later among those from the line at `start` on; the end if none is."""
    low, high = start, part.end
    while low < high:
        middle = (low + high) // 2
        line = next(_ahead(part, _line_start(part, middle, low)), None)
        if line is None or line.at >= at:
            high = middle if line is None else min(middle, line.place.offset)
        else:
            low = line.after.offset
    return low


def _line_start(part: Part, offset: int, floor: int) -> int:
    """Where the line that has the byte at `offset` begins, not before `floor`, where a line begins."""
    while offset > floor:
        start = max(floor, offset - _FIRST)
        found = _read(part, start, offset - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        offset = start
    return floor


def _line(part: Part, start: int, after: int, raw: bytes) -> Line:
    found = parse(raw.decode("utf-8", "replace"))
    return Line(Place(part.file, start), Place(part.file, after), round(found.at * 1000), found.text)


def _read(part: Part, offset: int, size: int) -> bytes:
    for path in (part.path, part.path.with_name("log.1")):  # it may have been turned over since
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            if os.fstat(file).st_ino == part.file:
                return os.pread(file, size, offset)
        finally:
            os.close(file)
    return b""
