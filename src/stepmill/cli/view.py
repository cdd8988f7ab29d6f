"""Shows a run while it goes: ended states as lines that stay, what runs now as a small footer that does not.

In: a digest that grows, facts, metrics, log lines. Out: text on stderr. Touches: the terminal.

On anything but a live terminal there is no footer, and each line begins with its time.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import IO, Any

from stepmill.console.canvas import Look
from stepmill.console.facts import Facts
from stepmill.console.graph import every_state
from stepmill.console.text import MARKS, Curve
from stepmill.console.words import clip, duration, number, one_line, pad, width
from stepmill.history.digest import Digest, Visit

REPAINT = 0.1  # seconds: at most ten pictures a second
_FOOTER = 4  # lines
_FACT = 160  # columns: a cause can be a whole job description; the end of the run tells it in full
_NAME = 28  # columns within which names are padded, so that times stand under each other

Metrics = Callable[[Visit], Sequence[Curve]]


class View:
    """Prints each visit of a digest once, when it has ended."""

    def __init__(
        self,
        stream: IO[str],
        look: Look,
        live: bool,
        definition: Mapping[str, Any],
        metrics: Metrics,
        repaint: float = REPAINT,
    ) -> None:
        states = list(every_state(definition))
        names = [name for name, _ in states]
        self._maps = {name for name, state in states if state.get("Type") == "Map"}
        self._stream = stream
        self._look = look
        self._live = live
        self._metrics = metrics
        self._repaint = repaint
        self._wide = min(max((width(one_line(name)) for name in names), default=0), _NAME)
        self._from = 0  # every visit before this one was told
        self._began: set[int] = set()
        self._ended: set[int] = set()
        self._tried: dict[int, int] = {}
        self._footer: list[str] = []
        self._painted = 0.0

    def update(self, digest: Digest, facts: Facts, now: float, logs: Callable[[], None] | None = None) -> None:
        """Print what is new and paint the footer. `logs` prints log lines, before the end of any task."""
        while self._from < len(digest.visits) and id(digest.visits[self._from]) in self._ended:
            self._from += 1
        open_ = [v for v in islice(digest.visits, self._from, None) if id(v) not in self._ended]
        # in the order of what happened; at one moment, ends before beginnings and what is inside before what holds it
        news = [(v.exited, 0, -len(v.branch), v) if _is_over(v, digest) else (v.entered, 1, 0, v) for v in open_]
        shown = logs is None
        for _, begins, _, visit in sorted(news, key=lambda item: item[:3]):
            self._progress(visit)
            if begins:
                continue
            if logs is not None and not shown and visit.type == "Task":
                shown = True
                logs()
            self._ended.add(id(visit))
            if not self._hidden(visit):
                self.line(self._told(visit, facts))
        if logs is not None and not shown:
            logs()
        if self._live and time.monotonic() - self._painted >= self._repaint:
            self._look = self._look._replace(width=shutil.get_terminal_size((80, 24)).columns)
            self._paint([self._running(visit, digest, facts, now) for visit in self._current(digest)])

    def line(self, text: str) -> None:
        """Print a line that stays, above the footer."""
        self._erase()
        before = "" if self._live else time.strftime("%H:%M:%S ")
        self._put(f"{before}{text}\n")

    def log(self, state: str, text: str) -> None:
        """Print a line of a job's log."""
        bar = "│" if self._look.unicode else "|"
        self.line(self._look.paint(f"{one_line(state)} {bar}", "faint") + f" {text}")

    def close(self) -> None:
        """Leave nothing on the screen that does not stay."""
        self._erase()

    def _progress(self, visit: Visit) -> None:
        """Attempts that failed and are tried again; without a footer also the beginning of what takes time."""
        done = [attempt for attempt in visit.attempts if attempt.error is not None]
        shown = self._tried.get(id(visit), 0)
        again = done if visit.status == "retrying" or len(visit.attempts) > len(done) else done[:-1]
        for attempt in again[shown:]:
            mark = self._mark("retrying")
            self.line(f"{mark} {self._name(visit)}  trying again after {one_line(attempt.error or '')}")
        self._tried[id(visit)] = max(shown, len(again))
        if not self._live and id(visit) not in self._began and not self._hidden(visit):
            self._began.add(id(visit))
            if visit.status == "running" and visit.type in ("Task", "Map", "Parallel", "Wait"):
                self.line(f"{self._mark('running')} {self._name(visit)}  started")

    def _told(self, visit: Visit, facts: Facts) -> str:
        took, dots = duration((visit.exited or visit.entered) - visit.entered), "…" if self._look.unicode else "..."
        said = [took, _numbers(self._metrics(visit)), clip(self._plain(facts.of(visit)), _FACT, dots)]
        if len(visit.attempts) > 1:
            said.insert(1, f"retried {'×' if self._look.unicode else 'x'}{len(visit.attempts) - 1}")
        if visit.status == "failed" and visit.error and visit.type != "Fail":
            said.append(one_line(visit.error))
        if visit.status == "stopped":
            said.append("stopped")
        return f"{self._mark(visit.status)} {self._name(visit)}  {'  '.join(s for s in said if s)}".rstrip()

    def _running(self, visit: Visit, digest: Digest, facts: Facts, now: float) -> str:
        # whole seconds, so that the footer changes once a second and not ten times
        took = f"{int(max(now - visit.entered, 0))} s" if now - visit.entered < 60 else duration(now - visit.entered)
        mark, plain, _ = MARKS[visit.status]
        if visit.type == "Map":
            said = facts.items(visit) or self._items(visit, digest)
        else:
            said = _numbers(self._metrics(visit))
        shown = f"{mark if self._look.unicode else plain} {self._name(visit)}  {took}  {said}"
        return clip(shown.rstrip(), self._look.width - 1, "…" if self._look.unicode else "...")

    def _name(self, visit: Visit) -> str:
        return "  " * len(visit.branch) + pad(one_line(visit.state), self._wide)

    def _plain(self, text: str) -> str:
        return text if self._look.unicode else text.replace("→", "->")

    def _mark(self, status: str) -> str:
        mark, plain, style = MARKS[status]
        return self._look.paint(mark if self._look.unicode else plain, style)

    def _items(self, visit: Visit, digest: Digest) -> str:
        depth = len(visit.branch)
        begun = {v.branch[depth] for v in digest.visits if v.branch[:depth] == visit.branch and len(v.branch) > depth}
        return f"{sum(part.rpartition('[')[0] == visit.state for part in begun)} items begun"

    def _in_map(self, visit: Visit) -> bool:
        return any(part.rpartition("[")[0] in self._maps for part in visit.branch)

    def _hidden(self, visit: Visit) -> bool:
        """States inside a Map would be a line per item: there only what failed is said."""
        return self._in_map(visit) and visit.status not in ("failed", "caught")

    def _current(self, digest: Digest) -> list[Visit]:
        """What runs now: of a Parallel the states inside it, of a Map the Map."""
        current = [visit for visit in digest.current() if not self._in_map(visit)]
        enclosing = {part.rpartition("[")[0] for visit in current for part in visit.branch}
        return [visit for visit in current if visit.state not in enclosing]

    def _paint(self, lines: list[str]) -> None:
        if len(lines) > _FOOTER:
            lines = [*lines[: _FOOTER - 1], f"  and {len(lines) - _FOOTER + 1} more"]
        if lines == self._footer:
            return
        self._erase()
        self._put("\n".join(self._look.paint(line, "live") for line in lines))
        self._footer, self._painted = lines, time.monotonic()

    def _erase(self) -> None:
        if self._footer:
            self._put("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (len(self._footer) - 1))
            self._footer = []

    def _put(self, text: str) -> None:
        # whoever watched has gone; what runs goes on
        with suppress(BrokenPipeError):
            self._stream.write(text)
            self._stream.flush()


def _is_over(visit: Visit, digest: Digest) -> bool:
    """A failed visit may yet be caught, and a Choice tells its sentence once the next state is entered."""
    if visit.exited is None:
        return False
    return visit.type != "Choice" or visit.next is not None or digest.ended is not None


def _numbers(curves: Sequence[Any]) -> str:
    return "  ".join(one_line(f"{curve.name} {number(curve.values[-1])}") for curve in curves[:4] if curve.values)
