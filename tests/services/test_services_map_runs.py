"""Map Runs: child executions, batches, tolerated failures, results, limits that change, stops and redrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maps import PICKY, distributed, get, map_run, put, raw, run, start
from stepmill.local import Local
from stores import PASS, SCOPE, local, machine_text, refused

__all__ = ["local"]

WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}}


def children(local: Local, execution: str, **more: Any) -> list[dict[str, Any]]:
    arn = local.call("states", "ListMapRuns", {"executionArn": execution})["mapRuns"][0]["mapRunArn"]
    rows: list[dict[str, Any]] = local.call("states", "ListExecutions", {"mapRunArn": arn, **more})["executions"]
    return rows


def counts(local: Local, execution: str, which: str = "itemCounts") -> dict[str, int]:
    return {name: number for name, number in map_run(local, execution)[which].items() if number}


def until(local: Local, execution: str, **wanted: int) -> None:
    """Wait, on the store's own clock of commits, until the executions of a run stand so."""
    for _ in range(2000):
        if local.call("states", "ListMapRuns", {"executionArn": execution})["mapRuns"]:
            found = map_run(local, execution)["executionCounts"]
            if all(found[name] == number for name, number in wanted.items()):
                return
        local.wait(execution, 0.01)
    raise AssertionError(f"never {wanted}")


def test_every_item_is_an_execution_with_its_own_arn_and_history(local: Local):
    ended = run(local, distributed(Label="Rows"), ["a", "b"])
    assert ended["output"] == ["a", "b"]
    rows = children(local, ended["executionArn"])
    assert [json.loads(describe(local, row)["input"]) for row in rows] == ["b", "a"]
    arn, run_arn = rows[0]["executionArn"], rows[0]["mapRunArn"]
    assert arn.startswith(f"{SCOPE}:execution:m/Rows:")
    assert run_arn.startswith(f"{SCOPE}:mapRun:m/Rows:")
    assert (rows[0]["stateMachineArn"], rows[0]["itemCount"]) == (f"{SCOPE}:stateMachine:m/Rows", 1)
    assert describe(local, rows[0])["mapRunArn"] == run_arn
    events = local.call("states", "GetExecutionHistory", {"executionArn": arn})["events"]
    assert [event["type"] for event in events][0::3] == ["ExecutionStarted", "ExecutionSucceeded"]
    about = local.call("states", "DescribeStateMachineForExecution", {"executionArn": arn})
    assert (about["mapRunArn"], about["label"], json.loads(about["definition"])["StartAt"]) == (run_arn, "Rows", "One")
    of_machine = local.call("states", "ListExecutions", {"stateMachineArn": f"{SCOPE}:stateMachine:m"})["executions"]
    assert [row["executionArn"] for row in of_machine] == [ended["executionArn"]]


def describe(local: Local, row: dict[str, Any]) -> dict[str, Any]:
    return local.call("states", "DescribeExecution", {"executionArn": row["executionArn"]})


def test_a_child_s_context_is_its_own_and_the_selector_s_is_the_parent_s(local: Local):
    inner = {"StartAt": "See", "States": {"See": {"Type": "Pass", "Parameters": {"$$": 1}, "End": True}}}
    inner["States"]["See"]["Parameters"] = {"given.$": "$", "id.$": "$$.Execution.Id", "all.$": "$$"}  # type: ignore[index]
    selector = {"parent.$": "$$.Execution.Name", "index.$": "$$.Map.Item.Index", "of.$": "$.of"}
    machine = distributed(inner, Label="L", ItemsPath="$.items", ItemSelector=selector)
    ended = run(local, machine, {"items": ["x"], "of": 7})
    (seen,) = ended["output"]
    assert seen["given"] == {"parent": ended["name"], "index": 0, "of": 7}
    assert seen["id"] == children(local, ended["executionArn"])[0]["executionArn"]
    assert seen["all"]["Execution"]["Input"] == seen["given"]
    assert (seen["all"]["StateMachine"]["Name"], "Map" in seen["all"]) == ("m/L", False)


def test_batches_are_as_large_as_they_may_be(local: Local):
    inner = {"StartAt": "All", "States": {"All": PASS}}
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"by.$": "$.by"}}
    machine = distributed(inner, ItemsPath="$.items", ItemBatcher=batcher)
    ended = run(local, machine, {"items": [1, 2, 3], "by": "me"})
    assert ended["output"] == [
        {"BatchInput": {"by": "me"}, "Items": [1, 2]},
        {"BatchInput": {"by": "me"}, "Items": [3]},
    ]
    assert map_run(local, ended["executionArn"])["itemCounts"]["succeeded"] == 3
    assert [row["itemCount"] for row in children(local, ended["executionArn"])] == [1, 2]
    machine = distributed(inner, ItemBatcher={"MaxInputBytesPerBatch": len('{"Items":[11,22]}')})
    assert run(local, machine, [11, 22, 33], "bytes")["output"] == [{"Items": [11, 22]}, {"Items": [33]}]
    machine = distributed(inner, ItemsPath="$.items", ItemBatcher={"MaxItemsPerBatchPath": "$.n"})
    assert len(run(local, machine, {"items": [1, 2, 3, 4], "n": 4}, "path")["output"]) == 1


@pytest.mark.parametrize(
    ("tolerance", "bad", "status"),
    [
        ({}, 0, "SUCCEEDED"),
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 2}, 2, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2}, 3, "FAILED"),
        ({"ToleratedFailurePercentage": 30}, 3, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 30}, 4, "FAILED"),
        ({"ToleratedFailurePercentage": 90, "ToleratedFailureCount": 1}, 2, "FAILED"),
    ],
)
def test_so_many_items_may_fail_and_no_more(local: Local, tolerance: dict[str, Any], bad: int, status: str):
    items = [{"bad": number < bad} for number in range(10)]
    ended = run(local, distributed(PICKY, MaxConcurrency=1, **tolerance), items)
    assert (ended["status"], map_run(local, ended["executionArn"])["status"]) == (status, status)
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
        assert ended["cause"] == "The specified tolerated failure threshold was exceeded"
        left = counts(local, ended["executionArn"])
        assert (left["failed"], left["pending"], left["total"]) == (bad, 10 - bad, 10)
    else:
        failed = [one for one in ended["output"] if "Error" in one]
        assert [(one["Error"], one["Status"], json.loads(one["Input"])) for one in failed] == [
            ("Bad", "FAILED", {"bad": True})
        ] * bad


def test_results_are_written_by_how_they_ended_with_a_manifest(local: Local):
    put(local, "x", "")
    items = [{"n": 1, "bad": False}, {"n": 2, "bad": True}]
    ended = run(local, distributed(PICKY, ResultWriter=WRITER, ToleratedFailureCount=1), items)
    arn = ended["output"]["MapRunArn"]
    folder = f"out/{arn.rpartition(':')[2]}"
    assert ended["output"]["ResultWriterDetails"] == {"Bucket": "data", "Key": f"{folder}/manifest.json"}
    manifest = get(local, f"{folder}/manifest.json")
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == ("data", arn)
    files = manifest["ResultFiles"]
    assert [file["Key"] for file in files["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    assert ([file["Key"] for file in files["FAILED"]], files["PENDING"]) == ([f"{folder}/FAILED_0.json"], [])
    (good,), (bad,) = get(local, f"{folder}/SUCCEEDED_0.json"), get(local, f"{folder}/FAILED_0.json")
    assert (json.loads(good["Output"]), good["Status"], good["RedriveStatus"]) == (
        items[0],
        "SUCCEEDED",
        "NOT_REDRIVABLE",
    )
    assert (bad["Error"], bad["Cause"], bad["RedriveStatus"]) == ("Bad", "it is bad", "REDRIVABLE_BY_MAP_RUN")
    assert list(good) == sorted(good)
    size = local.call("s3", "HeadObject", {"Bucket": "data", "Key": f"{folder}/FAILED_0.json"})["ContentLength"]
    assert files["FAILED"][0]["Size"] == size
    assert map_run(local, ended["executionArn"])["itemCounts"]["resultsWritten"] == 2


def test_results_come_compact_flat_and_by_lines(local: Local):
    put(local, "x", "")
    config = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}
    machine = distributed(ResultWriter={**WRITER, **config})
    key = run(local, machine, [[1, 2], 3])["output"]["ResultWriterDetails"]["Key"]
    lines = key.replace("manifest.json", "SUCCEEDED_0.jsonl")
    assert raw(local, lines) == b"1\n2\n3\n"
    only = {"WriterConfig": {"Transformation": "NONE", "OutputType": "JSON"}}
    (shown,) = run(local, distributed(ResultWriter=only), [5], "shown")["output"]
    assert (shown["Input"], shown["Output"], shown["Status"]) == ("5", "5", "SUCCEEDED")


def test_what_cannot_be_written_fails_the_state(local: Local):
    ended = run(local, distributed(ResultWriter=WRITER), [1])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ResultWriterFailed")
    assert "The specified bucket does not exist" in ended["cause"]


def test_more_results_than_a_state_may_hand_on_fail_it(local: Local):
    inner = {"StartAt": "Big", "States": {"Big": {"Type": "Pass", "Result": "x" * 100_000, "End": True}}}
    ended = run(local, distributed(inner), [1, 2, 3])
    assert ended["error"] == "States.DataLimitExceeded"


def test_express_children_have_arns_of_their_own_and_no_history(local: Local):
    ended = run(local, distributed(kind="EXPRESS", Label="X"), [1])
    assert ended["output"] == [1]
    assert children(local, ended["executionArn"]) == []
    seen = {
        "StartAt": "See",
        "States": {"See": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "End": True}},
    }
    (shown,) = run(local, distributed(seen, kind="EXPRESS", Label="X"), [1], "seen")["output"]
    assert shown["id"].startswith(f"{SCOPE}:express:seen/X:")
    ask = {"executionArn": shown["id"]}
    assert refused(lambda: local.call("states", "GetExecutionHistory", ask))[0] == "InvalidArn"


def test_a_map_run_within_a_map_run(local: Local):
    inside = {"Each2": distributed(Label="In")["States"]["Each"]}
    ended = run(local, distributed({"StartAt": "Each2", "States": inside}, Label="Out"), [[1, 2], [3]])
    assert ended["output"] == [[1, 2], [3]]
    child = children(local, ended["executionArn"])[0]["executionArn"]
    (row,) = local.call("states", "ListMapRuns", {"executionArn": child})["mapRuns"]
    assert row["mapRunArn"].startswith(f"{SCOPE}:mapRun:m/In:")


def test_an_empty_list_and_an_item_that_is_no_list(local: Local):
    assert run(local, distributed(), [])["output"] == []
    ended = run(local, distributed(ItemsPath="$.items"), {"items": 5}, "none")
    assert (ended["error"], "must point to array" in ended["cause"]) == ("States.Runtime", True)


def test_a_selector_that_finds_nothing_fails_before_anything_starts(local: Local):
    ended = run(local, distributed(ItemSelector={"x.$": "$$.Map.Item.Value.x"}), [{"x": 1}, {}])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert children(local, ended["executionArn"]) == []


def test_jsonata_says_items_tolerance_and_batches_too(local: Local):
    state = distributed(PICKY)["States"]["Each"]
    state["ItemProcessor"]["States"]["Ask"] = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input.bad %}", "Next": "No"}],
        "Default": "Yes",
    }
    state |= {
        "Items": "{% [1..4].{'bad': $ = 4} %}",
        "ToleratedFailurePercentage": "{% $states.input.most %}",
        "Output": "{% $count($states.result[$not($exists(Error))]) %}",
    }
    assert run(local, json.loads(machine_text(Each=state)), {"most": 25})["output"] == 3
    wrong = run(local, json.loads(machine_text(Each=state)), {"most": "x"}, "wrong")
    assert wrong["error"] == "States.QueryEvaluationError"


def test_a_stop_of_the_parent_stops_what_runs_and_starts_no_more(local: Local):
    arn = start(local, distributed(WAIT, MaxConcurrency=2), [1, 2, 3])
    until(local, arn, running=2)
    local.call("states", "StopExecution", {"executionArn": arn})
    until(local, arn, running=0)
    shown = map_run(local, arn)
    assert (shown["status"], shown["stopDate"] > shown["startDate"]) == ("ABORTED", True)
    assert counts(local, arn) == {"aborted": 2, "pending": 1, "total": 3}
    assert {row["status"] for row in children(local, arn)} == {"ABORTED"}
    assert children(local, arn, statusFilter="RUNNING") == []


def test_a_run_under_way_takes_other_limits(local: Local):
    arn = start(local, distributed(WAIT, MaxConcurrency=1), [1, 2, 3, 4])
    until(local, arn, running=1)
    run_arn = map_run(local, arn)["mapRunArn"]
    changes = {"maxConcurrency": 3, "toleratedFailurePercentage": 50.0, "toleratedFailureCount": 9}
    local.call("states", "UpdateMapRun", {"mapRunArn": run_arn, **changes})
    until(local, arn, running=3)
    shown = map_run(local, arn)
    assert {name: shown[name] for name in changes} == changes
    # AWS counts what somebody stops as failed: two of four are half, three are more
    for row in children(local, arn)[:3]:
        local.call("states", "StopExecution", {"executionArn": row["executionArn"]})
    assert local.wait(arn, 60)
    assert map_run(local, arn)["status"] == "FAILED"
    code, message = refused(lambda: local.call("states", "UpdateMapRun", {"mapRunArn": run_arn, **changes}))
    assert (code, "FAILED" in message) == ("ValidationException", True)
