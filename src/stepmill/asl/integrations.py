"""The one table of what a Task can call.

In: a Resource. Out: the service, the operation and how to wait, or a refusal that names the nearest one. Touches:
nothing but the table of AWS's operations, for a Resource of `aws-sdk:` that has no row here.

A new integration is one row here, one function dict → dict in `services`, and one golden history. An operation of
`aws-sdk:` needs no row: AWS's own table gives it. Whether somebody on this machine answers it is asked in `services`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, Literal

from stepmill.asl.operations import find_service, nearest_service
from stepmill.asl.rights import Right
from stepmill.asl.rights_rows import FOLLOW, INVOKE, OPTIMISED, S3, START, job
from stepmill.asl.rights_sdk import sdk
from stepmill.nearest import nearest

Pattern = Literal["request", "sync", "token"]
JobKind = Literal["training", "processing"]


@dataclass(frozen=True)
class Integration:
    """One row. `resource_type` and `resource` are what TaskScheduled events say, `service` and `operation` what is
    called, `pattern` how the state waits: for the response, for the job, or for a task token. `error_prefix` stands
    before the dot of error names. `job` is the kind of job that `sync` waits for. `function` is the function's ARN
    when the Resource is that ARN itself, `activity` an activity's. `required` are the parameters AWS asks for at
    CreateStateMachine, `rights` what the execution role must be allowed. `java` is the
    name that the SDK has for the service of a row made of AWS's table; `names` are all that boto3 and endpoints have
    for it."""

    resource_type: str
    resource: str
    service: str
    operation: str
    pattern: Pattern
    optimised: bool
    error_prefix: str
    job: JobKind | None = None
    function: str | None = None
    activity: str | None = None
    required: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    java: str | None = None
    names: tuple[str, ...] = ()

    @property
    def arn(self) -> str:
        """The Resource, in the partition `aws`."""
        return self.function or self.activity or f"arn:aws:states:::{self.resource_type}:{self.resource}"

    @property
    def actions(self) -> tuple[str, ...]:
        """The names of what the execution role must be allowed."""
        return tuple(dict.fromkeys(action for right in self.rights for action in right.actions))


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
        if self.name.endswith(":states:::http:invoke"):
            return "HTTP tasks need a connection of EventBridge, which is not kept here; on AWS it works."
        if self.near:
            return f"Did you mean {self.near}?"
        if self.on_aws:
            return "AWS runs it; this machine does not do that yet."
        services = dict.fromkeys(row.resource_type for row in INTEGRATIONS if row.optimised)
        return f"Here a Task can call: {', '.join(services)}, and operations of AWS's SDK as aws-sdk:service:operation."

    def __str__(self) -> str:
        guess = f" Did you mean {self.near}?" if self.near else ""
        return f"The resource {self.name} cannot be run here.{guess}"


TOKEN: Final = ".waitForTaskToken"  # noqa: S105 - no secret
"""How a Resource ends whose Task waits until somebody sends its task token back."""


def _job(kind: JobKind, required: tuple[str, ...]) -> tuple[Integration, Integration]:
    noun = f"{kind.capitalize()}Job"
    word, path = kind.capitalize(), f"{kind}-job"
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
        rights=job(word, path, sync=False),
    )
    sync = replace(request, resource=f"create{noun}.sync", pattern="sync", rights=job(word, path, sync=True))
    return request, sync


def _sdk(service: str, prefix: str, operation: str) -> Integration:
    return Integration(
        resource_type=f"aws-sdk:{service}",
        resource=operation[0].lower() + operation[1:],
        service=service,
        operation=operation,
        pattern="request",
        optimised=False,
        error_prefix=prefix,
        rights=S3[operation] if service == "s3" else sdk(service, service, operation),
    )


def _request(service: str, operation: str, prefix: str, *required: str) -> Integration:
    """An optimised integration that waits for the answer only."""
    return Integration(
        resource_type=service,
        resource=operation[0].lower() + operation[1:],
        service=service,
        operation=operation,
        pattern="request",
        optimised=True,
        error_prefix=prefix,
        required=required,
        rights=OPTIMISED[f"{service}:{operation}"],
    )


_START: Final = _request("states", "StartExecution", "StepFunctions")

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
        rights=INVOKE,
    ),
    *_job("training", ("TrainingJobName", "OutputDataConfig", "RoleArn")),
    *_job("processing", ("ProcessingJobName", "ProcessingResources", "AppSpecification", "RoleArn")),
    _request("sns", "Publish", "SNS", "Message"),
    _request("sqs", "SendMessage", "SQS", "QueueUrl", "MessageBody"),
    _request("dynamodb", "GetItem", "DynamoDB", "TableName", "Key"),
    _request("dynamodb", "PutItem", "DynamoDB", "TableName", "Item"),
    _request("dynamodb", "UpdateItem", "DynamoDB", "TableName", "Key"),
    _request("dynamodb", "DeleteItem", "DynamoDB", "TableName", "Key"),
    _request("events", "PutEvents", "EventBridge", "Entries"),
    _START,
    # `.sync` gives the execution's output as text, `.sync:2` as JSON.
    *(
        replace(_START, resource=f"startExecution.{way}", pattern="sync", rights=(*START, *FOLLOW))
        for way in ("sync", "sync:2")
    ),
    _sdk("s3", "S3", "ListObjectsV2"),
    _sdk("s3", "S3", "GetObject"),
    _sdk("s3", "S3", "PutObject"),
    _sdk("s3", "S3", "HeadObject"),
    _sdk("s3", "S3", "CopyObject"),
    _sdk("s3", "S3", "DeleteObject"),
    _sdk("sagemaker", "SageMaker", "DescribeTrainingJob"),
    _sdk("sagemaker", "SageMaker", "ListTrainingJobs"),
    _sdk("sagemaker", "SageMaker", "DescribeProcessingJob"),
    _sdk("sagemaker", "SageMaker", "ListProcessingJobs"),
)

# Services whose optimised integrations AWS runs (Step Functions guide, "Integrating optimized services with Step
# Functions", November 2026), beside those above.
_ON_AWS: Final = frozenset(
    {
        "apigateway", "athena", "batch", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce",
        "emr-containers", "emr-serverless", "glue", "http", "mediaconvert",
    }
    | {f"sagemaker:create{job}Job" for job in ("Transform", "HyperParameterTuning", "Labeling")}
    | {f"sagemaker:{action}" for action in ("createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")}
)  # fmt: skip
_BY_NAME: Final = {f"{row.resource_type}:{row.resource}": row for row in INTEGRATIONS}
_STATES_ARN: Final = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:(.+)")
_FUNCTION_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
# Developer guide, "Activities": a name like those of machines.
_ACTIVITY: Final = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:activity:([^:]{1,80})")
_INVOKE: Final = _BY_NAME["lambda:invoke"]
# Services that `call` knows by another name than boto3.
_CALLED: Final = {"sfn": "states"}


def integration(resource_arn: str) -> Integration:
    """The row of a Resource, in any partition. A function's own ARN gives the row of `lambda:invoke` with `function`
    set. Raises UnknownIntegration."""
    found = _STATES_ARN.fullmatch(resource_arn)
    if found is not None:
        called = found.group(1).removesuffix(TOKEN)
        row = _BY_NAME.get(called)
        if row is not None and called == found.group(1):
            return row
        if row is not None and row.pattern == "request" and row.job is None:
            return _waiting(row)
        if called.startswith("aws-sdk:"):
            row = _of_table(resource_arn, called)
            return row if called == found.group(1) else _waiting(row)
        if activity := _ACTIVITY.fullmatch(resource_arn):
            return Integration(
                resource_type="activity",
                resource=activity[1],
                service="activity",
                operation="",
                pattern="token",
                optimised=True,
                error_prefix="",
                activity=resource_arn,
            )
        if called.partition(":")[0] in _ON_AWS or called.partition(".")[0] in _ON_AWS:
            raise UnknownIntegration(resource_arn, None, on_aws=True)
        near = nearest(called, _BY_NAME, 0.75)  # another operation of AWS is no misspelt one
        raise UnknownIntegration(resource_arn, f"arn:aws:states:::{near}" if near else None)
    if _FUNCTION_ARN.fullmatch(resource_arn):
        return replace(_INVOKE, resource=resource_arn, function=resource_arn, required=())
    near = nearest(resource_arn, [row.arn for row in INTEGRATIONS])
    raise UnknownIntegration(resource_arn, near)


def _waiting(row: Integration) -> Integration:
    """The same row, waiting for its task token."""
    return replace(row, resource=row.resource + TOKEN, pattern="token")


@cache
def _of_table(resource_arn: str, name: str) -> Integration:
    """The row of an operation of the AWS SDK, by AWS's table. Raises UnknownIntegration."""
    _, java, action = f"{name}:".split(":", 2)
    action = action.rstrip(":")
    service = find_service(java)
    if service is None:
        guess = nearest_service(java)
        raise UnknownIntegration(resource_arn, f"arn:aws:states:::aws-sdk:{guess}:{action}" if guess else None)
    operation = service.operation(action)
    if operation is None or not operation.callable:
        guess = nearest(action, service.names)
        raise UnknownIntegration(resource_arn, f"arn:aws:states:::aws-sdk:{java}:{guess}" if guess else None)
    return Integration(
        resource_type=f"aws-sdk:{java}",
        resource=action,
        service=_CALLED.get(java, service.names_elsewhere[0]),
        operation=action[0].upper() + action[1:],
        pattern="request",
        optimised=False,
        error_prefix=service.prefix,
        required=tuple(name for name in operation.parameters if name in operation.required),
        rights=sdk(java, service.names_elsewhere[-1], action[0].upper() + action[1:], operation.parameters),
        java=java,
        names=service.names_elsewhere,
    )


# The errors that the services model, under their codes on the wire. All others become the service's general error.
_MODELLED: Final[dict[str, frozenset[str]]] = {
    "states": frozenset(
        {
            "ActivityDoesNotExist", "ActivityWorkerLimitExceeded", "ConflictException", "ExecutionAlreadyExists",
            "ExecutionDoesNotExist", "ExecutionLimitExceeded", "ExecutionNotRedrivable", "InvalidArn",
            "InvalidDefinition", "InvalidExecutionInput", "InvalidName", "InvalidOutput", "InvalidToken",
            "MissingRequiredParameter", "ResourceNotFound", "StateMachineAlreadyExists", "StateMachineDeleting",
            "StateMachineDoesNotExist", "StateMachineTypeNotSupported", "TaskDoesNotExist", "TaskTimedOut",
            "TooManyTags", "ValidationException",
        }
    ),
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
# What the SDK for Java 1, which optimised integrations speak through, calls the services: the class of the general
# error, and the service in a cause. Those of SNS and EventBridge are the SDK's; no recording shows them.
_OPTIMISED_NAMES: Final = {
    "sagemaker": ("AmazonSageMaker", "AmazonSageMaker"),
    "lambda": ("AWSLambda", "AWSLambda"),
    "dynamodb": ("AmazonDynamoDB", "AmazonDynamoDBv2"),
    "sqs": ("AmazonSQS", "AmazonSQS"),
    "sns": ("AmazonSNS", "AmazonSNS"),
    "events": ("AmazonEventBridge", "AmazonEventBridge"),
    "states": ("AWSStepFunctions", "AWSStepFunctions"),
}


def error_name(i: Integration, code: str, modelled: str | None = None) -> str:
    """The error a state sees for a service's error code: modelled codes keep their name and end in Exception
    ("S3.NoSuchKeyException"); the rest is the general error, "SageMaker.AmazonSageMakerException" for an optimised
    integration and "S3.S3Exception" for an SDK one. What a function itself raises is not named here.

    `modelled` is the name that the service's model has for the code, where this module does not know the model.
    """
    name = code if code in _MODELLED.get(i.service, ()) else modelled
    if name is not None:
        return f"{i.error_prefix}.{name if name.endswith('Exception') else name + 'Exception'}"
    if i.optimised:
        return f"{i.error_prefix}.{_OPTIMISED_NAMES[i.service][0]}Exception"
    return f"{i.error_prefix}.{i.error_prefix}Exception"


def knows_errors(i: Integration) -> bool:
    """Whether the errors that the service models are known here."""
    return i.service in _MODELLED


def error_cause(i: Integration, code: str, message: str, status: int, request_id: str) -> str:
    """The cause a state sees for a service's error, worded as the two kinds of integration word it."""
    if i.optimised:
        service = _OPTIMISED_NAMES[i.service][1]
        return (
            f"{message} (Service: {service}; Status Code: {status}; Error Code: {code}; "
            f"Request ID: {request_id}; Proxy: null)"
        )
    extended = f", Extended Request ID: {request_id}" if i.service == "s3" else ""
    return f"{message} (Service: {i.error_prefix}, Status Code: {status}, Request ID: {request_id}{extended})"
