"""SageMaker's jobs by name: made once, described, listed, stopped."""

from __future__ import annotations

from typing import Any

from stepmill.local import Local
from stores import ROLE, refused


def processing(name: str, *command: str) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": list(command)},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def describe(local: Local, name: str) -> dict[str, Any]:
    return local.call("sagemaker", "DescribeProcessingJob", {"ProcessingJobName": name})


def test_a_job_is_made_once_described_listed_and_stopped(local: Local):
    request = processing("job", "python", "-c", "import time; time.sleep(60)")
    arn = local.call("sagemaker", "CreateProcessingJob", request, token="t")["ProcessingJobArn"]
    assert local.call("sagemaker", "CreateProcessingJob", request, token="t")["ProcessingJobArn"] == arn
    used = refused(lambda: local.call("sagemaker", "CreateProcessingJob", request))
    assert used[0] == "ResourceInUse"
    assert arn in used[1]
    described = describe(local, "job")
    assert (described["ProcessingJobStatus"], described["ProcessingJobArn"]) == ("InProgress", arn)
    assert "Tags" not in described
    assert "ProcessingEndTime" not in described
    local.call("sagemaker", "StopProcessingJob", {"ProcessingJobName": "job"})
    job = local.jobs.find("processing", "job")
    assert job is not None
    assert job.wait(20)
    assert describe(local, "job")["ProcessingJobStatus"] == "Stopped"
    listed = local.call("sagemaker", "ListProcessingJobs", {"StatusEquals": "Stopped", "NameContains": "jo"})
    assert [row["ProcessingJobName"] for row in listed["ProcessingJobSummaries"]] == ["job"]


def test_what_sagemaker_refuses_makes_no_job(local: Local):
    assert refused(lambda: describe(local, "none"))[0] == "ResourceNotFound"
    assert refused(lambda: local.call("sagemaker", "DescribeProcessingJob", {}))[0] == "ValidationException"
    assert refused(lambda: local.call("sagemaker", "CreateProcessingJob", {}))[0] == "ValidationException"
    assert refused(lambda: local.call("sagemaker", "ListTrainingJobs", {"SortBy": "Name"}))[0] == "ValidationException"
    assert local.jobs.list() == []
