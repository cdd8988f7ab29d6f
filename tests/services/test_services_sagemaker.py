"""SageMaker's jobs by name: made once, described, listed, stopped."""

from __future__ import annotations

from typing import Any

import pytest

from shapes import check
from stepmill.local import Local
from stepmill.services.job_lists import listed
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
    assert refused(lambda: describe(local, "none")) == (
        "ValidationException",
        "Could not find requested job with name: none",
    )
    training = {"TrainingJobName": "none"}
    for operation in ("DescribeTrainingJob", "StopTrainingJob"):
        assert refused(lambda name=operation: local.call("sagemaker", name, training)) == (
            "ValidationException",
            "Requested resource not found.",
        )
    assert refused(lambda: local.call("sagemaker", "DescribeProcessingJob", {}))[0] == "ValidationException"
    assert refused(lambda: local.call("sagemaker", "CreateProcessingJob", {}))[0] == "ValidationException"
    assert local.jobs.list() == []


def test_a_job_that_ended_cannot_be_stopped(local: Local):
    local.call("sagemaker", "CreateProcessingJob", processing("job", "python", "-c", ""))
    job = local.jobs.find("processing", "job")
    assert job is not None
    assert job.wait(20)
    assert refused(lambda: local.call("sagemaker", "StopProcessingJob", {"ProcessingJobName": "job"})) == (
        "ValidationException",
        "The request was rejected because the processing job is in status Completed.",
    )


ROWS = [
    {"TrainingJobName": name, "TrainingJobStatus": status, "CreationTime": made, "LastModifiedTime": made + 5}
    for name, status, made in (("c", "Failed", 30.0), ("b", "Completed", 20.0), ("a", "Completed", 10.0))
]


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({}, "cba"),
        ({"SortOrder": "Ascending"}, "abc"),
        ({"SortBy": "Name"}, "cba"),
        ({"SortBy": "Status", "SortOrder": "Ascending"}, "abc"),
        ({"StatusEquals": "Completed"}, "ba"),
        ({"NameContains": "a"}, "a"),
        ({"CreationTimeAfter": 10.0}, "cb"),
        ({"CreationTimeBefore": 30.0, "CreationTimeAfter": 5}, "ba"),
        ({"LastModifiedTimeAfter": 25.0}, "c"),
        ({"LastModifiedTimeBefore": 25.0}, "a"),
        ({"MaxResults": 2}, "cb"),
    ],
)
def test_lists_are_filtered_and_sorted(request_: dict[str, Any], names: str):
    page = listed("TrainingJob", ROWS, request_)
    assert "".join(row["TrainingJobName"] for row in page["TrainingJobSummaries"]) == names


def test_a_list_goes_on_after_the_last_of_its_page():
    seen, more = "", {}
    for _ in range(3):
        page = listed("TrainingJob", ROWS, {"MaxResults": 1, **more})
        seen += page["TrainingJobSummaries"][0]["TrainingJobName"]
        more = {"NextToken": page.get("NextToken")}
    assert (seen, more) == ("cba", {"NextToken": None})


@pytest.mark.parametrize(
    "request_",
    [
        {"SortBy": "Size"},
        {"StatusEquals": "Lost"},
        {"MaxResults": 101},
        {"MaxResults": 0},
        {"NextToken": "x"},
        {"WarmPoolStatusEquals": "Available"},
    ],
)
def test_a_list_refuses_what_it_cannot_answer(request_: dict[str, Any]):
    assert refused(lambda: listed("TrainingJob", ROWS, request_))[0] == "ValidationException"


def test_every_answer_about_a_job_has_the_shape_of_aws(local: Local):
    local.call("sagemaker", "CreateProcessingJob", processing("job", "python", "-c", "raise SystemExit(3)"))
    job = local.jobs.find("processing", "job")
    assert job is not None
    check("sagemaker", "DescribeProcessingJob", describe(local, "job"))
    assert job.wait(20)
    check("sagemaker", "DescribeProcessingJob", describe(local, "job"))
    listed_ = local.call("sagemaker", "ListProcessingJobs", {})
    check("sagemaker", "ListProcessingJobs", listed_)
    assert listed_["ProcessingJobSummaries"][0]["FailureReason"].startswith("AlgorithmError")
    training = {
        "TrainingJobName": "t",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "-c", "print('loss=0.5;')"],
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*?);"}],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://stepmill-local/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    local.call("sagemaker", "CreateTrainingJob", training)
    begun = local.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "t"})
    check("sagemaker", "DescribeTrainingJob", begun, without="ModelArtifacts")
    job = local.jobs.find("training", "t")
    assert job is not None
    assert job.wait(20)
    ended = local.call("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "t"})
    check("sagemaker", "DescribeTrainingJob", ended)
    assert ended["FinalMetricDataList"][0]["Value"] == 0.5
    check("sagemaker", "ListTrainingJobs", local.call("sagemaker", "ListTrainingJobs", {}))


def test_tags_of_a_job_are_those_it_was_made_with_and_can_be_changed(local: Local):
    made = local.call("sagemaker", "CreateProcessingJob", processing("job", "python", "-c", ""))
    arn = made["ProcessingJobArn"]
    tags = local.call("sagemaker", "ListTags", {"ResourceArn": arn})
    check("sagemaker", "ListTags", tags)
    assert tags == {"Tags": [{"Key": "a", "Value": "b"}]}
    added = local.call("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": [{"Key": "c", "Value": "d"}]})
    check("sagemaker", "AddTags", added)
    local.call("sagemaker", "DeleteTags", {"ResourceArn": arn, "TagKeys": ["a"]})
    assert local.call("sagemaker", "ListTags", {"ResourceArn": arn}) == {"Tags": [{"Key": "c", "Value": "d"}]}
    other = arn.replace("/job", "/none")
    assert refused(lambda: local.call("sagemaker", "ListTags", {"ResourceArn": other}))[0] == "ValidationException"
    job = local.jobs.find("processing", "job")
    assert job is not None
    assert job.wait(20)


def test_who_asks_is_the_one_user_of_this_machine(local: Local):
    answer = local.call("sts", "GetCallerIdentity", {})
    check("sts", "GetCallerIdentity", answer)
    assert (answer["Account"], answer["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:user/stepmill")
