"""The stack that all workflows of a stage share: a bucket, a repository of images, and a project that builds them.

In: a Stage. Out: a CloudFormation template. Touches: nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy.naming import ACCOUNT, PARTITION, REGION, bucket, repository, tag_list, value
from stepmill.deploy.templates.pieces import iam_role, log_group

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage

# An incomplete upload costs money and is seen nowhere; seven days outlive any upload.
_ABORT_DAYS: Final = 7
_IMAGES_KEPT: Final = 500
# Kept when the stack goes, but not when the very deployment that made it fails: the next one would find it in its way.
_KEPT: Final = "RetainExceptOnCreate"
_BUILDSPEC: Final = """\
version: 0.2
phases:
  pre_build:
    commands:
      - aws s3 cp "$CONTEXT" context.tar
      - mkdir context && tar -xf context.tar -C context
      - aws ecr get-login-password | docker login --username AWS --password-stdin "${IMAGE%%/*}"
  build:
    commands:
      - docker build --tag "$IMAGE" context
  post_build:
    commands:
      - '[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] && docker push "$IMAGE"'
"""


def base_template(stage: Stage) -> dict[str, Any]:
    """The template of the base stack. What the stage brings along (a bucket, a repository) is left out of it."""
    resources: dict[str, Any] = {}
    if stage.bucket is None:
        resources |= {"Bucket": _bucket(stage), "BucketPolicy": _bucket_policy()}
    if stage.repository is None:
        resources["Images"] = _repository(stage)
    logs = log_group(f"/aws/codebuild/stepmill-{stage.name}", tag_list(None, stage), stage)
    resources |= {"BuildRole": _build_role(stage), "Builds": _builds(stage), "BuildLogs": logs}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Stepmill, stage {stage.name}: what its workflows share.",
        "Resources": resources,
        "Outputs": {"Bucket": {"Value": value(bucket(stage))}, "Repository": {"Value": repository(stage)}},
    }


def _bucket(stage: Stage) -> dict[str, Any]:
    abort = {
        "Id": "uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _ABORT_DAYS},
    }
    encryption = {"SSEAlgorithm": "AES256"}
    if stage.kms_key is not None:
        encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": stage.kms_key}
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": _KEPT,
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": value(bucket(stage)),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": stage.kms_key is not None}
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": [abort]},
            "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            "Tags": tag_list(None, stage),
        },
    }


def _bucket_policy() -> dict[str, Any]:
    both = [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]
    deny = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [deny]},
        },
    }


def _repository(stage: Stage) -> dict[str, Any]:
    rule = {
        "rulePriority": 1,
        "description": f"keep the last {_IMAGES_KEPT} images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": _IMAGES_KEPT},
        "action": {"type": "expire"},
    }
    return {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": _KEPT,
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "RepositoryName": repository(stage),
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": [rule]})},
            "Tags": tag_list(None, stage),
        },
    }


def _build_role(stage: Stage) -> dict[str, Any]:
    ecr = f"arn:{PARTITION}:ecr:{REGION}:{ACCOUNT}:repository/{repository(stage)}"
    statements = [
        {
            "Sid": "Contexts",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [f"arn:{PARTITION}:s3:::{bucket(stage)}/stepmill/images/*"],
        },
        {
            "Sid": "Login",  # GetAuthorizationToken has no resource level (Service Authorization Reference, ECR)
            "Effect": "Allow",
            "Action": ["ecr:GetAuthorizationToken"],
            "Resource": ["*"],
        },
        {
            "Sid": "Push",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            "Resource": [ecr],
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/stepmill-{stage.name}:*"],
        },
    ]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    return iam_role(
        f"Builds the images of Stepmill's stage {stage.name}.",
        {"Version": "2012-10-17", "Statement": [trust]},
        {"build": {"Version": "2012-10-17", "Statement": statements}},
        tag_list(None, stage),
        stage,
    )


def _builds(stage: Stage) -> dict[str, Any]:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": f"stepmill-{stage.name}",
            "Description": "Builds images from contexts that Stepmill uploads.",
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "Source": {"Type": "NO_SOURCE", "BuildSpec": _BUILDSPEC},
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "Image": "aws/codebuild/standard:7.0",
                "ComputeType": "BUILD_GENERAL1_MEDIUM",
                "PrivilegedMode": True,  # building images needs a Docker daemon in the container
            },
            "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": "BuildLogs"}}},
            "TimeoutInMinutes": 60,
            "Tags": tag_list(None, stage),
        },
    }
