"""What a deployment would change: CloudFormation's own change sets, read back and explained.

In: an Account and what was built. Out: a `Plan`. Touches: AWS: it reads, and makes change sets, which change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from stepmill.deploy import naming
from stepmill.deploy.aws.account import Account, AwsRefusal, Identity
from stepmill.deploy.aws.stacks import BODY_LIMIT, ChangeSet, Stack, Stacks
from stepmill.deploy.differences import Difference, RightChange, differences, right_changes
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.assets import Asset
    from stepmill.deploy.build import Built

Action = Literal["add", "modify", "replace", "remove"]


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    Attributes:
        action: add, modify, replace (a new one is made, the old one removed) or remove.
        logical, kind: its logical id and type. place: the lines of the pipeline behind it.
        differences: what is different. follows: the resource whose change brings this one about, when nothing of its
        own is different. drifted: somebody changed it by hand, and this takes that back.
    """

    action: Action
    logical: str
    kind: str
    place: str = ""
    differences: tuple[Difference, ...] = ()
    follows: str = ""
    drifted: bool = False


@dataclass(frozen=True)
class StackPlan:
    """What happens to one stack.

    Attributes:
        name: its name. stack: as it is now. text: the template. change_set: None when there is none to execute yet,
        because nothing changes or because the bucket for a long template is not there yet.
        changes: per resource. rights: what roles gain and lose.
    """

    name: str
    stack: Stack | None
    text: str
    tags: Sequence[Mapping[str, str]]
    change_set: ChangeSet | None = None
    changes: tuple[Change, ...] = ()
    rights: tuple[RightChange, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything that `deploy` would do, in this order: base stack, uploads, images, the workflow's stack."""

    built: Built
    identity: Identity
    base: StackPlan
    app: StackPlan
    uploads: tuple[Asset, ...] = ()
    images: tuple[str, ...] = ()
    bucket: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.base.changes or self.app.changes or self.images)


def plan(account: Account, built: Built) -> Plan:
    """Find out what a deployment would change. Raises DeployRefused."""
    identity = account.expect()
    bucket = concrete(naming.bucket(built.stage), identity, built.stage.region)
    stacks = Stacks(account)
    base = _base(stacks, account, built)
    found = stacks.find(naming.stack(built.bundle, built.stage))
    before = stacks.template(found.name) if found is not None and found.there else {}
    ready = base.stack is not None and base.stack.there
    app = StackPlan(
        naming.stack(built.bundle, built.stage), found, built.app.text, naming.tag_list(built.bundle, built.stage)
    )
    app = proposed(stacks, account, app, before, built.app.places, bucket if ready else None)
    known = set(before.get("Metadata", {}).get("Stepmill", {}).get("Assets", ()))
    return Plan(
        built,
        identity,
        base,
        app,
        _uploads(account, built, bucket, known, ready),
        _images(account, built, before, ready) if built.images else (),
        bucket,
    )


def concrete(text: str, identity: Identity, region: str) -> str:
    """A text of `naming` in this account and region."""
    suffix = "amazonaws.com.cn" if identity.partition == "aws-cn" else "amazonaws.com"
    known = {
        "${AWS::AccountId}": identity.account,
        "${AWS::Region}": region,
        "${AWS::Partition}": identity.partition,
        "${AWS::URLSuffix}": suffix,
    }
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def proposed(
    stacks: Stacks,
    account: Account,
    wanted: StackPlan,
    before: Mapping[str, Any],
    places: Mapping[str, str],
    bucket: str | None,
) -> StackPlan:
    """A stack's plan with its change set. bucket: where a template too long for a request is put, when it exists."""
    after = json.loads(wanted.text)
    rights = tuple(right_changes(before.get("Resources", {}), after["Resources"]))
    if wanted.stack is not None and wanted.stack.left_over:
        return replace(wanted, changes=_all_new(after, places), rights=rights)
    sent = _sent(account, wanted.text, bucket)
    if sent is None:
        return replace(wanted, changes=_all_new(after, places), rights=rights)
    made = stacks.propose(wanted.name, sent, wanted.tags, wanted.stack)
    if made is None:
        return wanted
    changes = _explained(stacks.changes(made.arn), before.get("Resources", {}), after["Resources"], places)
    return replace(wanted, change_set=made, changes=changes, rights=rights)


def forget(account: Account, made: Plan) -> None:
    """Take back what planning left on AWS: change sets, and the empty stacks that those of new stacks stand in."""
    stacks = Stacks(account)
    for each in (made.base, made.app):
        if each.change_set is None:
            continue
        stacks.forget(each.change_set.arn)
        if each.stack is None:
            found = stacks.find(each.name)
            if found is not None and found.planned:
                stacks.delete(found, lambda _: None)


def _base(stacks: Stacks, account: Account, built: Built) -> StackPlan:
    """The plan of the base stack, which is the same for all workflows of a stage and seldom changes."""
    name = naming.base_stack(built.stage)
    found = stacks.find(name)
    wanted = StackPlan(name, found, built.base_text, naming.tag_list(None, built.stage))
    before = stacks.template(name) if found is not None and found.there else {}
    if before == built.base:
        return wanted
    return proposed(stacks, account, wanted, before, {}, None)


def _sent(account: Account, text: str, bucket: str | None) -> dict[str, str] | None:
    """How a template is sent; None when it is too long for a request and there is no bucket yet."""
    data = text.encode()
    if len(data) <= BODY_LIMIT:
        return {"TemplateBody": text}
    if bucket is None:
        return None
    key = f"stepmill/templates/{sha256(data).hexdigest()}.json"
    account.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": data, "ContentType": "application/json"})
    if account.stage.endpoint is not None:
        return {"TemplateURL": f"{account.stage.endpoint.rstrip('/')}/{bucket}/{key}"}
    address = f"https://s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{bucket}/{key}"
    return {"TemplateURL": concrete(address, account.identity, account.stage.region)}


def _all_new(after: Mapping[str, Any], places: Mapping[str, str]) -> tuple[Change, ...]:
    return tuple(
        Change("add", logical, made["Type"], places.get(logical, "")) for logical, made in after["Resources"].items()
    )


def _explained(
    found: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    places: Mapping[str, str],
) -> tuple[Change, ...]:
    """AWS's list of changes, with what is different in our templates behind each; in the order of the new template."""
    order = {logical: at for at, logical in enumerate([*after, *before])}
    changes = [_change(each, before, after, places) for each in found]
    return tuple(sorted(changes, key=lambda change: order.get(change.logical, -1)))


def _change(
    raw: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], places: Mapping[str, str]
) -> Change:
    logical = raw["LogicalResourceId"]
    action: Action = {"Add": "add", "Remove": "remove"}.get(raw["Action"], "modify")  # type: ignore[assignment]
    if action == "modify" and raw.get("Replacement") == "True":
        action = "replace"
    own: tuple[Difference, ...] = ()
    if logical in before and logical in after:
        own = tuple(differences(before[logical], after[logical]))
    drifted = raw.get("ResourceDriftStatus") in ("MODIFIED", "DELETED")
    if drifted:
        own += tuple(_drift(raw))
    follows = "" if own or action in ("add", "remove") else _cause(raw)
    return Change(action, logical, raw["ResourceType"], places.get(logical, ""), own, follows, drifted)


def _drift(raw: Mapping[str, Any]) -> list[Difference]:
    """What somebody changed by hand, and what it becomes again."""
    found = []
    for each in raw.get("Details", ()):
        target = each.get("Target", {})
        if drift := target.get("Drift"):
            path = str(target.get("Path") or f"/Properties/{target.get('Name', '')}").removeprefix("/Properties")
            becomes = target.get("AfterValue", drift.get("PreviousValue"))
            found.append(Difference(path, drift.get("ActualValue"), becomes))
    return found


def _cause(raw: Mapping[str, Any]) -> str:
    causes = [str(each.get("CausingEntity", "")).partition(".")[0] for each in raw.get("Details", ())]
    return ", ".join(dict.fromkeys(cause for cause in causes if cause))


def _uploads(account: Account, built: Built, bucket: str, known: set[str], ready: bool) -> tuple[Asset, ...]:
    """The assets that are not in the bucket yet. What the deployed stack needs is there, and is not asked for."""
    fresh = [asset for asset in built.assets if asset.key not in known]
    if not ready and built.stage.bucket is None:
        return tuple(fresh)
    return tuple(asset for asset in fresh if not _there(account, bucket, asset))


def _there(account: Account, bucket: str, asset: Asset) -> bool:
    # Of a folder the last file is asked for: they are put there in their order.
    key = asset.key if not asset.key.endswith("/") else f"{asset.key}{asset.members[-1].name}"
    try:
        account.call("s3", "HeadObject", {"Bucket": bucket, "Key": key})
    except AwsRefusal as refusal:
        if refusal.code in ("404", "NoSuchKey", "NotFound"):
            return False
        if refusal.code == "NoSuchBucket":
            raise DeployRefused(f"there is no bucket {bucket}, which the stage {account.stage.name} names") from None
        raise
    return True


def _images(account: Account, built: Built, before: Mapping[str, Any], ready: bool) -> tuple[str, ...]:
    """The substitution names of the images that are not in the repository yet."""
    used = json.dumps(before.get("Resources", {}).get("Machine", {}))
    fresh = [name for name in built.images if f":{naming.image_tag(built.bundle, name, built.stage)}" not in used]
    if not ready and built.stage.repository is None:
        return tuple(fresh)
    return tuple(name for name in fresh if not image_there(account, built, name))


def image_there(account: Account, built: Built, name: str) -> bool:
    """Whether an image is in the stage's repository."""
    request = {
        "repositoryName": naming.repository(built.stage),
        "imageIds": [{"imageTag": naming.image_tag(built.bundle, name, built.stage)}],
    }
    try:
        return bool(account.call("ecr", "DescribeImages", request)["imageDetails"])
    except AwsRefusal as refusal:
        if refusal.code == "ImageNotFoundException":
            return False
        if refusal.code == "RepositoryNotFoundException":
            raise DeployRefused(
                f"there is no image repository {naming.repository(built.stage)}, which the stage "
                f"{built.stage.name} names"
            ) from None
        raise
