"""`stepmill logs`: what the jobs of an execution said.

In: the command's arguments. Out: log lines on stdout. Touches: reads the store and its job logs.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.cli.reading import Reader
    from stepmill.console.canvas import Look
    from stepmill.history.digest import Visit
    from stepmill.jobs.job import Job

TICK = 0.1  # seconds between looks with -f


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="name of the execution, or its beginning (default: the newest)"
    )
    parser.add_argument("state", nargs="?", metavar="STATE", help="only this state's jobs (default: all)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the execution ends")
    parser.add_argument("-t", "--timestamps", action="store_true", help="print when each line came")


def run(args: argparse.Namespace) -> int:
    """Print the lines, job by job in the order they began."""
    from stepmill.cli import screen
    from stepmill.cli.reading import Reader, settings_of
    from stepmill.cli.refusal import Refusal, nearest
    from stepmill.console.graph import every_state

    reader = Reader(settings_of(args))
    row = reader.execution(args.id)
    names = [name for name, _ in every_state(reader.definition(row))]
    if args.state is not None and args.state not in names:
        raise Refusal(f'"{row["name"]}" has no state "{args.state}"{nearest(args.state, names)}')
    printed = _Printer(args.timestamps, args.state is None, screen.look())
    while True:
        ended = reader.execution(row["arn"])["status"] != "RUNNING"
        for visit, job in _jobs(reader, row["arn"], args.state):
            printed.go_on(visit, job)
        if ended or not args.follow:
            break
        time.sleep(TICK)
    if not printed.jobs:
        what = f'the state "{args.state}"' if args.state else f'the execution "{row["name"]}"'
        screen.say(f"{what} has started no job" + ("" if ended else " yet; -f waits for it"))
    return 0


class _Printer:
    """Prints what is new in each log."""

    def __init__(self, timestamps: bool, named: bool, look: Look) -> None:
        from stepmill.cli.tail import Tail

        self._tail = Tail
        self._timestamps = timestamps
        self._named = named
        self._look = look
        self.jobs: dict[str, Tail] = {}

    def go_on(self, visit: Visit, job: Job) -> None:
        """Print the lines of a job that came since the last time."""
        from stepmill.console.words import one_line

        tail = self.jobs.setdefault(job.name, self._tail(job.log))
        bar = "│" if self._look.unicode else "|"
        before = self._look.paint(f"{one_line(visit.state)} {bar} ", "faint") if self._named else ""
        for when, text in tail.lines():
            print(f"{self._look.paint(when + ' ', 'faint') if self._timestamps else ''}{before}{text}", flush=True)


def _jobs(reader: Reader, arn: str, state: str | None) -> list[tuple[Visit, Job]]:
    from stepmill.cli.reading import find_job

    found = []
    for visit in reader.digest(arn).visits:
        if state in (None, visit.state):
            for attempt in visit.attempts:
                job = find_job(reader.settings, attempt.job) if attempt.job else None
                if job is not None:
                    found.append((visit, job))
    return found
