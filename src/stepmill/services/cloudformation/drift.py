"""Drift: what somebody changed beside CloudFormation.

In: requests as boto3 spells them. Out: what differs. Touches: history, and the services that have the resources.
State machines and functions are compared; others are NOT_CHECKED.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.services.cloudformation.kinds.kind import Made, Place
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.cloudformation.planning import changed
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.requests import page
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import Response, operation


def drifted(stack: Stack, place: Place) -> dict[str, dict[str, Any] | None]:
    """The resources that are not what the stack has of them: what they are, None for those that are gone."""
    found: dict[str, dict[str, Any] | None] = {}
    for logical, body in stack["resources"].items():
        try:
            seen = KINDS[body["type"]].seen(place, Made(body["physical"], body["attributes"]), body["properties"])
        except NotImplementedError:
            continue
        if seen is None or changed(body["properties"], seen):
            found[logical] = seen
    return found


def explained(
    change: dict[str, Any], stack: Stack, actual: Mapping[str, dict[str, Any] | None], now: float
) -> dict[str, Any]:
    """A change of a drift-aware change set, with the third state: what the last deployment left."""
    logical = change["logical"]
    had = stack["resources"].get(logical)
    if had is None or logical not in actual:
        return change
    seen = actual[logical]
    left = json.dumps({"Properties": had["properties"]}, separators=(",", ":"), ensure_ascii=False)
    change |= {"drift": "DELETED" if seen is None else "MODIFIED", "left": left}
    names = set() if seen is None else set(changed(had["properties"], seen))
    for detail in change["details"]:
        target = detail["Target"]
        name = target.get("Name", "Tags")
        target |= {"BeforeValueFrom": "ACTUAL_STATE", "AfterValueFrom": "TEMPLATE"}
        if seen is not None and name in names:
            target["Drift"] = {
                "PreviousValue": _text(had["properties"].get(name)),
                "ActualValue": _text(seen.get(name)),
                "DriftDetectionTimestamp": now,
            }
    return change


class Drift:
    """Looks for drift in the stacks that `records` keeps. A look is done before its answer is given."""

    def __init__(self, records: Records, place: Place) -> None:
        self._records = records
        self._place = place

    @operation("DetectStackDrift")
    def detect_stack_drift(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Compare a stack's resources with what is there. Out: the id under which the outcome is kept."""
        with self._records.deciding:
            stack = self._records.stack(request.get("StackName"))
            wanted = request.get("LogicalResourceIds") or list(stack["resources"])
            rows = [
                self._compared(stack, name, stack["resources"][name]) for name in wanted if name in stack["resources"]
            ]
            drifted = [row for row in rows if row["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")]
            now = self._records.now()
            status = "DRIFTED" if drifted else "IN_SYNC"
            stack["drift"] = {"StackDriftStatus": status, "LastCheckTimestamp": now}
            stack["drifts"] = rows
            self._records.save(stack)
            name = str(uuid.uuid4())
            self._records.save_drift(name, {"stack": stack["id"], "status": status, "count": len(drifted), "at": now})
        return {"StackDriftDetectionId": name}

    @operation("DescribeStackDriftDetectionStatus")
    def describe_stack_drift_detection_status(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """How a look for drift went."""
        name = str(request.get("StackDriftDetectionId"))
        body = self._records.drift(name)
        if body is None:
            raise invalid(f"Drift detection with id {name} does not exist")
        return {
            "StackId": body["stack"],
            "StackDriftDetectionId": name,
            "StackDriftStatus": body["status"],
            "DetectionStatus": "DETECTION_COMPLETE",
            "DriftedStackResourceCount": body["count"],
            "Timestamp": body["at"],
        }

    @operation("DescribeStackResourceDrifts")
    def describe_stack_resource_drifts(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What the last look found, resource by resource."""
        stack = self._records.stack(request.get("StackName"))
        wanted = request.get("StackResourceDriftStatusFilters") or ()
        rows = [row for row in stack.get("drifts") or () if not wanted or row["StackResourceDriftStatus"] in wanted]
        return page("StackResourceDrifts", rows, request)

    def _compared(self, stack: Stack, logical: str, body: Mapping[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "StackId": stack["id"],
            "LogicalResourceId": logical,
            "PhysicalResourceId": body["physical"],
            "ResourceType": body["type"],
            "Timestamp": self._records.now(),
            "ExpectedProperties": _text(body["properties"]),
        }
        made, wanted = Made(body["physical"], body["attributes"]), body["properties"]
        try:
            found = KINDS[body["type"]].seen(self._place, made, wanted)
        except NotImplementedError:
            return row | {"StackResourceDriftStatus": "NOT_CHECKED"}
        if found is None:
            return row | {"StackResourceDriftStatus": "DELETED"}
        names = changed(wanted, found)
        differences = [
            {
                "PropertyPath": f"/{name}",
                "ExpectedValue": _text(wanted.get(name)),
                "ActualValue": _text(found.get(name)),
                "DifferenceType": "NOT_EQUAL" if name in wanted and name in found else "REMOVE",
            }
            for name in names
        ]
        return row | {
            "ActualProperties": _text(found),
            "PropertyDifferences": differences,
            "StackResourceDriftStatus": "MODIFIED" if names else "IN_SYNC",
        }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
