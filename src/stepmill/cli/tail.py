"""Reads a growing log file, whole lines at a time.

In: a path. Out: the lines that came since the last look, with their times. Touches: reads that file.
"""

from __future__ import annotations

from pathlib import Path

from stepmill.console.words import log_line

_MOST = 1 << 20  # bytes in one look, so that a flood does not stop the clock


class Tail:
    """A job's log (`TIME out|err TEXT` in each line), from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def lines(self) -> list[tuple[str, str]]:
        """(time, text) of each line that is complete by now; the text is safe to print."""
        found: list[tuple[str, str]] = []
        while True:
            try:
                with self._path.open("rb") as file:
                    file.seek(self._at)
                    block = file.read(_MOST)
            except OSError:
                return found
            end = block.rfind(b"\n") + 1
            if not end and len(block) < _MOST:
                return found
            end = end or len(block)  # one line longer than a look: take it in pieces
            self._at += end
            # split at newlines only: other separators are part of what the script said
            for line in block[:end].decode("utf-8", "replace").removesuffix("\n").split("\n"):
                parts = line.split(" ", 2)
                stamped = len(parts) == 3 and parts[1] in ("out", "err")
                found.append((parts[0] if stamped else "", log_line(parts[2] if stamped else line)))
            if len(block) < _MOST:
                return found
