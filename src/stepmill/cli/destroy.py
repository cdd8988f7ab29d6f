"""`stepmill destroy`: take a workflow off a stage again.

In: the command's arguments. Out: what happens, on stderr. Touches: AWS.
"""

from __future__ import annotations

import argparse

from stepmill.cli import staged


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    staged.arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask; for CI")
    parser.add_argument(
        "--data",
        action="store_true",
        help="also delete what its executions wrote and, with the stage's last workflow, the bucket and the images",
    )


def run(args: argparse.Namespace) -> int:
    """Say what would go, ask, do it."""
    from stepmill.cli import screen
    from stepmill.cli.deploy import asked, told
    from stepmill.cli.refusal import OK
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.destroy import destroy, destruction

    stage = staged.stage_of(args)
    with staged.refusals():
        account = Account(stage)
        found = destruction(account, staged.bundle_of(args, stage), stage, data=args.data)
        who = account.identity
        screen.say(f"stage {stage.name}: account {who.account}, {stage.region}, as {who.arn}")
        if found.app is None and not args.data:
            screen.say("there is nothing to destroy")
            return OK
        for sentence in sentences(found, stage.bucket is None):
            screen.say(sentence)
        if not (args.yes or asked("Destroy this?")):
            screen.say("nothing was changed")
            return OK
        destroy(account, stage, found, told, screen.say)
        screen.say("done" if args.data else f"done; s3://{found.bucket}/{found.prefix} keeps its data")
    return OK


def sentences(found: object, own_bucket: bool) -> list[str]:
    """What goes, and what stays."""
    from stepmill.deploy.destroy import Destruction

    assert isinstance(found, Destruction)
    said = [f"  − stack {found.app.name}"] if found.app is not None else []
    if not found.data:
        return [*said, f"    its data stays in s3://{found.bucket}/{found.prefix}, its images in the repository"]
    if found.base is None:
        why = f", which {', '.join(found.others)} still need" if found.others else ""
        return [*said, f"  − s3://{found.bucket}/{found.prefix}", f"    the stage's bucket and images stay{why}"]
    whole = (
        f"  − s3://{found.bucket} and all that is in it" if own_bucket else f"  − s3://{found.bucket}/{found.prefix}"
    )
    return [*said, f"  − stack {found.base.name}, its images", whole]
