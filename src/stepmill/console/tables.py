"""Draws rows in columns that stay aligned, whatever script their names are written in.

In: a head, rows of texts, the width. Out: lines. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from stepmill.console.canvas import Look
from stepmill.console.words import clip, one_line, pad, width

GAP = "  "
LEAST = 8


def table(head: Sequence[str], rows: Sequence[Sequence[str]], look: Look, styles: Sequence[str] = ()) -> list[str]:
    """The lines of a table. Columns that do not fit are cut, the widest first; `styles` paints whole rows."""
    texts = [[one_line(cell) for cell in row] for row in rows]
    widths = [max([width(name), *(width(row[i]) for row in texts)]) for i, name in enumerate(head)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > look.width and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1
    dots = "…" if look.unicode else "..."
    lines = [look.paint(_line(head, widths, dots), "faint")]
    for index, row in enumerate(texts):
        style = styles[index] if index < len(styles) else ""
        lines.append(look.paint(_line(row, widths, dots), style))
    return lines


def pairs(rows: Sequence[tuple[str, str]], look: Look) -> list[str]:
    """Names and values, the names one under the other, the values in one column."""
    shown = [(name, value) for name, value in rows if value]
    wide = max((width(name) for name, _ in shown), default=0)
    lines = []
    for name, value in shown:
        first, *rest = value.split("\n")
        lines.append(f"  {look.paint(pad(name, wide), 'faint')}  {first}")
        lines += [" " * (wide + 4) + line for line in rest]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], dots: str) -> str:
    return GAP.join(pad(clip(cell, wide, dots), wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()
