"""Follows one execution to its end, showing it, and prints its result.

In: where it runs, an execution. Out: its result on stdout, the exit code. Touches: the terminal; on this machine it
takes the store over when its owner dies.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from stepmill.cli import screen
from stepmill.cli.jobs import find_job
from stepmill.cli.reading import read_curves
from stepmill.cli.refusal import INTERRUPTED
from stepmill.cli.report import Sight
from stepmill.cli.session import Session
from stepmill.cli.speakers import Speakers, Spoken
from stepmill.cli.view import REPAINT, View
from stepmill.console.facts import Facts
from stepmill.console.text import Curve
from stepmill.history.digest import Digest, Digester, Visit
from stepmill.history.events import Event


class Watched(Protocol):
    """An execution where it runs: on this machine, or on AWS (`there.There`)."""

    arn: str
    definition: Mapping[str, Any]
    sight: Sight
    say: Callable[[str], None]

    def speakers(self, digest: Digest) -> Spoken:
        """Who speaks in it."""
        ...

    def wait(self, seconds: float) -> None:
        """Until there may be something new, at most so long."""
        ...

    def new(self) -> list[Event]:
        """The events that came since the last time."""
        ...

    def settle(self) -> None:
        """It has ended: wait until the last it said can be read."""
        ...

    def interrupted(self) -> None:
        """What Ctrl-C does to it."""
        ...

    def curves(self, visit: Visit) -> list[Curve]:
        """The metrics of a visit's training job so far."""
        ...

    def document(self, digest: Digest) -> dict[str, Any]:
        """The result for programs."""
        ...


class Here:
    """An execution of this machine's store."""

    def __init__(self, session: Session, arn: str) -> None:
        self.arn = arn
        self._session = session
        self._reader = session.reader()
        self.sight: Sight = self._reader
        self.definition: Mapping[str, Any] = self._reader.definition(self._reader.execution(arn))
        self._jobs: dict[str, Any] = {}
        self._metrics: dict[str, tuple[int, list[Curve]]] = {}
        self._seen = 0

    @property
    def say(self) -> Callable[[str], None]:
        """Where the store's own sentences go."""
        return self._session.say

    @say.setter
    def say(self, say: Callable[[str], None]) -> None:
        self._session.say = say

    def speakers(self, digest: Digest) -> Spoken:
        """The logs in the store."""
        return Speakers(self._session.settings, digest)

    def wait(self, seconds: float) -> None:
        """The store wakes whoever waits."""
        self._session.local.wait_past(self.arn, self._seen, seconds)

    def new(self) -> list[Event]:
        """What the store has beyond what was read."""
        found = list(self._session.local.history.read(self.arn, self._seen))
        if found:
            self._seen = found[-1].id
        return found

    def settle(self) -> None:
        """Logs are on disk before the end is."""

    def interrupted(self) -> None:
        """Stop it and its jobs."""
        self.say("interrupted: stopping the execution")
        self._session.interrupt(self.arn)

    def curves(self, visit: Visit) -> list[Curve]:
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

    def document(self, digest: Digest) -> dict[str, Any]:
        """The result, with the curves and the store."""
        from stepmill.cli import shapes

        return shapes.execution(digest, self._reader.metrics(digest), str(self._session.settings.store))

    def _job(self, named: tuple[str, str]) -> Any:
        if named[1] not in self._jobs:
            job = find_job(self._session.settings, named)
            if job is None:
                return None  # asked for, not made yet
            self._jobs[named[1]] = job
        return self._jobs[named[1]]


class Following:
    """One execution, its view and what was read of it so far."""

    def __init__(self, watched: Watched, *, logs: bool) -> None:
        self._watched = watched
        self._logs = logs
        self._digester = Digester(watched.arn)
        definition = watched.definition
        self._facts = Facts(definition, self._digester.digest, watched.sight.map_run)
        self._view = View(sys.stderr, screen.look(sys.stderr), screen.is_live(sys.stderr), definition, watched.curves)
        self._speakers = watched.speakers(self._digester.digest)

    @property
    def digest(self) -> Digest:
        """What became of it so far."""
        return self._digester.digest

    def to_the_end(self) -> Digest:
        """Show it until it has ended. Raises KeyboardInterrupt when Ctrl-C was seen to."""
        watched = self._watched
        before, watched.say = watched.say, lambda sentence: self._view.line(f"  {sentence}")
        try:
            try:
                self._follow()
            except KeyboardInterrupt:
                watched.interrupted()
                self._look()
                raise
        finally:
            self._view.close()
            watched.say = before
        return self.digest

    def _follow(self) -> None:
        while self.digest.ended is None:
            self._watched.wait(REPAINT)
            self._look()
        if self._logs:
            self._watched.settle()
            self._show_logs()

    def _look(self) -> None:
        """Read what is new and show it."""
        for event in self._watched.new():
            self._digester.feed(event)
            self._facts.feed(event)
            self._speakers.feed(event)
        self._view.update(self.digest, self._facts, time.time(), self._show_logs if self._logs else None)

    def _show_logs(self) -> None:
        for line in self._speakers.lines():
            self._view.log(line.state, line.text)


def follow(watched: Watched, *, logs: bool, as_json: bool) -> int:
    """Show an execution until it has ended, then print its result; gives back the exit code.

    On this machine Ctrl-C stops it; on AWS it goes on there. The result is what there was then."""
    following = Following(watched, logs=logs)
    try:
        return _finish(watched, following.to_the_end(), as_json)
    except KeyboardInterrupt:
        _finish(watched, following.digest, as_json)
        return INTERRUPTED


def _finish(watched: Watched, digest: Digest, as_json: bool) -> int:
    """Print the result of an execution; gives back the exit code that an ended one deserves."""
    from stepmill.cli import report

    if as_json:
        screen.print_json(watched.document(digest))
    else:
        print("\n".join(report.ending(digest, watched.sight, screen.look(), time.time())))
    sys.stdout.flush()
    return report.code_of(digest)
