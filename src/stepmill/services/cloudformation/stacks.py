"""Stacks: made, changed, removed, described, listed.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and other services through
`applying`. An operation ends before its answer is given: what comes back describes a stack that is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.services.cloudformation import parameters
from stepmill.services.cloudformation.applying import Applying
from stepmill.services.cloudformation.kinds.kind import Place
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.requests import check_updatable, page, tag_rows, target_of
from stepmill.services.cloudformation.templates import parse
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import Response, ServiceError, operation

_ENDS = ("ROLLBACK", "DO_NOTHING", "DELETE")


class StackOperations:
    """The stacks that `records` keeps, carried out by `applying`."""

    def __init__(self, records: Records, applying: Applying, place: Place) -> None:
        self._records = records
        self._applying = applying
        self._place = place

    @operation("CreateStack")
    def create_stack(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a stack and everything in it. A resource that fails takes all of it back, unless `OnFailure` or
        `DisableRollback` say otherwise; the answer is the id in either case."""
        name = str(request.get("StackName") or "")
        if request.get("DisableRollback") is not None and request.get("OnFailure") is not None:
            raise invalid("You can specify either DisableRollback or OnFailure but not both")
        ending = request.get("OnFailure") or ("DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
        if ending not in _ENDS:
            raise invalid(
                f"1 validation error detected: Value '{ending}' at 'onFailure' failed to satisfy constraint: Member "
                f"must satisfy enum value set: [{', '.join(_ENDS)}]"
            )
        with self._records.deciding:
            if self._records.find(name) is not None:
                raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")
            stack = self._records.fresh(name, protected=bool(request.get("EnableTerminationProtection")))
            target = target_of(request, stack, self._records, self._place)
            sweep = bool(request.get("RetainExceptOnCreate"))
            self._applying.begin(stack, "CREATE_IN_PROGRESS", target.fields, ending, sweep=sweep)
        self._applying.create(stack)
        return {"StackId": stack["id"]}

    @operation("UpdateStack")
    def update_stack(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Bring a stack to another template, other parameters or tags."""
        with self._records.deciding:
            stack = self._records.stack(request.get("StackName"))
            check_updatable(stack)
            target = target_of(request, stack, self._records, self._place)
            if target.same:
                raise invalid("No updates are to be performed.")
            for one in self._records.change_sets(stack):
                if one["execution"] == "AVAILABLE":
                    self._records.save_change_set({**one, "execution": "OBSOLETE"})
            ending = "DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK"
            sweep = bool(request.get("RetainExceptOnCreate"))
            self._applying.begin(stack, "UPDATE_IN_PROGRESS", target.fields, ending, sweep=sweep)
        self._applying.update(stack)
        return {"StackId": stack["id"]}

    @operation("DeleteStack")
    def delete_stack(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Remove a stack and what is in it, but for what a `DeletionPolicy` keeps. No stack is no error, as on AWS."""
        retained = [str(name) for name in request.get("RetainResources") or ()]
        with self._records.deciding:
            name = str(request.get("StackName") or "")
            stack = self._records.find(name) if name else self._records.stack(name)
            if stack is None or stack["status"] == "DELETE_COMPLETE":
                return {}
            status = stack["status"]
            if stack.get("protected"):
                raise invalid(f"Stack [{stack['name']}] cannot be deleted while TerminationProtection is enabled")
            if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
                raise invalid(f"Stack [{stack['id']}] cannot be deleted while in status {status}")
            if retained and status != "DELETE_FAILED":
                raise invalid(
                    f"Invalid operation on stack [{stack['id']}]. RetainResources can be used only for a stack in the "
                    "DELETE_FAILED state"
                )
            for one in self._records.change_sets(stack):
                self._records.drop_change_set(one)
            self._applying.begin(stack, "DELETE_IN_PROGRESS", {"token": request.get("ClientRequestToken")})
        self._applying.delete(stack, retained)
        return {}

    @operation("UpdateTerminationProtection")
    def update_termination_protection(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Let a stack be removed, or not."""
        with self._records.deciding:
            stack = self._records.stack(request.get("StackName"))
            stack["protected"] = bool(request.get("EnableTerminationProtection"))
            self._records.save(stack)
        return {"StackId": stack["id"]}

    @operation("DescribeStacks")
    def describe_stacks(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """One stack, by its name or, a removed one too, by its id; or all that are there, newest first."""
        if request.get("StackName"):
            return {"Stacks": [self._described(self._records.stack(request["StackName"]))]}
        living = [stack for stack in self._records.all() if stack["status"] != "DELETE_COMPLETE"]
        return page("Stacks", [self._described(stack) for stack in living], request)

    @operation("ListStacks")
    def list_stacks(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Stacks of some statuses, or all that ever were, newest first."""
        wanted = request.get("StackStatusFilter") or ()
        rows = [_summary(stack) for stack in self._records.all() if not wanted or stack["status"] in wanted]
        return page("StackSummaries", rows, request)

    def _described(self, stack: Stack) -> dict[str, Any]:
        text, more = self._records.template(stack["template"]), stack.get("more", {})
        row = {
            "StackId": stack["id"],
            "StackName": stack["name"],
            "CreationTime": stack["created"],
            "StackStatus": stack["status"],
            "DisableRollback": False,
            "NotificationARNs": more.get("NotificationARNs") or [],
            "RollbackConfiguration": more.get("RollbackConfiguration") or {},
            "Parameters": parameters.shown(parse(text), stack["parameters"]) if text else [],
            "Outputs": stack["outputs"],
            "Tags": tag_rows(stack["tags"]),
            "EnableTerminationProtection": bool(stack.get("protected")),
            "DriftInformation": stack.get("drift") or {"StackDriftStatus": "NOT_CHECKED"},
        }
        named = {"ChangeSetId": stack.get("change_set"), "Description": stack.get("description")}
        named |= {"StackStatusReason": stack.get("reason"), "LastUpdatedTime": stack.get("updated")}
        named |= {"DeletionTime": stack.get("deleted"), "RoleARN": more.get("RoleARN")}
        named |= {"Capabilities": more.get("Capabilities"), "TimeoutInMinutes": more.get("TimeoutInMinutes")}
        return row | {key: value for key, value in named.items() if value}


def _summary(stack: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "StackId": stack["id"],
        "StackName": stack["name"],
        "CreationTime": stack["created"],
        "StackStatus": stack["status"],
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED", **(stack.get("drift") or {})},
    }
    named = {"TemplateDescription": stack.get("description"), "LastUpdatedTime": stack.get("updated")}
    named |= {"DeletionTime": stack.get("deleted"), "StackStatusReason": stack.get("reason")}
    return row | {key: value for key, value in named.items() if value}
