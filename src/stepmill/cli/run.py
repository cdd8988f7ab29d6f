"""`stepmill run`: run a pipeline here, and watch it.

In: the command's arguments. Out: progress on stderr, the result on stdout, the execution's exit code.
Touches: the store.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("file", metavar="FILE[:NAME]", help="the pipeline, and which of its workflows")
    parser.add_argument("--input", metavar="FILE", help="JSON file with the execution's input; - reads stdin")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="one value of the input: JSON, or else text"
    )
    parser.add_argument("--name", metavar="NAME", help="name of the execution (default: a fresh one)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--detach", action="store_true", help="start it, print its name and leave it running")
    parser.add_argument("-f", "--follow-logs", action="store_true", help="show the jobs' log lines as they come")
    parser.add_argument(
        "--pass-env", metavar="NAME", action="append", default=[], help="give this variable to jobs and functions"
    )
    parser.add_argument(
        "--enforce-rights", action="store_true", help="let no state, job or function do more than its role would on AWS"
    )
    parser.add_argument("--stage", metavar="NAME", help="where to run (default: local)")


def run(args: argparse.Namespace) -> int:
    """Start, follow, report."""
    import os

    from stepmill.cli import screen
    from stepmill.cli.given import given
    from stepmill.cli.loader import in_file, load
    from stepmill.cli.reading import settings_of
    from stepmill.cli.refusal import Refusal

    settings = settings_of(args, stage=args.stage, pass_env=args.pass_env or None)
    for name in args.pass_env:
        if name not in os.environ:
            raise Refusal(f"--pass-env {name}: there is no such variable in the environment")
    value = given(args.input, args.set)
    workflow = load(args.file)
    bundle = workflow.bundle()
    if problems := bundle.manifest.schema.check(value):
        from stepmill.asl.problems import InvalidDefinition

        raise InvalidDefinition(tuple(problems))

    from stepmill.cli.follow import follow
    from stepmill.cli.session import Session
    from stepmill.local.refusals import warnings

    for problem in in_file(args.file, warnings(bundle, settings)):
        screen.say(str(problem))

    session = Session(settings, enforce_rights=args.enforce_rights)
    name = args.name or fresh_name()
    if args.detach:
        session.refuse(bundle)  # before there is a process in the background
        session.background()
        arn = session.start(workflow, name, value)
        print(arn.rpartition(":")[2])
        screen.say(f"runs in the background; `stepmill show`, `logs -f` and `stop` look after it ({settings.store})")
        return 0
    with session.hosting():
        arn = session.start(workflow, name, value)
        screen.say(f"{workflow.name} {arn.rpartition(':')[2]}")
        return follow(session, arn, logs=args.follow_logs, as_json=args.json)


def fresh_name() -> str:
    """A name for an execution, short and in the order of time: `20261123-091500-3f2a`."""
    import secrets
    import time

    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
