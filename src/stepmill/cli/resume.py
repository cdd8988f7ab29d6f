"""`stepmill resume`: go on with what a dead process left running.

In: the command's arguments. Out: progress on stderr, the result on stdout. Touches: the store, which this process hosts
if nobody does.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("id", nargs="?", metavar="ID", help="name of the execution, or its beginning (default: all)")
    parser.add_argument("--json", action="store_true", help="print each result as JSON")
    parser.add_argument("-f", "--follow-logs", action="store_true", help="show the jobs' log lines as they come")


def run(args: argparse.Namespace) -> int:
    """Take the store if nobody has it, and follow what runs."""
    from stepmill.cli import screen
    from stepmill.cli.follow import Here, follow
    from stepmill.cli.reading import Reader, settings_of
    from stepmill.cli.refusal import INTERRUPTED
    from stepmill.cli.session import Session

    settings = settings_of(args)
    reader = Reader(settings)
    if args.id is not None:
        rows = [reader.execution(args.id)]
        if rows[0]["status"] != "RUNNING":
            screen.say(f"{rows[0]['name']} has ended already: {rows[0]['status']}; `stepmill show {rows[0]['name']}`")
            return 0
    else:
        # oldest first, so that the results stand in the order of their beginnings
        rows = [row for row in reversed(reader.executions()) if row["status"] == "RUNNING"]
    reader.history.close()
    if not rows:
        screen.say(f"nothing to resume in {settings.store}")
        return 0
    session = Session(settings)
    code = 0
    with session.hosting():
        if not session.take():
            screen.say(f"the engine runs already in {session.local.owner()}; following")
        for row in rows:
            screen.say(f"{row['machine']} {row['name']}")
            ended = follow(Here(session, row["arn"]), logs=args.follow_logs, as_json=args.json)
            if ended == INTERRUPTED:
                return ended
            code = ended or code
    return code
