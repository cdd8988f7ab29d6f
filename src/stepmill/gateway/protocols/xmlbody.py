"""XML bodies: elements to the members a shape names, and members to elements.

In: a shape of a model, then an Element or a value. Out: a value, or text. Touches: nothing. What belongs here is how
shapes nest in XML; what travels in headers and paths is rest's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.gateway.protocols.models import ServiceModel, Shape
from stepmill.gateway.protocols.values import (
    blob_read,
    blob_text,
    bool_read,
    float_read,
    float_text,
    time_read,
    time_text,
    whole_read,
)
from stepmill.gateway.protocols.xmltree import Element, escape, malformed

Read = Callable[[list[Element]], Any]
"""Reads one member from the elements that carry its name: one, or all of a flattened list."""

Write = Callable[[list[str], str, Any], None]
"""Appends the element of that name which says the value."""


def reader(model: ServiceModel, ref: Shape) -> Read:
    """What reads a value of the shape `ref` means. What it returns raises MalformedXML."""
    shape = model.resolve(ref)
    kind = shape["type"]
    if kind == "structure":
        return _structure_reader(model, ref["shape"])
    if kind == "list":
        return _list_reader(model, shape)
    if kind == "map":
        return _map_reader(model, shape)
    return _scalar_reader(kind)


def _structure_reader(model: ServiceModel, name: str) -> Read:
    made: dict[str, Read] = model.plans.setdefault("xml readers", {})
    if name in made:
        return made[name]
    table: dict[str, tuple[str, Read]] = {}
    attributes: dict[str, str] = {}

    def read(elements: list[Element]) -> Any:
        element = _only(elements)
        grouped: dict[str, list[Element]] = {}
        for child in element.children:
            grouped.setdefault(child.tag, []).append(child)
        found = {member: element.attributes[key] for key, member in attributes.items() if key in element.attributes}
        for tag, children in grouped.items():
            # S3 holds a body against its schema; an element passed over would be an option silently ignored.
            if tag not in table:
                raise malformed()
            member, convert = table[tag]
            found[member] = convert(children)
        return found

    made[name] = read
    for member, ref in model.shapes[name]["members"].items():
        called = ref.get("locationName", member)
        if ref.get("xmlAttribute"):
            attributes[called.rpartition(":")[2]] = member
        elif "location" not in ref:
            table[called] = member, reader(model, ref)
    return read


def _list_reader(model: ServiceModel, shape: Shape) -> Read:
    convert = reader(model, shape["member"])
    if shape.get("flattened"):
        return lambda elements: [convert([element]) for element in elements]
    called = model.resolve(shape["member"]).get("locationName", "member")

    def read(elements: list[Element]) -> Any:
        children = _only(elements).children
        if any(child.tag != called for child in children):
            raise malformed()
        return [convert([child]) for child in children]

    return read


def _map_reader(model: ServiceModel, shape: Shape) -> Read:
    key, value = reader(model, shape["key"]), reader(model, shape["value"])
    key_name = model.resolve(shape["key"]).get("locationName", "key")
    value_name = model.resolve(shape["value"]).get("locationName", "value")
    flattened = shape.get("flattened")

    def read(elements: list[Element]) -> Any:
        found = {}
        for entry in elements if flattened else _only(elements).children:
            parts = {child.tag: child for child in entry.children}
            if set(parts) != {key_name, value_name}:
                raise malformed()
            found[key([parts[key_name]])] = value([parts[value_name]])
        return found

    return read


def _scalar_reader(kind: str) -> Read:
    convert = _SCALARS[kind]

    def read(elements: list[Element]) -> Any:
        element = _only(elements)
        if element.children:
            raise malformed()
        try:
            return convert(element.text)
        except (ValueError, OverflowError):
            raise malformed() from None

    return read


_SCALARS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "character": str,
    "boolean": lambda text: bool_read(text.strip()),
    "integer": lambda text: whole_read(text.strip(), "integer"),
    "long": lambda text: whole_read(text.strip(), "long"),
    "float": lambda text: float_read(text.strip()),
    "double": lambda text: float_read(text.strip()),
    "timestamp": time_read,
    "blob": lambda text: blob_read("".join(text.split())),
}


def _only(elements: list[Element]) -> Element:
    if len(elements) != 1:
        raise malformed()
    return elements[0]


def writer(model: ServiceModel, ref: Shape) -> Write:
    """What writes a value of the shape `ref` means."""
    shape = model.resolve(ref)
    kind = shape["type"]
    if kind == "structure":
        return _structure_writer(model, ref["shape"])
    if kind == "list":
        return _list_writer(model, shape)
    if kind == "map":
        return _map_writer(model, shape)
    text = scalar_text(shape)

    def write(parts: list[str], tag: str, value: Any) -> None:
        parts.append(f"<{tag}>{text(value)}</{tag}>")

    return write


def scalar_text(shape: Shape) -> Callable[[Any], str]:
    """What says a value between tags."""
    kind = shape["type"]
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind == "timestamp":
        form = shape.get("timestampFormat", "iso8601")
        return lambda value: time_text(value, form)
    if kind == "blob":
        return blob_text
    if kind in ("float", "double"):
        return lambda value: str(float_text(value))
    return lambda value: escape(str(value))


def members_writer(model: ServiceModel, name: str) -> Callable[[list[str], Any], None]:
    """What writes the members of a structure that travel in a body, without the element around them."""
    made: dict[str, Callable[[list[str], Any], None]] = model.plans.setdefault("xml members", {})
    if name in made:
        return made[name]
    table: list[tuple[str, str, Write]] = []

    def write(parts: list[str], value: Any) -> None:
        for member, called, say in table:
            if (item := value.get(member)) is not None:
                say(parts, called, item)

    made[name] = write
    for member, ref in model.shapes[name]["members"].items():
        if "location" in ref or ref.get("xmlAttribute"):
            continue
        shape = model.resolve(ref)
        called = ref.get("locationName", member)
        if shape["type"] == "list" and shape.get("flattened"):
            called = model.resolve(shape["member"]).get("locationName", called)
        table.append((member, called, writer(model, ref)))
    return write


def _structure_writer(model: ServiceModel, name: str) -> Write:
    shape = model.shapes[name]
    inside = members_writer(model, name)
    space = shape.get("xmlNamespace", {})
    opening = f' xmlns:{space["prefix"]}="{space["uri"]}"' if space.get("prefix") else ""
    attributes = [
        (member, ref.get("locationName", member)) for member, ref in shape["members"].items() if ref.get("xmlAttribute")
    ]

    def write(parts: list[str], tag: str, value: Any) -> None:
        said = "".join(f' {called}="{escape(value[member])}"' for member, called in attributes if member in value)
        parts.append(f"<{tag}{opening}{said}>")
        inside(parts, value)
        parts.append(f"</{tag}>")

    return write


def _list_writer(model: ServiceModel, shape: Shape) -> Write:
    say = writer(model, shape["member"])
    called = model.resolve(shape["member"]).get("locationName", "member")
    flattened = shape.get("flattened")

    def write(parts: list[str], tag: str, value: Any) -> None:
        if flattened:
            for item in value:
                say(parts, tag, item)
            return
        parts.append(f"<{tag}>")
        for item in value:
            say(parts, called, item)
        parts.append(f"</{tag}>")

    return write


def _map_writer(model: ServiceModel, shape: Shape) -> Write:
    say_key, say_value = writer(model, shape["key"]), writer(model, shape["value"])
    key_name = model.resolve(shape["key"]).get("locationName", "key")
    value_name = model.resolve(shape["value"]).get("locationName", "value")
    flattened = shape.get("flattened")

    def write(parts: list[str], tag: str, value: Any) -> None:
        entry = tag if flattened else "entry"
        if not flattened:
            parts.append(f"<{tag}>")
        for key, item in value.items():
            parts.append(f"<{entry}>")
            say_key(parts, key_name, key)
            say_value(parts, value_name, item)
            parts.append(f"</{entry}>")
        if not flattened:
            parts.append(f"</{tag}>")

    return write
