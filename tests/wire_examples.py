"""Example values for every shape AWS describes, and real botocore at the other end of the wire.

In: botocore's models. Out: parameters, results, and what botocore makes of them. Touches: nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence

from stepmill.gateway.messages import Request, Response

SERVICES = ("states", "sts", "logs", "lambda", "s3", "sagemaker")
AT = 1764237600


@cache
def botocore_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model({"states": "stepfunctions"}.get(service, service))


class Examples:
    """Values counted up, so that no two are alike; `full` gives every member, else the required ones."""

    def __init__(self, full: bool = True, text: str = "") -> None:
        self.full = full
        self.text = text
        self.count = 0

    def of(self, shape: Shape, inside: tuple[str, ...] = ()) -> Any:
        self.count += 1
        match shape.type_name:
            case "structure":
                return self.structure(shape, inside)
            case "list":
                return [self.of(shape.member, inside) for _ in range(2)]
            case "map":
                return {self.of(shape.key): self.of(shape.value, inside) for _ in range(2)}
            case "timestamp":
                return datetime.fromtimestamp(AT + self.count, UTC)
            case "blob":
                return b"\x00\xff" + str(self.count).encode()
            case "boolean":
                return self.count % 2 == 0
            case "integer" | "long":
                return self.count
            case "float" | "double":
                return self.count + 0.5
            case _:
                return f"text{self.text}{self.count}"

    def structure(self, shape: Shape, inside: tuple[str, ...]) -> Any:
        if getattr(shape, "is_document_type", False):
            return {"any": [1, {"thing": None}]}
        chosen = list(shape.members)
        if getattr(shape, "is_tagged_union", False):
            chosen = chosen[:1]
        elif not self.full or len(inside) > 4:
            chosen = [name for name in chosen if name in shape.required_members]
        made = {}
        for name in chosen:
            member = shape.members[name]
            if shape.name in inside and name not in shape.required_members:
                continue
            made[name] = self.of(member, (*inside, shape.name))
        return made


def plain(value: Any) -> Any:
    """Values as Stepmill has them: a time is its epoch seconds, a body its bytes."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "read"):
        return value.read()
    return value


def streams(operation: OperationModel) -> bool:
    return bool(operation.has_event_stream_output or operation.has_event_stream_input)


def operations(service: str) -> Iterator[OperationModel]:
    model = botocore_model(service)
    for name in model.operation_names:
        if not streams(operation := model.operation_model(name)):
            yield operation


def sent(operation: OperationModel, params: dict[str, Any]) -> Request:
    """The request botocore would send."""
    protocol = operation.service_model.metadata["protocol"]
    made = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    path, _, query = made["url_path"].partition("?")
    more = percent_encode_sequence(made["query_string"]) if made["query_string"] else ""
    body = made["body"]
    if isinstance(body, dict):
        body = urlencode(body, doseq=True)
    if isinstance(body, str):
        body = body.encode()
    headers = {key.lower(): str(value) for key, value in made["headers"].items()}
    return Request(made["method"], path, "&".join(filter(None, (query, more))), headers, io.BytesIO(body))


def received(operation: OperationModel, response: Response) -> dict[str, Any]:
    """What boto3 would show of a response."""
    protocol = operation.service_model.metadata["protocol"]
    body: Any = response.body if isinstance(response.body, bytes) else response.body.read()
    headers = HeadersDict({**response.headers})
    if operation.http["method"] != "HEAD":
        headers["Content-Length"] = str(len(body))
    if response.status < 300 and operation.has_streaming_output:
        body = io.BytesIO(body)
    raw = {"status_code": response.status, "headers": headers, "body": body, "context": {}}
    parsed: dict[str, Any] = create_parser(protocol).parse(raw, operation.output_shape)
    return parsed
