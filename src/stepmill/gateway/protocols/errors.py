"""Refusals as each protocol sends them.

In: a ServiceError and the model of the service that refuses. Out: a Response. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import jsonbody
from stepmill.gateway.protocols.models import ServiceModel, Shape
from stepmill.gateway.protocols.values import header_text
from stepmill.gateway.protocols.xmltree import escape
from stepmill.services.operations import ServiceError

_BODILESS = (304, 204)


def refuse(model: ServiceModel, error: ServiceError, request_id: str, request: Request | None = None) -> Response:
    """What is sent when an operation is refused.

    error: its `members`, when it has some, stand beside code and message where the model describes them (S3: all). A
    status of 400, the default, gives way to the one the model describes, where AWS tells errors apart by it.
    """
    members = dict(getattr(error, "members", {}))
    shape = errors_of(model).get(error.code, {})
    status = error.status
    if status == 400 and model.protocol != "json":
        status = shape.get("error", {}).get("httpStatusCode", 400)
    if model.protocol == "rest-xml":
        return _s3(error, members, status, request_id, request)
    if model.protocol == "query":
        return _query(model, error, status, request_id)
    return _json(model, error, members, shape, status, request_id)


def errors_of(model: ServiceModel) -> dict[str, Shape]:
    """The errors a service describes, by the code that travels."""
    found: dict[str, Shape] | None = model.plans.get("errors")
    if found is None:
        described = {name: shape for name, shape in model.shapes.items() if shape.get("exception")}
        found = {shape.get("error", {}).get("code", name): shape for name, shape in described.items()}
        model.plans["errors"] = found
    return found


def _json(
    model: ServiceModel, error: ServiceError, members: dict[str, Any], shape: Shape, status: int, request_id: str
) -> Response:
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": header_text(error.code)}
    described: dict[str, Shape] = shape.get("members", {})
    told = next((name for name in described if name.lower() == "message"), "message")
    if model.protocol == "json":
        headers["Content-Type"] = f"application/x-amz-json-{model.json_version}"
        said: dict[str, Any] = {"__type": error.code}
    else:
        headers["Content-Type"] = "application/json"
        said = {"Type": "Service" if status >= 500 else "User"} if "Type" in described else {}
    if error.message:
        said[told] = error.message
    for name, value in members.items():
        ref = described.get(name)
        if ref is None or value is None:
            continue
        if ref.get("location") == "header":
            headers[ref.get("locationName", name)] = header_text(str(value))
            continue
        convert = jsonbody.writer(model, ref)
        said[ref.get("locationName", name)] = value if convert is None else convert(value)
    return Response(status, headers, jsonbody.dumps(said))


def _s3(
    error: ServiceError, members: dict[str, Any], status: int, request_id: str, request: Request | None
) -> Response:
    headers = {"x-amz-request-id": request_id, "x-amz-id-2": request_id}
    if status in _BODILESS or (request is not None and request.method == "HEAD"):
        return Response(status, headers)
    said = {"Code": error.code, "Message": error.message, **members}
    if request is not None:
        said.setdefault("Resource", request.path)
    said |= {"RequestId": request_id, "HostId": request_id}
    inside = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in said.items() if value is not None)
    headers["Content-Type"] = "application/xml"
    return Response(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'.encode())


def _query(model: ServiceModel, error: ServiceError, status: int, request_id: str) -> Response:
    blame = "Receiver" if status >= 500 else "Sender"
    text = (
        f'<ErrorResponse xmlns="{model.namespace}"><Error><Type>{blame}</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
    )
    return Response(status, {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}, text.encode())
