"""Python text, laid out as `ruff format` would: on one line where it fits, else one item a line.

In: texts, numbers, lists, objects and calls as nodes. Out: lines of at most 120 columns, as far as texts can be cut.
Touches: nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

WIDTH = 120
INDENT = "    "
_NARROWEST = 40  # deep inside, a text is cut no shorter
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Word:
    """Python text that is never broken: a name, a number."""

    text: str
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", _columns(self.text))

    def flat(self) -> str:
        """On one line."""
        return self.text


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, which may be cut into several that stand one below the other."""

    value: str
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", _columns(quoted(self.value)))

    def flat(self) -> str:
        """On one line."""
        return quoted(self.value)


@dataclass(frozen=True, slots=True)
class Group:
    """Items between brackets, each with what stands before it: `key=`, `"key": ` or nothing."""

    before: str
    items: Sequence[tuple[str, Node]]
    after: str
    width: int = field(init=False)

    def __post_init__(self) -> None:
        inner = sum(_columns(lead) + node.width for lead, node in self.items) + 2 * max(0, len(self.items) - 1)
        object.__setattr__(self, "width", _columns(self.before) + inner + len(self.after))

    def flat(self) -> str:
        """On one line."""
        return self.before + ", ".join(lead + node.flat() for lead, node in self.items) + self.after


Node: TypeAlias = Word | Literal | Group


def call(function: str, *arguments: Node, **named: Node) -> Group:
    """A call."""
    given = [("", argument) for argument in arguments]
    given += [(f"{name}=", node) for name, node in named.items()]
    return Group(f"{function}(", given, ")")


def listed(nodes: Sequence[Node]) -> Group:
    """A list."""
    return Group("[", [("", node) for node in nodes], "]")


def paired(*nodes: Node) -> Group:
    """A tuple of several."""
    return Group("(", [("", node) for node in nodes], ")")


def scalar(value: Any) -> Node:
    """A JSON value that holds no others."""
    if isinstance(value, str):
        return Literal(value)
    return Word(repr(value).replace("e+", "e"))  # 1e+20 is written 1e20


def lines(node: Node, lead: str = "", trail: str = "", indent: str = "") -> Iterator[str]:
    """A node's lines: `lead` stands before it on its first line, `trail` after it on its last one."""
    room = WIDTH - len(indent) - _columns(lead) - len(trail)
    if node.width <= room or isinstance(node, Word) or (isinstance(node, Group) and not node.items):
        yield f"{indent}{lead}{node.flat()}{trail}"
    elif isinstance(node, Literal):
        yield f"{indent}{lead}("
        for piece in _pieces(node.value, WIDTH - len(indent) - len(INDENT)):
            yield f"{indent}{INDENT}{piece}"
        yield f"{indent}){trail}"
    else:
        yield f"{indent}{lead}{node.before}"
        for before, item in node.items:
            yield from lines(item, before, ",", indent + INDENT)
        yield f"{indent}{node.after}{trail}"


def quoted(text: str) -> str:
    """A text as Python writes it: double quotes, unless single ones save backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    if quote not in text and "\\" not in text and text.isprintable():
        return quote + text + quote
    return quote + "".join(_character(each, quote) for each in text) + quote


def _character(each: str, quote: str) -> str:
    if each == quote:
        return "\\" + quote
    if each in _ESCAPES:
        return _ESCAPES[each]
    if each.isprintable():
        return each
    code = ord(each)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _pieces(text: str, room: int) -> Iterator[str]:
    """A text in pieces that fit, each quoted; cut after every line's end, else after a blank where there is one."""
    room = max(room, _NARROWEST)
    start = 0
    while len(text) - start > room or _columns(quoted(text[start:])) > room:
        ahead = text[start : start + room]
        cut = ahead.find("\n") + 1
        if not cut or _columns(quoted(ahead[:cut])) > room:
            end = _fitting(ahead, room)
            cut = ahead.rfind(" ", end // 2, end) + 1 or ahead.rfind("/", end // 2, end) + 1 or end
        yield quoted(ahead[:cut])
        start += cut
    yield quoted(text[start:])


def _fitting(text: str, room: int) -> int:
    """How many characters fit, quoted, into the room; one at least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _columns(quoted(text[:middle])) <= room else (low, middle - 1)
    return low


def _columns(text: str) -> int:
    """How wide a text is on a screen: wide characters count two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
