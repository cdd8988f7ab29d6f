"""`stepmill logs`: what the jobs and functions of an execution said.

In: the command's arguments. Out: log lines on stdout. Touches: reads the store and its job logs, or AWS.
"""

from __future__ import annotations

import argparse
import time

from stepmill.cli import where


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="name of the execution, its beginning, or an ARN (default: the newest)"
    )
    parser.add_argument("state", nargs="?", metavar="STATE", help="only what this state's jobs and functions said")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the execution ends")
    parser.add_argument("-t", "--timestamps", action="store_true", help="print when each line came")
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the lines, job by job in the order they began."""
    from stepmill.cli import screen
    from stepmill.cli.refusal import Refusal, nearest
    from stepmill.console.graph import every_state
    from stepmill.console.words import one_line
    from stepmill.history.digest import Digester

    reader = where.sight(args, args.id)
    row = reader.execution(args.id)
    names = [name for name, _ in every_state(reader.definition(row))]
    if args.state is not None and args.state not in names:
        raise Refusal(f'"{row["name"]}" has no state "{args.state}"{nearest(args.state, names)}')
    digester = Digester(row["arn"])
    speakers = reader.speakers(digester.digest)
    reading = reader.reading(row["arn"])
    look, ran = screen.look(), False
    while True:
        # the end first, so that nothing said before it is missed
        ended = reader.execution(row["arn"])["status"] != "RUNNING"
        for event in reading.new():
            digester.feed(event)
            speakers.feed(event)
        for line in speakers.lines(args.state):
            before = (
                "" if args.state else look.paint(f"{one_line(line.state)} {'│' if look.unicode else '|'} ", "faint")
            )
            print(f"{look.paint(line.when + ' ', 'faint') if args.timestamps else ''}{before}{line.text}", flush=True)
        if not args.follow or (ended and not ran):
            break
        ran = not ended
        time.sleep(reader.late if ended else reader.tick)
    if not speakers.any:
        screen.say(f'"{row["name"]}" has started nothing that speaks' + ("" if ended else " yet; -f waits for it"))
    return 0
