"""The AWS CLI, unchanged and in an environment of its own, against a served store."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import code
from stores import PASS, ROLE, machine_text

CLI = os.environ.get("STEPMILL_AWSCLI", "")
MIB = 1 << 20
SMALL_FILES = 10_000
BIG = int(os.environ.get("STEPMILL_BIG_MIB", "5120")) * MIB  # the largest object that S3 takes in one part
MEMORY = 150  # MiB that the server may hold

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLI, reason="STEPMILL_AWSCLI names no folder with the AWS CLI; `make test-all` makes one"),
]
Aws = Callable[..., Any]


class Served:
    """A store served by a process of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        words = [sys.executable, "-m", "stepmill", "--store", str(root / ".stepmill"), "serve", "--port", "0", "--json"]
        with (root / "said").open("wb") as said_file:
            self.process = subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=said_file, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), (root / "said").read_text()
        said = subprocess.run([*words[:5], "env", "--json"], check=True, capture_output=True, text=True)
        self.environ = {**os.environ, **json.loads(said.stdout), "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull}

    def aws(self, *words: str, **more: Any) -> Any:
        """What a command answers: its JSON, or else its text."""
        done = subprocess.run(
            [f"{CLI}/aws", *words], cwd=self.root, env=self.environ, capture_output=True, text=True, check=False, **more
        )
        assert done.returncode == 0, f"aws {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    def memory(self) -> float:
        """The most MiB it ever held."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, (self.root / "said").read_text()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    yield served
    served.end()


@pytest.fixture
def aws(served: Served) -> Aws:
    return served.aws


def test_s3_from_bucket_to_presigned_url(aws: Aws, tmp_path: Path):
    aws("s3", "mb", "s3://cli-bucket")
    (tmp_path / "data").mkdir()
    for name in ("one.csv", "two words.csv", "三.csv"):
        (tmp_path / "data" / name).write_text(name)
    aws("s3", "cp", "--recursive", str(tmp_path / "data"), "s3://cli-bucket/data/")
    assert [line.split(maxsplit=3)[3] for line in aws("s3", "ls", "s3://cli-bucket/data/").splitlines()] == [
        "one.csv",
        "two words.csv",
        "三.csv",
    ]
    aws("s3", "mv", "s3://cli-bucket/data/one.csv", "s3://cli-bucket/moved/one.csv")
    aws("s3", "sync", "s3://cli-bucket/", str(tmp_path / "back"))
    assert (tmp_path / "back" / "moved" / "one.csv").read_text() == "one.csv"
    assert (tmp_path / "back" / "data" / "三.csv").read_text() == "三.csv"
    assert aws("s3", "cp", "s3://cli-bucket/moved/one.csv", "-") == "one.csv"
    head = aws("s3api", "head-object", "--bucket", "cli-bucket", "--key", "moved/one.csv")
    assert (head["ContentLength"], head["ContentType"]) == (7, "text/csv")
    with urllib.request.urlopen(aws("s3", "presign", "s3://cli-bucket/moved/one.csv").strip()) as answer:
        assert answer.read() == b"one.csv"
    aws("s3", "rb", "--force", "s3://cli-bucket")
    assert "cli-bucket" not in str(aws("s3", "ls"))


def test_step_functions_from_machine_to_history(aws: Aws):
    arn = aws("stepfunctions", "create-state-machine", "--name", "cli", "--role-arn", ROLE, "--definition",
              machine_text(Done=PASS))["stateMachineArn"]  # fmt: skip
    run = aws("stepfunctions", "start-execution", "--state-machine-arn", arn, "--input", '{"a": 1}')["executionArn"]
    until = time.monotonic() + 30
    while aws("stepfunctions", "describe-execution", "--execution-arn", run)["status"] == "RUNNING":
        assert time.monotonic() < until
    events = aws("stepfunctions", "get-execution-history", "--execution-arn", run)["events"]
    assert [event["type"] for event in events][-1] == "ExecutionSucceeded"
    assert aws("stepfunctions", "list-executions", "--state-machine-arn", arn)["executions"][0]["executionArn"] == run
    aws("stepfunctions", "delete-state-machine", "--state-machine-arn", arn)


def test_lambda_from_zip_to_log(aws: Aws, tmp_path: Path):
    (tmp_path / "f.zip").write_bytes(code(tmp_path, "def handler(e, c):\n    print('seen', e)\n    return e\n"))
    aws("lambda", "create-function", "--function-name", "cli", "--runtime", "python3.12", "--role", ROLE, "--handler",
        "app.handler", "--zip-file", f"fileb://{tmp_path}/f.zip")  # fmt: skip
    aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    aws("lambda", "invoke", "--function-name", "cli", "--payload", '{"n": 1}', f"{tmp_path}/out")
    assert json.loads((tmp_path / "out").read_text()) == {"n": 1}
    events = aws("logs", "filter-log-events", "--log-group-name", "/aws/lambda/cli", "--filter-pattern", "seen")[
        "events"
    ]
    assert [event["message"].strip() for event in events] == ["seen {'n': 1}"]
    aws("lambda", "delete-function", "--function-name", "cli")


def test_sagemaker_from_job_to_log(aws: Aws):
    request = {
        "ProcessingJobName": "cli-job",
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "any", "ContainerEntrypoint": ["python3", "-c", "print('from the job')"]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    aws("sagemaker", "create-processing-job", "--cli-input-json", json.dumps(request))
    until = time.monotonic() + 60
    while aws("sagemaker", "describe-processing-job", "--processing-job-name", "cli-job")["ProcessingJobStatus"] in (
        "InProgress",
        "Stopping",
    ):
        assert time.monotonic() < until
    assert aws("sagemaker", "list-processing-jobs")["ProcessingJobSummaries"][0]["ProcessingJobStatus"] == "Completed"
    group = "/aws/sagemaker/ProcessingJobs"
    stream = aws("logs", "describe-log-streams", "--log-group-name", group)["logStreams"][0]["logStreamName"]
    events = aws("logs", "get-log-events", "--log-group-name", group, "--log-stream-name", stream)["events"]
    assert [event["message"] for event in events] == ["from the job"]


def test_ten_thousand_small_files_go_up_and_come_back(served: Served, aws: Aws, tmp_path: Path):
    source = tmp_path / "source"
    for number in range(SMALL_FILES):
        folder = source / f"part={number % 100:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}.json").write_text(f'{{"number": {number}}}\n' * (number % 7))
    aws("s3", "mb", "s3://many")
    aws("s3", "sync", "--only-show-errors", str(source), "s3://many/data")
    aws("s3", "sync", "--only-show-errors", "s3://many/data", str(tmp_path / "back"))
    names = [str(path.relative_to(source)) for path in source.rglob("*.json")]
    assert len(names) == SMALL_FILES
    assert filecmp.cmpfiles(source, tmp_path / "back", names, shallow=False)[1:] == ([], [])
    assert served.memory() <= MEMORY


def test_one_object_of_five_gib_goes_up_in_parts_and_comes_back(served: Served, aws: Aws, tmp_path: Path):
    source = tmp_path / "source"
    with source.open("wb") as file:
        piece = os.urandom(16 * MIB)
        for number in range(BIG // len(piece)):
            file.write(number.to_bytes(8, "big") + piece[8:])
    aws("s3", "mb", "s3://big")
    aws("s3", "cp", "--only-show-errors", str(source), "s3://big/object")
    head = aws("s3api", "head-object", "--bucket", "big", "--key", "object")
    assert head["ContentLength"] == source.stat().st_size
    assert head["ETag"].rstrip('"').rpartition("-")[2].isdigit(), "it went up in parts"
    aws("s3", "cp", "--only-show-errors", "s3://big/object", str(tmp_path / "back"))
    assert subprocess.run(["cmp", source, tmp_path / "back"], check=False).returncode == 0
    for path in (source, tmp_path / "back"):
        path.unlink()  # this much is not left to whoever cleans up the folder
    aws("s3", "rm", "s3://big/object")
    assert served.memory() <= MEMORY
