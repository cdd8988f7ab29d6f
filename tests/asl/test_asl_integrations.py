"""The one table of what a Task can call."""

from __future__ import annotations

import pytest

from stepmill.asl.integrations import INTEGRATIONS, UnknownIntegration, error_cause, error_name, integration

STATES = "arn:aws:states:::"


def test_every_row_is_found_by_its_own_arn() -> None:
    assert len({row.arn for row in INTEGRATIONS}) == len(INTEGRATIONS)
    for row in INTEGRATIONS:
        assert integration(row.arn) == row


def test_a_training_job_is_waited_for_only_when_asked() -> None:
    sync = integration(STATES + "sagemaker:createTrainingJob.sync")
    request = integration(STATES + "sagemaker:createTrainingJob")
    assert (sync.pattern, request.pattern) == ("sync", "request")
    assert sync.operation == request.operation == "CreateTrainingJob"
    assert (sync.resource_type, sync.resource) == ("sagemaker", "createTrainingJob.sync")
    assert sync.job == "training"
    assert integration(STATES + "sagemaker:createProcessingJob.sync").job == "processing"
    assert "sagemaker:StopTrainingJob" in sync.actions
    assert "sagemaker:StopTrainingJob" not in request.actions


def test_an_sdk_integration_names_its_service_as_aws_does() -> None:
    row = integration("arn:aws-cn:states:::aws-sdk:s3:listObjectsV2")
    assert (row.resource_type, row.resource, row.service, row.operation) == (
        "aws-sdk:s3", "listObjectsV2", "s3", "ListObjectsV2"
    )  # fmt: skip
    assert not row.optimised


def test_the_arn_of_a_function_is_a_resource_of_its_own() -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:digits-notify"
    row = integration(arn)
    assert (row.service, row.operation, row.function, row.resource, row.arn) == ("lambda", "Invoke", arn, arn, arn)
    assert row.required == ()


@pytest.mark.parametrize(
    ("resource", "near"),
    [
        ("arn:aws:states:::sagemaker:createTrainingJob.synch", STATES + "sagemaker:createTrainingJob.sync"),
        ("arn:aws:states:::aws-sdk:s3:getObjekt", STATES + "aws-sdk:s3:getObject"),
        ("arn:aws:states:::lambda:invokes", STATES + "lambda:invoke"),
        ("zzz", None),
    ],
)
def test_an_unknown_resource_is_refused_with_the_nearest(resource: str, near: str | None) -> None:
    with pytest.raises(UnknownIntegration) as refused:
        integration(resource)
    assert refused.value.near == near
    assert resource in str(refused.value)


@pytest.mark.parametrize(
    ("resource", "code", "error"),
    [
        ("aws-sdk:s3:getObject", "NoSuchKey", "S3.NoSuchKeyException"),
        ("aws-sdk:s3:getObject", "NoSuchBucket", "S3.NoSuchBucketException"),
        ("aws-sdk:s3:getObject", "AccessDenied", "S3.S3Exception"),
        ("aws-sdk:sagemaker:describeTrainingJob", "ResourceNotFound", "SageMaker.ResourceNotFoundException"),
        ("aws-sdk:sagemaker:describeTrainingJob", "ValidationException", "SageMaker.SageMakerException"),
        ("sagemaker:createTrainingJob.sync", "ValidationException", "SageMaker.AmazonSageMakerException"),
        ("sagemaker:createTrainingJob.sync", "ThrottlingException", "SageMaker.AmazonSageMakerException"),
        ("sagemaker:createTrainingJob.sync", "ResourceInUse", "SageMaker.ResourceInUseException"),
        ("sagemaker:createTrainingJob", "ResourceLimitExceeded", "SageMaker.ResourceLimitExceededException"),
        ("lambda:invoke", "ResourceNotFoundException", "Lambda.ResourceNotFoundException"),
        ("lambda:invoke", "AccessDeniedException", "Lambda.AWSLambdaException"),
    ],
)
def test_a_service_error_has_the_name_that_states_see(resource: str, code: str, error: str) -> None:
    assert error_name(integration(STATES + resource), code) == error


def test_a_service_error_has_the_cause_of_its_kind_of_integration() -> None:
    sdk = integration(STATES + "aws-sdk:s3:getObject")
    assert error_cause(sdk, "NoSuchKey", "The specified key does not exist.", 404, "R") == (
        "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: R, Extended Request ID: R)"
    )
    optimised = integration(STATES + "lambda:invoke")
    assert error_cause(optimised, "ResourceNotFoundException", "Function not found: f", 404, "R") == (
        "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; "
        "Request ID: R; Proxy: null)"
    )
