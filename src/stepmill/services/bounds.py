"""What of other services does not pass to moto, and why.

In: a service, an operation, a request's pieces. Out: nothing, or ServiceError. Touches: nothing.

A service of Stepmill's own has no second, empty world behind it; what only runs is not pretended; what is taken here is
not lost in silence and does not leave this machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from stepmill.services.operations import ServiceError

# Services of ours, by the names that signatures, boto3 and `call` have for them.
_OURS: Final = frozenset(
    {
        "stepmill", "states", "stepfunctions", "sfn", "lambda", "s3", "s3express", "s3-object-lambda", "s3control",
        "logs", "cloudformation",
    }
)  # fmt: skip
_OURS_IN_PART: Final = {
    # jobs and pipelines run something, which moto would only pretend
    "sagemaker": re.compile(r".*(?:Job|JobDefinition|PipelineExecution)s?(?:ForHyperParameterTuningJob)?"),
    "sts": re.compile("GetCallerIdentity"),
}
# What moto only pretends to run, by moto's own names of the services: a canned answer would be a lie.
_PRETENDED: Final[dict[str, re.Pattern[str]]] = {
    **dict.fromkeys(
        (
            "batch", "bedrockruntime", "comprehend", "emrcontainers", "emrserverless", "forecast", "personalize",
            "polly", "rdsdata", "rekognition", "sagemakerruntime", "textract", "timestreamquery", "transcribe",
        ),
        re.compile(""),
    ),
    "athena": re.compile("StartQueryExecution"),
    "codebuild": re.compile("StartBuild"),
    "codepipeline": re.compile("StartPipelineExecution"),
    "ecs": re.compile("RunTask|StartTask|CreateService"),
    "emr": re.compile("RunJobFlow|AddJobFlowSteps"),
    "glue": re.compile("StartJobRun|StartCrawler|StartTrigger"),
    "redshiftdata": re.compile("(Batch)?ExecuteStatement"),
    "ssm": re.compile("SendCommand|StartAutomationExecution"),
}  # fmt: skip
# moto's own names of what is Stepmill's, and of its administration.
_CLOSED: Final = frozenset(
    {
        "s3", "s3control", "s3bucket_path", "stepfunctions", "awslambda", "logs", "moto_api", "instance_metadata",
        "cloudformation",
    }
)  # fmt: skip


def takes(service: str, operation: str | None = None) -> bool:
    """Whether a request for `service` (a name of boto3, of signatures or of `call`) may go to moto at all."""
    if service in _OURS:
        return False
    ours = _OURS_IN_PART.get(service)
    return ours is None or operation is None or not ours.fullmatch(operation)


def closed(backend: str) -> bool:
    """Whether a service of moto, by its name there, is not for anybody."""
    return backend in _CLOSED


def pretends(backend: str, operation: str | None) -> bool:
    """Whether moto, whose name of a service is `backend`, would only pretend to do it."""
    pretended = _PRETENDED.get(backend)
    return pretended is not None and pretended.match(operation or "") is not None


def refused(asked: str) -> ServiceError:
    """What nobody answers."""
    return ServiceError("UnknownOperationException", f"{asked} is not answered on this machine.", 501)


def guard(backend: str, operation: str | None, headers: Mapping[str, str], body: bytes, asked: str) -> None:
    """Refuse what moto would pretend, or would take and lead nowhere or out of this machine. `asked` names it."""
    if pretends(backend, operation):
        raise ServiceError("NotImplemented", f"{asked} is not answered on this machine: nothing here runs it.", 501)
    said = ""
    if backend == "sns" and operation == "Subscribe":
        protocol = (form(headers, body).get("Protocol") or [""])[0]
        if protocol in ("lambda", "http", "https", "firehose"):
            said = f"a subscription with the protocol {protocol} is not served"
    elif backend == "events" and operation == "PutTargets":
        arns = [str(target.get("Arn")) for target in _json(body).get("Targets", []) if isinstance(target, dict)]
        if lost := [arn for arn in arns if re.match(r"arn:aws[a-z-]*:(lambda|states|sagemaker):", arn)]:
            said = f"events are not delivered to {lost[0]}"
    if said:
        raise ServiceError("NotImplemented", f"{asked}: {said} on this machine.", 501)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def operation_of(path: str, query: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The operation a request names; None for REST, where it is in method and path."""
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if rpc := re.fullmatch(r"/service/[^/]+/operation/(\w+)", path):
        return rpc.group(1)
    named = parse_qs(query).get("Action") or form(headers, body).get("Action")
    return named[0] if named else None


def form(headers: Mapping[str, str], body: bytes) -> dict[str, list[str]]:
    """The members of a body of the query protocol."""
    if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
