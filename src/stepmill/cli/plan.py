"""`stepmill plan`: what a deployment would change on AWS. Changes nothing there.

In: the command's arguments. Out: the plan on stdout. Touches: AWS: reads, and makes and deletes change sets.
"""

from __future__ import annotations

import argparse

from stepmill.cli import staged


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    staged.arguments(parser)
    parser.add_argument("--exit-code", action="store_true", help="end with 2 when there are changes")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")


def run(args: argparse.Namespace) -> int:
    """Plan, print, and take the change sets back."""
    from stepmill.cli import planned, screen
    from stepmill.cli.refusal import CHANGES, OK
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.plan import forget, plan

    stage = staged.stage_of(args)
    with staged.refusals():
        account = Account(stage)
        made = plan(account, staged.built_of(args, stage))
        forget(account, made)
    if args.json:
        screen.print_json(planned.document(made))
    else:
        print("\n".join(planned.lines(made, screen.look())))
    return CHANGES if made.changes and args.exit_code else OK
