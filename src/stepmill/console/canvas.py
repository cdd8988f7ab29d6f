"""A sheet of character cells: texts of known width and lines that join where they meet.

In: texts and lines at coordinates. Out: lines of text, with colours when asked. Touches: nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from stepmill.console.words import cells

UP, RIGHT, DOWN, LEFT = 1, 2, 4, 8
_BOX = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
_ASCII = "".join(
    "|" if bits in (1, 4, 5) else "-" if bits in (2, 8, 10) else "+" if bits else " " for bits in range(16)
)
STYLES = {
    "good": "\x1b[32m",
    "bad": "\x1b[31m",
    "warn": "\x1b[33m",
    "live": "\x1b[36m",
    "faint": "\x1b[2m",
    "bold": "\x1b[1m",
    "": "",
}
RESET = "\x1b[0m"


class Look(NamedTuple):
    """What a terminal can show: its width, line-drawing characters, colours."""

    width: int = 80
    unicode: bool = True
    colour: bool = False

    def paint(self, text: str, style: str) -> str:
        """The text in a style, where colours are wanted."""
        return f"{STYLES[style]}{text}{RESET}" if self.colour and STYLES.get(style) and text else text


class Canvas:
    """Cells by (row, column). Texts hide lines."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._texts: dict[int, dict[int, tuple[str, str]]] = {}
        self._lines: dict[tuple[int, int], int] = {}

    def write(self, x: int, y: int, text: str, style: str = "") -> int:
        """Put a text; gives back the column after it. A wide character takes its second cell with it."""
        row = self._texts.setdefault(y, {})
        for character, columns in cells(text):
            row[x] = (character, style)
            for extra in range(1, columns):
                row[x + extra] = ("", style)
            x += columns
        return x

    def line(self, points: Sequence[tuple[int, int]], *, hangs: bool = True) -> None:
        """Draw from corner to corner; the last point is where the line ends, and is not drawn on.

        A line that `hangs` is joined to what stands above its first point.
        """
        for index, ((x1, y1), (x2, y2)) in enumerate(itertools.pairwise(points)):
            dx, dy = (x2 > x1) - (x2 < x1), (y2 > y1) - (y2 < y1)
            forward = (RIGHT if dx > 0 else LEFT) if dx else (DOWN if dy > 0 else UP)
            backward = {RIGHT: LEFT, LEFT: RIGHT, DOWN: UP, UP: DOWN}[forward]
            x, y = x1, y1
            while (x, y) != (x2, y2):
                self._add(x, y, forward)
                x, y = x + dx, y + dy
                if (x, y) != (x2, y2) or index + 2 < len(points):
                    self._add(x, y, backward)
        if hangs and points[0] != points[-1]:
            self._add(*points[0], UP)

    def _add(self, x: int, y: int, bits: int) -> None:
        self._lines[x, y] = self._lines.get((x, y), 0) | bits

    def box(self, x: int, y: int, width: int, height: int) -> None:
        """The frame of a Parallel or Map."""
        right, low = x + width - 1, y + height - 1
        for column in range(x, right):
            for row in (y, low):
                self._add(column, row, RIGHT)
                self._add(column + 1, row, LEFT)
        for row in range(y, low):
            for column in (x, right):
                self._add(column, row, DOWN)
                self._add(column, row + 1, UP)

    def rows(self) -> list[str]:
        """The sheet, without blanks at the ends of lines."""
        chars = _BOX if self._look.unicode else _ASCII
        by_row: dict[int, dict[int, int]] = {}
        for (x, y), bits in self._lines.items():
            by_row.setdefault(y, {})[x] = bits
        last = max((*self._texts, *by_row), default=-1)
        return [self._row(self._texts.get(y, {}), by_row.get(y, {}), chars) for y in range(last + 1)]

    def _row(self, texts: dict[int, tuple[str, str]], lines: dict[int, int], chars: str) -> str:
        made, run, style = [], "", ""
        for x in range(max((*texts, *lines), default=-1) + 1):
            if x in texts:
                character, wanted = texts[x]
            elif x in lines:
                character, wanted = chars[lines[x]], "faint"
            else:
                character, wanted = " ", ""
            if wanted != style and character != "":
                made.append(self._look.paint(run, style))
                run, style = "", wanted
            run += character
        made.append(self._look.paint(run, style))
        return "".join(made).rstrip()
