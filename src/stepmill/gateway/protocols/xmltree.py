"""XML as a tree of elements: read with bounds, written with care.

In: bytes, or text. Out: Element, or text that stands for itself. Touches: nothing. No document type, no entities, no
depth without end: what those are for, no client of AWS needs.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from stepmill.gateway.protocols.values import Refusal

DEPTH = 64
"""How deep a body may nest. No operation needs a quarter of it."""

_SPECIAL = re.compile(r'[&<>"\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def malformed() -> Refusal:
    """S3's answer to XML it can make nothing of, in its words."""
    return Refusal(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


class Element:
    """tag and the names of attributes are without their namespaces; text is all text directly in it."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""


def parse(body: bytes) -> Element:
    """The root of a document. Raises MalformedXML, also for a document type or an entity."""
    from xml.parsers import expat  # a service without XML never needs it

    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    root = Element("", {})
    open_elements = [root]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > DEPTH:
            raise malformed()
        made = Element(_local(tag), {_local(name): value for name, value in attributes.items()})
        open_elements[-1].children.append(made)
        open_elements.append(made)

    def end(_: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].text += data

    def refuse(*_: Any) -> NoReturn:
        raise malformed()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError):
        raise malformed() from None
    return root.children[0]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def escape(text: str) -> str:
    """Text as it stands between tags or in an attribute. What XML 1.0 cannot say is written as a number, as S3 does."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    letter = match[0]
    if "\ud800" <= letter <= "\udfff":
        return "?"
    return _NAMED.get(letter) or f"&#x{ord(letter):X};"
