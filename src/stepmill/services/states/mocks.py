"""Results that TestState is given instead of a task's own, held against AWS's models.

In: a mock as the request has it, the state it is for. Out: a value, or AWS's refusal. Touches: imports botocore, when
there is a model to compare with.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html; the wordings are recorded from AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from stepmill.asl.operations import find_service
from stepmill.engine.blocks import MapState, ParallelState
from stepmill.engine.states import State
from stepmill.engine.tasks import TaskState
from stepmill.services.operations import ServiceError, invalid, unmet
from stepmill.services.sdk import java, service_model

_MODES: Final = ("STRICT", "PRESENT", "NONE")
_CALL: Final = re.compile(
    r"arn:[\w-]+:states:[\w-]*:[\w-]*:(aws-sdk:)?([\w-]+):(\w+)(?:\.(sync|sync:2|waitForTaskToken))?"
)
# What a task that waits for its job answers with is the description of the job.
_DESCRIBED: Final = {
    ("states", "startExecution"): "DescribeExecution",
    ("batch", "submitJob"): "DescribeJobs",
    ("ecs", "runTask"): "DescribeTasks",
    ("codebuild", "startBuild"): "BatchGetBuilds",
    ("glue", "startJobRun"): "GetJobRun",
    ("sagemaker", "createTrainingJob"): "DescribeTrainingJob",
    ("sagemaker", "createProcessingJob"): "DescribeProcessingJob",
    ("sagemaker", "createTransformJob"): "DescribeTransformJob",
    ("sagemaker", "createHyperParameterTuningJob"): "DescribeHyperParameterTuningJob",
}
# Optimised integrations without an operation of AWS behind them.
_UNMODELLED: Final = frozenset({"apigateway", "http", "eks", "emr-containers", "bedrock"})


def checked(state: State, kind: str, mock: Mapping[str, Any] | None, reveal: bool) -> Any:
    """The mocked result, None when there is none or an error is mocked.

    Raises ServiceError: ValidationException for a mock that AWS would refuse, InvalidDefinition for a state that cannot
    be tested without one.
    """
    if mock is None:
        if isinstance(state, MapState | ParallelState):
            words = "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
            raise ServiceError("InvalidDefinition", f"TestState API does not support Map or Parallel states. {words}")
        return None
    if kind not in ("Task", "Map", "Parallel"):
        raise ServiceError("ValidationException", f"State type '{kind}' is not supported when a mock is specified")
    if reveal:
        raise _refused("TestState does not support RevealSecrets when a mock is specified.")
    mode = mock.get("fieldValidationMode") or "STRICT"
    if mode not in _MODES:
        raise invalid(unmet(mode, "mock.fieldValidationMode", f"satisfy enum value set: [{', '.join(_MODES)}]"))
    if mock.get("result") is not None and mock.get("errorOutput") is not None:
        raise _refused("A test mock should have only one of the following fields: [result, errorOutput].")
    if mock.get("result") is None:
        if mock.get("errorOutput") is None:
            raise _refused("A test mock should have one of the following fields: [result, errorOutput].")
        return None
    try:
        result = json.loads(mock["result"])
    except ValueError:
        raise _refused("Mocked result must be valid JSON") from None
    if isinstance(state, MapState | ParallelState):
        _of_many(state, result)
    elif isinstance(state, TaskState) and mode != "NONE" and (shape := _shape(state.resource)) is not None:
        _compare(result, shape, "", mode == "STRICT")
    return result


def _of_many(state: MapState | ParallelState, result: Any) -> None:
    if isinstance(state, MapState) and state.writes:
        if not isinstance(result, dict):
            raise _refused("Mocked result must be a JSON object.")
    elif not isinstance(result, list):
        raise _refused("Mocked result must be an array.")


def _shape(resource: str) -> Any:
    """The model of what a resource answers; None where there is none: a function called by its ARN, an activity, an
    integration that is no operation of AWS's."""
    found = _CALL.fullmatch(resource)
    if found is None or found[2] in _UNMODELLED:
        return None
    service, operation, waits = found[2], found[3], found[4]
    if found[1]:
        named = find_service(service)
        if named is None:
            return None
        service = named.names_elsewhere[0]
    elif waits and waits.startswith("sync"):
        operation = _DESCRIBED.get((service, operation), operation)
    try:
        model = service_model(service)
    except Exception:  # noqa: BLE001 - botocore's own for a service it does not have
        return None
    name = next((known for known in model.operation_names if known.lower() == operation.lower()), None)
    return None if name is None else model.operation_model(name).output_shape


def _compare(value: Any, shape: Any, field: str, strict: bool) -> None:
    """Raise for the first member that is not what the model says. Members it does not have are let through."""
    match shape.type_name:
        case "structure" if not getattr(shape, "is_document_type", False):
            if not isinstance(value, dict):
                raise _wrong(field, "an object") if field else _refused("Mocked result must be a JSON object.")
            # Optimised integrations spell as the service does, but for the capital.
            known = {member[0].upper() + member[1:]: below for member, below in shape.members.items()}
            known |= {java(member): below for member, below in shape.members.items()}
            missing = [java(member) for member in shape.required_members if java(member) not in value]
            if strict and missing:
                raise _refused(f"Mock result schema validation error: Required field '{missing[0]}' is missing")
            for name, item in value.items():
                if name in known:
                    _compare(item, known[name], name, strict)
        case "list":
            if not isinstance(value, list):
                raise _wrong(field, "an array")
            for item in value:
                _compare(item, shape.member, field, strict)
        case "map":
            if not isinstance(value, dict):
                raise _wrong(field, "an object")
            for item in value.values():
                _compare(item, shape.value, field, strict)
        case "string" | "timestamp" | "blob":
            if not isinstance(value, str):
                raise _wrong(field, "a string")
            if value not in (getattr(shape, "enum", None) or (value,)):
                raise _refused(f"Mock result schema validation error: Field '{field}' is not an expected value")
        case "integer" | "long" | "float" | "double":
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _wrong(field, "a number")
        case "boolean":
            if not isinstance(value, bool):
                raise _wrong(field, "a boolean")


def _wrong(field: str, kind: str) -> ServiceError:
    return _refused(f"Mock result schema validation error: Field '{field}' must be {kind}")


def _refused(words: str) -> ServiceError:
    return ServiceError("ValidationException", words)
