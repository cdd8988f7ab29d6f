"""`stepmill deploy`: bring a workflow to a stage on AWS.

In: the command's arguments. Out: the plan and what happens on stderr, the alias that starts it on stdout.
Touches: AWS.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from stepmill.cli import staged

if TYPE_CHECKING:
    from stepmill.deploy.aws.stacks import Event


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    staged.arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; for CI")
    parser.add_argument("--json", action="store_true", help="print what was deployed as JSON")


def run(args: argparse.Namespace) -> int:
    """Plan, ask, do it, follow it."""
    from stepmill.cli import planned, screen
    from stepmill.cli.refusal import OK
    from stepmill.deploy.apply import apply
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.naming import ALIAS
    from stepmill.deploy.plan import forget, plan

    stage = staged.stage_of(args)
    with staged.refusals():
        account = Account(stage)
        made = plan(account, staged.built_of(args, stage))
        look = screen.look(sys.stderr)
        screen.say("\n".join(planned.lines(made, look)))
        if made.changes:
            if not (args.yes or asked(f"Deploy this to account {made.identity.account}, {stage.region}?")):
                forget(account, made)
                screen.say("nothing was changed")
                return OK
            apply(account, made, told, screen.say)
    machine = account.machine(made.app.name)
    live = f"{machine}:{ALIAS}"
    if args.json:
        screen.print_json(
            {"schema": 1, "stack": made.app.name, "changed": made.changes, "live": live, "calls": account.calls}
        )
    else:
        print(live)
        shown = f"; {planned.console(machine)}" if stage.endpoint is None else ""  # elsewhere there is no console
        screen.say(f"`stepmill run {args.file} --stage {stage.name}` starts it{shown}")
    return OK


def asked(question: str) -> bool:
    """Whether a person at the terminal agrees. Raises Refusal where nobody can be asked."""
    from stepmill.cli.refusal import REFUSED, Refusal

    if not sys.stdin.isatty():
        raise Refusal("nobody is there to be asked; look at `stepmill plan`, then say --yes", REFUSED)
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def told(event: Event) -> None:
    """One event of a stack, as a line."""
    from stepmill.cli import screen

    if event.reason == "Resource creation Initiated":
        return  # the same resource a second time, now that it has an id
    look = screen.look(sys.stderr)
    style = "bad" if event.failed else "good" if event.status.endswith("_COMPLETE") else "faint"
    reason = f"  {event.reason}" if event.reason else ""
    status = event.status.lower().replace("_", " ")
    screen.say(f"  {look.paint(status.ljust(28), style)} {event.logical}  {look.paint(event.kind, 'faint')}{reason}")
