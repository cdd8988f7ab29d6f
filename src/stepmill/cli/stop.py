"""`stepmill stop`: stop an execution and its jobs.

In: the command's arguments. Out: one line on stderr. Touches: the store, through its engine.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("id", nargs="?", metavar="ID", help="name of the execution (default: the one that runs)")
    parser.add_argument("--kill", action="store_true", help="do not give its jobs their grace")


def run(args: argparse.Namespace) -> int:
    """Stop it."""
    from stepmill.cli import screen
    from stepmill.cli.reading import Reader, settings_of
    from stepmill.cli.refusal import Refusal
    from stepmill.cli.session import Session

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
            screen.say(f"{row['name']} is stopped")
        elif not args.kill:
            screen.say(f"{row['name']} has ended already: {row['status']}")
        if args.kill:
            for name in session.kill(row["arn"]):
                screen.say(f"{name} is killed")
        elif jobs := [job.name for job in session.local.jobs_of(row["arn"]) if not job.wait(0)]:
            screen.say(f"{', '.join(jobs)} got SIGTERM, and {settings.grace:g} s to end in; --kill does not wait")
    finally:
        session.local.release()
    return 0
