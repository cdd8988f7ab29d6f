"""The `rest-json` and `rest-xml` protocols: members in the path, the query, headers and the body.

In: Found and its Request, or a result. Out: members, or a Response. Touches: a body that does not stream.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import jsonbody, xmlbody, xmltree
from stepmill.gateway.protocols.models import Found, Operation, Shape
from stepmill.gateway.protocols.values import (
    SCALARS,
    Refusal,
    drain,
    float_text,
    header_list,
    header_safe,
    header_text,
    time_text,
    unserialized,
)
from stepmill.objects.bodies import Slice

S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

S3_ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetObjectAcl": "AccessControlPolicy",
    "GetBucketTagging": "Tagging",
    "GetObjectTagging": "Tagging",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAttributes": "GetObjectAttributesResponse",
}
"""What S3 calls the root where the model does not say: from the samples in its API reference; boto3 does not look."""


@dataclass(slots=True)
class _Asked:
    """How the members of a request are found."""

    labels: list[tuple[str, str, Shape]] = field(default_factory=list)
    query: dict[str, tuple[str, Shape]] = field(default_factory=dict)
    headers: list[tuple[str, str, Shape]] = field(default_factory=list)
    prefixes: list[tuple[str, str]] = field(default_factory=list)
    located: set[str] = field(default_factory=set)
    payload: str = ""
    payload_shape: Shape = field(default_factory=dict)
    body: Callable[[bytes], Any] | None = None


def _asked(operation: Operation) -> _Asked:
    plan: _Asked | None = operation.plans.get("asked")
    if plan is not None:
        return plan
    plan = operation.plans["asked"] = _Asked()
    if (shape := operation.input) is None:
        return plan
    for member, ref in shape["members"].items():
        called = ref.get("locationName", member)
        match ref.get("location"):
            case "uri":
                plan.labels.append((member, called, operation.model.resolve(ref)))
            case "querystring":
                plan.query[called] = member, operation.model.resolve(ref)
            case "header":
                plan.headers.append((member, called.lower(), operation.model.resolve(ref)))
            case "headers":
                plan.prefixes.append((member, called.lower()))
            case _:
                continue
        plan.located.add(member)
    if payload := shape.get("payload"):
        plan.payload = payload
        plan.payload_shape = operation.model.resolve(shape["members"][payload])
        if plan.payload_shape["type"] in ("structure", "list", "map"):
            plan.body = _body(operation, plan.payload_shape)
    elif len(plan.located) < len(shape["members"]):
        plan.body = _body(operation, shape)
    return plan


def _body(operation: Operation, shape: Shape) -> Callable[[bytes], Any]:
    if operation.model.protocol == "rest-json":
        read = jsonbody.reader(operation.model, shape)

        def from_json(body: bytes) -> Any:
            value = jsonbody.loads(body)
            return None if value is None else read(value)

        return from_json
    read_xml = xmlbody.reader(operation.model, shape)
    called = shape.get("locationName", shape["shape"])

    def from_xml(body: bytes) -> Any:
        if not body:
            return None
        root = xmltree.parse(body)
        if root.tag != called:
            raise xmltree.malformed()
        return read_xml([root])

    return from_xml


def parse(found: Found, request: Request) -> dict[str, Any]:
    """The members of a request. Raises ServiceError."""
    operation = found.operation
    plan = _asked(operation)
    members: dict[str, Any] = {}
    if plan.payload and plan.body is None:
        _payload(plan, request, members)
    elif plan.body is not None:
        value = plan.body(drain(request.body))
        if plan.payload:
            if value is not None:
                members[plan.payload] = value
        elif value is not None:
            members = {key: item for key, item in value.items() if key not in plan.located}
    for member, called, shape in plan.labels:
        members[member] = _scalar(operation, called, found.labels[called], shape)
    for name, text in found.query:
        if (entry := plan.query.get(name)) is not None:
            member, shape = entry
            if shape["type"] == "list":
                inner = operation.model.resolve(shape["member"])
                members.setdefault(member, []).append(_scalar(operation, name, text, inner))
            else:
                members[member] = _scalar(operation, name, text, shape)
    for member, name, shape in plan.headers:
        if (said := request.headers.get(name)) is not None:
            members[member] = _header(operation, name, said, shape)
    for member, prefix in plan.prefixes:
        # An empty prefix would take every header; no operation here has one.
        taken = {name[len(prefix) :]: text for name, text in request.headers.items() if name.startswith(prefix)}
        if taken:
            members[member] = taken
    return members


def _payload(plan: _Asked, request: Request, members: dict[str, Any]) -> None:
    if plan.payload_shape.get("streaming"):
        members[plan.payload] = request.body
        return
    if not (data := drain(request.body)):
        return
    if plan.payload_shape["type"] == "blob":
        members[plan.payload] = data
        return
    try:
        members[plan.payload] = data.decode()
    except UnicodeDecodeError:
        raise unserialized("The request body is not UTF-8.") from None


def _header(operation: Operation, name: str, text: str, shape: Shape) -> Any:
    if shape.get("jsonvalue"):
        try:
            return json.loads(base64.b64decode(text, validate=True))
        except (ValueError, RecursionError):
            raise _unread(operation, name, text, "string") from None
    if shape["type"] == "list":
        return header_list(text)
    return _scalar(operation, name, text, shape)


def _scalar(operation: Operation, name: str, text: str, shape: Shape) -> Any:
    kind = shape["type"]
    convert = SCALARS.get(kind)
    if convert is None:
        if name.startswith("response-") and not header_safe(text):
            members = {"ArgumentName": name, "ArgumentValue": text}
            raise Refusal("InvalidArgument", "Header value cannot be represented using ISO-8859-1.", 400, members)
        return text
    try:
        return convert(text)
    except (ValueError, OverflowError):
        raise _unread(operation, name, text, kind) from None


def _unread(operation: Operation, name: str, text: str, kind: str) -> Refusal:
    if operation.model.protocol == "rest-json":
        return unserialized(f"STRING_VALUE can not be converted to {jsonbody.ARTICLES[kind]}")
    wanted = "an integer or within integer range" if kind in ("integer", "long") else f"a {kind}"
    members = {"ArgumentName": name, "ArgumentValue": text}
    return Refusal("InvalidArgument", f"Provided {name} not {wanted}", 400, members)


@dataclass(slots=True)
class _Told:
    """How the members of a result are sent."""

    headers: list[tuple[str, str, Callable[[Any], str]]] = field(default_factory=list)
    prefixes: list[tuple[str, str]] = field(default_factory=list)
    status: str = ""
    payload: str = ""
    raw: str = ""
    body: Callable[[Any], bytes] | None = None


def _told(operation: Operation) -> _Told:
    plan: _Told | None = operation.plans.get("told")
    if plan is not None:
        return plan
    plan = operation.plans["told"] = _Told()
    if (shape := operation.output) is None:
        return plan
    inside = False
    for member, ref in shape["members"].items():
        called = ref.get("locationName", member)
        match ref.get("location"):
            case "statusCode":
                plan.status = member
            case "header":
                # The length is the body's to tell, but for HEAD, which has none.
                if called.lower() != "content-length" or operation.method == "HEAD":
                    plan.headers.append((member, called, _header_writer(operation.model.resolve(ref))))
            case "headers":
                plan.prefixes.append((member, called))
            case _:
                inside = True
    if payload := shape.get("payload"):
        plan.payload = payload
        inner = operation.model.resolve(shape["members"][payload])
        if inner["type"] in ("blob", "string"):
            plan.raw = inner["type"]
        else:
            plan.body = _body_writer(operation, inner, str(inner.get("locationName", inner["shape"])))
    elif inside:
        plan.body = _body_writer(operation, shape, S3_ROOTS.get(operation.name, _root(shape["shape"])))
    return plan


def _root(name: str) -> str:
    return f"{name.removesuffix('Output')}Result" if name.endswith("Output") else name


def _body_writer(operation: Operation, shape: Shape, root: str) -> Callable[[Any], bytes]:
    if operation.model.protocol == "rest-json":
        write = jsonbody.writer(operation.model, shape)
        located = {member for member, ref in shape["members"].items() if "location" in ref}

        def to_json(value: Any) -> bytes:
            said = {key: item for key, item in value.items() if key not in located}
            return jsonbody.dumps(said if write is None else write(said))

        return to_json
    if operation.name == "GetBucketLocation":
        return _location
    write_xml = xmlbody.writer(operation.model, shape)

    def to_xml(value: Any) -> bytes:
        parts: list[str] = []
        write_xml(parts, root, value)
        opening = parts[0].replace(f"<{root}", f'<{root} xmlns="{S3_NAMESPACE}"', 1)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{"".join(parts[1:])}'.encode()

    return to_xml


def _location(value: Any) -> bytes:
    # The one answer whose only member is the root itself; empty is us-east-1.
    text = xmltree.escape(value.get("LocationConstraint") or "")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<LocationConstraint xmlns="{S3_NAMESPACE}">{text}</LocationConstraint>'
    ).encode()


def _header_writer(shape: Shape) -> Callable[[Any], str]:
    if shape.get("jsonvalue"):
        return lambda value: base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
    match shape["type"]:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "timestamp":
            form = shape.get("timestampFormat", "rfc822")
            return lambda value: time_text(value, form)
        case "list":
            return lambda value: header_text(",".join(value))
        case "float" | "double":
            return lambda value: str(float_text(value))
        case _:
            return lambda value: header_text(str(value))


def respond(operation: Operation, result: dict[str, Any], request_id: str) -> Response:
    """The result, each member where the model puts it."""
    plan = _told(operation)
    s3 = operation.model.protocol == "rest-xml"
    headers = {"x-amz-request-id": request_id, "x-amz-id-2": request_id} if s3 else {"x-amzn-RequestId": request_id}
    for member, called, text in plan.headers:
        if (item := result.get(member)) is not None:
            headers[called] = text(item)
    for member, prefix in plan.prefixes:
        for name, item in (result.get(member) or {}).items():
            headers[f"{prefix}{name}"] = header_text(str(item))
    status = int(result.get(plan.status) or operation.status) if plan.status else operation.status
    if s3 and result.get("ContentRange"):
        status = 206
    if operation.method == "HEAD":
        return Response(status, headers)
    if plan.raw:
        value = result.get(plan.payload)
        headers.setdefault("Content-Type", _raw_type(plan.raw, s3))
        return Response(status, headers, _raw(value))
    if plan.body is None:
        return Response(status, headers)
    value = result.get(plan.payload) if plan.payload else result
    if value is None:
        return Response(status, headers)
    headers["Content-Type"] = "application/xml" if s3 else "application/json"
    return Response(status, headers, plan.body(value))


def _raw_type(kind: str, s3: bool) -> str:
    return "binary/octet-stream" if s3 and kind == "blob" else "application/json"


def _raw(value: Any) -> bytes | Slice:
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode(errors="replace")
    if isinstance(value, bytes | Slice):
        return value
    return drain(value)
