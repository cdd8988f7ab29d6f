"""A Map Run that failed or was stopped runs again what did not succeed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maps import distributed, get, map_run, put, reader, start
from stepmill.asl.definition import Definition
from stepmill.history.log import MemoryHistory
from stepmill.local import Local
from stepmill.testing import ScriptedTasks, VirtualClock, fail, succeed
from stepmill.testing.runner import ARN, drive, world
from stores import local

__all__ = ["local"]

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
WORK = {"StartAt": "Work", "States": {"Work": {**TASK, "Parameters": {"FunctionName": "f", "Payload.$": "$"}}}}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p/"}}


class Ground:
    """An engine with its Map Runs, and one distributed Map that has run in it."""

    def __init__(self, tasks: ScriptedTasks, items: list[Any], **fields: Any) -> None:
        self.history, self.clock, self.tasks = MemoryHistory(), VirtualClock(), tasks
        self.engine, self.map_runs = world(self.history, self.clock, tasks)
        self.map_runs.begin()
        self.engine.start(
            ARN,
            machine="Machine",
            name="run",
            definition=Definition.parse(json.dumps(distributed(WORK, **fields))),
            input_text=json.dumps(items),
            role="role",
            machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:Machine",
        )

    def drive(self) -> dict[str, Any]:
        drive(self.engine, self.tasks, self.clock)
        return self.run

    @property
    def run(self) -> dict[str, Any]:
        ((_, body),) = self.history.records("states", "maprun")
        return body

    def files(self) -> dict[str, list[Any]]:
        """What the files that the manifest names have in them, by how it ended."""
        (manifest,) = (body for url, body in self.tasks.written.items() if url.endswith("/manifest.json"))
        return {
            name: [one for file in files for one in json.loads(self.tasks.written[f"s3://b/{file['Key']}"])]
            for name, files in json.loads(manifest)["ResultFiles"].items()
        }


def test_only_what_did_not_succeed_runs_again_under_the_same_map_run() -> None:
    tasks = ScriptedTasks({"Work": [succeed(1), fail("Bad"), succeed(2), succeed(3)]})
    ground = Ground(tasks, ["a", "b", "c"], MaxConcurrency=1, ResultWriter=WRITER)
    first = ground.drive()
    assert (first["status"], first["items"]["failed"], first["items"]["pending"]) == ("FAILED", 1, 1)
    assert {name: len(found) for name, found in ground.files().items()} == {"FAILED": 1, "PENDING": 1, "SUCCEEDED": 1}
    assert ground.files()["PENDING"] == [{"Input": '"c"', "InputDetails": {"Included": True}, "Status": "PENDING"}]
    ground.clock.advance(60)
    ground.map_runs.redrive(first["arn"])
    second = ground.drive()
    assert (second["status"], second["redrives"], second["redriven"]) == ("SUCCEEDED", 1, ground.clock.now())
    assert [act.parameters["Payload"] for act in tasks.started] == ["a", "b", "b", "c"]
    assert {url.rpartition("/")[2] for url in tasks.written if "/Redrive-1/" in url} == {"SUCCEEDED_0.json"}
    assert [json.loads(one["Output"]) for one in ground.files()["SUCCEEDED"]] == [1, 2, 3]


def test_a_run_that_runs_or_succeeded_is_not_redriven() -> None:
    ground = Ground(ScriptedTasks({"Work": succeed(1)}), ["a"])
    done = ground.drive()
    ground.map_runs.redrive(done["arn"])
    assert ground.drive() == done
    with pytest.raises(LookupError, match="no Map Run"):
        ground.map_runs.redrive("arn:none")


RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1000, "MaxAttempts": 1}]


def redriven_by_its_parent(ground: Ground) -> None:
    """What RedriveExecution of the parent builds on: MapRunRedriven is an act, as MapRunStarted is. The Map waits for a
    retry meanwhile, so that its execution has not ended."""
    while not any(event.type == "MapRunFailed" for event in ground.history.read(ARN)):
        ground.engine.turn()
        ground.tasks.deliver(ground.clock.now())
    execution = ground.engine._executions[ARN]
    execution._now, execution._out = ground.clock.now(), []
    execution._redrive_run(execution.root, 1)
    ground.history.append([(ARN, execution._out)])
    ground.engine._act(execution)
    ground.drive()


def test_an_event_of_the_parent_asks_for_the_redrive_and_gets_its_outcome() -> None:
    tasks = ScriptedTasks({"Work": [succeed(1), fail("Bad"), succeed(2)]})
    ground = Ground(tasks, ["a", "b"], MaxConcurrency=1, Retry=RETRY)
    redriven_by_its_parent(ground)
    told = [(event.id, event.previous, event.type) for event in ground.history.read(ARN)][2:]
    assert told == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapRunStarted"),
        (5, 4, "MapRunFailed"),
        (6, 3, "MapRunRedriven"),
        (7, 6, "MapRunSucceeded"),
        (8, 7, "MapStateSucceeded"),
        (9, 6, "MapStateExited"),
        (10, 9, "ExecutionSucceeded"),
    ]
    assert ground.history.read(ARN)[-1].details["output"] == "[1,2]"
    assert ground.history.read(ARN)[5].details == {"mapRunArn": ground.run["arn"], "redriveCount": 1}


def test_items_that_could_not_be_read_are_read_again_when_the_parent_asks() -> None:
    found: list[Any] = ["x" * 300_000]  # more than an input may have
    source = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    tasks = ScriptedTasks({"Work": succeed(1)}, items={"Each": found})
    ground = Ground(tasks, [], ItemReader=source, Retry=RETRY)
    while not ground.history.records("states", "maprun"):
        ground.engine.turn()
    assert (ground.run["status"], ground.run["error"]) == ("FAILED", "States.DataLimitExceeded")
    ground.map_runs.redrive(ground.run["arn"])
    assert ground.run["redrives"] == 0
    found[:] = ["small"]
    redriven_by_its_parent(ground)
    assert (ground.run["status"], ground.run["counts"]["succeeded"]) == ("SUCCEEDED", 1)


@pytest.mark.slow
def test_ten_thousand_items_stopped_half_way_and_redriven_end_right(local: Local) -> None:
    """A reader, batches and a writer; one tenth fails, within what is tolerated."""
    inner = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.Items[0].bad", "StringEquals": "yes", "Next": "No"}],
                "Default": "Yes",
            },
            "No": {"Type": "Fail", "Error": "Bad"},
            "Yes": {"Type": "Succeed"},
        },
    }
    rows = [f"{n},{'yes' if n // 4 % 10 == 3 else 'no'}" for n in range(10_000)]
    put(local, "rows.csv", "\n".join(["n,bad", *rows]))
    machine = distributed(
        inner,
        Label="Rows",
        MaxConcurrency=20,
        ItemReader=reader("rows.csv", InputType="CSV", CSVHeaderLocation="FIRST_ROW"),
        ItemBatcher={"MaxItemsPerBatch": 4},
        ToleratedFailurePercentage=10,
        ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "out"}},
    )
    arn = start(local, machine, {})
    while not local.call("states", "ListMapRuns", {"executionArn": arn})["mapRuns"]:
        local.wait(arn, 0.01)
    while map_run(local, arn)["executionCounts"]["succeeded"] < 1000:
        assert not local.wait(arn, 0.01), "it ended before it could be stopped"
    local.call("states", "StopExecution", {"executionArn": arn})
    while map_run(local, arn)["executionCounts"]["running"]:
        local.wait(arn, 0.01)
    stopped = map_run(local, arn)
    assert (stopped["status"], stopped["executionCounts"]["total"]) == ("ABORTED", 2500)
    assert stopped["executionCounts"]["pending"] > 0

    local.call("states", "RedriveExecution", {"executionArn": arn})
    assert local.wait(arn, 60)
    assert local.call("states", "DescribeExecution", {"executionArn": arn})["status"] == "SUCCEEDED"
    assert "MapRunRedriven" in [event.type for event in local.history.read(arn)]
    done = map_run(local, arn)
    assert (done["status"], done["redriveCount"]) == ("SUCCEEDED", 1)
    items = {name: number for name, number in done["itemCounts"].items() if number}
    assert items == {"succeeded": 9000, "failed": 1000, "total": 10_000, "resultsWritten": 10_000}
    manifest = get(local, f"out/{done['mapRunArn'].rpartition(':')[2]}/manifest.json")
    written = {
        name: [one for file in files for one in get(local, file["Key"])]
        for name, files in manifest["ResultFiles"].items()
    }
    assert {name: len(found) for name, found in written.items()} == {"SUCCEEDED": 2250, "FAILED": 250, "PENDING": 0}
    seen = [int(item["n"]) for one in written["SUCCEEDED"] for item in json.loads(one["Output"])["Items"]]
    assert seen == [n for n in range(10_000) if n // 4 % 10 != 3]
