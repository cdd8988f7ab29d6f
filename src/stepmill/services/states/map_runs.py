"""Map Runs as the API knows them: described, listed, given other limits; and their child executions.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history; limits are told to the
performer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stepmill.history.log import History
from stepmill.services.map_runs.records import started
from stepmill.services.map_runs.running import MapRuns
from stepmill.services.operations import Response, ServiceError, invalid, operation, unbounded, unmet
from stepmill.services.states.names import resource
from stepmill.services.states.pages import page

_LARGEST_COUNT = 2**31 - 1
_LIMITS = {
    "maxConcurrency": "concurrency",
    "toleratedFailureCount": "count",
    "toleratedFailurePercentage": "percentage",
}


class Runs:
    """The Map Runs of a store."""

    def __init__(self, history: History, performer: MapRuns) -> None:
        self._history = history
        self._performer = performer

    @operation("DescribeMapRun", "mapRunArn")
    def describe_map_run(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Status, limits, and how many items and executions stand where."""
        body = map_run(self._history, request["mapRunArn"])
        response: Response = {
            "mapRunArn": body["arn"],
            "executionArn": body["execution"],
            "status": body["status"],
            "startDate": body["started"],
            "maxConcurrency": body["concurrency"],
            "toleratedFailureCount": body["count"] or 0,
            "toleratedFailurePercentage": float(body["percentage"] or 0),
            "itemCounts": _counts(body["items"]),
            "executionCounts": _counts(body["counts"]),
            "redriveCount": body["redrives"],
        }
        if body["ended"] is not None:
            response["stopDate"] = body["ended"]
        if "redriven" in body:
            response["redriveDate"] = body["redriven"]
        return response

    @operation("ListMapRuns", "executionArn")
    def list_map_runs(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The Map Runs of an execution, newest first."""
        arn = request["executionArn"]
        name = resource(arn, "execution")
        if self._history.record("states", "execution", arn) is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        machine = name.partition(":")[0].partition("/")[0]
        prefix = f"{arn.partition(':execution:')[0]}:mapRun:{machine}/"
        rows = []
        for _, body in self._history.records("states", "maprun", prefix):
            if body["execution"] != arn:
                continue
            row = {
                "executionArn": arn,
                "mapRunArn": body["arn"],
                "stateMachineArn": body["machine_arn"],
                "startDate": body["started"],
            }
            rows.append(row if body["ended"] is None else row | {"stopDate": body["ended"]})
        return page("mapRuns", rows, request, "mapRunArn")

    @operation("UpdateMapRun", "mapRunArn")
    def update_map_run(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a run that is under way another concurrency or tolerance."""
        problems = unbounded(request.get("maxConcurrency"), "maxConcurrency", 0, _LARGEST_COUNT)
        problems += unbounded(request.get("toleratedFailureCount"), "toleratedFailureCount", 0, _LARGEST_COUNT)
        percentage = request.get("toleratedFailurePercentage")
        if percentage is not None and not 0 <= percentage <= 100:
            edge = "less than or equal to 100" if percentage > 0 else "greater than or equal to 0"
            problems.append(unmet(percentage, "toleratedFailurePercentage", f"have value {edge}"))
        if problems:
            raise invalid(*problems)
        body = map_run(self._history, request["mapRunArn"])
        if body["status"] != "RUNNING":
            raise ServiceError("ValidationException", f"Map Run is {body['status']} and cannot be updated")
        changes = {own: request[name] for name, own in _LIMITS.items() if request.get(name) is not None}
        if changes.get("concurrency") == 0:
            from stepmill.engine.distributed import DISTRIBUTED_CONCURRENCY

            changes["concurrency"] = DISTRIBUTED_CONCURRENCY
        self._performer.update(body["arn"], changes)
        return {}


def map_run(history: History, arn: str) -> dict[str, Any]:
    """The record of a Map Run. Raises InvalidArn, ResourceNotFound."""
    resource(arn, "mapRun")
    found = history.record("states", "maprun", arn)
    if found is None:
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")
    return found


def children(history: History, arn: str) -> Iterator[str]:
    """The ARNs of a run's child executions, newest first. Those that are Express have no place in this list."""
    body = map_run(history, arn)
    return iter(()) if body["express"] else started(history, body)


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    """AWS's counts; the two of redrives only when there is something to count."""
    shown = {name: number for name, number in counts.items() if number or name != "pendingRedrive"}
    return shown
