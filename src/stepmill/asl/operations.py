"""What a Task can call through the AWS SDK, and by which names.

In: a service and an operation as a Resource names them. Out: the operation's parameters, or the nearest names.
Touches: `operations.txt.gz` beside this file, once, when first asked. tools/make_operations.py makes it from botocore.

Names are Step Functions' own: services and operations as the AWS SDK for Java 2 has them, parameters with a capital
(Step Functions guide, "Learning to use AWS service SDK integrations").
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stepmill.nearest import nearest


@dataclass(frozen=True)
class Operation:
    """One operation: its parameters in AWS's order, those it needs, and whether Step Functions can call it."""

    name: str
    parameters: tuple[str, ...]
    required: frozenset[str]
    callable: bool


@dataclass(frozen=True)
class Service:
    """One service: whether the guide's page lists it, what the names of its errors begin with, the names that boto3
    (first) and endpoints have for it, and the lines of its operations, not yet taken apart."""

    name: str
    listed: bool
    prefix: str
    names_elsewhere: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The operations that can be called."""
        return [line.partition(" ")[0] for line in self.lines if not line.startswith("-")]

    def operation(self, name: str) -> Operation | None:
        """An operation by its exact name."""
        for line in self.lines:
            first, *words = line.split(" ")
            if first.removeprefix("-") == name:
                asked = frozenset(word[:-1] for word in words if word.endswith("!"))
                return Operation(name, tuple(word.rstrip("!") for word in words), asked, not first.startswith("-"))
        return None


@cache
def _blocks() -> tuple[str, Mapping[str, tuple[str, str]]]:
    """The table's head, and service → (the rest of its own line, its lines)."""
    text = gzip.decompress(Path(__file__).with_name("operations.txt.gz").read_bytes()).decode()
    head, *blocks = text.split("\n=")
    found = {}
    for block in blocks:
        first, _, lines = block.partition("\n")
        name, _, others = first.partition(" ")
        found[name] = (others, lines.rstrip("\n"))
    return head.removeprefix("# "), found


def source() -> str:
    """What the table was made of: `botocore 1.44.8, 2026-11-27`."""
    return _blocks()[0]


def find_service(name: str) -> Service | None:
    """A service by its exact name."""
    blocks = _blocks()[1]
    for key in (name, f"{name}?"):
        if key in blocks:
            others, lines = blocks[key]
            prefix, *elsewhere = others.split()
            return Service(name, key == name, prefix, tuple(elsewhere), tuple(lines.split("\n")))
    return None


def nearest_service(name: str) -> str | None:
    """The service that was meant: by the name that boto3 or its endpoint has, else by likeness."""
    words: dict[str, str] = {}
    for key, (others, _) in _blocks()[1].items():
        for other in others.split()[1:]:
            words.setdefault(other, key.rstrip("?"))
    if name in words:
        return words[name]
    return nearest(name, [key.rstrip("?") for key in _blocks()[1]])
