"""Map Runs as boto3 sees them."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from maps import PICKY, distributed
from stepmill.local import Local
from stores import ROLE, SCOPE

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}


@pytest.fixture
def states(client: Any) -> Any:
    return client("stepfunctions")


def begin(states: Any, name: str, machine: dict[str, Any], value: Any) -> str:
    made = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn=ROLE)
    return str(states.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(value))["executionArn"])


def test_a_map_run_is_listed_and_described_with_its_counts(states: Any, store: Local):
    items = [{"bad": False}, {"bad": True}, {"bad": False}]
    arn = begin(states, "counted", distributed(PICKY, Label="Rows", MaxConcurrency=1, ToleratedFailureCount=1), items)
    assert store.wait(arn, 30)
    (row,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    assert (row["executionArn"], row["stateMachineArn"]) == (arn, f"{SCOPE}:stateMachine:counted/Rows")
    shown = states.describe_map_run(mapRunArn=row["mapRunArn"])
    assert (shown["status"], shown["maxConcurrency"], shown["redriveCount"]) == ("SUCCEEDED", 1, 0)
    assert (shown["toleratedFailureCount"], shown["toleratedFailurePercentage"]) == (1, 0.0)
    assert isinstance(shown["toleratedFailurePercentage"], float)
    assert isinstance(row["stopDate"], datetime.datetime)
    assert row["startDate"] == shown["startDate"] <= shown["stopDate"]
    counts = {"total": 3, "succeeded": 2, "failed": 1, "pending": 0, "running": 0, "timedOut": 0, "aborted": 0}
    assert shown["itemCounts"] == shown["executionCounts"] == counts | {"resultsWritten": 3}


def test_the_child_executions_of_a_map_run_come_in_pages(states: Any, store: Local):
    arn = begin(
        states, "paged", distributed(PICKY, ToleratedFailurePercentage=100), [{"bad": n == 1} for n in range(5)]
    )
    assert store.wait(arn, 30)
    (row,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    pages = states.get_paginator("list_executions").paginate(
        mapRunArn=row["mapRunArn"], PaginationConfig={"PageSize": 2}
    )
    found = [one for page in pages for one in page["executions"]]
    assert [one["status"] for one in found] == ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert {(one["mapRunArn"], one["itemCount"]) for one in found} == {(row["mapRunArn"], 1)}
    (failed,) = states.list_executions(mapRunArn=row["mapRunArn"], statusFilter="FAILED")["executions"]
    shown = states.describe_execution(executionArn=failed["executionArn"])
    assert (shown["mapRunArn"], shown["error"]) == (row["mapRunArn"], "Bad")
    assert shown["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"


def test_a_map_run_is_given_other_limits(states: Any):
    arn = begin(states, "limited", distributed(WAIT, MaxConcurrency=1), [1, 2])
    while not (rows := states.list_map_runs(executionArn=arn)["mapRuns"]):
        pass
    run = rows[0]["mapRunArn"]
    states.update_map_run(mapRunArn=run, maxConcurrency=2, toleratedFailureCount=3, toleratedFailurePercentage=12.5)
    shown = states.describe_map_run(mapRunArn=run)
    assert (shown["maxConcurrency"], shown["toleratedFailureCount"]) == (2, 3)
    assert (shown["toleratedFailurePercentage"], shown["status"]) == (12.5, "RUNNING")
    states.stop_execution(executionArn=arn)
