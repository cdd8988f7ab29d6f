"""Change sets: what a stack would become, kept, shown, carried out.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and other services through
`applying`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from stepmill.services.cloudformation import parameters
from stepmill.services.cloudformation.applying import Applying
from stepmill.services.cloudformation.drift import drifted, explained
from stepmill.services.cloudformation.kinds.kind import Place
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.requests import check_updatable, page, tag_rows, target_of
from stepmill.services.cloudformation.templates import parse
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import Response, ServiceError, operation

_NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_VALUES: Final = frozenset(
    {"BeforeValue", "AfterValue", "AttributeChangeType", "Path", "BeforeValueFrom", "AfterValueFrom", "Drift"}
)
_ENDS: Final = ("ROLLBACK", "DO_NOTHING", "DELETE")


class ChangeSets:
    """The change sets of the stacks that `records` keeps."""

    def __init__(self, records: Records, applying: Applying, place: Place) -> None:
        self._records = records
        self._applying = applying
        self._place = place

    @operation("CreateChangeSet")
    def create_change_set(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Work out what a template would change. A new stack waits in REVIEW_IN_PROGRESS; a change set without changes
        is FAILED, and says why."""
        kind, name = request.get("ChangeSetType") or "UPDATE", str(request.get("ChangeSetName") or "")
        if kind not in ("CREATE", "UPDATE"):
            raise invalid(f"A change set of the type {kind} is not made on this machine")
        aware = request.get("DeploymentMode") == "REVERT_DRIFT"
        if aware and kind == "CREATE":
            raise invalid("DeploymentMode REVERT_DRIFT is of change sets of the type UPDATE")
        for member in ("IncludeNestedStacks", "ImportExistingResources", "ResourcesToImport"):
            if request.get(member):
                raise invalid(f"{member} is not answered on this machine; leave it out")
        ending = request.get("OnStackFailure")
        if ending is not None and (ending not in _ENDS or (ending == "DELETE" and kind == "UPDATE")):
            raise invalid(f"OnStackFailure {ending} is not one that a change set of the type {kind} takes")
        with self._records.deciding:
            stack, fresh = self._subject(request, kind)
            made = self._records.fresh_change_set(name)
            if not fresh and any(one["name"] == name for one in self._records.change_sets(stack)):
                raise ServiceError("AlreadyExistsException", f"ChangeSet {name} already exists for {stack['id']}")
            actual = drifted(stack, self._place) if aware else {}
            target = target_of(request, stack, self._records, self._place, actual)
            now = self._records.now()
            body = {
                "id": made,
                "name": name,
                "stack": stack["id"],
                "stack_name": stack["name"],
                "type": kind,
                "created": now,
                "description": request.get("Description"),
                "fields": target.fields,
                "changes": [explained(asdict(change), stack, actual, now) for change in target.changes],
                "drifted": actual,
                "aware": aware,
                "on_failure": ending,
                "status": "FAILED" if target.same else "CREATE_COMPLETE",
                "reason": _NO_CHANGES if target.same else "",
                "execution": "UNAVAILABLE" if target.same else "AVAILABLE",
            }
            if fresh:
                event = self._records.said(stack, "REVIEW_IN_PROGRESS", "User Initiated")
                self._records.save({**stack, "change_set": made}, event)
            self._records.save_change_set(body)
        return {"Id": made, "StackId": stack["id"]}

    @operation("DescribeChangeSet")
    def describe_change_set(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A change set with its changes; with `IncludePropertyValues` also what each property was and would be."""
        body = self._records.change_set(request.get("ChangeSetName"), request.get("StackName"))
        fields, values = body["fields"], bool(request.get("IncludePropertyValues"))
        template = parse(self._records.template(fields["template"]))
        more = fields.get("more", {})
        row = {
            **_summary(body),
            "Parameters": parameters.shown(template, fields["parameters"]),
            "NotificationARNs": more.get("NotificationARNs") or [],
            "RollbackConfiguration": more.get("RollbackConfiguration") or {},
            "Capabilities": more.get("Capabilities") or [],
            "Tags": tag_rows(fields["tags"]),
            **({"OnStackFailure": body["on_failure"]} if body["on_failure"] else {}),
            **(
                {"DeploymentMode": "REVERT_DRIFT", "StackDriftStatus": "DRIFTED" if body["drifted"] else "IN_SYNC"}
                if body["aware"]
                else {}
            ),
        }
        return row | page("Changes", [_change(one, values) for one in body["changes"]], request)

    @operation("ListChangeSets")
    def list_change_sets(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The change sets of a stack, newest first."""
        stack = self._records.stack(request.get("StackName"))
        return page("Summaries", [_summary(one) for one in self._records.change_sets(stack)], request)

    @operation("DeleteChangeSet")
    def delete_change_set(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a change set. One that is not there is no error, as on AWS; its stack stays."""
        with self._records.deciding:
            try:
                body = self._records.change_set(request.get("ChangeSetName"), request.get("StackName"))
            except ServiceError as refusal:
                if refusal.code == "ChangeSetNotFound":
                    return {}
                raise
            if body["execution"] == "EXECUTE_IN_PROGRESS":
                raise _not_now(body, "deleted", body["execution"])
            self._records.drop_change_set(body)
        return {}

    @operation("ExecuteChangeSet")
    def execute_change_set(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Carry a change set out: exactly what it was made from. All others of its stack are forgotten."""
        with self._records.deciding:
            body = self._records.change_set(request.get("ChangeSetName"), request.get("StackName"))
            stack = self._records.stack(body["stack"])
            if body["execution"] != "AVAILABLE":
                shown = body["status"] if body["status"] == "FAILED" else body["execution"]
                raise _not_now(body, "executed", shown)
            new = stack["status"] == "REVIEW_IN_PROGRESS"
            if not new:
                check_updatable(stack)
            ending = body["on_failure"] or ("DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
            for other in self._records.change_sets(stack):
                if other["id"] != body["id"]:
                    self._records.drop_change_set(other)
            body["execution"] = "EXECUTE_IN_PROGRESS"
            self._records.save_change_set(body)
            fields = {**body["fields"], "change_set": body["id"], "token": request.get("ClientRequestToken")}
            status = "CREATE_IN_PROGRESS" if new else "UPDATE_IN_PROGRESS"
            sweep = bool(request.get("RetainExceptOnCreate"))
            self._applying.begin(stack, status, fields, ending, body["drifted"], sweep=sweep)
        (self._applying.create if new else self._applying.update)(stack)
        done = stack["status"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        self._records.save_change_set({**body, "execution": "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"})
        return {}

    def _subject(self, request: Mapping[str, Any], kind: str) -> tuple[Stack, bool]:
        """The stack that a change set is for, and whether it is made with it."""
        name = str(request.get("StackName") or "")
        found = self._records.find(name) if name else self._records.stack(name)
        if kind == "CREATE":
            if found is None:
                return self._records.fresh(name), True
            if found["status"] != "REVIEW_IN_PROGRESS":
                change_set = request.get("ChangeSetName")
                raise invalid(
                    f"Stack [{name}] already exists and cannot be created again with the changeSet [{change_set}]."
                )
            return found, False
        if found is None:
            raise invalid(f"Stack [{name}] does not exist")
        check_updatable(found)
        return found, False


def _not_now(body: Mapping[str, Any], what: str, status: str) -> ServiceError:
    said = f"ChangeSet [{body['id']}] cannot be {what} in its current status of [{status}]"
    return ServiceError("InvalidChangeSetStatus", said, 400)


def _summary(body: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "ChangeSetId": body["id"],
        "ChangeSetName": body["name"],
        "StackId": body["stack"],
        "StackName": body["stack_name"],
        "CreationTime": body["created"],
        "ExecutionStatus": body["execution"],
        "Status": body["status"],
        "IncludeNestedStacks": False,
    }
    named = {"StatusReason": body["reason"], "Description": body["description"]}
    return row | {key: value for key, value in named.items() if value}


def _change(one: Mapping[str, Any], values: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Action": one["action"],
        "LogicalResourceId": one["logical"],
        "ResourceType": one["type"],
        "Scope": one["scope"],
        "Details": [_detail(detail, values) for detail in one["details"]],
    }
    named = {"PhysicalResourceId": one["physical"], "Replacement": one["replacement"], "PolicyAction": one["policy"]}
    row |= {key: value for key, value in named.items() if value}
    if one.get("drift"):
        row |= {"ResourceDriftStatus": one["drift"], **({"PreviousDeploymentContext": one["left"]} if values else {})}
    for key, member in (("before", "BeforeContext"), ("after", "AfterContext")):
        if values and one[key] is not None:
            row[member] = json.dumps(one[key], separators=(",", ":"), ensure_ascii=False)
    return {"Type": "Resource", "ResourceChange": row}


def _detail(detail: Mapping[str, Any], values: bool) -> dict[str, Any]:
    if values:
        return dict(detail)
    return {**detail, "Target": {key: value for key, value in detail["Target"].items() if key not in _VALUES}}
