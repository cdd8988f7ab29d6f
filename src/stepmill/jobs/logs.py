"""The log of a job: what its two streams said, one line each, masked before it is written.

In: bytes from stdout and stderr. Out: lines `2026-11-23T09:00:00.123Z out|err <text>`, and readers of them. Touches:
the job's `log` file.
Here belongs the format of the file, both ways. What is shown of it, and in which colours, never does.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from stepmill.history.redaction import LineRedactor, Redactor

CHUNK = 256 * 1024
"""Bytes of one log event at most, as in CloudWatch Logs; a longer line becomes several."""

_SECRET_ROOM = 8 * 1024
_TAIL = 20


class LogLine:
    """One captured line: when (seconds since 1970), from which stream (`out` or `err`), and its text."""

    __slots__ = ("at", "stream", "text")

    def __init__(self, at: float, stream: str, text: str) -> None:
        self.at = at
        self.stream = stream
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogLine) and (self.at, self.stream, self.text) == (other.at, other.stream, other.text)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LogLine({self.at!r}, {self.stream!r}, {self.text!r})"


class LogFile:
    """Where captured lines go. A full disk loses lines, never the job: `lost` counts them."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._second = -1
        self._stamp = ""
        self.lost = 0

    def write(self, stream: str, lines: list[str], now: float) -> None:
        """Appends the lines in one write."""
        second = int(now)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        head = f"{self._stamp}{int((now - second) * 1000):03d}Z {stream} "
        data = memoryview("".join(f"{head}{line}\n" for line in lines).encode("utf-8", "replace"))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            self.lost += len(lines)

    def close(self) -> None:
        """Makes the log durable."""
        try:
            os.fsync(self._file)
        except OSError:
            self.lost += 1
        os.close(self._file)


class Capture:
    """Turns the bytes of one stream into masked lines, writes them to the log and hands them to `seen`."""

    def __init__(self, stream: str, log: LogFile, redactor: Redactor, seen: Callable[[list[str], float], None]) -> None:
        self._stream = stream
        self._log = log
        self._redactor = redactor
        self._lines: LineRedactor = redactor.stream()
        self._seen = seen
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=_TAIL)

    def feed(self, data: bytes, now: float) -> None:
        """The next bytes of the stream."""
        if b"\n" not in data and len(self._rest) + len(data) < CHUNK + _SECRET_ROOM:
            self._rest += data
            return
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines: list[str] = []
        for raw in whole:
            lines += self._split(raw, end=True)
        if len(self._rest) >= CHUNK + _SECRET_ROOM:
            lines += self._split(self._rest, end=False)
        self._out(lines, now)

    def close(self, now: float) -> None:
        """The stream ended: what has no line end is a line too."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._out(self._split(rest, end=True), now)

    def _split(self, raw: bytes, *, end: bool) -> list[str]:
        if len(raw) <= CHUNK:
            return [self._text(raw)]
        lines = []
        while len(raw) >= CHUNK + (0 if end else _SECRET_ROOM):
            # Cutting is measured in bytes but a secret and a character are text, so the place is found in the text.
            head = raw[:CHUNK]
            whole = head[: len(head) - _torn(head)].decode("utf-8", "replace")
            ahead = raw[len(head) - _torn(head) : CHUNK + _SECRET_ROOM].decode("utf-8", "replace")
            place = self._redactor.cut(whole + ahead, len(whole)) or len(whole)
            size = len(whole[:place].encode()) if "�" not in whole else len(head) - _torn(head)
            lines.append(self._text(raw[:size]))
            raw = raw[size:]
        if end:
            lines.append(self._text(raw))
        else:
            self._rest = raw
        return lines

    def _text(self, raw: bytes) -> str:
        return self._lines.line(raw.decode("utf-8", "replace").removesuffix("\r"))

    def _out(self, lines: list[str], now: float) -> None:
        if not lines:
            return
        self._log.write(self._stream, lines, now)
        self.tail.extend(lines[-_TAIL:])
        self._seen(lines, now)


def _torn(data: bytes) -> int:
    """How many bytes at the end belong to a UTF-8 character that is not complete."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
    return 0


def parse(line: str) -> LogLine:
    """One line of a log file, without its line end. A line that is not ours keeps its text under `out` at 0."""
    stamp, _, rest = line.partition(" ")
    stream, _, text = rest.partition(" ")
    if len(stamp) != 24 or stamp[-1] != "Z" or stream not in ("out", "err"):
        return LogLine(0.0, "out", line)
    return LogLine(_seconds(stamp), stream, text)


def read(path: Path, last: int | None = None) -> list[LogLine]:
    """Every line of a log, or its last `last` ones; none when there is no log yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    texts = data.decode("utf-8", "replace").split("\n")[:-1]
    if last is not None:
        texts = texts[len(texts) - last :] if 0 < last < len(texts) else texts if last else []
    return [parse(text) for text in texts]


def follow(path: Path, ended: Callable[[float], bool]) -> Iterator[LogLine]:
    """Every line of a log, waiting for more until `ended(seconds)` says that none will come.

    `ended` waits at most the given seconds and answers whether the job is over: `Job.wait` is such a function.
    """
    rest = b""
    over = False
    file = -1
    try:
        while True:
            if file < 0 and path.exists():
                file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            data = os.read(file, 1 << 16) if file >= 0 else b""
            if data:
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    yield parse(line.decode("utf-8", "replace"))
            elif over:
                return
            else:
                over = ended(0.05)
    finally:
        if file >= 0:
            os.close(file)


def _seconds(stamp: str) -> float:
    import calendar

    try:
        whole = calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))
        return whole + int(stamp[20:23]) / 1000
    except ValueError:
        return 0.0
