"""Gives every state a name that Python takes and a person would choose.

In: the states' names. Out: identifiers, each once. Touches: nothing.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

from stepmill.steps import names

_LONGEST = 40
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TAKEN = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins)})


class Identifiers:
    """The identifiers of one file. `reserved` are those the file itself needs."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._used = {*reserved}

    def take(self, text: str, fallback: str) -> str:
        """`Read report` → `read_report`, `ReadReport` too; `fallback` when no letter of it can stand in a name."""
        plain = unicodedata.normalize("NFKD", text)
        plain = "".join(each for each in plain if not unicodedata.combining(each))
        # a name half of which is lost says something else than the state's
        words = names.slug(_WORD_ENDS.sub(" ", plain), "") if plain.isascii() else ""
        name = words.replace("-", "_").lower() or fallback
        if len(name) > _LONGEST:
            name = name[: _LONGEST + 1].rpartition("_")[0] or name[:_LONGEST]
        if name[0].isdigit():
            name = f"{fallback}_{name}"
        if name in _TAKEN:
            name = f"{name}_state"
        name = names.free(name, self._used, "_")
        self._used.add(name)
        return name
