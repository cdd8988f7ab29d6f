"""The rights of an operation of the AWS SDK: `aws-sdk:<service>:<operation>`.

In: a service as Resources name it, and an operation. Out: the rights its caller needs. Touches:
`open_actions.txt.gz` beside this file, once, when first asked.

Most actions are called as their operation; here are those that are not, and which member of a request names the
resource. Source: Service Authorization Reference (November 2026).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
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
    "appconfigdata": "appconfig", "appstream": "appstream", "connectcontactlens": "connect",
    "connectparticipant": "connect", "iotjobsdataplane": "iotjobsdata", "iotsecuretunneling": "iot",
    "marketplacecatalog": "aws-marketplace", "marketplaceentitlement": "aws-marketplace",
    "marketplacemetering": "aws-marketplace", "marketplacereporting": "aws-marketplace", "migrationhubconfig": "mgh",
    "mturk": "mechanicalturk", "partnercentralselling": "partnercentral", "pinpointemail": "ses", "qapps": "qapps",
    "ssooidc": "sso-oauth", "bedrockagent": "bedrock", "bedrockagentruntime": "bedrock",
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
_ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(f"{name.partition(':')[0]}:{action}" for action in said.split())
    for name, said in {
        "s3:ListObjectsV2": "ListBucket", "s3:ListObjects": "ListBucket", "s3:HeadBucket": "ListBucket",
        "s3:HeadObject": "GetObject", "s3:SelectObjectContent": "GetObject", "s3:CopyObject": "PutObject",
        "s3:CreateMultipartUpload": "PutObject", "s3:UploadPart": "PutObject", "s3:UploadPartCopy": "PutObject",
        "s3:CompleteMultipartUpload": "PutObject", "s3:ListParts": "ListMultipartUploadParts",
        "s3:ListMultipartUploads": "ListBucketMultipartUploads", "s3:ListObjectVersions": "ListBucketVersions",
        "s3:ListBuckets": "ListAllMyBuckets", "s3:DeleteObjects": "DeleteObject",
        **{f"s3:{verb}Bucket{name}": f"{kind}{action}" for name, action in {
            "Cors": "BucketCORS", "Encryption": "EncryptionConfiguration", "Replication": "ReplicationConfiguration",
            "Lifecycle": "LifecycleConfiguration", "LifecycleConfiguration": "LifecycleConfiguration",
            "NotificationConfiguration": "BucketNotification", "Tagging": "BucketTagging",
            "OwnershipControls": "BucketOwnershipControls", "AccelerateConfiguration": "AccelerateConfiguration",
            "AnalyticsConfiguration": "AnalyticsConfiguration", "InventoryConfiguration": "InventoryConfiguration",
            "MetricsConfiguration": "MetricsConfiguration",
            "IntelligentTieringConfiguration": "IntelligentTieringConfiguration",
        }.items() for verb, kind in (("Get", "Get"), ("Put", "Put"), ("Delete", "Put"))},
        **{f"s3:{verb}PublicAccessBlock": f"{kind}BucketPublicAccessBlock"
           for verb, kind in (("Get", "Get"), ("Put", "Put"), ("Delete", "Put"))},
        **{f"s3:ListBucket{kind}Configurations": f"Get{kind}Configuration"
           for kind in ("Analytics", "IntelligentTiering", "Inventory", "Metrics")},
        "s3:GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "s3:PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "lambda:Invoke": "InvokeFunction", "lambda:InvokeAsync": "InvokeFunction",
        "lambda:InvokeWithResponseStream": "InvokeFunction",
        "dynamodb:ExecuteStatement": "PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate",
        "dynamodb:BatchExecuteStatement": "PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate",
        "dynamodb:ExecuteTransaction": "PartiQLDelete PartiQLInsert PartiQLSelect PartiQLUpdate",
        "dynamodb:TransactGetItems": "GetItem",
        "dynamodb:TransactWriteItems": "ConditionCheckItem DeleteItem PutItem UpdateItem",
        "sns:PublishBatch": "Publish", "sqs:SendMessageBatch": "SendMessage",
        "sqs:DeleteMessageBatch": "DeleteMessage", "sqs:ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "bedrock:Converse": "InvokeModel", "bedrock:StartAsyncInvoke": "InvokeModel",
        "bedrock:ConverseStream": "InvokeModelWithResponseStream", "kms:ReEncrypt": "ReEncryptFrom ReEncryptTo",
    }.items()
}  # fmt: skip
# The actions of API Gateway are HTTP's own verbs.
_VERBS: Final = {"Get": "GET", "Delete": "DELETE", "Flush": "DELETE", "Update": "PATCH", "Put": "PUT"}

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
    "sqs": (queue, named("sqs", "", "QueueName")),
    "sns": (topic, named("sns", "", "Name")),
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
    actions = _called(service, operation)
    if service == "s3":
        return _s3(operation, actions, frozenset(parameters))
    if service == "events" and operation == "PutEvents":
        return (Right(actions, buses),)
    rights = [Right(actions, _finder(service, actions))]
    if actions == ("sagemaker:CreateModelPackage",):
        numbered = "arn:{partition}:sagemaker:{region}:{account}:model-package/{ModelPackageGroupName}/*"
        rights.append(Right(actions, (numbered,), why="AWS numbers the packages of a group"))
    roles = [name for name in ("RoleArn", "ExecutionRoleArn", "Role") if name in parameters]
    if operation.startswith(("Create", "Update", "Start", "Put", "Run", "Submit")):
        rights += [passed(name, service) for name in roles]
    if service == "sagemaker" and operation.startswith("Create") and "Tags" in parameters:
        rights.append(Right(("sagemaker:AddTags",), _tagged(_finder(service, ("sagemaker:AddTags",)))))
    return tuple(rights)


def _called(service: str, operation: str) -> tuple[str, ...]:
    if service == "apigateway":
        verb = next((verb for begin, verb in _VERBS.items() if operation.startswith(begin)), "POST")
        return (f"apigateway:{verb}",)
    return _ACTIONS.get(f"{service}:{operation}", (f"{service}:{operation}",))


@cache
def _open_actions() -> frozenset[str]:
    """What AWS takes only on `*`, by its own list; tools/make_open_actions.py makes the file."""
    text = gzip.decompress(Path(__file__).with_name("open_actions.txt.gz").read_bytes()).decode()
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return frozenset(f"{service}:{name}" for service, *names in lines for name in names)


def _open(actions: Iterable[str]) -> bool:
    return all(action in _open_actions() for action in actions)


def _tagged(find: Targets) -> Targets:
    """Tags are added only by a request that has some."""
    return lambda request, where: find(request, where) if member(request, "Tags") else ()


def _finder(service: str, actions: tuple[str, ...]) -> Targets:
    """The function that finds what a request names: by the members of the table, else by those that hold an ARN."""

    def find(request: Any, where: Where) -> Iterator[Target]:
        if _open(actions):
            yield Target("*", NO_LEVEL)
            return
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


def _s3(operation: str, actions: tuple[str, ...], parameters: frozenset[str]) -> tuple[Right, ...]:
    """S3's operations are on a bucket, or on objects where they have a Key."""
    if actions == ("s3:ListAllMyBuckets",):
        return (Right(actions, ("*",), why=NO_LEVEL),)
    if operation == "DeleteObjects":
        return (Right(actions, _deleted),)
    if "Key" not in parameters:
        return (Right(actions, bucket, listed if actions == ("s3:ListBucket",) else {}),)
    rights = [Right(actions, objects)]
    if "CopySource" in parameters:
        rights.append(Right(("s3:GetObject",), source))
    return tuple(rights)


def _deleted(request: Any, where: Where) -> Iterator[Target]:
    listing = member(member(request, "Delete"), "Objects")
    for one in listing if isinstance(listing, list) else [None]:
        key = text(member(one, "Key"))
        yield from objects({"Bucket": member(request, "Bucket"), **({"Key": key} if key else {})}, where)
