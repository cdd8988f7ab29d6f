"""What the service refuses although every field is well formed."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.sagemaker.rules import refusal

TRAINING: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::123456789012:role/jobs",
    "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 10},
}
PROCESSING: dict[str, Any] = {
    "ProcessingJobName": "job",
    "RoleArn": "arn:aws:iam::123456789012:role/jobs",
    "AppSpecification": {"ImageUri": "i"},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
}


def data(name: str = "a", path: str | None = "/opt/ml/processing/a", **more: Any) -> dict[str, Any]:
    place = {} if path is None else {"LocalPath": path}
    source = {"S3Uri": "s3://b/a", "S3DataType": "S3Prefix", "S3InputMode": "File", **place, **more}
    return {"InputName": name, "S3Input": source}


def channel(name: str) -> dict[str, Any]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/a"}}}


def test_good_requests_are_taken() -> None:
    assert refusal("CreateTrainingJob", {**TRAINING, "InputDataConfig": [channel("a"), channel("b")]}) is None
    assert refusal("CreateProcessingJob", {**PROCESSING, "ProcessingInputs": [data()]}) is None
    assert refusal("DescribeTrainingJob", {"TrainingJobName": "job"}) is None


def test_a_broken_shape_is_told_before_a_broken_rule() -> None:
    message = refusal("CreateTrainingJob", {**TRAINING, "TrainingJobName": "a" * 64})
    assert message is not None
    assert message.startswith("2 validation errors detected: Value 'aaa")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 20}}, "only supported when Enable"),
        ({"EnableManagedSpotTraining": True}, "must be present and be greater"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 5},
            },
            "must be present and be greater",
        ),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "Exactly one of"),
        ({"InputDataConfig": [channel("a"), channel("a")]}, "ChannelName a is used more than once"),
    ],
)
def test_training_rules(change: dict[str, Any], words: str) -> None:
    assert words in (refusal("CreateTrainingJob", {**TRAINING, **change}) or "")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([data(path=None)], "missing one or more required fields for SageMaker-managed S3Input"),
        ([data(path="/data")], "must begin with /opt/ml/processing/"),
        ([data(), data("b")], "used by more than one input"),
        ([data(), data(path="/opt/ml/processing/b")], "InputName a is used more than once"),
        ([data(S3CompressionType="Gzip")], "only supported with S3InputMode Pipe"),
        ([{"InputName": "a"}], "neither S3Input nor DatasetDefinition"),
    ],
)
def test_processing_rules(inputs: list[dict[str, Any]], words: str) -> None:
    assert words in (refusal("CreateProcessingJob", {**PROCESSING, "ProcessingInputs": inputs}) or "")


def test_what_the_application_manages_needs_no_place() -> None:
    managed = {**data(path=None), "AppManaged": True}
    assert refusal("CreateProcessingJob", {**PROCESSING, "ProcessingInputs": [managed]}) is None
