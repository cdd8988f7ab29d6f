"""What a Task state gets from the services of this machine: results, errors and causes in AWS's shapes."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from services.test_services_lambda import function as function
from services.test_services_sagemaker import processing
from stepmill.clock import SystemClock
from stepmill.engine.signals import Act, Finished, Signal, Submitted
from stepmill.functions import Functions, request_of
from stepmill.history.log import MemoryHistory
from stepmill.jobs.job import Jobs
from stepmill.local import Local
from stepmill.local.surroundings import LocalSurroundings
from stepmill.services.operations import Operations, operation
from stepmill.services.sagemaker import SageMaker
from stepmill.services.states.activities import Activities
from stepmill.services.states.tokens import Told
from stepmill.services.tasks import Tasks
from stepmill.stage import load_settings
from stores import create, refused, run, task

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")


def test_lambda_invoke_gives_the_payload_and_the_sdks_words_about_it(local: Local, function: str):
    ended = run(local, task("lambda:invoke", FunctionName=function, Payload={"n": 1}))
    assert json.loads(ended["output"]) == {
        "ExecutedVersion": "$LATEST",
        "Payload": {"event": {"n": 1}, "who": None},
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request_of(f"{ended['executionArn']}#3")},
        "StatusCode": 200,
    }


def test_a_function_that_raises_fails_its_task_under_its_own_error(local: Local, function: str):
    ended = run(local, task("lambda:invoke", FunctionName=function, Payload='"raise"'))
    assert (ended["status"], ended["error"]) == ("FAILED", "KeyError")
    assert json.loads(ended["cause"])["errorMessage"] == "'no'"


def test_a_text_as_payload_is_the_payloads_own_json(local: Local, function: str):
    ended = run(local, task("lambda:invoke", FunctionName=function, Payload='{"n": [1]}'))
    assert json.loads(ended["output"])["Payload"]["event"] == {"n": [1]}
    ended = run(local, task("lambda:invoke", FunctionName=function, Payload="no json"), name="text")
    assert ended["error"] == "Lambda.InvalidRequestContentException"


def test_a_missing_function_and_a_missing_object_are_errors_with_causes_as_on_aws(local: Local):
    ended = run(local, task("lambda:invoke", FunctionName="none"), name="one")
    assert ended["error"] == "Lambda.ResourceNotFoundException"
    arn = "arn:aws:lambda:us-east-1:000000000000:function:none:$LATEST"
    assert re.fullmatch(
        rf"Function not found: {re.escape(arn)} \(Service: AWSLambda; Status Code: 404; Error Code: "
        rf"ResourceNotFoundException; Request ID: {UUID.pattern}; Proxy: null\)",
        ended["cause"],
    )
    ended = run(local, task("aws-sdk:s3:getObject", Bucket="stepmill-local", Key="none"), name="two")
    assert ended["error"] == "S3.NoSuchKeyException"
    assert ended["cause"].startswith("The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ")


def test_an_object_reads_as_text_and_its_time_as_iso_8601(local: Local):
    local.call("s3", "PutObject", {"Bucket": "stepmill-local", "Key": "k", "Body": "本文"})
    output = json.loads(run(local, task("aws-sdk:s3:getObject", Bucket="stepmill-local", Key="k"))["output"])
    assert output["Body"] == "本文"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", output["LastModified"])
    assert "SdkResponseMetadata" not in output


def test_a_job_that_ran_gives_milliseconds_and_its_tags_as_a_map(local: Local):
    request = processing("good", "python", "-c", "print(1)")
    ended = run(local, task("sagemaker:createProcessingJob.sync", **request))
    output = json.loads(ended["output"])
    assert output["Tags"] == {
        "a": "b",
        "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        "AWS_STEP_FUNCTIONS_EXECUTION_ARN": ended["executionArn"],
    }
    assert output["ProcessingJobStatus"] == "Completed"
    assert abs(output["ProcessingEndTime"] - time.time() * 1000) < 60_000
    read = task("aws-sdk:sagemaker:describeProcessingJob", ProcessingJobName="good")
    described = json.loads(run(local, read, name="read")["output"])
    assert described["ProcessingEndTime"].endswith("Z")


def test_a_job_that_failed_is_a_failed_task_whose_cause_is_its_description(local: Local):
    request = processing("bad", "python", "-c", "raise SystemExit(3)")
    ended = run(local, task("sagemaker:createProcessingJob.sync", **request))
    assert ended["error"] == "States.TaskFailed"
    assert json.loads(ended["cause"])["ProcessingJobStatus"] == "Failed"
    again = run(local, task("sagemaker:createProcessingJob.sync", **request), name="again")
    assert again["error"] == "SageMaker.ResourceInUseException"
    assert "Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse; " in again["cause"]


def test_a_stop_reaches_the_job_that_runs_and_the_one_that_waits_for_its_turn(local: Local, tmp_path: Path):
    # more jobs than may be started at a time: some wait in the queue when the stop comes
    many = (os.cpu_count() or 1) + 3
    mark = tmp_path / "started"
    script = f"import time; open({str(mark)!r}, 'a').write('x'); time.sleep(60)"
    request: dict[str, Any] = processing("x", "python", "-c", script)
    branches = []
    for number in range(many):
        text = task("sagemaker:createProcessingJob.sync", **request | {"ProcessingJobName": f"j{number}"})
        one = json.loads(text.replace('"T"', f'"T{number}"'))
        one.pop("QueryLanguage")
        branches.append(one)
    text = json.dumps(
        {
            "StartAt": "P",
            "QueryLanguage": "JSONata",
            "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}},
        }
    )
    arn = local.call("states", "StartExecution", {"stateMachineArn": create(local, "p", text)})["executionArn"]
    until = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < until:
        threading.Event().wait(0.02)
    local.interrupt(arn)
    assert local.call("states", "DescribeExecution", {"executionArn": arn})["status"] == "ABORTED"
    jobs = local.jobs_of(arn)
    assert jobs
    assert all(job.wait(20) for job in jobs)
    assert len(mark.read_text()) <= len(jobs) < many
    assert refused(lambda: local.call("states", "StopExecution", {"executionArn": arn + "x"}))[0] == (
        "ExecutionDoesNotExist"
    )


class HandedOver:
    """SageMaker's own service; the owner lets its store go in the moment in which a job has been created."""

    def __init__(self, sagemaker: SageMaker) -> None:
        self.sagemaker = sagemaker
        self.tasks: Tasks | None = None

    @operation("CreateProcessingJob")
    def create(self, request: dict[str, Any], *, token: str | None = None) -> dict[str, Any]:
        created = self.sagemaker.create_processing_job(request, token=token)
        assert self.tasks is not None
        self.tasks.close()
        return created


def test_a_job_that_was_created_while_the_store_changed_hands_runs_on(tmp_path: Path):
    settings = load_settings(tmp_path, {}, store=str(tmp_path / ".stepmill"), cache=str(tmp_path / "cache"))
    jobs = Jobs(tmp_path / "jobs", tmp_path / "objects")
    real = SageMaker(jobs, LocalSurroundings(settings), region="us-east-1", account="000000000000", grace=1)
    door, operations = HandedOver(real), Operations()
    operations.add("sagemaker", door)
    nobody = Told(lambda: pytest.fail("nothing is told here"))
    activities = Activities(MemoryHistory(), nobody, SystemClock(), region="us-east-1", account="000000000000")
    door.tasks = Tasks(operations, real, Functions(tmp_path / "functions"), activities, nobody, calls=1, jobs=1)
    gate = tmp_path / "gate"
    waits = f"import os, time; [time.sleep(0.01) for _ in iter(lambda: os.path.exists({str(gate)!r}), True)]"
    request = processing("kept", "python", "-c", waits)
    resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    told: SimpleQueue[Signal] = SimpleQueue()
    door.tasks.perform(Act("run#3", "run", "T", resource, request, False, 0.0, None), told.put)
    assert isinstance(told.get(timeout=20), Submitted)
    gate.touch()  # lets the job end
    assert isinstance(told.get(timeout=20), Finished)
    job = jobs.find("processing", "kept")
    assert job is not None
    assert job.state().status == "Completed"
