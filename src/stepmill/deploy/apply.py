"""Does what a plan says, in its order, and nothing else.

In: an Account and a Plan. Out: nothing. Touches: AWS.

Each step leaves a whole: a stack rolls back by itself, an object is there or not, an image is there or not. So whatever
ends this half-way, the next deployment finds what is there and does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from stepmill.deploy.aws.account import AwsRefusal
from stepmill.deploy.aws.stacks import DeployFailed, Event, Stacks
from stepmill.deploy.aws.uploads import upload
from stepmill.deploy.plan import Plan, StackPlan, forget, proposed
from stepmill.deploy.pushing import push
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Account


def apply(account: Account, plan: Plan, tell: Callable[[Event], None], say: Callable[[str], None]) -> None:
    """Carry a plan out. tell: hears each event of a stack; say: hears what is done between.

    Raises DeployRefused, DeployFailed.
    """
    try:
        _steps(account, plan, tell, say)
    except (DeployRefused, DeployFailed, AwsRefusal):
        with suppress(DeployRefused, AwsRefusal):  # what went wrong is told, not that tidying up did too
            forget(account, plan)
        raise


def _steps(account: Account, plan: Plan, tell: Callable[[Event], None], say: Callable[[str], None]) -> None:
    stacks = Stacks(account)
    if plan.base.changes:
        say(f"stack {plan.base.name}")
        try:
            _apply(stacks, account, plan.base, None, tell)
        except DeployFailed as failure:
            raise _of_bucket(failure, plan) from None
    upload(account, plan.bucket, plan.uploads, say)
    push(account, plan, say)
    if plan.app.changes:
        say(f"stack {plan.app.name}")
        _apply(stacks, account, plan.app, plan.bucket, tell)


def _apply(
    stacks: Stacks, account: Account, wanted: StackPlan, bucket: str | None, tell: Callable[[Event], None]
) -> None:
    if wanted.stack is not None and wanted.stack.left_over:
        stacks.delete(wanted.stack, tell)
        wanted = replace(wanted, stack=None)
    if wanted.change_set is None:  # what was planned is a whole new stack, and only now can it be proposed
        wanted = proposed(stacks, account, wanted, {}, {}, bucket)
    if wanted.change_set is None:
        raise DeployRefused(f"the stack {wanted.name} is not what it was when the plan was made; run the command again")
    stacks.execute(wanted.change_set, tell)


def _of_bucket(failure: DeployFailed, plan: Plan) -> DeployFailed:
    """The same failure, with what to do about a bucket's name that somebody has."""
    said = str(failure)
    if "Bucket" in said and ("already exists" in said or "BucketAlreadyExists" in said or "AlreadyOwnedByYou" in said):
        return DeployFailed(
            f"{said}\nThe bucket {plan.bucket} exists already. If it is yours (a stage that was destroyed keeps its "
            f'data), write bucket = "{plan.bucket}" into [tool.stepmill.stages.{plan.built.stage.name}] and deploy '
            "again; else choose another name there."
        )
    return failure
