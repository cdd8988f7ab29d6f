"""What a served store does with callers who mean harm, or are only slow: over a real socket, on a real store."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from conftest import over_http
from stepmill.local import Local
from stepmill.stage import Endpoint
from stores import ROLE, open_store

CANARY = "the-content-of-a-file-that-nobody-may-read"
UP = [
    *("..", "../..", "../canary", "../../canary", "..%2fcanary", "%2e%2e/canary", "..\\canary", "....//canary"),
    *("/etc/passwd", "//etc/passwd", "a/../../canary", "a/../../../../../../../../etc/passwd", "./../canary", "."),
    *(
        "canary\x00.json",
        "\x00",
        "..\x00/",
        "%00",
        "..%c0%afcanary",
        "\u2025/canary",
        "\uff0e\uff0e/canary",
        "~/canary",
    ),
    *("file:///etc/passwd", "C:\\canary", "CON", "a" * 300, "-rf", "$(id)", "`id`", ";id", "|id", "{{7*7}}", "%s%n"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Local, Endpoint, Path]]:
    root = tmp_path_factory.mktemp("world")
    (root / "canary").write_text(CANARY)
    (root / "canary.json").write_text(CANARY)
    local = open_store(root)
    with local.serve() as endpoint:
        yield local, endpoint, root
    local.release()


def outside(root: Path) -> dict[str, str]:
    """Everything around the store, and what in it is no client's: by name and content."""
    found = {}
    for folder, folders, files in os.walk(root):
        if Path(folder) == root / ".stepmill":
            # what clients put in, and what the engine writes as it lives
            folders[:] = [name for name in folders if name not in ("objects", "jobs", "functions")]
            files = [name for name in files if name in ("key.json", "endpoint.json", ".gitignore")]
        for name in files:
            path = Path(folder) / name
            found[str(path.relative_to(root))] = hashlib.sha256(path.read_bytes()).hexdigest()
        found |= {str((Path(folder) / name).relative_to(root)): "" for name in folders}
    return found


CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    ("s3", "create_bucket", {}, "Bucket"),
    ("s3", "delete_bucket", {}, "Bucket"),
    ("s3", "head_bucket", {}, "Bucket"),
    ("s3", "list_objects_v2", {}, "Bucket"),
    ("s3", "list_objects_v2", {"Bucket": "inside"}, "Prefix"),
    ("s3", "list_objects_v2", {"Bucket": "inside"}, "StartAfter"),
    ("s3", "list_objects_v2", {"Bucket": "inside"}, "ContinuationToken"),
    ("s3", "put_object", {"Bucket": "inside", "Body": b"x"}, "Key"),
    ("s3", "put_object", {"Key": "k", "Body": b"x"}, "Bucket"),
    ("s3", "get_object", {"Bucket": "inside"}, "Key"),
    ("s3", "get_object", {"Key": "canary"}, "Bucket"),
    ("s3", "head_object", {"Bucket": "inside"}, "Key"),
    ("s3", "delete_object", {"Bucket": "inside"}, "Key"),
    ("s3", "copy_object", {"Bucket": "inside", "Key": "copied"}, "CopySource"),
    ("s3", "create_multipart_upload", {"Bucket": "inside"}, "Key"),
    ("s3", "upload_part", {"Bucket": "inside", "Key": "k", "PartNumber": 1, "Body": b"x"}, "UploadId"),
    ("s3", "abort_multipart_upload", {"Bucket": "inside", "Key": "k"}, "UploadId"),
    ("s3", "list_parts", {"Bucket": "inside", "Key": "k"}, "UploadId"),
    ("s3", "complete_multipart_upload", {"Bucket": "inside", "Key": "k", "MultipartUpload": {"Parts": []}}, "UploadId"),
    ("lambda", "get_function", {}, "FunctionName"),
    ("lambda", "invoke", {}, "FunctionName"),
    ("lambda", "delete_function", {}, "FunctionName"),
    (
        "lambda",
        "create_function",
        {"Runtime": "python3.12", "Role": ROLE, "Handler": "a.b", "Code": {"ZipFile": b"PK\x05\x06" + b"\0" * 18}},
        "FunctionName",
    ),
    (
        "lambda",
        "create_function",
        {"FunctionName": "f", "Runtime": "python3.12", "Role": ROLE, "Handler": "a.b"},
        "Code.S3Key",
    ),
    ("stepfunctions", "create_state_machine", {"definition": "{}", "roleArn": ROLE}, "name"),
    ("stepfunctions", "describe_state_machine", {}, "stateMachineArn"),
    ("stepfunctions", "describe_execution", {}, "executionArn"),
    ("stepfunctions", "get_execution_history", {}, "executionArn"),
    ("stepfunctions", "stop_execution", {}, "executionArn"),
    ("sagemaker", "describe_processing_job", {}, "ProcessingJobName"),
    ("sagemaker", "stop_training_job", {}, "TrainingJobName"),
    (
        "sagemaker",
        "create_processing_job",
        {
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": "any", "ContainerEntrypoint": ["true"]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        },
        "ProcessingJobName",
    ),
    ("logs", "describe_log_streams", {}, "logGroupName"),
    ("logs", "filter_log_events", {}, "logGroupName"),
    ("logs", "get_log_events", {"logGroupName": "/aws/sagemaker/ProcessingJobs"}, "logStreamName"),
    ("logs", "get_log_events", {"logGroupName": "/aws/lambda/f", "logStreamName": "x"}, "nextToken"),
]


@pytest.mark.parametrize(
    ("service", "call", "request_", "member"), [pytest.param(*case, id=f"{case[1]}-{case[3]}") for case in CALLS]
)
def test_no_identifier_leads_out_of_the_store(
    served: tuple[Local, Endpoint, Path], service: str, call: str, request_: dict[str, Any], member: str
):
    _, endpoint, root = served
    from botocore.config import Config

    plain = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client = over_http(endpoint, service, config=plain)
    with_bucket = over_http(endpoint, "s3")
    with_bucket.create_bucket(Bucket="inside")
    with_bucket.close()
    before = outside(root)
    for word in UP:
        given: dict[str, Any] = dict(request_)
        if member == "Code.S3Key":
            given["Code"] = {"S3Bucket": "inside", "S3Key": word}
        elif member == "CopySource":
            given[member] = f"inside/{word}"
        else:
            given[member] = word
        try:
            answer = getattr(client, call)(**given)
            if "Body" in answer:
                assert CANARY not in answer["Body"].read().decode("utf-8", "replace")
            assert CANARY not in str(answer)
        except ClientError as refusal:
            status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
            if "\x00" in word and refusal.response["Error"]["Code"] == "500":
                continue  # botocore's own: it cannot read an XML that names such a key, which S3 sends too
            assert 400 <= status < 500 or status == 501, (word, refusal)
            assert CANARY not in str(refusal.response)
            assert str(root) not in str(refusal.response), "a refusal tells nobody where things lie"
        except (ParamValidationError, ValueError):
            pass  # botocore itself would not send it
    client.close()
    assert outside(root) == before


def connect(endpoint: Endpoint) -> socket.socket:
    host, _, port = endpoint.url[7:].rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_it_listens_on_loopback_alone(served: tuple[Local, Endpoint, Path]):
    _, endpoint, _ = served
    port = int(endpoint.url.rpartition(":")[2])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    mine = {row[1].split(":")[0] for row in listening if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
    assert mine == {"0100007F"}
    six = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    assert not [row for row in six if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]


def test_a_page_that_guessed_the_address_gets_nothing(served: tuple[Local, Endpoint, Path]):
    _, endpoint, _ = served
    for method, headers, status in (
        ("POST", {"Origin": "https://evil.example", "Content-Type": "text/plain"}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 405),
        ("GET", {"Host": "evil.example"}, 421),
        ("GET", {}, 403),
    ):
        connection = http.client.HTTPConnection(endpoint.url[7:], timeout=10)
        connection.request(method, "/", headers=headers)
        answer = connection.getresponse()
        assert answer.status == status
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control-allow")]
        assert endpoint.secret not in answer.read().decode()
        connection.close()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(served: tuple[Local, Endpoint, Path]):
    _, endpoint, _ = served
    with connect(endpoint) as line:
        head = f"POST / HTTP/1.1\r\nHost: {endpoint.url[7:]}\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\n"
        line.sendall(f"{head}Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 4")


def test_the_stores_files_are_its_users_alone(served: tuple[Local, Endpoint, Path]):
    _, _, root = served
    open_to_others = [
        str(path.relative_to(root))
        for path in (root / ".stepmill").rglob("*")
        if path.lstat().st_mode & 0o077 and not path.is_symlink() and path.name != ".gitignore"
    ]
    assert open_to_others == []
