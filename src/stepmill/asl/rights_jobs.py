"""What jobs and functions need their own roles to be allowed, beside what their code calls.

In: the request of a job (patterns before the run, values in it), or a function's name. Out: grants. Touches: nothing.

Sources: SageMaker guide, "How to use SageMaker AI execution roles" (CreateTrainingJob, CreateProcessingJob); Lambda
guide, "Execution role" and "Attaching functions to a VPC" (November 2026). Roles there may read all of S3; here only
what a request names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from stepmill.asl.patterns import ANY, Dynamic, joined
from stepmill.asl.rights import NO_LEVEL, Condition, Grant, Target, Where, member, run_time, text

_NOUN: Final = {
    "training": "TrainingJobs", "processing": "ProcessingJobs", "transform": "TransformJobs", "model": "Endpoints",
}  # fmt: skip
_LOG_ACTIONS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
# A stack makes a function's log group, with its days: a function that could make one would bring back one that is gone.
_FUNCTION_LOGS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
_PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_STREAMS: Final = "each job and function has a log stream of its own"
_UNDER: Final = "the objects under a prefix have names of their own"
_INTERFACES: Final = "network interfaces are made when it starts"
_REGISTRY: Final = re.compile(
    r"([^./]+)\.dkr\.ecr(?:-fips)?\.([^/]+?)\.(?:amazonaws\.[a-z.]+|\$\{AWS::URLSuffix\})/(.+)"
)
LOCAL_IMAGES: Final = "stepmill.local/"


class Place(NamedTuple):
    """An `s3://` place that a job reads or writes: the member that names it, and whether that is a file that names
    further objects."""

    uri: str
    said_by: str
    names_more: bool = False


def job_grants(kind: str, request: Any, where: Where, bucket: str | None) -> Iterator[Grant]:
    """What the role of one job needs. kind: `training`, `processing`, `transform`, or `model` for what a model's
    containers do. bucket: the stage's, for what only the run knows; None in the run, where nothing is left open but
    what files name."""
    for place in reads(kind, request):
        if place.names_more and bucket is None:
            continue
        yield from read(place, where, bucket)
    for place in writes(kind, request):
        yield from write(place, where, bucket)
    if (checkpoints := text(member(member(request, "CheckpointConfig"), "S3Uri"))) is not None:
        yield from checkpoint(Place(checkpoints, "CheckpointConfig.S3Uri"), where, bucket)
    one = "/*" if kind == "model" else ""  # each endpoint has a log group of its own, each job a stream
    head = f"arn:{where.partition}:logs:{where.region}:{where.account}:log-group:/aws/sagemaker"
    group = f"{head}/{_NOUN[kind]}{one}:*"
    yield Grant(_LOG_ACTIONS, Target(group, _STREAMS))
    namespace = {"StringEquals": {"cloudwatch:namespace": f"/aws/sagemaker/{_NOUN[kind]}"}}
    yield Grant(("cloudwatch:PutMetricData",), Target("*", NO_LEVEL), namespace)
    yield from pull(kind, request, where)


def function_grants(name: str, where: Where) -> Iterator[Grant]:
    """What a function's role needs to write its log."""
    group = f"arn:{where.partition}:logs:{where.region}:{where.account}:log-group:/aws/lambda/{name}:*"
    yield Grant(_FUNCTION_LOGS, Target(group, _STREAMS))


# ---- S3


def reads(kind: str, request: Any) -> Iterator[Place]:
    """What a job reads before it starts."""
    if kind == "processing":
        for one in _items(request, "ProcessingInputs"):
            yield from _place(_inner(one, "S3Input"), "S3Uri", "S3Input.S3Uri")
        return
    if kind == "transform":
        source = _inner(_inner(_inner(request, "TransformInput"), "DataSource"), "S3DataSource")
        yield from _place(source, "S3Uri", "S3DataSource.S3Uri")
        return
    if kind == "model":
        for one in containers(request):
            yield from _place(one, "ModelDataUrl", "ModelDataUrl")
        return
    for one in _items(request, "InputDataConfig"):
        source = _inner(_inner(one, "DataSource"), "S3DataSource")
        yield from _place(source, "S3Uri", "S3DataSource.S3Uri")
    # The container fetches the code of script mode itself, under the same role.
    code = text(member(_inner(request, "HyperParameters"), "sagemaker_submit_directory"))
    if code is not None and not isinstance(request, Dynamic) and member(request, "HyperParameters") is not None:
        uri = code.strip('"')
        yield Place(Dynamic(uri) if isinstance(code, Dynamic) else uri, "sagemaker_submit_directory")


def writes(kind: str, request: Any) -> Iterator[Place]:
    """Where a job puts what it made."""
    if kind == "processing":
        for one in _items(_inner(request, "ProcessingOutputConfig"), "Outputs"):
            yield from _place(_inner(one, "S3Output"), "S3Uri", "S3Output.S3Uri")
        return
    if kind == "transform":
        yield from _place(_inner(request, "TransformOutput"), "S3OutputPath", "TransformOutput.S3OutputPath")
        return
    if kind == "model":
        return
    for config in ("OutputDataConfig", "DebugHookConfig", "TensorBoardOutputConfig", "ProfilerConfig"):
        if config == "OutputDataConfig" or not isinstance(request, Dynamic):
            yield from _place(_inner(request, config), "S3OutputPath", f"{config}.S3OutputPath")


def read(place: Place, where: Where, bucket: str | None) -> Iterator[Grant]:
    """To list a prefix and get what is under it."""
    name, key, why = _parts(place, bucket or "")
    arn = f"arn:{where.partition}:s3:::{name}"
    yield Grant(("s3:GetObject",), Target(f"{arn}/{joined(key, ANY)}", "; ".join(filter(None, (why, _UNDER)))))
    yield Grant(("s3:ListBucket",), Target(arn), _prefix(key))


def write(place: Place, where: Where, bucket: str | None) -> Iterator[Grant]:
    """To put objects under a prefix."""
    name, key, why = _parts(place, bucket or "")
    yield Grant(("s3:PutObject",), _below(name, key, why, where))


def checkpoint(place: Place, where: Where, bucket: str | None) -> Iterator[Grant]:
    """To keep a prefix the same as a folder of the job, both ways."""
    name, key, why = _parts(place, bucket or "")
    yield Grant(("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), _below(name, key, why, where))
    yield Grant(("s3:ListBucket",), Target(f"arn:{where.partition}:s3:::{name}"), _prefix(key))


def _below(name: str, key: str, why: str, where: Where) -> Target:
    under = key if key.endswith("*") else joined(key.rstrip("/"), "/" if key.rstrip("/") else "", ANY)
    return Target(f"arn:{where.partition}:s3:::{name}/{under}", "; ".join(filter(None, (why, _UNDER))))


def _prefix(key: str) -> Condition:
    return {} if key in ("", "*") else {"StringLike": {"s3:prefix": str(joined(key, ANY))}}


def _parts(place: Place, bucket: str) -> tuple[str, str, str]:
    """A place's bucket, its key, and the reason for a `*` in them."""
    name, _, key = place.uri.removeprefix("s3://").partition("/")
    if place.names_more:
        return bucket, "", f"{place.said_by} is a file that names the objects, so it is all of the stage's bucket"
    if not place.uri.startswith("s3://") or "*" in name:
        return bucket, "", f"{run_time(place.said_by)}, so it is all of the stage's bucket"
    if isinstance(place.uri, Dynamic):
        return name, Dynamic(key), run_time(place.said_by)
    return name, key, ""


def _place(of: Any, name: str, said_by: str) -> Iterator[Place]:
    uri = text(member(of, name))
    if uri:
        kind = None if isinstance(of, Dynamic) else member(of, "S3DataType")
        yield Place(uri, said_by)
        if kind in ("ManifestFile", "AugmentedManifestFile"):
            yield Place(uri, said_by, names_more=True)


def _inner(request: Any, name: str) -> Any:
    value = member(request, name)
    return value if isinstance(value, dict | Dynamic) else None


def _items(request: Any, name: str) -> list[Any]:
    value = member(request, name)
    return [ANY] if isinstance(value, Dynamic) else value if isinstance(value, list) else []


# ---- the image, the network, the key


def pull(kind: str, request: Any, where: Where) -> Iterator[Grant]:
    """To pull the image, where it lies in a registry of AWS."""
    for image in _images(kind, request):
        if (repository := _repository(image, where)) is not None:
            yield Grant(_PULL, repository)
            yield Grant(("ecr:GetAuthorizationToken",), Target("*", NO_LEVEL))


def containers(request: Any) -> list[Any]:
    """The containers of a CreateModel request."""
    one = _inner(request, "PrimaryContainer")
    return [*([] if one is None else [one]), *_items(request, "Containers")]


def _images(kind: str, request: Any) -> Iterator[str]:
    if kind == "model":
        found = [text(member(one, "Image")) for one in containers(request)]
    elif kind == "training":
        found = [text(member(_inner(request, "AlgorithmSpecification"), "TrainingImage"))]
    elif kind == "processing":
        found = [text(member(_inner(request, "AppSpecification"), "ImageUri"))]
    else:
        found = []  # a transform job's image is its model's
    yield from (image for image in found if image is not None)


def _repository(image: str, where: Where) -> Target | None:
    if isinstance(image, Dynamic) or (image.startswith("${") and "/" not in image):
        why = run_time("the image") if isinstance(image, Dynamic) else "CloudFormation fills in the image"
        return Target(f"arn:{where.partition}:ecr:{where.region}:{where.account}:repository/*", why)
    # On this machine an image is a list of requirements; it stands for one in the account's own registry.
    account, region, path = where.account, where.region, image.removeprefix(LOCAL_IMAGES)
    if not image.startswith(LOCAL_IMAGES):
        if (found := _REGISTRY.fullmatch(image)) is None:
            return None
        account, region, path = found[1], found[2], found[3]
    name = path.partition("@")[0].partition(":")[0]
    return Target(f"arn:{where.partition}:ecr:{region}:{account}:repository/{name}")


def network(where: Where, *, function: bool = False) -> Iterator[Grant]:
    """To join a VPC."""
    head = f"arn:{where.partition}:ec2:{where.region}:{where.account}:"
    own = ["ec2:DeleteNetworkInterface"]
    own += (
        ["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        if function
        else ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterfacePermission"]
    )
    for kind in ("network-interface", "security-group", "subnet"):
        yield Grant(("ec2:CreateNetworkInterface",), Target(f"{head}{kind}/*", _INTERFACES))
    yield Grant(tuple(own), Target(f"{head}network-interface/*", _INTERFACES))
    looks = ("NetworkInterfaces", "Subnets") if function else (
        "DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"
    )  # fmt: skip
    yield Grant(tuple(f"ec2:Describe{what}" for what in looks), Target("*", NO_LEVEL))


def key(arn: str) -> Iterator[Grant]:
    """To read and write what a KMS key encrypts, and to lend it to a job's volume."""
    yield Grant(("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), Target(arn))
    yield Grant(("kms:CreateGrant",), Target(arn), {"Bool": {"kms:GrantIsForAWSResource": "true"}})
