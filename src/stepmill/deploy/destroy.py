"""Takes a workflow off AWS again, and its data only when that is asked for.

In: an Account, a Bundle's name and stage. Out: nothing. Touches: AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.aws.account import Account, AwsRefusal
from stepmill.deploy.aws.stacks import Event, Stack, Stacks
from stepmill.deploy.plan import concrete
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle


@dataclass(frozen=True)
class Destruction:
    """What `destroy` would take away.

    Attributes:
        app: the workflow's stack, or None when it is gone already. base: the stage's, when it goes too. others:
        workflows of the stage that still need it. bucket: the stage's; prefix: below which the workflow's executions
        wrote there.
    """

    app: Stack | None
    base: Stack | None
    others: tuple[str, ...]
    bucket: str
    prefix: str
    data: bool


def destruction(account: Account, bundle: Bundle, stage: Stage, *, data: bool) -> Destruction:
    """Find out what there is to destroy. data: whether what executions wrote goes too, and with the last workflow of a
    stage its bucket and images.

    Raises DeployRefused: unsafe, while executions run.
    """
    identity = account.expect()
    stacks = Stacks(account)
    app = stacks.find(naming.stack(bundle, stage))
    if app is not None and app.there and (running := _running(account, app)):
        raise DeployRefused(
            f"{len(running)} executions of {app.name} run: {', '.join(running[:5])}; wait for them or stop them "
            "(`stepmill stop ARN`), then destroy again",
            unsafe=True,
        )
    others = _others(account, stage, app) if data else ()
    base = stacks.find(naming.base_stack(stage)) if data and not others else None
    bucket = concrete(naming.bucket(stage), identity, stage.region)
    return Destruction(app, base, others, bucket, f"{bundle.name}/", data)


def destroy(
    account: Account, stage: Stage, found: Destruction, tell: Callable[[Event], None], say: Callable[[str], None]
) -> None:
    """Do it. Raises DeployFailed with what is in the way."""
    stacks = Stacks(account)
    if found.app is not None:
        say(f"stack {found.app.name}")
        stacks.delete(found.app, tell)
    if not found.data:
        return
    if found.base is None:
        _empty(account, found.bucket, found.prefix, say)
        return
    say(f"stack {found.base.name}")
    stacks.delete(found.base, tell)
    if stage.bucket is None:
        _empty(account, found.bucket, "", say)
        _ignoring(account, "s3", "DeleteBucket", {"Bucket": found.bucket}, "NoSuchBucket")
    else:
        _empty(account, found.bucket, found.prefix, say)
    if stage.repository is None:
        request = {"repositoryName": naming.repository(stage), "force": True}
        _ignoring(account, "ecr", "DeleteRepository", request, "RepositoryNotFoundException")


def _running(account: Account, app: Stack) -> list[str]:
    request = {"stateMachineArn": account.machine(app.name), "statusFilter": "RUNNING"}
    try:
        page = account.call("stepfunctions", "ListExecutions", request)
    except AwsRefusal as refusal:
        if refusal.code == "StateMachineDoesNotExist":
            return []
        raise
    return [each["name"] for each in page["executions"]]


def _others(account: Account, stage: Stage, app: Stack | None) -> tuple[str, ...]:
    """The other stacks that are tagged with the stage."""
    found: list[str] = []
    request: dict[str, Any] = {}
    base = naming.base_stack(stage)
    while True:
        page = account.call("cloudformation", "DescribeStacks", request)
        for each in page["Stacks"]:
            tags = {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
            ours = tags.get("stepmill:stage") == stage.name and "stepmill:app" in tags
            if ours and each["StackName"] != base and (app is None or each["StackId"] != app.id):
                found.append(each["StackName"])
        if not page.get("NextToken"):
            return tuple(found)
        request = {"NextToken": page["NextToken"]}


def _empty(account: Account, bucket: str, prefix: str, say: Callable[[str], None]) -> None:
    """Delete every object below a prefix."""
    say(f"deleting s3://{bucket}/{prefix}")
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    while True:
        try:
            page = account.call("s3", "ListObjectsV2", request)
        except AwsRefusal as refusal:
            if refusal.code == "NoSuchBucket":
                return
            raise
        keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]
        if keys:
            removal = {"Bucket": bucket, "Delete": {"Objects": keys, "Quiet": True}}
            if kept := account.call("s3", "DeleteObjects", removal).get("Errors"):
                first = kept[0]
                raise DeployRefused(f"s3://{bucket}/{first['Key']} cannot be deleted: {first['Message']}")
        if not page.get("IsTruncated"):
            return


def _ignoring(account: Account, service: str, operation: str, request: dict[str, Any], code: str) -> None:
    try:
        account.call(service, operation, request)
    except AwsRefusal as refusal:
        if refusal.code != code:
            raise
