"""AWS Lambda's operations, with functions that really run."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stepmill.functions import Functions, request_of
from stepmill.local import Local
from stores import ROLE, refused

CODE = """
import os
def hello(event, context):
    print("id", context.aws_request_id)
    if event == "raise":
        raise KeyError("no")
    return {"event": event, "who": os.environ.get("WHO")}
"""


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("code.py", text)
    return out.getvalue()


@pytest.fixture
def function(local: Local):
    request = {"FunctionName": "f", "Role": ROLE, "Handler": "code.hello", "Timeout": 20, "Runtime": "python3.11"}
    local.call("lambda", "CreateFunction", request | {"Code": {"ZipFile": zipped(CODE)}})
    yield "f"
    Functions(local.store.functions).stop()


def invoke(local: Local, name: str, payload: Any, **more: Any) -> dict[str, Any]:
    return local.call("lambda", "Invoke", {"FunctionName": name, "Payload": json.dumps(payload), **more})


def test_a_function_is_made_changed_called_and_removed(local: Local, function: str):
    assert json.loads(invoke(local, function, {"a": "あ"})["Payload"]) == {"event": {"a": "あ"}, "who": None}
    assert refused(
        lambda: local.call("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b""}})
    ) == ("ResourceConflictException", "Function already exist: f")
    local.call(
        "lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Environment": {"Variables": {"WHO": "me"}}}
    )
    arn = local.call("lambda", "GetFunction", {"FunctionName": "f"})["Configuration"]["FunctionArn"]
    assert json.loads(invoke(local, arn, 1)["Payload"])["who"] == "me"
    failed = invoke(local, "f:$LATEST", "raise", LogType="Tail")
    assert (failed["FunctionError"], json.loads(failed["Payload"])["errorType"]) == ("Unhandled", "KeyError")
    local.call("lambda", "DeleteFunction", {"FunctionName": "f"})
    gone = f"Function not found: {arn}:$LATEST"
    assert refused(lambda: invoke(local, "f", 1)) == ("ResourceNotFoundException", gone)


def test_a_call_is_known_in_the_log_by_what_its_token_says(local: Local, function: str):
    for token in ("one", "two"):
        for _ in range(2):  # asked again: not called again
            local.call("lambda", "Invoke", {"FunctionName": function, "Payload": "1"}, token=token)
    log = Path(local.store.functions / "f" / "log").read_text()
    assert [line.split()[-1] for line in log.splitlines() if " id " in line] == [request_of("one"), request_of("two")]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"FunctionName": "f", "Payload": "{"}, "InvalidRequestContentException"),
        ({"FunctionName": "f", "Payload": '"' + "x" * 6_300_000 + '"'}, "RequestTooLargeException"),
        ({"FunctionName": "f", "Qualifier": "7"}, "ResourceNotFoundException"),
        ({"FunctionName": "f", "InvocationType": "Event"}, "InvalidParameterValueException"),
        ({}, "ValidationException"),
    ],
)
def test_what_lambda_refuses_does_not_run(local: Local, function: str, request_: dict[str, Any], code: str):
    assert refused(lambda: local.call("lambda", "Invoke", request_))[0] == code


@pytest.mark.parametrize("code", [{}, {"S3Bucket": "stepmill-local", "S3Key": "none"}, {"ZipFile": b"no zip"}])
def test_code_that_is_no_code_makes_no_function(local: Local, code: dict[str, Any]):
    made = {"FunctionName": "g", "Role": ROLE, "Handler": "code.hello", "Code": code}
    assert refused(lambda: local.call("lambda", "CreateFunction", made))[0] == "InvalidParameterValueException"
    assert refused(lambda: local.call("lambda", "GetFunction", {"FunctionName": "g"}))[0] == "ResourceNotFoundException"
