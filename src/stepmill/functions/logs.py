"""The log of a function: what its workers print, line by line, between the lines Lambda adds.

In: bytes from pipes. Out: lines `2026-11-23T09:00:00.123Z out|err <text>`. Touches: one log file.
Secrets are masked here, at the one place where a function's words reach a disk.
"""
# The host imports this at start, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH103, PTH105, PTH118

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LONGEST = 1 << 18
"""Bytes in one line before it is broken: the size of a CloudWatch Logs event."""
_TAIL = 4096
"""Bytes of the log that an answer carries (Invoke with LogType=Tail)."""
_FULL = 16 << 20
MASK = "***"
TASK = "/var/task"
"""Where a function's code lies on AWS."""


def stamp(at: float) -> str:
    """Epoch seconds as `2026-11-23T09:00:00.123Z`."""
    whole, milli = divmod(round(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milli:03d}Z"


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function from line to line that masks these values and the known forms of keys."""
    values = [value for value in secrets if value]
    try:
        from stepmill.history.redaction import Redactor
    except ImportError:
        ordered = sorted((value for value in values if len(value) >= 6), key=len, reverse=True)

        def mask(line: str) -> str:
            for value in ordered:
                line = line.replace(value, MASK)
            return line

        return mask
    line: Callable[[str], str] = Redactor(values).stream().line
    return line


class Log:
    """The log of one invocation, appended to the function's file."""

    def __init__(self, folder: str, secrets: Iterable[str], code: str) -> None:
        """`code` is where the function's code lies; lines that name it say `/var/task`, as on AWS."""
        os.makedirs(folder, 0o700, exist_ok=True)
        path = os.path.join(folder, "log")
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size > _FULL:
            os.replace(path, path + ".1")
            os.close(self._file)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        values = list(secrets)
        self._masks = {"out": masker(values), "err": masker(values)}
        self._rest = {"out": b"", "err": b""}
        self._tail: list[str] = []
        self._code = code
        self._length = 0

    def take(self, stream: str, data: bytes) -> None:
        """Bytes a worker wrote to `out` or `err`; whole lines are written at once, the rest waits for its end."""
        *lines, rest = (self._rest[stream] + data).split(b"\n")
        for line in lines:
            self._captured(stream, line)
        while len(rest) > _LONGEST:
            # Broken at a blank if there is one near: a secret in two pieces would not be known.
            place = rest.rfind(b" ", _LONGEST - 8192, _LONGEST) + 1 or _LONGEST
            self._captured(stream, rest[:place])
            rest = rest[place:]
        self._rest[stream] = rest

    def line(self, text: str) -> None:
        """A line of the platform's own, after everything captured so far."""
        self._end_lines()
        self._write("out", text)

    def tail(self) -> str:
        """The last 4 KB of this invocation's log, without stamps."""
        return "\n".join(self._tail).encode()[-_TAIL:].decode(errors="ignore")

    def close(self) -> None:
        self._end_lines()
        os.close(self._file)

    def _end_lines(self) -> None:
        for stream, rest in self._rest.items():
            if rest:
                self._rest[stream] = b""
                self._captured(stream, rest)

    def _captured(self, stream: str, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        for part in text.split("\r"):  # AWS's runtime client ends the lines of a traceback with \r alone
            self._write(stream, part.replace("\u00a0", " "))

    def _write(self, stream: str, text: str) -> None:
        text = self._masks[stream](text.replace(self._code, TASK))
        data = f"{stamp(time.time())} {stream} {text}\n".encode(errors="replace")
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            pass  # a full disk costs lines of the log, not the call
        self._tail.append(text)
        self._length += len(text) + 1
        while self._length > 2 * _TAIL and len(self._tail) > 1:
            self._length -= len(self._tail.pop(0)) + 1
