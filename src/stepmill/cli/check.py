"""`stepmill check`: everything wrong with a pipeline, without running it.

In: the command's arguments. Out: one line on stdout when all is well, else every problem and every warning; 1 as exit
code when there are problems. Touches: imports the file; writes nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.asl.problems import Problem


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("file", metavar="FILE[:NAME]", help="the pipeline, and which of its workflows")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compile, bind as the local stage would, and check the result."""
    from stepmill.asl.problems import InvalidDefinition
    from stepmill.cli import screen
    from stepmill.cli.loader import in_file, load
    from stepmill.cli.reading import settings_of
    from stepmill.local.refusals import refusals, warnings

    settings = settings_of(args)
    problems: list[Problem] = []
    warned: list[Problem] = []
    said: dict[str, Any] = {}
    try:
        workflow = load(args.file)
        bundle = workflow.bundle()
        problems = in_file(args.file, refusals(bundle, settings))
        warned = in_file(args.file, warnings(bundle, settings))
        said = {"workflow": bundle.name, "digest": bundle.digest, "notices": list(bundle.manifest.notices)}
    except InvalidDefinition as fault:
        problems = list(fault.problems)
    if args.json:
        rows = [
            {"place": p.place, "code": p.code, "message": p.message, "hint": p.hint, "severity": p.severity}
            for p in (*problems, *warned)
        ]
        screen.print_json({"schema": 1, "ok": not problems, **said, "problems": rows})
        return 1 if problems else 0
    if problems:
        raise InvalidDefinition((*problems, *warned))
    for problem in warned:
        screen.say(str(problem))
    for notice in said["notices"]:
        screen.say(f"note: {notice}")
    from stepmill.console.graph import every_state

    count = len(list(every_state(workflow.definition.to_dict())))
    found = f"{len(warned)} warning{'' if len(warned) == 1 else 's'}" if warned else "nothing wrong"
    print(f"{bundle.name}: {count} states, {found}")
    return 0
