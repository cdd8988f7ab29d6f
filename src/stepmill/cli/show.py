"""`stepmill show`: one execution as a picture.

In: the command's arguments. Out: the graph and the ending, or JSON. Touches: reads the store, or AWS.
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
    parser.add_argument("--json", action="store_true", help="print JSON")
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the picture."""
    from stepmill.cli import report, screen, shapes
    from stepmill.cli.reading import by_state
    from stepmill.console.facts import Facts
    from stepmill.console.text import draw
    from stepmill.history.digest import Digester

    reader = where.sight(args, args.id)
    row = reader.execution(args.id)
    definition = reader.definition(row)
    digester = Digester(row["arn"])
    digest, facts = digester.digest, Facts(definition, digester.digest, reader.map_run)
    for event in reader.events(row["arn"]):
        digester.feed(event)
        facts.feed(event)
    metrics = reader.metrics(digest)
    if args.json:
        screen.print_json(shapes.execution(digest, metrics, reader.store, reader.urls(digest)))
        return 0
    look, now = screen.look(), time.time()
    said = {visit.state: facts.brief(visit) for visit in digest.visits}
    print(draw(definition, digest, by_state(digest, metrics), look, now, said))
    print()
    print("\n".join(report.ending(digest, reader, look, now)))
    return 0
