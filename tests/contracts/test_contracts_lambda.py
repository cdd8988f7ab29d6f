"""Lambda as boto3 sees it."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import code

ROLE = "arn:aws:iam::000000000000:role/f"
ECHO = """
    import os

    def handler(event, context):
        print("asked by", context.aws_request_id)
        return {"event": event, "level": os.environ.get("LEVEL"), "name": context.function_name}
"""
FAILS = """
    def handler(event, context):
        raise ValueError("no such data")
"""
WRITES = """
    def handler(event, context):
        open(event["file"], "a").write("called\\n")
"""


@pytest.fixture
def functions(client: Any) -> Any:
    return client("lambda")


def make(functions: Any, tmp_path: Path, name: str, body: str = ECHO, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": code(tmp_path, body)},
        **more,
    )
    return made


def refusal(call: Any, **request: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_a_function_is_made_found_changed_listed_and_deleted(functions: Any, tmp_path: Path):
    made = make(functions, tmp_path, "life", Timeout=7, Environment={"Variables": {"LEVEL": "low"}})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["State"], made["Version"], made["Timeout"]) == ("Active", "$LATEST", 7)
    assert len(base64.b64decode(made["CodeSha256"])) == 32
    functions.get_waiter("function_active_v2").wait(FunctionName="life")
    found = functions.get_function(FunctionName="life")["Configuration"]
    assert found["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:life"
    assert functions.get_function_configuration(FunctionName="life")["Handler"] == "app.handler"
    functions.update_function_configuration(FunctionName="life", Timeout=9)
    changed = functions.update_function_code(FunctionName="life", ZipFile=code(tmp_path, FAILS))
    functions.get_waiter("function_updated_v2").wait(FunctionName="life")
    assert changed["CodeSha256"] != made["CodeSha256"]
    assert [row["Timeout"] for row in functions.list_functions()["Functions"] if row["FunctionName"] == "life"] == [9]
    assert functions.delete_function(FunctionName="life")["ResponseMetadata"]["HTTPStatusCode"] in (200, 204)
    assert refusal(functions.get_function, FunctionName="life") == (404, "ResourceNotFoundException")


def test_a_function_is_called_and_its_answer_and_log_come_back(functions: Any, tmp_path: Path):
    make(functions, tmp_path, "call", Environment={"Variables": {"LEVEL": "high"}})
    answer = functions.invoke(FunctionName="call", Payload=json.dumps({"é": [1, None]}).encode(), LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)
    assert json.loads(answer["Payload"].read()) == {"event": {"é": [1, None]}, "level": "high", "name": "call"}
    assert "asked by" in base64.b64decode(answer["LogResult"]).decode()
    empty = functions.invoke(FunctionName="call")
    assert json.loads(empty["Payload"].read())["event"] == {}


def test_a_function_that_raises_is_an_answer_and_no_error(functions: Any, tmp_path: Path):
    make(functions, tmp_path, "raises", FAILS)
    answer = functions.invoke(FunctionName="raises", Payload=b"{}")
    said = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (said["errorType"], said["errorMessage"]) == ("ValueError", "no such data")


def test_an_event_is_taken_at_once_and_run_later(functions: Any, tmp_path: Path):
    make(functions, tmp_path, "later", WRITES)
    file = tmp_path / "called"
    answer = functions.invoke(
        FunctionName="later", InvocationType="Event", Payload=json.dumps({"file": str(file)}).encode()
    )
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    until = time.monotonic() + 20
    while not (file.exists() and file.read_text()) and time.monotonic() < until:
        time.sleep(0.01)  # another process makes it, and then writes it
    assert file.read_text() == "called\n"


def test_a_functions_tags_are_kept(functions: Any, tmp_path: Path):
    arn = make(functions, tmp_path, "tagged", Tags={"team": "ml"})["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"env": "dev"})
    functions.untag_resource(Resource=arn, TagKeys=["team"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"env": "dev"}


def test_a_dry_run_calls_nothing(functions: Any, tmp_path: Path):
    make(functions, tmp_path, "dry", FAILS)
    assert functions.invoke(FunctionName="dry", InvocationType="DryRun")["StatusCode"] == 204


@pytest.mark.parametrize(
    ("call", "request_", "answer"),
    [
        ("invoke", {"FunctionName": "nobody"}, (404, "ResourceNotFoundException")),
        ("delete_function", {"FunctionName": "nobody"}, (404, "ResourceNotFoundException")),
        ("update_function_code", {"FunctionName": "nobody", "ZipFile": b"x"}, (404, "ResourceNotFoundException")),
        (
            "create_function",
            {"FunctionName": "n", "Runtime": "nodejs20.x", "Role": ROLE, "Handler": "h", "Code": {"ZipFile": b"x"}},
            (400, "InvalidParameterValueException"),
        ),
        (
            "create_function",
            {"FunctionName": "n", "Runtime": "python3.12", "Role": ROLE, "Handler": "h.h", "Code": {"ZipFile": b"x"}},
            (400, "InvalidParameterValueException"),
        ),
    ],
)
def test_a_refusal_has_awss_code(functions: Any, call: str, request_: dict[str, Any], answer: tuple[int, str]):
    assert refusal(getattr(functions, call), **request_) == answer


def test_a_payload_must_be_json_and_a_name_is_taken_once(functions: Any, tmp_path: Path):
    make(functions, tmp_path, "once")
    assert refusal(functions.invoke, FunctionName="once", Payload=b"{") == (400, "InvalidRequestContentException")
    with pytest.raises(functions.exceptions.ResourceConflictException):
        make(functions, tmp_path, "once")
