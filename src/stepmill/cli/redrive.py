"""`stepmill redrive`: go on with an execution that failed, where it failed.

In: the command's arguments. Out: progress on stderr, the result on stdout. Touches: the store, which this process hosts
if nobody does; or AWS.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stepmill.cli import where

if TYPE_CHECKING:
    from stepmill.cli.remote import Remote


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("id", nargs="?", metavar="ID", help="name of the execution, or an ARN (default: the newest)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("-f", "--follow-logs", action="store_true", help="show the jobs' log lines as they come")
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Have what did not succeed run again, and follow it to its end."""
    from stepmill.cli import screen
    from stepmill.cli.follow import Here, follow
    from stepmill.cli.reading import Reader, settings_of
    from stepmill.cli.refusal import Refusal
    from stepmill.cli.session import Session
    from stepmill.services.operations import ServiceError

    if (remote := where.remote(args, args.id)) is not None:
        return _there(remote, args)
    settings = settings_of(args)
    reader = Reader(settings)
    row = reader.execution(args.id)
    reader.history.close()
    session = Session(settings)
    with session.hosting():
        session.take()
        try:
            session.local.call("states", "RedriveExecution", {"executionArn": row["arn"]})
        except ServiceError as refusal:
            if refusal.code != "ExecutionNotRedrivable":
                raise
            raise Refusal(f"{row['machine']} {row['name']}: {refusal.message}") from None
        screen.say(f"{row['machine']} {row['name']} goes on where it was; what succeeded is not run again")
        return follow(Here(session, row["arn"]), logs=args.follow_logs, as_json=args.json)


def _there(remote: Remote, args: argparse.Namespace) -> int:
    """The same on AWS."""
    from stepmill.cli import screen
    from stepmill.cli.follow import follow
    from stepmill.cli.refusal import Refusal
    from stepmill.cli.there import There
    from stepmill.deploy.aws.account import AwsRefusal

    row = remote.execution(args.id)
    reading = remote.reading(row["arn"])
    reading.new()
    try:
        remote.states("RedriveExecution", {"executionArn": row["arn"]})
    except AwsRefusal as refusal:
        if refusal.code != "ExecutionNotRedrivable":
            raise
        raise Refusal(f"{row['machine']} {row['name']}: {refusal.message}") from None
    screen.say(f"{row['machine']} {row['name']} goes on where it was; what succeeded is not run again")
    there = There(remote, row["arn"], logs=args.follow_logs, after=reading.seen)
    return follow(there, logs=args.follow_logs, as_json=args.json)
