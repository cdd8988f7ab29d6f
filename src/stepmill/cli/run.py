"""`stepmill run`: run a pipeline here or on AWS, and watch it.

In: the command's arguments. Out: progress on stderr, the result on stdout, the execution's exit code.
Touches: the store; or AWS.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.stage import Settings
    from stepmill.steps.bundle import Bundle


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
    parser.add_argument(
        "--stage", metavar="NAME", help="where to run: local, or a stage it was deployed to (default: local)"
    )


def run(args: argparse.Namespace) -> int:
    """Start, follow, report."""
    import os

    from stepmill.cli import screen
    from stepmill.cli.given import given
    from stepmill.cli.loader import in_file, load
    from stepmill.cli.reading import settings_of
    from stepmill.cli.refusal import Refusal

    settings = settings_of(args, stage=args.stage, pass_env=args.pass_env or None)
    if settings.stage != "local":
        return _there(args, settings)
    for name in args.pass_env:
        if name not in os.environ:
            raise Refusal(f"--pass-env {name}: there is no such variable in the environment")
    value = given(args.input, args.set)
    workflow = load(args.file)
    bundle = workflow.bundle()
    _check(bundle, value)

    from stepmill.cli.follow import Here, follow
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
        return follow(Here(session, arn), logs=args.follow_logs, as_json=args.json)


def _there(args: argparse.Namespace, settings: Settings) -> int:
    """Start it through the alias of its deployed state machine, and follow that."""
    from stepmill.cli import screen, staged
    from stepmill.cli.follow import follow
    from stepmill.cli.given import given
    from stepmill.cli.refusal import Refusal
    from stepmill.cli.remote import SERVICES, Remote
    from stepmill.cli.there import There, start
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.aws.live import find
    from stepmill.deploy.stages import stage

    if args.pass_env:
        raise Refusal("--pass-env is for jobs of this machine; on AWS they have what their requests say")
    if args.enforce_rights:
        raise Refusal("--enforce-rights is for this machine; AWS always does")
    chosen = stage(settings)
    value = given(args.input, args.set)
    bundle = staged.bundle_of(args, chosen)
    _check(bundle, value)
    account = Account(chosen, SERVICES)
    live = find(account, bundle, args.file)
    if differs := live.differs(bundle, args.file):
        screen.say(f"warning: {differs}")
    arn = start(live, args.name or fresh_name(), value)
    if args.detach:
        print(arn)
        screen.say("runs on AWS; `stepmill show`, `logs -f` and `stop` take this ARN")
        return 0
    screen.say(f"{live.machine.rpartition(':')[2]} {arn.rpartition(':')[2]}")
    there = There(Remote(account, bundle.manifest.sources), arn, logs=args.follow_logs)
    return follow(there, logs=args.follow_logs, as_json=args.json)


def _check(bundle: Bundle, value: Any) -> None:
    """Raises InvalidDefinition for an input that the pipeline does not take."""
    if problems := bundle.manifest.schema.check(value):
        from stepmill.asl.problems import InvalidDefinition

        raise InvalidDefinition(tuple(problems))


def fresh_name() -> str:
    """A name for an execution, short and in the order of time: `20261123-091500-3f2a`."""
    import secrets
    import time

    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
