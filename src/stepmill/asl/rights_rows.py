"""The rights of the integrations that run on this machine, and of Maps and the machine itself.

In: nothing. Out: rows of rights, as `integrations` puts them beside its rows. Touches: nothing.

Sources: Step Functions guide, the page of each service under "Integrating optimized services" and "Creating IAM
policies for Distributed Map"; Service Authorization Reference; SageMaker guide, "API permissions reference" (November
2026).
"""

from __future__ import annotations

from typing import Any, Final

from stepmill.asl.rights import (
    NO_LEVEL,
    Right,
    bucket,
    buses,
    executions,
    function,
    listed,
    managed,
    named,
    objects,
    passed,
    prefixed,
    queue,
    role,
    source,
    source_bucket,
    table,
    topic,
)

INVOKE: Final = (Right(("lambda:InvokeFunction",), function),)
START: Final = (Right(("states:StartExecution",), named("states", "stateMachine:", "StateMachineArn")),)
FOLLOW: Final = (
    Right(("states:DescribeExecution", "states:StopExecution"), executions),
    managed("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
)
OPTIMISED: Final[dict[str, tuple[Right, ...]]] = {
    "sns:Publish": (Right(("sns:Publish",), topic),),
    "sqs:SendMessage": (Right(("sqs:SendMessage",), queue),),
    "events:PutEvents": (Right(("events:PutEvents",), buses),),
    "states:StartExecution": START,
    **{
        f"dynamodb:{name}": (Right((f"dynamodb:{name}",), table),)
        for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    },
}

# Without the right to list, S3 says of an object that is not there 403 instead of NoSuchKey ("HeadObject",
# "Permissions"): then no Catch of S3.NoSuchKeyException fits.
_IF_THERE: Final = Right(("s3:ListBucket",), bucket)
S3: Final[dict[str, tuple[Right, ...]]] = {
    "ListObjectsV2": (Right(("s3:ListBucket",), bucket, listed),),
    "GetObject": (Right(("s3:GetObject",), objects), _IF_THERE),
    "HeadObject": (Right(("s3:GetObject",), objects), _IF_THERE),
    "PutObject": (Right(("s3:PutObject",), objects),),
    "CopyObject": (
        Right(("s3:GetObject",), source),
        Right(("s3:PutObject",), objects),
        Right(("s3:ListBucket",), source_bucket),
    ),
    "DeleteObject": (Right(("s3:DeleteObject",), objects),),
}

# The names of the managed rules have no system; those of the five jobs are the Step Functions guide's.
_RULES: Final = {"HyperParameterTuning": "Tuning"}


def job(
    noun: str, path: str, *, sync: bool, runs_as: str = "RoleArn", more: tuple[Right, ...] = ()
) -> tuple[Right, ...]:
    """The rights of a SageMaker job.

    Args:
        noun: `Training`. path: how its ARNs say it, `training-job`. sync: whether its end is waited for. runs_as: the
            member that names the role it runs under, with the members around it; "" when it has none. more: further
            rights.

    Step Functions tags what it waits for, `MANAGED_BY_AWS`, hence AddTags.
    """
    actions = [f"sagemaker:Create{noun}Job", "sagemaker:AddTags"]
    if sync:
        actions += [f"sagemaker:{verb}{noun}Job" for verb in ("Describe", "Stop")] + ["sagemaker:ListTags"]
    arn = f"arn:{{partition}}:sagemaker:{{region}}:{{account}}:{path}/{{{noun}JobName}}"
    rights = [Right(tuple(actions), (arn,)), *more]
    rights += [passed(runs_as, "sagemaker")] if runs_as else []
    rights += [managed(f"StepFunctionsGetEventsForSageMaker{_RULES.get(noun, noun)}JobsRule")] if sync else []
    return tuple(rights)


# ---- what a machine needs beside its Tasks


def item_reader(resource: str, config: Any) -> tuple[Right, ...]:
    """What a Map needs to read its items; `config` is its ReaderConfig."""
    kind = config.get("InputType") if isinstance(config, dict) else None
    flat = isinstance(config, dict) and config.get("Transformation") == "LOAD_AND_FLATTEN"
    if resource.endswith(":s3:listObjectsV2"):
        listing = (Right(("s3:ListBucket",), bucket, listed),)
        return (*listing, Right(("s3:GetObject",), prefixed)) if flat else listing
    if kind == "MANIFEST":  # it names the files, which lie where only it knows
        why = "the manifest names the files that are read"
        return (
            Right(("s3:GetObject",), objects),
            Right(("s3:GetObject",), ("arn:{partition}:s3:::{Bucket}/*",), why=why),
        )
    return (Right(("s3:GetObject",), objects),)


ASSUME: Final = (Right(("sts:AssumeRole",), role("RoleArn")),)
RESULT_WRITER: Final = (
    Right(("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"), prefixed),
)
_OWN: Final = "arn:{partition}:states:{region}:{account}"
DISTRIBUTED: Final = (
    Right(("states:StartExecution",), (f"{_OWN}:stateMachine:{{machine}}",)),
    Right(
        ("states:DescribeExecution", "states:StopExecution"),
        (f"{_OWN}:execution:{{machine}}:*",),
        why="each item is an execution of its own",
    ),
    Right(
        ("states:RedriveExecution",),
        (f"{_OWN}:execution:{{machine}}/{{Label}}:*",),
        why="each item is an execution of its own",
    ),
)
LOGGING: Final = (
    Right(
        (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        ("*",),
        why=NO_LEVEL,
    ),
)
TRACING: Final = (
    Right(
        (
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ),
        ("*",),
        why=NO_LEVEL,
    ),
)
