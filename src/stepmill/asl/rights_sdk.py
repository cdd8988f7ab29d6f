"""The rights of an operation of the AWS SDK: `aws-sdk:<service>:<operation>`.

In: a service as Resources name it, and an operation. Out: the rights its caller needs. Touches: nothing.

Most actions are called as their operation; here are those that are not, and which member of a request names the
resource. Source: Service Authorization Reference (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from stepmill.asl.patterns import Dynamic
from stepmill.asl.rights import (
    NO_LEVEL,
    UNTOLD,
    Right,
    Target,
    Targets,
    Where,
    bucket,
    buses,
    function,
    is_opaque,
    listed,
    member,
    named,
    objects,
    passed,
    queue,
    run_time,
    source,
    table,
    text,
    topic,
)

# Prefixes of actions that are not the last of the names that boto3 and endpoints have for a service.
_PREFIX: Final = {
    "appstream": "appstream", "bedrockagent": "bedrock", "bedrockagentruntime": "bedrock",
    "bedrockdataautomation": "bedrock", "bedrockdataautomationruntime": "bedrock", "bedrockruntime": "bedrock",
    "chimesdkidentity": "chime", "chimesdkmediapipelines": "chime", "chimesdkmeetings": "chime",
    "chimesdkmessaging": "chime", "chimesdkvoice": "chime", "cloudcontrol": "cloudformation",
    "cloudhsmv2": "cloudhsm", "cloudwatch": "cloudwatch", "customerprofiles": "profile", "dynamodbstreams": "dynamodb",
    "forecastquery": "forecast", "ivsrealtime": "ivs", "lexmodelbuilding": "lex", "lexmodelsv2": "lex",
    "lexruntime": "lex", "lexruntimev2": "lex", "mailmanager": "ses", "memorydb": "memorydb",
    "paymentcryptography": "payment-cryptography", "paymentcryptographydata": "payment-cryptography",
    "personalizeevents": "personalize", "personalizeruntime": "personalize", "pinpoint": "mobiletargeting",
    "resourcegroupstaggingapi": "tag", "s3control": "s3", "sagemakera2iruntime": "sagemaker",
    "sagemakeredge": "sagemaker", "sagemakerfeaturestoreruntime": "sagemaker", "sagemakermetrics": "sagemaker",
    "sagemakerruntime": "sagemaker", "servicecatalogappregistry": "servicecatalog", "ses": "ses", "sesv2": "ses",
    "sso": "sso", "timestreamquery": "timestream", "timestreamwrite": "timestream",
}  # fmt: skip
_ACTIONS: Final = {
    "s3:ListObjectsV2": "s3:ListBucket", "s3:ListObjects": "s3:ListBucket", "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject", "s3:SelectObjectContent": "s3:GetObject", "s3:CopyObject": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject", "s3:UploadPart": "s3:PutObject", "s3:UploadPartCopy": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject", "s3:ListParts": "s3:ListMultipartUploadParts",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads", "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListBuckets": "s3:ListAllMyBuckets", "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration", "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "lambda:Invoke": "lambda:InvokeFunction", "lambda:InvokeAsync": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "dynamodb:BatchExecuteStatement": "dynamodb:PartiQLSelect", "dynamodb:ExecuteStatement": "dynamodb:PartiQLSelect",
    "ses:SendEmail": "ses:SendEmail", "sns:PublishBatch": "sns:Publish", "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "bedrock:Converse": "bedrock:InvokeModel", "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "sagemaker:InvokeEndpoint": "sagemaker:InvokeEndpoint",
}  # fmt: skip
_OPEN: Final = frozenset(
    {
        "s3:ListAllMyBuckets", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "sts:GetCallerIdentity",
        "xray:PutTraceSegments", "states:ListStateMachines", "states:ListActivities", "states:CreateActivity",
        "lambda:ListFunctions", "dynamodb:ListTables", "sns:ListTopics", "sqs:ListQueues", "kms:ListKeys",
        "kms:ListAliases", "kms:CreateKey", "kms:GenerateRandom", "states:SendTaskSuccess", "states:SendTaskFailure",
        "states:SendTaskHeartbeat", "ssm:DescribeParameters", "secretsmanager:ListSecrets", "glue:ListJobs",
        "secretsmanager:GetRandomPassword", "logs:DescribeLogGroups", "batch:DescribeJobs", "batch:ListJobs",
        "ecs:ListClusters", "codebuild:ListProjects", "athena:ListWorkGroups", "events:ListRules",
    }
)  # fmt: skip
# What has no resource level in a service whose names say so.
_OPEN_VERBS: Final = {"sagemaker": ("List",), "ec2": ("Describe",), "cloudwatch": ("Get", "ListMetrics")}
_NOT_OPEN: Final = frozenset({"sagemaker:ListTags", "sagemaker:ListModelPackages", "cloudwatch:GetDashboard"})

# Members that name resources: by service, then by member.
_SAGEMAKER: Final = {
    "TrainingJobName": "training-job", "ProcessingJobName": "processing-job", "TransformJobName": "transform-job",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job", "LabelingJobName": "labeling-job",
    "AutoMLJobName": "automl-job", "ModelName": "model", "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint", "ModelPackageGroupName": "model-package-group", "PipelineName": "pipeline",
    "ExperimentName": "experiment", "TrialName": "experiment-trial",
    "TrialComponentName": "experiment-trial-component", "FeatureGroupName": "feature-group",
    "NotebookInstanceName": "notebook-instance", "MonitoringScheduleName": "monitoring-schedule",
    "ModelPackageName": "model-package", "InferenceComponentName": "inference-component",
    "ModelCardName": "model-card", "CompilationJobName": "compilation-job",
}  # fmt: skip
_SUFFIX: Final = "-?????? Secrets Manager adds six characters to a secret's name"
_TARGETS: Final[dict[str, tuple[Targets, ...]]] = {
    "sagemaker": tuple(named("sagemaker", f"{path}/", name) for name, path in _SAGEMAKER.items()),
    "lambda": (function,),
    "dynamodb": (table,),
    "sqs": (queue,),
    "sns": (topic,),
    "events": (named("events", "rule/", "Name"), named("events", "rule/", "Rule")),
    "secretsmanager": (named("secretsmanager", "secret:", "SecretId", _SUFFIX),),
    "ssm": (named("ssm", "parameter/", "Name"), named("ssm", "document/", "DocumentName")),
    "kms": (named("kms", "key/", "KeyId"),),
    "logs": (named("logs", "log-group:", "LogGroupName", ":* the streams of the group"),),
    "kinesis": (named("kinesis", "stream/", "StreamName"),),
    "firehose": (named("firehose", "deliverystream/", "DeliveryStreamName"),),
    "glue": (named("glue", "job/", "JobName"), named("glue", "crawler/", "Name")),
    "athena": (named("athena", "workgroup/", "WorkGroup"),),
    "ecr": (named("ecr", "repository/", "RepositoryName"),),
    "codebuild": (named("codebuild", "project/", "ProjectName"),),
}


def prefix(java: str, endpoint: str) -> str:
    """How the actions of a service begin. `java` is its name in a Resource, `endpoint` its endpoint's."""
    return _PREFIX.get(java, endpoint.removeprefix("api."))


def sdk(java: str, endpoint: str, operation: str, parameters: Iterable[str] = ()) -> tuple[Right, ...]:
    """The rights of an operation; `parameters` are the members that its requests may have."""
    service = prefix(java, endpoint)
    action = _ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")
    if service == "s3":
        return _s3(operation, action, frozenset(parameters))
    if java == "eventbridge" and operation == "PutEvents":
        return (Right((action,), buses),)
    if _has_no_level(service, action):
        rights = [Right((action,), ("*",), why=NO_LEVEL)]
    else:
        rights = [Right((action,), _finder(service))]
    if action == "sagemaker:CreateModelPackage":
        numbered = "arn:{partition}:sagemaker:{region}:{account}:model-package/{ModelPackageGroupName}/*"
        rights.append(Right((action,), (numbered,), why="AWS numbers the packages of a group"))
    roles = [name for name in ("RoleArn", "ExecutionRoleArn", "Role") if name in parameters]
    if operation.startswith(("Create", "Update", "Start", "Put", "Run", "Submit")):
        rights += [passed(name, service) for name in roles]
    if service == "sagemaker" and operation.startswith("Create") and "Tags" in parameters:
        rights.append(Right(("sagemaker:AddTags",), _tagged(_finder(service))))
    return tuple(rights)


def _has_no_level(service: str, action: str) -> bool:
    verb = action.partition(":")[2]
    return action in _OPEN or (verb.startswith(_OPEN_VERBS.get(service, ("\0",))) and action not in _NOT_OPEN)


def _tagged(find: Targets) -> Targets:
    """Tags are added only by a request that has some."""
    return lambda request, where: find(request, where) if member(request, "Tags") else ()


def _finder(service: str) -> Targets:
    """The function that finds what a request names: by the members of the table, else by those that hold an ARN."""

    def find(request: Any, where: Where) -> Iterator[Target]:
        found: list[Target] = []
        if not isinstance(request, Dynamic):
            found = [target for finder in _TARGETS.get(service, ()) for target in finder(request, where)]
            found = found or list(_arns(request, service, where))
        yield from found or [Target("*", run_time("the request") if isinstance(request, Dynamic) else UNTOLD)]

    return find


def _arns(request: Any, service: str, where: Where) -> Iterator[Target]:
    """The ARNs that a request's own members hold, of things of this service."""
    for name, value in request.items() if isinstance(request, dict) else ():
        said = text(value) if isinstance(value, str) else None
        if not said or not name.endswith(("Arn", "ARN")) or name.endswith("RoleArn"):
            continue
        if said == "*":
            yield Target(f"arn:{where.partition}:{service}:{where.region}:{where.account}:*", run_time(name))
        elif is_opaque(said) or said.split(":")[2:3] == [service]:
            yield Target(str(said), run_time(name) if isinstance(said, Dynamic) else "")


def _s3(operation: str, action: str, parameters: frozenset[str]) -> tuple[Right, ...]:
    """S3's operations are on a bucket, or on objects where they have a Key."""
    if _has_no_level("s3", action):
        return (Right((action,), ("*",), why=NO_LEVEL),)
    if operation == "DeleteObjects":
        return (Right((action,), _deleted),)
    if "Key" not in parameters:
        return (Right((action,), bucket, listed if action == "s3:ListBucket" else {}),)
    rights = [Right((action,), objects)]
    if "CopySource" in parameters:
        rights.append(Right(("s3:GetObject",), source))
    return tuple(rights)


def _deleted(request: Any, where: Where) -> Iterator[Target]:
    listing = member(member(request, "Delete"), "Objects")
    for one in listing if isinstance(listing, list) else [None]:
        key = text(member(one, "Key"))
        yield from objects({"Bucket": member(request, "Bucket"), **({"Key": key} if key else {})}, where)
