"""Reads metrics out of log lines with the regular expressions of a request's `MetricDefinitions`.

In: lines and their times. Out: points appended to `metrics.jsonl`, and the last value of each name. Touches: that file.
"""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LONGEST = 16 * 1024
"""Characters of a line that are searched: an expression may be quadratic, a line may be a dumped tensor."""


class Metrics:
    """The metrics of one job: group 1 of each match is a value (SageMaker: `MetricDefinitions`)."""

    def __init__(self, definitions: list[dict[str, str]], path: str) -> None:
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        self.problems: list[str] = []
        for definition in definitions:
            name, regex = str(definition.get("Name", "")), str(definition.get("Regex", ""))
            try:
                pattern = re.compile(regex)
            except re.error as problem:
                self.problems.append(f"the Regex of metric {name} does not compile: {problem}: {regex}")
                continue
            if not pattern.groups:
                self.problems.append(f"the Regex of metric {name} has no group to take the value from: {regex}")
                continue
            self._patterns.append((name, pattern))
        self._path = path
        self._file = -1
        self._last: dict[str, tuple[float, float]] = {}

    def lines(self, texts: list[str], now: float) -> None:
        """Log lines captured at `now`."""
        points = []
        for text in texts:
            for name, pattern in self._patterns:
                for match in pattern.finditer(text, 0, _LONGEST):
                    try:
                        value = float(match[1])
                    except (TypeError, ValueError):
                        continue
                    if value - value == 0:  # neither NaN nor infinite: CloudWatch takes numbers only
                        self._last[name] = (value, now)
                        points.append({"name": name, "value": value, "at": round(now, 3)})
        if points:
            self._write("".join(f"{_encode(point)}\n" for point in points).encode("utf-8", "replace"))

    def final(self) -> list[tuple[str, float, float]]:
        """The last point of each metric (name, value, at), in the order of the definitions."""
        return [(name, *self._last[name]) for name in dict.fromkeys(n for n, _ in self._patterns) if name in self._last]

    def close(self) -> None:
        """No more points will come."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, data: bytes) -> None:
        try:
            if self._file < 0:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.write(self._file, data)
        except OSError:
            return  # a full disk costs points of the curve; the final values stay


def read(path: Path) -> Iterator[tuple[str, float, float]]:
    """The points of a `metrics.jsonl` (name, value, at), in the order of their lines; a torn last line is left out."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.split(b"\n")[:-1]:
        point = json.loads(line)
        yield point["name"], point["value"], point["at"]
