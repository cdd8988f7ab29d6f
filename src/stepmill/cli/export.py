"""`stepmill export`: a workflow, built for a stage, in a form that another tool deploys. Needs no account.

In: the command's arguments. Out: a folder; its name on stdout. Touches: that folder; the cache of wheels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stepmill.cli import staged


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    from stepmill.deploy.exports.forms import FORMS

    staged.arguments(parser, account=False)
    words = f"one of {', '.join(FORMS)}"
    parser.add_argument("--format", required=True, choices=list(FORMS), help=words, metavar="FORMAT")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: build/STAGE-FORMAT)")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(args: argparse.Namespace) -> int:
    """Build it, write it, and say what to read next."""
    import json

    from stepmill.cli import screen
    from stepmill.deploy.exports.folder import MARK
    from stepmill.deploy.exports.forms import export

    stage = staged.stage_of(args)
    folder = Path(args.out or Path("build") / f"{stage.name}-{args.format}")
    with staged.refusals():
        built = staged.built_of(args, stage)
        notes = export(built, args.format, folder)
    if args.json:
        screen.print_json(
            json.loads((folder / MARK).read_text(encoding="utf-8")) | {"folder": str(folder), "notes": notes}
        )
        return 0
    print(folder)
    for note in notes:
        screen.say(f"note: {note}")
    screen.say(
        f"{built.bundle.name} for stage {stage.name} as {args.format}; {folder / 'README.md'} says how to deploy it"
    )
    return 0
