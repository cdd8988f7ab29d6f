"""Where a problem is, and how it is said.

In: a pointer into a definition. Out: Problems there. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from stepmill.asl.problems import Problem
from stepmill.nearest import nearest

SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
HERE: Final = "NOT_SUPPORTED_HERE"

Found = Iterator[Problem]


def escape(name: str) -> str:
    """A name as one token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


class Place(NamedTuple):
    """Where a value stands: its pointer, its field's name, the language of its state, Express or not, and what
    `$states` has there besides input and context."""

    pointer: str
    field: str
    language: str
    express: bool = False
    sees: str = ""  # "result", "errorOutput" or nothing

    def at(self, *names: str | int) -> Place:
        pointer = self.pointer
        for name in names:
            pointer += f"/{escape(name) if isinstance(name, str) else name}"
        return Place(pointer, str(names[-1]), self.language, self.express, self.sees)

    def seeing(self, part: str) -> Place:
        return self._replace(sees=part)

    def wrong(self, message: str, hint: str = "", code: str = SCHEMA) -> Problem:
        return Problem(self.pointer, code, message, hint)


def unknown_field(place: Place, name: str, known: Any, said: str = "Field is not supported") -> Problem:
    near = nearest(name, known)
    return place.at(name).wrong(said, f"Did you mean '{near}'?" if near else "Remove it.")


def sentence(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."
