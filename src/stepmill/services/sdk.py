"""How Step Functions spells requests and responses of AWS's SDK, and how a service's own model does.

In: a row of the table of integrations and a Task's parameters, or a response as boto3 spells it. Out: the other of the
two. Touches: imports botocore, with the first Task state that needs a model.

Step Functions has the names of the AWS SDK for Java 2 with a capital: `StateMachineArn` for `stateMachineArn`,
`DbClusterIdentifier` for `DBClusterIdentifier`. Optimised integrations spell as the service does (recorded:
`MD5OfMessageBody`).
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from stepmill.asl.integrations import Integration
from stepmill.objects.bodies import Slice
from stepmill.services.arns import machine_of
from stepmill.services.operations import Response, ServiceError
from stepmill.services.s3 import text_of

# Requests and responses of these have the same names in both worlds, as far as they are answered here: no model needed.
_PLAIN = frozenset({"s3", "sagemaker", "lambda"})
_BOTO = {"states": "stepfunctions"}  # names of `call` that are not boto3's
_TIMES = ("Time", "Date", "Modified", "Timestamp")
# Members of optimised requests that may be an object, which is sent as its JSON text (Step Functions guide, the pages
# of the three services, November 2026).
_TEXTS = {("sqs", "SendMessage"): "MessageBody", ("sns", "Publish"): "Message"}


@cache
def session() -> Any:
    """The one botocore session of what never leaves this process: it reads no profile and no file of the user's."""
    import botocore.session

    nobody = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    return botocore.session.Session(session_vars=nobody)


@cache
def service_model(service: str) -> Any:
    """botocore's model of a service, by the name `call` has for it."""
    return session().get_service_model(_BOTO.get(service, service))


def request_of(row: Integration, parameters: Mapping[str, Any] | None, execution: str) -> dict[str, Any]:
    """What is called for a Task's parameters. `execution` is the ARN of the execution that calls.

    Raises ServiceError for a parameter that the operation does not have, under the operation's own spelling.
    """
    given = dict(parameters or {})
    if row.optimised:
        return _optimised(row, given, execution)
    if row.service in _PLAIN:
        return given
    shape = _operation(row).input_shape
    return dict(_to_service(given, shape, row.resource)) if shape is not None else given


def result_of(row: Integration, response: Response) -> dict[str, Any]:
    """A response as a Task's result: names of the SDK, times as ISO 8601, binary values as text, or as base64 where
    they are none (AWS does not document which; text is what `s3:getObject` gives)."""
    if row.optimised or row.service in _PLAIN:
        return dict(plain(response))
    return dict(_to_task(response, _operation(row).output_shape))


def failure_of(row: Integration, response: Response) -> tuple[str, str] | None:
    """(error, cause) where a response is a failure of the Task all the same."""
    if row.optimised and row.service == "events" and response.get("FailedEntryCount", 0) > 0:
        # The name is the guide's; what the cause says is not documented, so it is the whole response.
        return "EventBridge.FailedEntry", json.dumps(plain(response), separators=(",", ":"), ensure_ascii=False)
    return None


def plain(value: Any, name: str = "") -> Any:
    """A response as JSON: bytes as text, times as ISO 8601."""
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, float) and name.endswith(_TIMES):
        return instant(value)
    if isinstance(value, Mapping):
        return {key: plain(item, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return text_of(value) if isinstance(value, Slice) else value


def _optimised(row: Integration, given: dict[str, Any], execution: str) -> dict[str, Any]:
    member = _TEXTS.get((row.service, row.operation))
    if member is not None and not isinstance(given.get(member), str | None):
        given[member] = _json(given[member])
    if row.service == "events" and isinstance(given.get("Entries"), list):
        given["Entries"] = [_entry(one, execution) if isinstance(one, dict) else one for one in given["Entries"]]
    return given


def _entry(entry: dict[str, Any], execution: str) -> dict[str, Any]:
    """An event, with the ARNs of the execution and of its machine behind its own resources (Step Functions guide)."""
    made = dict(entry)
    if not isinstance(made.get("Detail"), str | None):
        made["Detail"] = _json(made["Detail"])
    made["Resources"] = [*(made.get("Resources") or []), execution, machine_of(execution)]
    return made


def _operation(row: Integration) -> Any:
    model = service_model(row.service)
    for name in model.operation_names:
        if name.lower() == row.operation.lower():
            return model.operation_model(name)
    raise ServiceError("UnknownOperationException", f"AWS has no operation {row.service}:{row.operation}.")


def _to_service(value: Any, shape: Any, where: str) -> Any:
    if value is None:
        return None
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            known = {java(member): member for member in shape.members} | {member: member for member in shape.members}
            if getattr(shape, "is_document_type", False):
                return value
            made = {}
            for name, item in value.items():
                if name not in known:
                    raise ServiceError("ValidationException", f"{where} has no parameter {name}")
                made[known[name]] = _to_service(item, shape.members[known[name]], f"{where}: {name}")
            return made
        case "list" if isinstance(value, list):
            return [_to_service(item, shape.member, where) for item in value]
        case "map" if isinstance(value, Mapping):
            return {key: _to_service(item, shape.value, where) for key, item in value.items()}
        case "blob":
            return value.encode() if isinstance(value, str) else _json(value).encode()
        case _:
            return value


def _to_task(value: Any, shape: Any) -> Any:
    match shape.type_name if shape is not None else "":
        case "structure" if isinstance(value, Mapping) and not getattr(shape, "is_document_type", False):
            return {
                java(name): _to_task(item, shape.members.get(name)) for name, item in value.items() if item is not None
            }
        case "list" if isinstance(value, (list, tuple)):
            return [_to_task(item, shape.member) for item in value]
        case "map" if isinstance(value, Mapping):
            return {key: _to_task(item, shape.value) for key, item in value.items()}
        case "timestamp" if isinstance(value, (int, float)):
            return instant(float(value))
        case _:
            return plain(value)


@cache
def java(name: str) -> str:
    """A member's name as Step Functions writes it: of capitals at the beginning, all but the last one before a small
    letter go together."""
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[0].upper() + name[1:end].lower() + name[end:]


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def instant(seconds: float) -> str:
    """As Java writes an instant: milliseconds only where there are some."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{milliseconds:03d}Z" if milliseconds else f"{text}Z"
