"""Draws the graph of an execution for a terminal: each state with its outcome, time, retries and metric curves.

In: a definition, a Digest, curves by state. Out: text. Touches: nothing.

The picture of the web console comes from the same Layout; what differs between the two is only how it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stepmill.console.canvas import Canvas, Look
from stepmill.console.graph import elsewhere
from stepmill.console.layout import Edge, Jump, Layout, Node, Size, lay_out
from stepmill.console.words import ASCII_SPARKS, SPARKS, clip, duration, number, one_line, spark, width
from stepmill.history.digest import Digest, Visit

MARKS = {
    "succeeded": ("✔", "+", "good"),
    "failed": ("✖", "x", "bad"),
    "caught": ("↪", ">", "warn"),
    "stopped": ("■", "#", "warn"),
    "running": ("●", "*", "live"),
    "retrying": ("↻", "@", "live"),
    "skipped": ("↷", "-", "faint"),
    "waiting": ("○", "o", "faint"),
    "elsewhere": ("·", ".", "faint"),  # in executions of a Map Run
}
_LINE = 72  # no line of a state is longer; a cause has its own place below the graph


class Curve(NamedTuple):
    """One metric of a training job, in the order its values were printed."""

    name: str
    values: Sequence[float]


class Outcome(NamedTuple):
    """All visits of one state taken together."""

    status: str
    visits: int
    seconds: float
    retries: int
    error: str
    caught: str


Piece = tuple[str, str]  # text and style


def draw(
    definition: Mapping[str, Any],
    digest: Digest,
    curves: Mapping[str, Sequence[Curve]] | None = None,
    look: Look | None = None,
    now: float | None = None,
    facts: Mapping[str, str] | None = None,
) -> str:
    """The picture of one execution. `now` is the time at which running states are shown, `facts` a line by state."""
    return "\n".join(_Drawing(digest, curves or {}, look or Look(), now, facts or {}).rows(definition))


def outcomes(digest: Digest, now: float | None = None) -> dict[str, Outcome]:
    """What became of each state that was visited. A state of a Map or of a loop has one Outcome for all its visits."""
    by_state: dict[str, list[Visit]] = {}
    for visit in digest.visits:
        by_state.setdefault(visit.state, []).append(visit)
    return {state: _outcome(visits, now) for state, visits in by_state.items()}


def _outcome(visits: Sequence[Visit], now: float | None) -> Outcome:
    statuses = [visit.status for visit in visits]
    ranked = ("running", "retrying", "failed", "stopped", "caught", "succeeded")
    status = next((status for status in ranked if status in statuses), statuses[-1])
    until = [visit.exited if visit.exited is not None else now or visit.entered for visit in visits]
    nested = len({visit.branch for visit in visits}) > 1
    # visits of a Map overlap, so their sum would say nothing: the stretch from first to last does
    seconds = max(until) - min(visit.entered for visit in visits)
    if not nested:
        seconds = sum(end - visit.entered for end, visit in zip(until, visits, strict=True))
    last = next((visit for visit in reversed(visits) if visit.error and visit.status != "succeeded"), None)
    return Outcome(
        status,
        len(visits),
        seconds,
        sum(max(len(visit.attempts) - 1, 0) for visit in visits),
        (last.error or "") if last else "",
        (last.next or "") if last and last.status == "caught" else "",
    )


class _Drawing:
    def __init__(
        self,
        digest: Digest,
        curves: Mapping[str, Sequence[Curve]],
        look: Look,
        now: float | None,
        said: Mapping[str, str],
    ) -> None:
        self._digest = digest
        self._said = said
        self._curves = curves
        self._look = look
        self._outcomes = outcomes(digest, now)
        self._elsewhere: set[str] = set()
        self._dots = "…" if look.unicode else "..."
        self._arrow = "→" if look.unicode else "->"

    def rows(self, definition: Mapping[str, Any]) -> list[str]:
        self._elsewhere = elsewhere(definition)
        layout = lay_out(definition, self._measure, self._look.width, width)
        canvas = Canvas(self._look)
        self._draw(canvas, layout, 0, 0)
        return canvas.rows()

    def _measure(self, name: str, state: Mapping[str, Any], jumps: Sequence[Jump]) -> Size:
        lines = self._lines(name, state, jumps)
        return Size(max(sum(width(text) for text, _ in line) for line in lines), len(lines))

    def _lines(self, name: str, state: Mapping[str, Any], jumps: Sequence[Jump]) -> list[list[Piece]]:
        """The state's own drawing: a headline, and under it curves, what was caught and where else it leads."""
        found = self._outcomes.get(name)
        status = found.status if found else "waiting" if self._digest.status == "RUNNING" else "skipped"
        status = "elsewhere" if found is None and name in self._elsewhere else status
        mark, plain, style = MARKS[status]
        room = min(_LINE, self._look.width) - 2
        facts = self._facts(state, found) if found else ""
        shown = clip(one_line(name), max(room - width(facts), 8), self._dots)
        head: list[Piece] = [
            (mark if self._look.unicode else plain, style),
            (f" {shown}", "faint" if status in ("skipped", "waiting", "elsewhere") else "bold"),
            (facts, ""),
        ]
        lines = [head]
        details: list[Piece] = [(text, "live") for text in self._sparklines(name)]
        if self._said.get(name):
            details.append((self._said[name], ""))
        if found and found.error:
            to = f" {self._arrow} {found.caught}" if found.caught else ""
            details.append((one_line(found.error + to), style))
        details += [(self._jump(jump), "faint") for jump in jumps]
        return lines + [[("  ", ""), (clip(text, room, self._dots), style)] for text, style in details]

    def _facts(self, state: Mapping[str, Any], found: Outcome) -> str:
        times = "×" if self._look.unicode else "x"
        said = [duration(found.seconds)]
        if found.visits > 1:
            said.append(f"visited {times}{found.visits}")
        if found.retries:
            said.append(f"retried {times}{found.retries}")
        if found.status == "caught":
            said.append("caught")
        elif found.status in ("failed", "stopped", "running", "retrying"):
            said.append(found.status)
        return "  " + "  ".join(said)

    def _sparklines(self, name: str) -> list[str]:
        curves = [curve for curve in self._curves.get(name, ()) if curve.values]
        longest = max((width(curve.name) for curve in curves), default=0)
        levels = SPARKS if self._look.unicode else ASCII_SPARKS
        made = []
        for curve in curves:
            label = one_line(curve.name) + " " * (longest - width(curve.name))
            first, last = number(curve.values[0]), number(curve.values[-1])
            values = f"{first} {self._arrow} {last}" if len(curve.values) > 1 else last
            made.append(f"{label} {spark(curve.values, levels=levels)} {values}")
        return made

    def _jump(self, jump: Jump) -> str:
        return one_line(f"{jump.label} {self._arrow} {jump.target}")

    def _draw(self, canvas: Canvas, layout: Layout, left: int, top: int) -> None:
        for title in layout.titles:
            canvas.write(left, top + title.y, self._title(title.caught_from, max(self._look.width - left, 12)), "faint")
        for edge in layout.edges:
            self._draw_edge(canvas, edge, left, top)
        for node in layout.nodes:
            self._draw_node(canvas, node, left, top)

    def _title(self, names: Sequence[str], room: int) -> str:
        for count in range(len(names), 0, -1):
            rest = f" and {len(names) - count} more" if count < len(names) else ""
            text = f"on an error of {one_line(', '.join(names[:count]))}{rest}:"
            if width(text) <= room:
                return text
        return clip(f"on an error of {len(names)} states:", room, self._dots)

    def _draw_edge(self, canvas: Canvas, edge: Edge, left: int, top: int) -> None:
        points = [(x + left, y + top) for x, y in edge.points]
        if edge.back:
            # one blank between a state's text and the line, an arrow where the loop begins again
            (x1, y1), *corners, (x2, y2) = points
            canvas.line([(x1 + 1, y1), *corners, (x2 + 1, y2)], hangs=False)
            room = corners[0][0] - x1 - 4
            if edge.label and room > 3:
                canvas.write(x1 + 2, y1, f" {clip(one_line(edge.label), room, self._dots)} ", "faint")
            canvas.write(x2 + 1, y2, "◀" if self._look.unicode else "<", "faint")
            return
        canvas.line(points)
        if edge.label_at and edge.label_room > 1:
            x, y = edge.label_at
            canvas.write(x + left, y + top, clip(one_line(edge.label), edge.label_room, self._dots), "faint")

    def _draw_node(self, canvas: Canvas, node: Node, left: int, top: int) -> None:
        x, y = node.x + left, node.y + top
        inset = node.port
        if node.inner:
            canvas.box(x, y, node.width, node.height)
        for row, line in enumerate(self._lines(node.name, node.state, node.jumps)):
            at = x + inset
            for text, style in line:
                at = canvas.write(at, y + row, text, style) if text.strip() else at + width(text)
            if node.inner and row == 0:
                canvas.write(at, y, " ")
        for part in node.inner:
            self._draw(canvas, part.layout, part.x + left, part.y + top)
