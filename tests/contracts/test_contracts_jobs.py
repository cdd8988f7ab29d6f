"""SageMaker's jobs, their logs, and who one is, as boto3 sees them."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/j"
RESOURCES = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
SCRIPT = "print('loss=0.25'); print('done – 終わり')"


@pytest.fixture
def sagemaker(client: Any) -> Any:
    return client("sagemaker")


def processing(sagemaker: Any, script: str = SCRIPT) -> str:
    name = f"p-{uuid.uuid4().hex[:12]}"
    made = sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=ROLE,
        AppSpecification={"ImageUri": "any", "ContainerEntrypoint": ["python3", "-c", script]},
        ProcessingResources=RESOURCES,
        Tags=[{"Key": "team", "Value": "ml"}],
    )
    assert made["ProcessingJobArn"] == f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{name}"
    return name


def training(sagemaker: Any) -> str:
    name = f"t-{uuid.uuid4().hex[:12]}"
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={
            "TrainingImage": "any",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python3", "-c"],
            "ContainerArguments": [SCRIPT],
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        },
        OutputDataConfig={"S3OutputPath": "s3://stepmill-local/models"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        HyperParameters={"epochs": "1"},
    )
    return name


def quickly(sagemaker: Any, waiter: str, **request: Any) -> None:
    sagemaker.get_waiter(waiter).wait(**request, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})


def test_a_processing_job_is_made_described_listed_and_its_log_read(sagemaker: Any, client: Any):
    name = processing(sagemaker)
    quickly(sagemaker, "processing_job_completed_or_stopped", ProcessingJobName=name)
    found = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert found["ProcessingJobStatus"] == "Completed"
    assert isinstance(found["ProcessingEndTime"], datetime.datetime)
    listed = sagemaker.list_processing_jobs(NameContains=name, StatusEquals="Completed", SortBy="CreationTime")
    assert [row["ProcessingJobName"] for row in listed["ProcessingJobSummaries"]] == [name]
    logs, group = client("logs"), "/aws/sagemaker/ProcessingJobs"
    assert group in [row["logGroupName"] for row in logs.describe_log_groups()["logGroups"]]
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"]
    assert [row["logStreamName"].partition("/")[0] for row in streams] == [name]
    page = logs.get_log_events(
        logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True, limit=1
    )
    assert [event["message"] for event in page["events"]] == ["loss=0.25"]
    rest = logs.get_log_events(
        logGroupName=group, logStreamName=streams[0]["logStreamName"], nextToken=page["nextForwardToken"]
    )
    assert [event["message"] for event in rest["events"]] == ["done – 終わり"]
    found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=name, filterPattern="loss")
    assert [event["message"] for event in found["events"]] == ["loss=0.25"]


def test_a_jobs_tags_are_kept(sagemaker: Any):
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{processing(sagemaker)}"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "env", "Value": "dev"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "env", "Value": "dev"}]


def test_a_training_job_gives_its_metrics_and_its_model(sagemaker: Any):
    name = training(sagemaker)
    quickly(sagemaker, "training_job_completed_or_stopped", TrainingJobName=name)
    found = sagemaker.describe_training_job(TrainingJobName=name)
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == ("Completed", "Completed")
    assert found["FinalMetricDataList"][0]["MetricName"] == "loss"
    assert found["HyperParameters"] == {"epochs": "1"}
    assert name in [row["TrainingJobName"] for row in sagemaker.list_training_jobs()["TrainingJobSummaries"]]


def test_a_job_is_stopped(sagemaker: Any):
    name = processing(sagemaker, "import time; time.sleep(600)")
    sagemaker.stop_processing_job(ProcessingJobName=name)
    quickly(sagemaker, "processing_job_completed_or_stopped", ProcessingJobName=name)
    assert sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopped"
    other = training(sagemaker)
    quickly(sagemaker, "training_job_completed_or_stopped", TrainingJobName=other)
    with pytest.raises(ClientError) as caught:
        sagemaker.stop_training_job(TrainingJobName=other)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_name_is_used_once_and_an_unknown_one_is_refused(sagemaker: Any):
    name = training(sagemaker)
    request = {**{k: v for k, v in sagemaker.describe_training_job(TrainingJobName=name).items() if k in _ASKED}}
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_training_job(**request)
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_training_job(TrainingJobName="nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError) as caught:
        sagemaker.describe_processing_job(ProcessingJobName="nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


_ASKED = {
    *("TrainingJobName", "RoleArn", "AlgorithmSpecification", "OutputDataConfig", "ResourceConfig"),
    *("StoppingCondition",),
}


def test_who_asks_is_somebody_of_the_account(client: Any):
    found = client("sts").get_caller_identity()
    assert found["Account"] == "000000000000"
    assert found["Arn"].startswith("arn:aws:")


def test_logs_are_read_here_and_not_written(client: Any):
    logs = client("logs")
    with pytest.raises(ClientError) as caught:
        logs.create_log_group(logGroupName="mine")
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(logGroupName="nobody", logStreamName="nothing")


def test_what_we_do_not_own_of_sagemaker_is_motos(sagemaker: Any):
    assert sagemaker.list_models()["Models"] == []
