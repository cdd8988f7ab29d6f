"""AWS Lambda's operations, with functions that really run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from shapes import check
from stepmill.functions import Functions, request_of
from stepmill.history.log import Record
from stepmill.local import Local
from stores import ROLE, refused

CODE = """
import os
def hello(event, context):
    print("id", context.aws_request_id)
    if event == "raise":
        raise KeyError("no")
    return {"event": event, "who": os.environ.get("WHO")}

def stream(event, context):
    return [context.log_group_name, context.log_stream_name]

def slow(event, context):
    import time
    time.sleep(0.4)
"""


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("code.py", text)
    return out.getvalue()


def made(**given: Any) -> dict[str, Any]:
    """A request of CreateFunction; a member that is None is left out."""
    whole = {"FunctionName": "g", "Role": ROLE, "Handler": "code.hello", "Runtime": "python3.11", **given}
    return {key: value for key, value in whole.items() if value is not None}


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
    again = made(FunctionName="f", Code={"ZipFile": zipped(CODE)})
    assert refused(lambda: local.call("lambda", "CreateFunction", again)) == (
        "ResourceConflictException",
        "Function already exist: f",
    )
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
        ({"FunctionName": "f", "InvocationType": "Later"}, "ValidationException"),
        ({"FunctionName": "f", "ClientContext": "e30="}, "InvalidParameterValueException"),
        (
            {"FunctionName": "f", "InvocationType": "Event", "Payload": '"' + "x" * 1_100_000 + '"'},
            "RequestTooLargeException",
        ),
        ({}, "ValidationException"),
    ],
)
def test_what_lambda_refuses_does_not_run(local: Local, function: str, request_: dict[str, Any], code: str):
    assert refused(lambda: local.call("lambda", "Invoke", request_))[0] == code


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({"S3Key": "k"}, "Please provide a source for function code."),
        (
            {"S3Bucket": "stepmill-local", "S3Key": "none"},
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key",
        ),
        ({"ZipFile": b"no zip"}, "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ({"ZipFile": b""}, "Uploaded file must be a non-empty zip"),
    ],
)
def test_code_that_is_no_code_makes_no_function(local: Local, code: dict[str, Any], message: str):
    code_, said = refused(lambda: local.call("lambda", "CreateFunction", made(Code=code)))
    assert (code_, said[: len(message)]) == ("InvalidParameterValueException", message)
    assert refused(lambda: local.call("lambda", "GetFunction", {"FunctionName": "g"}))[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (
            {"Runtime": "nodejs22.x"},
            "InvalidParameterValueException",
            "Runtime nodejs22.x does not run",
        ),
        ({"Runtime": "pythn"}, "InvalidParameterValueException", "Value pythn at 'runtime' failed to satisfy"),
        ({"Runtime": "python3.7"}, "InvalidParameterValueException", "The runtime parameter of python3.7 is no longer"),
        ({"Handler": None}, "InvalidParameterValueException", "Runtime and Handler are mandatory parameters"),
        ({"Timeout": 901}, "ValidationException", "Value '901' at 'timeout' failed to satisfy constraint: Member must"),
        ({"MemorySize": 64}, "ValidationException", "Value '64' at 'memorySize' failed"),
        ({"FunctionName": "a b"}, "ValidationException", "Value 'a b' at 'functionName' failed"),
        ({"FunctionName": "f" * 65}, "ValidationException", "have length less than or equal to 64"),
        ({"Role": "r"}, "ValidationException", "Value 'r' at 'role' failed"),
        ({"Environment": {"Variables": {"1A": "x"}}}, "ValidationException", "environment.variables"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "AWS_REGION"),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "InvalidParameterValueException", "4KB limit"),
        (
            {"PackageType": "Image"},
            "InvalidParameterValueException",
            'PackageType "Image" does not run',
        ),
        ({"Publish": True}, "InvalidParameterValueException", "Publish true does not run on this machine"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "InvalidParameterValueException", "VpcConfig"),
        ({"Layers": ["arn:layer"]}, "InvalidParameterValueException", "Layers"),
        ({"DeadLetterConfig": {"TargetArn": "arn:q"}}, "InvalidParameterValueException", "DeadLetterConfig"),
        ({"TracingConfig": {"Mode": "Active"}}, "InvalidParameterValueException", "TracingConfig"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "InvalidParameterValueException", "LoggingConfig"),
    ],
)
def test_what_cannot_run_here_is_refused_by_name(local: Local, given: dict[str, Any], code: str, said: str):
    request = made(Code={"ZipFile": zipped(CODE)}, **given)
    refusal = refused(lambda: local.call("lambda", "CreateFunction", request))
    assert refusal[0] == code
    assert said in refusal[1]


def test_defaults_spelt_out_are_no_reason_to_refuse(local: Local):
    harmless = {
        "Publish": False,
        "PackageType": "Zip",
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        "DeadLetterConfig": {},
        "Layers": [],
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/g"},
    }
    local.call("lambda", "CreateFunction", made(Code={"ZipFile": zipped(CODE)}, **harmless))


def test_a_function_is_shown_as_aws_shows_it(local: Local):
    data = zipped(CODE)
    created = local.call("lambda", "CreateFunction", made(Code={"ZipFile": data}, Tags={"team": "a"}))
    check("lambda", "CreateFunction", created)
    assert created["CodeSha256"] == base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert (created["CodeSize"], created["State"], created["LastUpdateStatus"]) == (len(data), "Active", "Successful")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created["LastModified"])
    assert "Tags" not in created
    got = local.call("lambda", "GetFunction", {"FunctionName": "g"})
    check("lambda", "GetFunction", got)
    assert (got["Configuration"], got["Tags"]) == (created, {"team": "a"})
    assert local.call("lambda", "GetFunctionConfiguration", {"FunctionName": "g"}) == created
    arn = created["FunctionArn"]
    local.call("lambda", "TagResource", {"Resource": arn, "Tags": {"x": "y"}})
    local.call("lambda", "UntagResource", {"Resource": arn, "TagKeys": ["team", "none"]})
    assert local.call("lambda", "ListTags", {"Resource": arn}) == {"Tags": {"x": "y"}}
    changed = local.call("lambda", "UpdateFunctionConfiguration", {"FunctionName": "g", "Timeout": 9})
    check("lambda", "UpdateFunctionConfiguration", changed)
    assert (changed["Timeout"], changed["Handler"], changed["CodeSize"]) == (9, "code.hello", len(data))


def test_a_change_of_another_revision_is_refused_and_a_dry_run_changes_nothing(local: Local):
    first = local.call("lambda", "CreateFunction", made(Code={"ZipFile": zipped(CODE)}))
    other = {"FunctionName": "g", "ZipFile": zipped("x = 1")}
    stale = other | {"RevisionId": "old"}
    assert refused(lambda: local.call("lambda", "UpdateFunctionCode", stale))[0] == "PreconditionFailedException"
    dry = local.call("lambda", "UpdateFunctionCode", other | {"DryRun": True, "RevisionId": first["RevisionId"]})
    assert dry["CodeSha256"] != first["CodeSha256"]
    assert local.call("lambda", "GetFunctionConfiguration", {"FunctionName": "g"}) == first
    assert local.call("lambda", "UpdateFunctionCode", other)["CodeSha256"] == dry["CodeSha256"]


def test_functions_are_listed_by_name_in_pages(local: Local):
    for name in ("b", "a", "c"):
        local.call("lambda", "CreateFunction", made(FunctionName=name, Code={"ZipFile": zipped(CODE)}))
    page = local.call("lambda", "ListFunctions", {"MaxItems": 2})
    check("lambda", "ListFunctions", page)
    rest = local.call("lambda", "ListFunctions", {"Marker": page["NextMarker"]})
    assert [row["FunctionName"] for row in page["Functions"] + rest["Functions"]] == ["a", "b", "c"]
    assert "NextMarker" not in rest


def test_a_function_of_an_older_store_still_works(local: Local, function: str):
    history = local.history
    body = history.record("lambda", "function", "f")
    assert body is not None
    old = ("FunctionName", "FunctionArn", "Runtime", "Role", "Handler", "Timeout", "MemorySize", "Environment")
    kept = {key: body[key] for key in (*old, "CodeSha256", "Version", "LastModified")}
    history.put(Record("lambda", "function", "f", kept))
    shown = local.call("lambda", "GetFunctionConfiguration", {"FunctionName": "f"})
    check("lambda", "GetFunctionConfiguration", shown)
    assert "CodeSize" not in shown
    assert json.loads(invoke(local, "f", 1)["Payload"])["event"] == 1


def test_a_payload_that_is_no_json_is_refused_in_the_words_of_aws(local: Local, function: str):
    def said(payload: bytes) -> str:
        request = {"FunctionName": "f", "Payload": payload}
        return refused(lambda: local.call("lambda", "Invoke", request))[1].partition("\n")[0]

    start = "Could not parse request body into json: Could not parse payload into json: "
    kinds = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    assert said(b"Hello World") == f"{start}Unrecognized token 'Hello': was expecting {kinds}"
    assert said(b"'test'") == f"{start}Unexpected character (''' (code 39)): expected a valid value {kinds}"


def test_a_dry_run_calls_nothing_and_no_payload_is_an_empty_object(local: Local, function: str):
    assert local.call("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "DryRun"})["StatusCode"] == 204
    assert not (local.store.functions / "f" / "log").exists()
    answer = local.call("lambda", "Invoke", {"FunctionName": "f", "Payload": b""})
    check("lambda", "Invoke", answer)
    assert json.loads(answer["Payload"])["event"] == {}


def test_an_event_is_accepted_at_once_and_run_once(local: Local, function: str):
    request = {"FunctionName": "f", "InvocationType": "Event", "Payload": b'"once"'}
    for _ in range(2):  # asked again under the same token: the same event
        accepted = local.call("lambda", "Invoke", request, token="t")
        check("lambda", "Invoke", accepted)
        assert (accepted["StatusCode"], accepted["Payload"]) == (202, b"")
    host = local._hosted()
    assert host is not None
    assert host._lambda.events.wait_done(20)
    log = (local.store.functions / "f" / "log").read_text()
    assert log.count("REPORT RequestId") == 1


def test_a_function_knows_the_stream_in_which_its_log_is_read(local: Local, function: str):
    local.call("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Handler": "code.stream"})
    group, stream = json.loads(invoke(local, "f", None)["Payload"])
    read = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    messages = [event["message"] for event in local.call("logs", "GetLogEvents", read)["events"]]
    assert messages[0].startswith("START RequestId: ")
    assert messages[-1].startswith("REPORT RequestId: ")


def test_an_event_under_way_is_heard_of_by_the_next_owner_and_runs_once(local: Local, function: str):
    local.call("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Handler": "code.slow"})
    local.call("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "Event"})
    local.release()
    host = local._hosted()
    assert host is not None
    assert host._lambda.events.wait_done(20)
    assert (local.store.functions / "f" / "log").read_text().count("START RequestId") == 1
