"""`stepmill list`: the executions of a store.

In: the command's arguments. Out: a table or JSON. Touches: reads the store.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.stage import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "-n", "--limit", type=int, default=20, metavar="N", help="at most N rows, 0 for all (default: 20)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from stepmill.cli import screen, shapes
    from stepmill.cli.reading import DATABASE, Reader, settings_of

    settings = settings_of(args)
    # a store that is not there yet has no executions: that is an answer, not an error
    rows = Reader(settings).executions() if (settings.store / DATABASE).exists() else []
    orphans = [row for row in rows if row["status"] == "RUNNING"] if not _hosted(settings) else []
    shown = rows[: args.limit] if args.limit > 0 else rows
    if args.json:
        screen.print_json(shapes.listed(shown))
        return 0
    if not rows:
        screen.say(f"no executions in {settings.store}; `stepmill run FILE` starts one")
        return 0
    print("\n".join(lines(shown, screen.look(), time.time())))
    for row in orphans:
        screen.say(f"nobody runs {row['name']}: `stepmill resume {row['name']}` goes on with it")
    if len(shown) < len(rows):
        screen.say(f"{len(rows) - len(shown)} older ones are not shown; `stepmill list -n 0` shows all")
    return 0


def _hosted(settings: Settings) -> bool:
    """Whether a process runs this store's engine; one that does not say who it is does."""
    from stepmill.local.store import Store, StoreBusy

    try:
        return Store(settings.store).owner() is not None
    except StoreBusy:
        return True


def lines(rows: Sequence[Mapping[str, Any]], look: Any, now: float) -> list[str]:
    """The table of execution records."""
    from stepmill.console.tables import table
    from stepmill.console.text import MARKS
    from stepmill.console.words import duration

    kinds = {"SUCCEEDED": "succeeded", "RUNNING": "running", "ABORTED": "stopped"}
    cells, styles = [], []
    for row in rows:
        mark, plain, style = MARKS[kinds.get(row["status"], "failed")]
        began = row.get("started") or now
        cells.append(
            (
                row["name"],
                row["machine"],
                f"{mark if look.unicode else plain} {row['status']} {row.get('error') or ''}".rstrip(),
                time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began)),
                duration((row.get("ended") or now) - began),
            )
        )
        styles.append("" if style == "good" else style)
    return table(("NAME", "WORKFLOW", "STATUS", "STARTED", "TIME"), cells, look, styles)
