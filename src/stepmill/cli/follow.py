"""Follows one execution to its end, showing it, and prints its result.

In: a session, an execution. Out: its result on stdout, the exit code. Touches: the terminal; takes the store over when
its owner dies.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from stepmill.cli import screen
from stepmill.cli.jobs import find_job
from stepmill.cli.reading import read_curves
from stepmill.cli.refusal import INTERRUPTED
from stepmill.cli.session import Session
from stepmill.cli.speakers import Speakers
from stepmill.cli.view import REPAINT, View
from stepmill.console.facts import Facts
from stepmill.console.text import Curve
from stepmill.history.digest import Digest, Digester, Visit


class Following:
    """One execution, its view and what was read of it so far."""

    def __init__(self, session: Session, arn: str, *, logs: bool) -> None:
        self._session = session
        self._arn = arn
        self._logs = logs
        self._reader = session.reader()
        self._digester = Digester(arn)
        definition = self._reader.definition(self._reader.execution(arn))
        self._facts = Facts(definition, self._digester.digest, self._reader.map_run)
        self._view = View(sys.stderr, screen.look(sys.stderr), screen.is_live(sys.stderr), definition, self._metrics_of)
        self._speakers = Speakers(session.settings, self._digester.digest)
        self._jobs: dict[str, Any] = {}
        self._metrics: dict[str, tuple[int, list[Curve]]] = {}
        self._seen = 0

    @property
    def digest(self) -> Digest:
        """What became of it so far."""
        return self._digester.digest

    def to_the_end(self) -> Digest:
        """Show it until it has ended. Ctrl-C stops it and its jobs; raises KeyboardInterrupt when they have stopped."""
        before, self._session.say = self._session.say, lambda sentence: self._view.line(f"  {sentence}")
        try:
            try:
                self._follow()
            except KeyboardInterrupt:
                self._session.say("interrupted: stopping the execution")
                self._session.interrupt(self._arn)
                self._look()
                raise
        finally:
            self._view.close()
            self._session.say = before
        return self.digest

    def _follow(self) -> None:
        while self.digest.ended is None:
            self._session.local.wait_past(self._arn, self._seen, REPAINT)
            self._look()

    def _look(self) -> None:
        """Read what is new and show it."""
        for event in self._session.local.history.read(self._arn, self._seen):
            self._digester.feed(event)
            self._facts.feed(event)
            self._speakers.feed(event)
            self._seen = event.id
        self._view.update(self.digest, self._facts, time.time(), self._show_logs if self._logs else None)

    def _show_logs(self) -> None:
        for line in self._speakers.lines():
            self._view.log(line.state, line.text)

    def _job(self, named: tuple[str, str]) -> Any:
        if named[1] not in self._jobs:
            job = find_job(self._session.settings, named)
            if job is None:
                return None  # asked for, not made yet
            self._jobs[named[1]] = job
        return self._jobs[named[1]]

    def _metrics_of(self, visit: Visit) -> list[Curve]:
        """The metrics of a visit's training job, read again only when the file has grown."""
        named = next((attempt.job for attempt in reversed(visit.attempts) if attempt.job), None)
        job = self._job(named) if named is not None and named[0] == "training" else None
        if job is None:
            return []
        try:
            size = job.metrics.stat().st_size
        except OSError:
            return []
        known = self._metrics.get(job.name)
        if known is None or known[0] != size:
            self._metrics[job.name] = (size, read_curves(job.metrics))
        return self._metrics[job.name][1]


def follow(session: Session, arn: str, *, logs: bool, as_json: bool) -> int:
    """Show an execution until it has ended, then print its result; gives back the exit code.

    Ctrl-C stops it; the result is what there was then."""
    following = Following(session, arn, logs=logs)
    try:
        return _finish(session, following.to_the_end(), as_json)
    except KeyboardInterrupt:
        _finish(session, following.digest, as_json)
        return INTERRUPTED


def _finish(session: Session, digest: Digest, as_json: bool) -> int:
    """Print the result of an ended execution; gives back the exit code."""
    from stepmill.cli import report, shapes

    reader = session.reader()
    if as_json:
        screen.print_json(shapes.execution(digest, reader.metrics(digest), str(session.settings.store)))
    else:
        print("\n".join(report.ending(digest, reader, screen.look())))
    sys.stdout.flush()
    return report.code_of(digest)
