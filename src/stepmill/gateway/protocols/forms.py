"""The `query` protocol: a form that names the operation and its members, XML that answers.

In: Found with its form, or a result. Out: members, or a Response. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.gateway.messages import Response
from stepmill.gateway.protocols.models import Found, Operation, ServiceModel, Shape
from stepmill.gateway.protocols.values import SCALARS, Refusal, blob_read
from stepmill.gateway.protocols.xmlbody import members_writer
from stepmill.gateway.protocols.xmltree import escape

Tree = dict[str, Any]
"""The names of a form cut at their dots; the value of a name stands under ''."""

DEPTH = 32
"""How many dots a name may have; no operation needs half of them."""

_SCALARS: dict[str, Callable[[str], Any]] = {**SCALARS, "string": str, "blob": blob_read}


def parse(found: Found) -> dict[str, Any]:
    """The members in the form; names the model does not know are passed over, as AWS does."""
    operation = found.operation
    if operation.input is None:
        return {}
    tree: Tree = {}
    for name, value in found.form:
        if name.count(".") > DEPTH:
            raise _malformed(name[:64])
        node = tree
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[""] = value
    members: dict[str, Any] = _structure(operation.model, operation.input, tree, "")
    return members


def _structure(model: ServiceModel, shape: Shape, tree: Tree, place: str) -> dict[str, Any]:
    found = {}
    for member, ref in shape["members"].items():
        called = ref.get("locationName", member)
        inner = model.resolve(ref)
        if inner["type"] == "list" and inner.get("flattened"):
            called = inner["member"].get("locationName", called)
        if (node := tree.get(called)) is not None:
            found[member] = _value(model, inner, node, f"{place}{called}")
    return found


def _value(model: ServiceModel, shape: Shape, node: Tree, place: str) -> Any:
    match shape["type"]:
        case "structure":
            return _structure(model, shape, node, f"{place}.")
        case "list":
            inner = model.resolve(shape["member"])
            items = node if shape.get("flattened") else node.get(inner.get("locationName", "member"), {})
            return [_value(model, inner, items[key], f"{place}.{key}") for key in _numbered(items)]
        case "map":
            entries = node if shape.get("flattened") else node.get("entry", {})
            key, value = model.resolve(shape["key"]), model.resolve(shape["value"])
            found = {}
            for number in _numbered(entries):
                said = entries[number].get(key.get("locationName", "key"), {}).get("", "")
                item = entries[number].get(value.get("locationName", "value"), {})
                found[said] = _value(model, value, item, f"{place}.{number}")
            return found
        case kind:
            try:
                return _SCALARS[kind](node.get("", ""))
            except (ValueError, OverflowError):
                raise _malformed(place) from None


def _numbered(items: Tree) -> list[str]:
    return sorted((key for key in items if key.isascii() and key.isdigit() and len(key) < 10), key=int)


def _malformed(place: str) -> Refusal:
    # The code is AWS's; its wording for each case is not recorded.
    return Refusal("MalformedInput", f"The value of {place} is not one this operation takes.")


def respond(operation: Operation, result: dict[str, Any], request_id: str) -> Response:
    """The result in its wrapper, with the request's name beside it."""
    parts: list[str] = []
    if operation.output is not None:
        members_writer(operation.model, operation.output["shape"])(parts, result)
    inside = "".join(parts)
    if operation.wrapper:
        inside = f"<{operation.wrapper}>{inside}</{operation.wrapper}>"
    text = (
        f'<{operation.name}Response xmlns="{operation.model.namespace}">{inside}'
        f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata></{operation.name}Response>"
    )
    return Response(operation.status, {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}, text.encode())
