"""The `json` protocol: the operation in `X-Amz-Target`, everything else in the body.

In: an Operation and a Request, or a result. Out: members, or a Response. Touches: the body of the request.
"""

from __future__ import annotations

from typing import Any

from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import jsonbody
from stepmill.gateway.protocols.models import Operation
from stepmill.gateway.protocols.values import drain


def parse(operation: Operation, request: Request) -> dict[str, Any]:
    """The members in the body. Raises SerializationException."""
    value = jsonbody.loads(drain(request.body))
    if operation.input is None or value is None:
        return {}
    read = operation.plans.get("read")
    if read is None:
        read = operation.plans["read"] = jsonbody.reader(operation.model, operation.input)
    members: dict[str, Any] = read(value)
    return members


def respond(operation: Operation, result: dict[str, Any], request_id: str) -> Response:
    """The result as JSON; nothing at all for an operation without an output, as AWS does."""
    headers = {
        "x-amzn-RequestId": request_id,
        "Content-Type": f"application/x-amz-json-{operation.model.json_version}",
    }
    if operation.output is None:
        return Response(operation.status, headers)
    if "write" not in operation.plans:
        operation.plans["write"] = jsonbody.writer(operation.model, operation.output)
    return Response(operation.status, headers, jsonbody.dumps(operation.plans["write"](result)))
