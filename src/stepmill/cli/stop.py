"""`stepmill stop`: stop an execution and its jobs.

In: the command's arguments. Out: one line on stderr. Touches: the store, through its engine; or AWS.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from stepmill.cli import where

if TYPE_CHECKING:
    from stepmill.cli.remote import Remote
    from stepmill.jobs.job import Job

PATIENCE = 10.0  # seconds in which a stop has reached the execution and its jobs


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="name of the execution, or an ARN (default: the one that runs)"
    )
    parser.add_argument("--kill", action="store_true", help="do not give its jobs their grace")
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Stop it."""
    from stepmill.cli import screen
    from stepmill.cli.reading import Reader, settings_of
    from stepmill.cli.refusal import Refusal
    from stepmill.cli.session import Session

    if (remote := where.remote(args, args.id)) is not None:
        return _there(remote, args)
    settings = settings_of(args)
    reader = Reader(settings)
    if args.id is None:
        running = [row for row in reader.executions() if row["status"] == "RUNNING"]
        if not running:
            raise Refusal(f"{settings.store}: nothing runs")
        if len(running) > 1:
            raise Refusal(f"several executions run; say which: {', '.join(row['name'] for row in running)}")
        row = running[0]
    else:
        row = reader.execution(args.id)
    reader.history.close()
    session = Session(settings)
    try:
        if row["status"] == "RUNNING":
            session.stop(row["arn"], "stopped by `stepmill stop`")
            session.local.wait(row["arn"], PATIENCE)
            screen.say(f"{row['name']} is stopped")
        elif not args.kill:
            screen.say(f"{row['name']} has ended already: {row['status']}")
        if args.kill:
            for name in session.kill(row["arn"]):
                screen.say(f"{name} is killed")
        elif names := [job.name for job in session.local.jobs_of(row["arn"]) if not _told(job)]:
            screen.say(f"{', '.join(names)} got SIGTERM, and {settings.grace:g} s to end in; --kill does not wait")
    finally:
        session.local.release()
    return 0


def _there(remote: Remote, args: argparse.Namespace) -> int:
    """Stop an execution on AWS, which stops the jobs it waits for."""
    from stepmill.cli import screen
    from stepmill.cli.refusal import Refusal

    if args.kill:
        raise Refusal("--kill is for jobs of this machine; AWS gives a job that is stopped its 120 seconds")
    row = remote.execution(args.id, "RUNNING" if args.id is None else None)
    if row["status"] != "RUNNING":
        screen.say(f"{row['name']} has ended already: {row['status']}")
        return 0
    remote.states("StopExecution", {"executionArn": row["arn"], "cause": "stopped by `stepmill stop`"})
    screen.say(f"{row['name']} is stopped; AWS stops the jobs it waits for")
    return 0


def _told(job: Job) -> bool:
    """Whether the job is over. One that runs must have been told first: the engine may end with this process."""
    until = time.monotonic() + PATIENCE
    while not job.wait(0) and job.state().status != "Stopping" and time.monotonic() < until:
        time.sleep(0.02)
    return job.wait(0)
