"""JSON values as YAML, with CloudFormation's short forms `!Ref`, `!Sub` and `!GetAtt`.

In: JSON values. Out: text. Touches: nothing.

YAML for people to read; of its many notations these few are enough, and none of them means two things: a text that
could be taken for something else stands in quotes, as JSON writes it, which YAML reads too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_PLAIN: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./:()@+-]*(?: [A-Za-z0-9_./()@+,-]+)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?::+[A-Za-z0-9_-]+)*")


def yaml_of(body: Mapping[str, Any]) -> str:
    """A template as YAML, with a blank line between its sections and between its resources."""
    sections = []
    for key, value in body.items():
        if key == "Resources":
            apart = "\n\n".join("\n".join(_entry(name, made, 1)) for name, made in value.items())
            sections.append(f"{key}:\n{apart}")
        else:
            sections.append("\n".join(_entry(key, value, 0)))
    return "\n\n".join(sections) + "\n"


def _entry(key: str, value: Any, depth: int) -> list[str]:
    name = key if _KEY.fullmatch(key) and key.lower() not in _WORDS else json.dumps(key, ensure_ascii=False)
    head = f"{'  ' * depth}{name}:"
    if isinstance(value, str) and _is_block(value):
        return [f"{head} |", *("  " * (depth + 1) + part if part else "" for part in value.split("\n")[:-1])]
    if (line := _line(value)) is not None:
        return [f"{head} {line}"]
    return [head, *_lines(value, depth + 1)]


def _lines(value: Any, depth: int) -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in _entry(key, item, depth)]
    found: list[str] = []
    for item in value:
        pad = "  " * depth
        if (line := _line(item)) is not None:
            found.append(f"{pad}- {line}")
        else:
            inner = _lines(item, depth + 1)
            found += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
    return found


def _line(value: Any) -> str | None:
    """A value that fits on the line of its key; None when it does not."""
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        return _short(value) if len(value) == 1 else None
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS and ": " not in f"{value} "
        return value if plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return None if value else "[]"
    return json.dumps(value)


def _is_block(text: str) -> bool:
    """Whether a text is lines, and can stand as they are."""
    lines = text.split("\n")
    whole = len(lines) > 2 and lines[0][:1] not in ("", " ") and not lines[-1] and lines[-2] != ""
    return whole and not any(sign < " " for line in lines for sign in line)


def _short(value: Mapping[str, Any]) -> str | None:
    match dict(value):
        case {"Ref": str(name)}:
            return f"!Ref {name}"
        case {"Fn::Sub": str(text)}:
            return f"!Sub {json.dumps(text, ensure_ascii=False)}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"!GetAtt {name}.{attribute}"
    return None
