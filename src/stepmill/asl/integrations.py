"""The one table of what a Task can call.

In: a Resource. Out: the service, the operation and how to wait, or a refusal that names the nearest one. Touches:
nothing.

A new integration is one row here, one function dict → dict in `services`, and one golden history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from stepmill.nearest import nearest

Pattern = Literal["request", "sync", "token"]
JobKind = Literal["training", "processing"]


@dataclass(frozen=True)
class Integration:
    """One row. `resource_type` and `resource` are what TaskScheduled events say, `service` and `operation` what is
    called, `pattern` how the state waits: for the response, for the job, or for a task token. `error_prefix` stands
    before the dot of error names. `job` is the kind of job that `sync` waits for. `function` is the function's ARN
    when the Resource is that ARN itself. `required` are the parameters AWS asks for at CreateStateMachine, `actions`
    what the execution role must be allowed."""

    resource_type: str
    resource: str
    service: str
    operation: str
    pattern: Pattern
    optimised: bool
    error_prefix: str
    job: JobKind | None = None
    function: str | None = None
    required: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The Resource, in the partition `aws`."""
        return self.function or f"arn:aws:states:::{self.resource_type}:{self.resource}"


class UnknownIntegration(KeyError):
    """A Resource that cannot be run here. `name` is the Resource, `near` the closest one that can, or None; `on_aws`
    says that AWS runs it, so that it is no slip of the pen."""

    def __init__(self, name: str, near: str | None, on_aws: bool = False) -> None:
        super().__init__(name)
        self.name = name
        self.near = near
        self.on_aws = on_aws

    @property
    def hint(self) -> str:
        """What to do about it."""
        if self.name.endswith(".waitForTaskToken"):
            return "Nobody here sends a task token back; on AWS it works."
        if ":activity:" in self.name:
            return "Nobody here asks for an activity's tasks; on AWS it works."
        if self.name.endswith(":states:::http:invoke"):
            return "HTTP tasks need a connection of EventBridge, which is not kept here; on AWS it works."
        if self.near:
            return f"Did you mean {self.near}?"
        if self.on_aws:
            return "AWS runs it; this machine does not do that yet."
        return f"Here a Task can call: {', '.join(dict.fromkeys(row.resource_type for row in INTEGRATIONS))}."

    def __str__(self) -> str:
        guess = f" Did you mean {self.near}?" if self.near else ""
        return f"The resource {self.name} cannot be run here.{guess}"


_EVENTS: Final = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def _job(kind: JobKind, required: tuple[str, ...]) -> tuple[Integration, Integration]:
    noun = f"{kind.capitalize()}Job"
    create = f"sagemaker:Create{noun}"
    request = Integration(
        resource_type="sagemaker",
        resource=f"create{noun}",
        service="sagemaker",
        operation=f"Create{noun}",
        pattern="request",
        optimised=True,
        error_prefix="SageMaker",
        job=kind,
        required=required,
        actions=(create, "sagemaker:AddTags", "iam:PassRole"),
    )
    sync = replace(
        request,
        resource=f"create{noun}.sync",
        pattern="sync",
        actions=(*request.actions, f"sagemaker:Describe{noun}", f"sagemaker:Stop{noun}", *_EVENTS),
    )
    return request, sync


def _sdk(service: str, prefix: str, operation: str, *actions: str) -> Integration:
    return Integration(
        resource_type=f"aws-sdk:{service}",
        resource=operation[0].lower() + operation[1:],
        service=service,
        operation=operation,
        pattern="request",
        optimised=False,
        error_prefix=prefix,
        actions=actions or (f"{service}:{operation}",),
    )


INTEGRATIONS: Final[tuple[Integration, ...]] = (
    Integration(
        resource_type="lambda",
        resource="invoke",
        service="lambda",
        operation="Invoke",
        pattern="request",
        optimised=True,
        error_prefix="Lambda",
        required=("FunctionName",),
        actions=("lambda:InvokeFunction",),
    ),
    *_job("training", ("TrainingJobName", "OutputDataConfig", "RoleArn")),
    *_job("processing", ("ProcessingJobName", "ProcessingResources", "AppSpecification", "RoleArn")),
    _sdk("s3", "S3", "ListObjectsV2", "s3:ListBucket"),
    _sdk("s3", "S3", "GetObject", "s3:GetObject", "s3:ListBucket"),
    _sdk("s3", "S3", "PutObject", "s3:PutObject"),
    _sdk("s3", "S3", "HeadObject", "s3:GetObject", "s3:ListBucket"),
    _sdk("s3", "S3", "CopyObject", "s3:GetObject", "s3:PutObject", "s3:ListBucket"),
    _sdk("s3", "S3", "DeleteObject", "s3:DeleteObject"),
    _sdk("sagemaker", "SageMaker", "DescribeTrainingJob"),
    _sdk("sagemaker", "SageMaker", "ListTrainingJobs"),
    _sdk("sagemaker", "SageMaker", "DescribeProcessingJob"),
    _sdk("sagemaker", "SageMaker", "ListProcessingJobs"),
)

# Services whose optimised integrations AWS runs (Step Functions guide, "Integrating optimized services with Step
# Functions", November 2026); every `aws-sdk:` service is another.
_ON_AWS: Final = frozenset(
    {
        "apigateway", "athena", "batch", "bedrock", "codebuild", "databrew", "dynamodb", "ecs", "eks",
        "elasticmapreduce", "emr-containers", "emr-serverless", "events", "glue", "http", "mediaconvert", "sns", "sqs",
        "states",
    }
    | {f"sagemaker:create{job}Job" for job in ("Transform", "HyperParameterTuning", "Labeling")}
    | {f"sagemaker:{action}" for action in ("createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")}
    | {f"aws-sdk:sagemaker:{action}" for action in ("createModelPackage", "describeEndpoint")}
)  # fmt: skip
_BY_NAME: Final = {f"{row.resource_type}:{row.resource}": row for row in INTEGRATIONS}
_STATES_ARN: Final = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:(.+)")
_FUNCTION_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
_INVOKE: Final = _BY_NAME["lambda:invoke"]


def integration(resource_arn: str) -> Integration:
    """The row of a Resource, in any partition. A function's own ARN gives the row of `lambda:invoke` with `function`
    set. Raises UnknownIntegration."""
    found = _STATES_ARN.fullmatch(resource_arn)
    if found is not None:
        row = _BY_NAME.get(found.group(1))
        if row is not None:
            return row
        called = found.group(1).removesuffix(".waitForTaskToken")
        if called.partition(":")[0] in _ON_AWS or called.partition(".")[0] in _ON_AWS:
            raise UnknownIntegration(resource_arn, None, on_aws=True)
        near = nearest(called, _BY_NAME, 0.75)  # another operation of AWS is no misspelt one
        raise UnknownIntegration(resource_arn, f"arn:aws:states:::{near}" if near else None)
    if _FUNCTION_ARN.fullmatch(resource_arn):
        return replace(_INVOKE, resource=resource_arn, function=resource_arn, required=())
    near = nearest(resource_arn, [row.arn for row in INTEGRATIONS])
    raise UnknownIntegration(resource_arn, near)


# The errors that the services model, under their codes on the wire. All others become the service's general error.
_MODELLED: Final[dict[str, frozenset[str]]] = {
    "sagemaker": frozenset({"ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ConflictException"}),
    "s3": frozenset(
        {
            "NoSuchKey", "NoSuchBucket", "NoSuchUpload", "BucketAlreadyExists", "BucketAlreadyOwnedByYou",
            "InvalidObjectState", "InvalidRequest", "InvalidWriteOffset", "TooManyParts", "EncryptionTypeMismatch",
            "IdempotencyParameterMismatch", "ObjectAlreadyInActiveTierError", "ObjectNotInActiveTierError",
        }
    ),
    "lambda": frozenset(
        {
            "ResourceNotFoundException", "ResourceConflictException", "ResourceNotReadyException",
            "TooManyRequestsException", "InvalidParameterValueException", "InvalidRequestContentException",
            "RequestTooLargeException", "UnsupportedMediaTypeException", "ServiceException",
            "InvalidRuntimeException", "InvalidZipFileException", "EC2UnexpectedException", "ENILimitReachedException",
            "SubnetIPAddressLimitReachedException", "KMSAccessDeniedException", "KMSDisabledException",
            "KMSNotFoundException", "SnapStartException", "SnapStartNotReadyException", "SnapStartTimeoutException",
            "RecursiveInvocationException",
        }
    ),
}  # fmt: skip
_OPTIMISED_NAMES: Final = {"sagemaker": "AmazonSageMaker", "lambda": "AWSLambda"}


def error_name(i: Integration, code: str) -> str:
    """The error a state sees for a service's error code: modelled codes keep their name and end in Exception
    ("S3.NoSuchKeyException"); the rest is the general error, "SageMaker.AmazonSageMakerException" for an optimised
    integration and "S3.S3Exception" for an SDK one. What a function itself raises is not named here."""
    if code in _MODELLED[i.service]:
        return f"{i.error_prefix}.{code if code.endswith('Exception') else code + 'Exception'}"
    if i.optimised:
        return f"{i.error_prefix}.{_OPTIMISED_NAMES[i.service]}Exception"
    return f"{i.error_prefix}.{i.error_prefix}Exception"


def error_cause(i: Integration, code: str, message: str, status: int, request_id: str) -> str:
    """The cause a state sees for a service's error, worded as the two kinds of integration word it."""
    if i.optimised:
        service = _OPTIMISED_NAMES[i.service]
        return (
            f"{message} (Service: {service}; Status Code: {status}; Error Code: {code}; "
            f"Request ID: {request_id}; Proxy: null)"
        )
    extended = f", Extended Request ID: {request_id}" if i.service == "s3" else ""
    return f"{message} (Service: {i.error_prefix}, Status Code: {status}, Request ID: {request_id}{extended})"
