"""`stepmill list`: the executions of a store, or of a stage on AWS.

In: the command's arguments. Out: a table or JSON. Touches: reads the store, or AWS.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepmill.cli import where

if TYPE_CHECKING:
    from stepmill.cli.remote import Remote


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "machine", nargs="?", metavar="MACHINE", help="only the executions of this state machine: its name or its ARN"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-n", "--limit", type=int, default=20, metavar="N", help="at most N rows, 0 for all (default: 20)"
    )
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from stepmill.cli import screen, shapes
    from stepmill.cli.reading import DATABASE, Reader, is_hosted, settings_of

    if (remote := where.remote(args, args.machine)) is not None:
        return _there(remote, args)
    settings = settings_of(args)
    # a store that is not there yet has no executions: that is an answer, not an error
    rows = Reader(settings).executions() if (settings.store / DATABASE).exists() else []
    if args.machine is not None:
        rows = [row for row in rows if row["machine"] == args.machine.split(":")[-1]]
    orphans = [row for row in rows if row["status"] == "RUNNING"] if not is_hosted(settings) else []
    shown = rows[: args.limit] if args.limit > 0 else rows
    if args.json:
        screen.print_json(shapes.listed(shown))
        return 0
    if not rows:
        screen.say(f"no executions in {settings.store}; `stepmill run FILE` starts one")
        return 0
    print("\n".join(lines(shown, screen.look(), time.time(), hosted=not orphans)))
    for row in orphans:
        screen.say(f"nobody runs {row['name']}: `stepmill resume {row['name']}` goes on with it")
    if len(shown) < len(rows):
        screen.say(f"{len(rows) - len(shown)} older ones are not shown; `stepmill list -n 0` shows all")
    return 0


def _there(remote: Remote, args: argparse.Namespace) -> int:
    from stepmill.cli import screen, shapes

    rows, more = remote.executions(remote.machine(args.machine), args.limit)
    if args.json:
        screen.print_json(shapes.listed(rows))
        return 0
    if not rows:
        screen.say(f"no executions in stage {remote.stage.name}; `stepmill run FILE --stage NAME` starts one")
        return 0
    print("\n".join(lines(rows, screen.look(), time.time())))
    if more:
        screen.say("older ones are not shown; `-n 0` shows all")
    return 0


def lines(rows: Sequence[Mapping[str, Any]], look: Any, now: float, *, hosted: bool = True) -> list[str]:
    """The table of execution records. `hosted` says whether anybody runs those that are RUNNING."""
    from stepmill.console.tables import table
    from stepmill.console.text import MARKS
    from stepmill.console.words import duration

    kinds = {"SUCCEEDED": "succeeded", "RUNNING": "running", "ABORTED": "stopped"}
    cells, styles = [], []
    for row in rows:
        alone = row["status"] == "RUNNING" and not hosted
        mark, plain, style = MARKS["waiting" if alone else kinds.get(row["status"], "failed")]
        said = "(nobody runs it)" if alone else row.get("error") or ""
        began = row.get("started") or now
        cells.append(
            (
                row["name"],
                row["machine"],
                f"{mark if look.unicode else plain} {row['status']} {said}".rstrip(),
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began)),
                duration((row.get("ended") or now) - began),
            )
        )
        styles.append("" if style == "good" else style)
    return table(("NAME", "WORKFLOW", "STATUS", "STARTED", "TIME"), cells, look, styles)
