"""Distributed Maps for tests, and what a store says of their runs."""

from __future__ import annotations

import json
from contextlib import closing
from copy import deepcopy
from typing import Any

from stepmill.local import Local
from stores import PASS, create

ONE = {"StartAt": "One", "States": {"One": PASS}}
# Fails for every item whose `bad` is true.
PICKY = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "No"}],
            "Default": "Yes",
        },
        "No": {"Type": "Fail", "Error": "Bad", "Cause": "it is bad"},
        "Yes": {"Type": "Succeed"},
    },
}


def distributed(inner: dict[str, Any] | None = None, kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    """A JSONPath machine that is one distributed Map."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    state = {"Type": "Map", "ItemProcessor": {**config, **deepcopy(inner or ONE)}, "End": True, **fields}
    return {"StartAt": "Each", "States": {"Each": state}}


def start(local: Local, machine: dict[str, Any], value: Any = None, name: str = "m") -> str:
    """Make and start it → the execution's ARN."""
    request = {"stateMachineArn": create(local, name, json.dumps(machine)), "input": json.dumps(value)}
    return str(local.call("states", "StartExecution", request)["executionArn"])


def run(local: Local, machine: dict[str, Any], value: Any = None, name: str = "m") -> dict[str, Any]:
    """Run it to its end → DescribeExecution, with the output parsed."""
    arn = start(local, machine, value, name)
    assert local.wait(arn, 60)
    ended = local.call("states", "DescribeExecution", {"executionArn": arn})
    return ended | ({"output": json.loads(ended["output"])} if "output" in ended else {})


def map_run(local: Local, execution: str) -> dict[str, Any]:
    """DescribeMapRun of an execution's newest Map Run."""
    (row, *_) = local.call("states", "ListMapRuns", {"executionArn": execution})["mapRuns"]
    return local.call("states", "DescribeMapRun", {"mapRunArn": row["mapRunArn"]})


def put(local: Local, key: str, body: str | bytes, bucket: str = "data") -> None:
    """An object, and its bucket when there is none."""
    if not any(b["Name"] == bucket for b in local.call("s3", "ListBuckets", {})["Buckets"]):
        local.call("s3", "CreateBucket", {"Bucket": bucket})
    local.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": body})


def raw(local: Local, key: str, bucket: str = "data") -> bytes:
    """An object's bytes."""
    with closing(local.call("s3", "GetObject", {"Bucket": bucket, "Key": key})["Body"]) as body:
        return bytes(body.read())


def get(local: Local, key: str, bucket: str = "data") -> Any:
    """An object's JSON."""
    return json.loads(raw(local, key, bucket))


def reader(key: str, call: str = "getObject", **config: Any) -> dict[str, Any]:
    """The field ItemReader, for an object of the bucket `data`, or a prefix."""
    where = {"Bucket": "data", "Prefix" if call == "listObjectsV2" else "Key": key}
    return {"Resource": f"arn:aws:states:::s3:{call}", "ReaderConfig": config, "Parameters": where}
