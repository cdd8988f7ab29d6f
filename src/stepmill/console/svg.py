"""Draws the graph of a definition or of an execution as SVG: the same Layout as in the terminal, in pixels.

In: a definition, a Digest when there is a run, the direction. Out: SVG without scripts, fonts or addresses. Touches:
nothing.

Landscape is the same layout turned: what goes down goes right. Between two layers it is stretched, for the labels that
stand on the lines there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from stepmill.console.graph import elsewhere
from stepmill.console.layout import Edge, Jump, Layout, Node, Size, Title, lay_out
from stepmill.console.text import MARKS, Outcome, outcomes
from stepmill.console.words import clip, duration, one_line, width
from stepmill.history.digest import Digest

LONGEST = 34  # characters of a name, a label or a line; the whole text is in the tooltip
_CELL, _ROW = 7.4, 19.0  # pixels: a character of the text, a line of it
_TURNED = 15.0  # pixels of a unit across, in landscape
_GAP = 26.0  # pixels of a unit between two layers, in landscape
_MARGIN, _TITLE = 8.0, 22.0
_WIDEST = 150  # cells
_ROUND = {"Choice": 14, "Succeed": 16, "Fail": 16}


class Drawing:
    """One picture. `digest` is None before any run."""

    def __init__(self, definition: Mapping[str, Any], digest: Digest | None, portrait: bool) -> None:
        self.portrait = portrait
        self._found = outcomes(digest) if digest else {}
        self._running = digest is not None and digest.status == "RUNNING"
        self._ran = digest is not None
        self._elsewhere = elsewhere(definition)
        most = _WIDEST if portrait else 4 * _WIDEST
        self.layout = lay_out(definition, self._measure, most, self._label_cells)
        self._steps = [] if portrait else _steps(self.layout)

    # -- what is said of a state

    def status(self, name: str) -> str:
        """A key of MARKS, or nothing before a run."""
        if found := self._found.get(name):
            return found.status
        if self._ran and name in self._elsewhere:
            return "elsewhere"
        return ("waiting" if self._running else "skipped") if self._ran else ""

    def lines(self, name: str, state: Mapping[str, Any], jumps: Sequence[Jump]) -> list[str]:
        """The texts of a state: its name with a sign, its facts, and where else it leads."""
        status = self.status(name)
        mark = f"{MARKS[status][0]} " if status else ""
        found = self._found.get(name)
        said = [f"{mark}{one_line(name)}", _facts(state, found)]
        if found and found.error:
            said.append(one_line(found.error) + (f" → {found.caught}" if found.caught else ""))
        said += [one_line(f"{jump.label} → {jump.target}".strip()) for jump in jumps]
        return [clip(text, LONGEST) for text in said if text]

    def _measure(self, name: str, state: Mapping[str, Any], jumps: Sequence[Jump]) -> Size:
        lines = self.lines(name, state, jumps)
        long = max(map(width, lines)) + 3
        if self.portrait:
            return Size(long, len(lines) + 1, long // 2, len(lines) + 1)
        across = 1 + round(len(lines) * _ROW / _TURNED)
        inside = state.get("Type") in ("Parallel", "Map")
        return Size(across, 1 if inside else long, across // 2, 1 if inside else long)

    def _label_cells(self, label: str) -> int:
        return min(width(label), LONGEST) if self.portrait else 1

    # -- where things are

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place of the layout in pixels."""
        if self.portrait:
            return _MARGIN + x * _CELL, _MARGIN + y * _ROW
        top = _MARGIN + (_TITLE if self.layout.titles else 0)
        whole = int(y)
        begin, end = self._steps[whole : whole + 2]
        return _MARGIN + begin + (y - whole) * (end - begin), top + x * _TURNED

    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        x, y = self.at(self.layout.width + 1, self.layout.height)
        titles = [self.at(0, title.y)[0] + len(_title(title)) * _CELL for title in self.layout.titles]
        return max([x, *titles]) + _MARGIN, y + _MARGIN

    # -- drawing

    def svg(self, label: str) -> str:
        """The picture; `label` says what it shows to who cannot see it."""
        wide, high = self.size()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" width="{wide:.0f}" '
            f'height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}">{"".join(self._drawn(self.layout, 0, 0))}</svg>'
        )

    def _drawn(self, layout: Layout, left: int, top: int) -> Iterator[str]:
        for title in layout.titles:
            x, y = self.at(left, top + title.y)
            y = y + _ROW * 0.7 if self.portrait else y - 8
            yield f'<text class="faint" x="{x:.1f}" y="{y:.1f}">{escape(_title(title))}</text>'
        for edge in layout.edges:
            yield from self._edge(layout, edge, left, top)
        for node in layout.nodes:
            yield from self._node(node, left, top)

    def _edge(self, layout: Layout, edge: Edge, left: int, top: int) -> Iterator[str]:
        places = {node.name: node for node in layout.nodes}
        begin, *corners, end = edge.points
        turned = [begin, *((x, y if edge.back else y + 0.5) for x, y in corners), end]
        points = [self.at(x + left, y + top) for x, y in turned]
        if edge.back:
            half = 0.5 * (_ROW if self.portrait else _TURNED)
            points = [(x, y + half) if self.portrait else (x + half, y) for x, y in points]
        taken = self.status(edge.source) in _DONE and self.status(edge.target) in _DONE
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline class="edge{" taken" if taken or not self._ran else ""}" points="{path}"/>'
        if edge.back or end[1] == places[edge.target].y:  # a long way is drawn layer by layer, and ends once
            yield _arrow(points[-2], points[-1])
        if edge.label and (edge.label_at or edge.back):
            x, y = self._label_place(edge, points, left, top)
            text = escape(clip(one_line(edge.label), LONGEST))
            yield (f'<text class="label" x="{x:.1f}" y="{y:.1f}">{text}<title>{escape(edge.label)}</title></text>')

    def _label_place(
        self, edge: Edge, points: Sequence[tuple[float, float]], left: int, top: int
    ) -> tuple[float, float]:
        if edge.label_at is None:
            return points[0][0] + 6, points[0][1] + (-4 if self.portrait else 14)
        x, y = self.at(edge.label_at[0] - 2 + left, edge.label_at[1] + top)
        return (x + 7, y + _ROW * 0.72) if self.portrait else (x + 6, y - 5)

    def _node(self, node: Node, left: int, top: int) -> Iterator[str]:
        (x1, y1), (x2, y2) = self._box(node, left, top)
        kind, status = str(node.state.get("Type", "")), self.status(node.name)
        style = MARKS[status][2] if status else "plain"
        inside = " group" if node.inner else ""
        yield (
            f'<g class="state {style}{inside}"><title>{escape(one_line(node.name))}</title>'
            f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" '
            f'rx="{_ROUND.get(kind, 5)}"/>'
        )
        room = max(int((x2 - x1) / _CELL) - 2, 4)
        for row, line in enumerate(self.lines(node.name, node.state, node.jumps)):
            if node.inner and row and not self.portrait:
                break  # the box has room for its name alone
            shown, rank = escape(clip(line, room)), "name" if row == 0 else "fact"
            yield f'<text class="{rank}" x="{x1 + 9:.1f}" y="{y1 + 18 + row * (_ROW - 2):.1f}">{shown}</text>'
        yield "</g>"
        for part in node.inner:
            yield from self._drawn(part.layout, part.x + left, part.y + top)

    def _box(self, node: Node, left: int, top: int) -> tuple[tuple[float, float], tuple[float, float]]:
        begin = self.at(node.x + left, node.y + top)
        return begin, self.at(node.x + left + node.width, node.y + top + node.height)


_DONE = frozenset({"succeeded", "failed", "caught", "stopped", "running", "retrying"})


def _title(title: Title) -> str:
    return f"on an error of {clip(one_line(', '.join(title.caught_from)), 2 * LONGEST)}:"


def _facts(state: Mapping[str, Any], found: Outcome | None) -> str:
    """What a state is and, after a run, how it went."""
    kind = str(state.get("Type", ""))
    if found is None:
        return str(state.get("Resource", kind)).rpartition(":::")[2] if kind == "Task" else kind
    said = [kind, duration(found.seconds)]
    if found.visits > 1:
        said.append(f"×{found.visits}")
    if found.retries:
        said.append(f"retried ×{found.retries}")
    if found.status not in ("succeeded", "skipped", "waiting"):
        said.append(found.status)
    return " · ".join(said)


def _arrow(before: tuple[float, float], tip: tuple[float, float]) -> str:
    (x0, y0), (x, y) = before, tip
    length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 0.1)
    dx, dy = (x - x0) / length, (y - y0) / length
    sides = ((x - 7 * dx - 3.5 * dy, y - 7 * dy + 3.5 * dx), (x - 7 * dx + 3.5 * dy, y - 7 * dy - 3.5 * dx))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (tip, *sides))
    return f'<polygon class="tip" points="{points}"/>'


def _steps(layout: Layout) -> list[float]:
    """Where each unit along begins, in pixels: as wide as text where a state is, stretched where only lines are."""
    high = layout.height + 2
    held, labels = [False] * high, [0.0] * high
    _look(layout, 0, held, labels)
    steps = [0.0]
    for y in range(high):
        steps.append(steps[-1] + (_CELL if held[y] else max(_GAP, labels[y])))
    return steps


def _look(layout: Layout, top: int, held: list[bool], labels: list[float]) -> None:
    for node in layout.nodes:
        for y in range(top + node.y, top + node.y + (node.header if node.inner else node.height)):
            held[y] = True
        for part in node.inner:
            _look(part.layout, top + part.y, held, labels)
    for edge in layout.edges:
        if edge.label_at is not None:
            y = top + edge.label_at[1]
            labels[y] = max(labels[y], min(width(edge.label), LONGEST) * _CELL * 0.86 + 14)
