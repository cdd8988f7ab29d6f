"""Values and blocks as Terraform's language, HCL, in the layout of `terraform fmt`.

In: blocks. Out: text. Touches: nothing.

What the resources are is decided in `terraform`; nothing here knows AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_WIDTH: Final = 110
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Expression:
    """HCL as it stands: `aws_iam_role.job_role.arn`, or a quoted text with `${…}` in it."""

    text: str


@dataclass
class Block:
    """`kind "label" { … }`. body: (name, value) for an argument, a Block for a block in it; a value of None is left
    out."""

    kind: str
    labels: tuple[str, ...] = ()
    body: list[tuple[str, Any] | Block] = field(default_factory=list)
    comment: str = ""


def escaped(text: str) -> str:
    """A text between quotes: what would end it or begin an interpolation is escaped (Terraform language, "Strings and
    Templates")."""
    plain = "".join(_ESCAPES.get(sign) or (f"\\u{ord(sign):04x}" if sign < " " else sign) for sign in text)
    return plain.replace("${", "$${").replace("%{", "%%{")


def call(name: str, value: Any) -> Expression:
    """`name(value)`."""
    return Expression(f"{name}({_text(value, 0)})")


def document(blocks: Iterable[Block]) -> str:
    """A file of these blocks, a blank line between them."""
    return "\n".join("\n".join(_block(block, 0)) + "\n" for block in blocks)


def _block(block: Block, depth: int) -> list[str]:
    pad = "  " * depth
    lines = [f"{pad}# {line}" for line in block.comment.splitlines()]
    head = " ".join([block.kind, *(f'"{label}"' for label in block.labels)])
    body = [item for item in block.body if isinstance(item, Block) or item[1] is not None]
    if not body:
        return [*lines, f"{pad}{head} {{}}"]
    lines.append(f"{pad}{head} {{")
    pending: list[tuple[str, Any]] = []
    for at, item in enumerate(body):
        if isinstance(item, Block):
            lines += _arguments(pending, depth + 1)
            lines += [""] * (at > 0) + _block(item, depth + 1)
            pending = []
        else:
            if not pending and at > 0:
                lines.append("")
            pending.append(item)
    return [*lines, *_arguments(pending, depth + 1), f"{pad}}}"]


def _arguments(pairs: Sequence[tuple[str, Any]], depth: int) -> list[str]:
    """Lines of `name = value`; the equals signs of one-line values that follow each other stand below each other."""
    pad = "  " * depth
    texts = [(name, _text(value, depth)) for name, value in pairs]
    lines: list[str] = []
    at = 0
    while at < len(texts):
        end = at
        while end < len(texts) and "\n" not in texts[end][1]:
            end += 1
        if end < len(texts) and texts[end][1].startswith("<<"):
            end += 1  # the line that begins such a text is laid out as if the text were not there
        width = max((len(name) for name, _ in texts[at:end]), default=0)
        lines += [f"{pad}{name.ljust(width)} = {text}" for name, text in texts[at:end]]
        if end == at:
            lines.append(f"{pad}{texts[at][0]} = {texts[at][1]}")
            end += 1
        at = end
    return lines


def _text(value: Any, depth: int) -> str:
    pad = "  " * (depth + 1)
    match value:
        case Expression():
            return value.text.replace("\n", "\n" + "  " * depth)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case None:
            return "null"
        case str():
            return _string(value, depth)
        case Mapping():
            if not value:
                return "{}"
            pairs = [(key if _PLAIN.fullmatch(key) else f'"{escaped(key)}"', item) for key, item in value.items()]
            return "\n".join(["{", *_arguments(pairs, depth + 1), "  " * depth + "}"])
        case Sequence():
            items = [_text(item, depth + 1) for item in value]
            short = f"[{', '.join(items)}]"
            if len(short) + len(pad) < _WIDTH and "\n" not in short:
                return short
            return "\n".join(["[", *(f"{pad}{item}," for item in items), "  " * depth + "]"])
    raise TypeError(f"{value!r} has no form in HCL")


def _string(text: str, depth: int) -> str:
    lines = text.split("\n")
    if len(lines) < 3 or lines[-1] or any(sign < " " for line in lines for sign in line):
        return f'"{escaped(text)}"'
    pad = "  " * (depth + 1)
    safe = [line.replace("${", "$${").replace("%{", "%%{") for line in lines[:-1]]
    return "\n".join(["<<-EOT", *(pad + line if line else "" for line in safe), "  " * depth + "EOT"])
