"""`stepmill build`: everything a deployment consists of, as files to review. Needs no account.

In: the command's arguments. Out: a folder; its name on stdout. Touches: that folder; the cache of wheels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stepmill.cli import staged


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    staged.arguments(parser, account=False)
    parser.add_argument("--out", metavar="DIR", help="where to write (default: build/STAGE)")
    parser.add_argument("--json", action="store_true", help="print what was built as JSON")


def run(args: argparse.Namespace) -> int:
    """Build it and say what is there."""
    from stepmill.cli import screen
    from stepmill.deploy.build import write

    stage = staged.stage_of(args)
    folder = Path(args.out or Path("build") / stage.name)
    with staged.refusals():
        built = staged.built_of(args, stage)
        write(built, folder)
    resources = built.app.body["Resources"]
    if args.json:
        screen.print_json(
            {
                "schema": 1,
                "workflow": built.bundle.name,
                "stage": stage.name,
                "definition": built.bundle.digest,
                "folder": str(folder),
                "resources": {name: made["Type"] for name, made in resources.items()},
                "assets": [asset.key for asset in built.assets],
                "images": sorted(built.images),
            }
        )
        return 0
    print(folder)
    screen.say(
        f"{built.bundle.name} for stage {stage.name}: {len(resources)} resources, {len(built.assets)} assets, "
        f"{len(built.rights)} roles"
    )
    screen.say(f"`stepmill policy explain {args.file} --stage {stage.name}` says why each right is there")
    return 0
