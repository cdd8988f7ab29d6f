"""One stack on AWS: its state, its change sets, its events.

In: an Account and a stack's name. Out: states, change sets, events as they come. Touches: CloudFormation.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy.aws.account import AwsRefusal
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Account

BODY_LIMIT: Final = 51_200
"""Bytes of a template in a request; a longer one lies in a bucket (CloudFormation quotas)."""

_LEFT_OVER: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
_STUCK: Final = {
    "UPDATE_ROLLBACK_FAILED": "`aws cloudformation continue-update-rollback --stack-name {name}` goes on with it",
    "DELETE_FAILED": "`stepmill destroy` tries again, and says what is in the way",
}
_WAITS: Final = (0.2, 0.4, 0.8, 1.5, 2.0)  # seconds between two looks; the last one from then on
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed", "no changes")


class DeployFailed(Exception):
    """A stack did not become what it should: says which resource, why, and in which state the stack is now."""


@dataclass(frozen=True)
class Event:
    """One line of a stack's events. at: seconds since 1970."""

    logical: str
    kind: str
    status: str
    reason: str
    at: float

    @property
    def failed(self) -> bool:
        """Whether it tells why something went wrong; what was only cancelled because of another does not."""
        return self.status.endswith("_FAILED") and "cancelled" not in self.reason.lower()


@dataclass(frozen=True)
class Stack:
    """A stack that exists."""

    name: str
    id: str
    status: str

    @property
    def planned(self) -> bool:
        """Whether there is only a change set that was never executed."""
        return self.status == "REVIEW_IN_PROGRESS"

    @property
    def left_over(self) -> bool:
        """Whether it is what a first deployment that failed leaves behind: nothing can be done with it but delete."""
        return self.status in _LEFT_OVER

    @property
    def there(self) -> bool:
        """Whether there are resources to be changed."""
        return not self.planned and not self.left_over


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed. arn, stack: the ARNs of itself and of its stack."""

    arn: str
    stack: str


class Stacks:
    """CloudFormation, for one account and region."""

    def __init__(self, account: Account, wait: Callable[[float], None] | None = None) -> None:
        """wait: is called with seconds between two looks; left out, it waits that long."""
        self._call = account.call
        self._takes = account.takes
        self._wait = wait or threading.Event().wait

    def find(self, name: str) -> Stack | None:
        """The stack of this name, or None. Raises DeployRefused when it is in a state that a person must end."""
        try:
            (found,) = self._call("cloudformation", "DescribeStacks", {"StackName": name})["Stacks"]
        except AwsRefusal as refusal:
            if "does not exist" in refusal.message:
                return None
            raise
        stack = Stack(found["StackName"], found["StackId"], found["StackStatus"])
        if stack.status == "DELETE_COMPLETE":
            return None
        if stack.status.endswith("_IN_PROGRESS") and not stack.planned:
            raise DeployRefused(
                f"the stack {name} is being changed by somebody else ({stack.status}); wait until that has ended, "
                "then run the same command again"
            )
        if stack.status in _STUCK:
            raise DeployRefused(f"the stack {name} is in {stack.status}: {_STUCK[stack.status].format(name=name)}")
        return stack

    def template(self, name: str) -> dict[str, Any]:
        """The template that a stack was last given."""
        body = self._call("cloudformation", "GetTemplate", {"StackName": name, "TemplateStage": "Original"})
        found = body["TemplateBody"]
        template: dict[str, Any] = json.loads(found) if isinstance(found, str) else found
        return template

    # change sets

    def propose(
        self, name: str, template: Mapping[str, str], tags: Sequence[Mapping[str, str]], stack: Stack | None
    ) -> ChangeSet | None:
        """Make a change set and wait until AWS has worked it out. Out: None when nothing would change.

        template: `{"TemplateBody": …}` or `{"TemplateURL": …}`. stack: as it is now, or None.
        """
        update = stack is not None and stack.there
        request: dict[str, Any] = {
            "StackName": name,
            "ChangeSetName": f"stepmill-{secrets.token_hex(6)}",
            "ChangeSetType": "UPDATE" if update else "CREATE",
            "Capabilities": ["CAPABILITY_IAM"],
            "Tags": list(tags),
            **template,
        }
        if update and self._takes("cloudformation", "CreateChangeSet", "DeploymentMode"):
            request["DeploymentMode"] = "REVERT_DRIFT"
        arn: str = self._create(request)["Id"]
        for wait in _patience():
            found = self._call("cloudformation", "DescribeChangeSet", {"ChangeSetName": arn})
            if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
            self._wait(wait)
        if found["Status"] == "CREATE_COMPLETE" and (found.get("Changes") or not update):
            return ChangeSet(arn, found["StackId"])
        reason = str(found.get("StatusReason", ""))
        self.forget(arn)
        if found["Status"] == "CREATE_COMPLETE" or any(words in reason for words in _NO_CHANGES):
            return None
        raise DeployRefused(f"CloudFormation does not take the template of {name}: {reason}")

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._call("cloudformation", "CreateChangeSet", request)
        except AwsRefusal as refusal:
            if "DeploymentMode" in request and "DeploymentMode" in refusal.message:
                return self._call(
                    "cloudformation", "CreateChangeSet", {k: v for k, v in request.items() if k != "DeploymentMode"}
                )
            if refusal.code == "ValidationError" and "IN_PROGRESS" in refusal.message:
                raise DeployRefused(
                    f"the stack {request['StackName']} is being changed by somebody else; wait until that has ended, "
                    "then run the same command again"
                ) from None
            if refusal.code == "ValidationError":
                raise DeployRefused(
                    f"CloudFormation does not take the template of {request['StackName']}: {refusal.message}"
                ) from None
            raise

    def changes(self, arn: str) -> list[dict[str, Any]]:
        """The ResourceChanges of a change set, as DescribeChangeSet gives them."""
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {"ChangeSetName": arn}
        if self._takes("cloudformation", "DescribeChangeSet", "IncludePropertyValues"):
            request["IncludePropertyValues"] = True
        while True:
            page = self._call("cloudformation", "DescribeChangeSet", request)
            found += [each["ResourceChange"] for each in page.get("Changes", ()) if "ResourceChange" in each]
            if not page.get("NextToken"):
                return found
            request["NextToken"] = page["NextToken"]

    def forget(self, arn: str) -> None:
        """Delete a change set; one that is gone already is no fault."""
        try:
            self._call("cloudformation", "DeleteChangeSet", {"ChangeSetName": arn})
        except AwsRefusal as refusal:
            if refusal.code not in ("ChangeSetNotFound", "ChangeSetNotFoundException", "ValidationError"):
                raise

    # what changes a stack

    def execute(self, change_set: ChangeSet, tell: Callable[[Event], None]) -> None:
        """Execute a change set and follow its stack's events to the end.

        Raises DeployRefused when the stack was changed since the plan, DeployFailed when it did not work out.
        """
        seen = self._seen(change_set.stack)
        try:
            self._call("cloudformation", "ExecuteChangeSet", {"ChangeSetName": change_set.arn})
        except AwsRefusal as refusal:
            if refusal.code in ("ChangeSetNotFound", "InvalidChangeSetStatus", "ValidationError"):
                raise DeployRefused(
                    f"the stack was changed by another deployment since this plan was made ({refusal.message}); "
                    "run the same command again, for a new plan"
                ) from None
            raise
        self._follow(change_set.stack, seen, tell)

    def delete(self, stack: Stack, tell: Callable[[Event], None]) -> None:
        """Delete a stack and follow it. Raises DeployFailed with what is in the way."""
        if stack.planned:
            self._call("cloudformation", "DeleteStack", {"StackName": stack.id})
            return
        seen = self._seen(stack.id)
        self._call("cloudformation", "DeleteStack", {"StackName": stack.id})
        self._follow(stack.id, seen, tell)

    def _seen(self, stack: str) -> set[str]:
        try:
            page = self._call("cloudformation", "DescribeStackEvents", {"StackName": stack})
        except AwsRefusal:
            return set()
        return {each["EventId"] for each in page["StackEvents"]}

    def _follow(self, stack: str, seen: set[str], tell: Callable[[Event], None]) -> None:
        told: list[Event] = []
        for wait in _patience():
            for raw in self._fresh(stack, seen):
                event = Event(
                    raw["LogicalResourceId"],
                    raw.get("ResourceType", ""),
                    raw.get("ResourceStatus", ""),
                    raw.get("ResourceStatusReason", ""),
                    raw["Timestamp"].timestamp(),
                )
                told.append(event)
                tell(event)
                if raw.get("PhysicalResourceId") == raw["StackId"] and not event.status.endswith("_IN_PROGRESS"):
                    _judge(event, told)
                    return
            self._wait(wait)

    def _fresh(self, stack: str, seen: set[str]) -> list[dict[str, Any]]:
        """The events that were not seen yet, oldest first."""
        found: list[dict[str, Any]] = []
        request = {"StackName": stack}
        while True:
            page = self._call("cloudformation", "DescribeStackEvents", request)
            new = [each for each in page["StackEvents"] if each["EventId"] not in seen]
            found += new
            if len(new) < len(page["StackEvents"]) or not page.get("NextToken"):
                break
            request["NextToken"] = page["NextToken"]
        seen.update(each["EventId"] for each in found)
        return list(reversed(found))


def _judge(last: Event, told: Sequence[Event]) -> None:
    """Raise DeployFailed unless a stack's last event says that all went well."""
    if last.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE"):
        return
    why = [event for event in told if event.failed and event is not last]
    causes = "\n".join(f"    {event.logical} ({event.kind}): {event.reason}" for event in why)
    state = {
        "ROLLBACK_COMPLETE": "Everything was rolled back: nothing of it is left. The next deploy begins anew.",
        "UPDATE_ROLLBACK_COMPLETE": "Everything was rolled back: the stack is as it was before.",
        "DELETE_FAILED": "The rest was deleted. Take away what is in the way, then run the same command again.",
    }.get(last.status, f"The stack is in {last.status}.")
    raise DeployFailed(f"{last.logical} failed:\n{causes or '    ' + last.reason}\n{state}")


def _patience() -> Iterator[float]:
    """Seconds to wait before the next look, without end: AWS itself gives up in time."""
    yield from _WAITS
    while True:
        yield _WAITS[-1]
