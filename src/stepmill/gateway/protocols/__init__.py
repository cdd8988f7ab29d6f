"""What travels: a request's bytes to an operation's members, a result or a refusal to a response.

In: Found and its Request; a result; a ServiceError. Out: members as boto3 spells them; a Response. Touches: the body of
the request. One module a protocol; this one knows which.
"""

from __future__ import annotations

from typing import Any

from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import forms, rest, targets
from stepmill.gateway.protocols.errors import refuse
from stepmill.gateway.protocols.models import Found, Operation
from stepmill.gateway.protocols.values import Refusal

__all__ = ["parse", "refuse", "respond"]


def parse(found: Found, request: Request) -> dict[str, Any]:
    """The members of a request, as boto3 spells them; a body that streams is the request's own Reader, unread.

    Raises ServiceError as the service refuses what it cannot read: `SerializationException`, `MalformedXML`,
    `InvalidArgument`; `NotImplemented` (501) for an operation that sends or takes a stream of events.
    """
    operation = found.operation
    if operation.streams:
        message = f"{operation.name} streams events, which this endpoint does not do."
        raise Refusal("NotImplemented", message, 501)
    match operation.model.protocol:
        case "json":
            return targets.parse(operation, request)
        case "query":
            return forms.parse(found)
        case _:
            return rest.parse(found, request)


def respond(operation: Operation, result: dict[str, Any], request_id: str) -> Response:
    """What is sent when the operation succeeds. Members the model does not know stay here.

    The answer to a HEAD alone has a `Content-Length` among its headers: that of the body it does not send.
    """
    match operation.model.protocol:
        case "json":
            return targets.respond(operation, result, request_id)
        case "query":
            return forms.respond(operation, result, request_id)
        case _:
            return rest.respond(operation, result, request_id)
