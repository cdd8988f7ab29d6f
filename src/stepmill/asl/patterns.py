"""What of a request is known before the run.

In: a template of either query language, and the variables that are assigned. Out: the same JSON, in which a text that
only the run knows is `Dynamic`: what is known of it, with `*` for the rest. Touches: nothing.

Nothing is guessed: what this module does not understand is `*`, which is true of every value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stepmill.asl.jsonata import is_expression


class Dynamic(str):
    """A text of which the run fills in a part: `digits-train-*`."""

    __slots__ = ()


ANY: Final = Dynamic("*")
"""A value of which nothing is known, whatever its type."""
_EMPTY: Final[Mapping[str, Any]] = {}
_LITERAL: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.S)
_REFERENCE: Final = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)")
_NUMBER: Final = re.compile(r"\d+")
_WORDS: Final = re.compile(r"(?<![\w.$`])(?:and|or|in)(?!\w)")
_OPERATORS: Final = frozenset("?:;=<>!+-*%|~,@^#")  # what binds less than `&`, or as much: all of it is the run's
_HOLES: Final = re.compile(r"\\(.)|(\{\})", re.S)


def pattern(template: Any, variables: Mapping[str, Any] = _EMPTY) -> Any:
    """A template as far as it is known.

    Both languages are read at once: what means something in one and is plain text in the other counts as not known.

    Args:
        template: Arguments (JSONata) or Parameters (JSONPath). variables: name → pattern, as `assigned` finds them.
    """
    if isinstance(template, str):
        return _jsonata(template[2:-2], variables) if is_expression(template) else template
    if isinstance(template, list):
        return [pattern(item, variables) for item in template]
    if not isinstance(template, dict):
        return template
    made: dict[str, Any] = {}
    for key, value in template.items():
        if key.endswith(".$"):
            made[key[:-2]] = _jsonpath(value, variables) if isinstance(value, str) else ANY
        else:
            made[key] = pattern(value, variables)
    return made


def assigned(definition: Any) -> dict[str, Any]:
    """The variables that a machine assigns, by name. One that is assigned in several ways is not known."""
    found: dict[str, Any] = {}
    for name, value in _assigns(definition):
        same = name not in found or found[name] == value
        found[name] = value if same else ANY
    return found


def joined(*parts: str) -> str:
    """Texts put together; `Dynamic` when one of them is."""
    text = re.sub(r"\*{2,}", "*", "".join(parts)) if any(isinstance(part, Dynamic) for part in parts) else None
    return "".join(parts) if text is None else Dynamic(text)


def _assigns(node: Any) -> Iterator[tuple[str, Any]]:
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "Assign" and isinstance(value, dict):
            yield from pattern(value).items()
        else:
            yield from _assigns(value)
    for item in node if isinstance(node, list) else ():
        yield from _assigns(item)


# ---- JSONata


def _jsonata(body: str, variables: Mapping[str, Any]) -> Any:
    operands = _operands(body)
    if operands is None:
        return ANY
    if len(operands) == 1:
        return _operand(operands[0], variables)
    parts = [_operand(operand, variables) for operand in operands]
    return joined(*(part if isinstance(part, str) else ANY for part in parts))


def _operands(body: str) -> list[str] | None:
    """What `&` joins at the top of an expression; None where something else happens there."""
    found, begin, depth, at = [], 0, 0, 0
    bare = []  # what stands outside of texts and brackets
    while at < len(body):
        letter = body[at]
        if letter in "'\"":
            literal = _LITERAL.match(body, at)
            if literal is None:
                return None
            at = literal.end()
            bare.append(" ")
            continue
        if letter in "/`":  # a regular expression, a comment, a quoted name: quotes in it are no texts
            return None
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            return None
        if letter == "&" and not depth:
            found.append(body[begin:at])
            begin = at + 1
        elif not depth:
            bare.append(letter)
        at += 1
    outside = "".join(bare)
    if depth or _OPERATORS & set(outside) or _WORDS.search(outside):
        return None
    return [*found, body[begin:]]


def _operand(text: str, variables: Mapping[str, Any]) -> Any:
    text = text.strip()
    if _LITERAL.fullmatch(text):
        return _unquoted(text)
    if _NUMBER.fullmatch(text):
        return text
    if text.startswith("(") and text.endswith(")") and _closes(text):
        return _jsonata(text[1:-1], variables)
    if reference := _REFERENCE.fullmatch(text):
        return _looked_up(reference, variables)
    return ANY


def _closes(text: str) -> bool:
    """Whether the first bracket is closed by the last one, and not before."""
    return _operands(text[1:-1]) is not None


def _unquoted(literal: str) -> Any:
    inner = literal[1:-1]
    if literal[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        return json.loads(f'"{inner}"', strict=False)
    except ValueError:
        return ANY


def _looked_up(reference: re.Match[str], variables: Mapping[str, Any]) -> Any:
    value = variables.get(reference[1], ANY)
    for name in filter(None, reference[2].split(".")):
        if not isinstance(value, dict):
            return ANY
        value = value.get(name, ANY)
    return value


# ---- JSONPath


def _jsonpath(text: str, variables: Mapping[str, Any]) -> Any:
    text = text.strip()
    if reference := _REFERENCE.fullmatch(text):
        return _looked_up(reference, variables)
    if text.startswith("States.Format(") and text.endswith(")"):
        arguments = _arguments(text[len("States.Format(") : -1])
        return ANY if arguments is None else _format(arguments, variables)
    return ANY


def _format(arguments: list[str], variables: Mapping[str, Any]) -> Any:
    head = arguments[0].strip() if arguments else ""
    if not (_LITERAL.fullmatch(head) and head[0] == "'"):
        return ANY
    values = iter([_argument(argument.strip(), variables) for argument in arguments[1:]])
    parts: list[str] = []
    at = 1
    for hole in _HOLES.finditer(head, 1, len(head) - 1):
        parts.append(head[at : hole.start()])
        value = hole[1] or next(values, ANY)
        parts.append(value if isinstance(value, str) else ANY)
        at = hole.end()
    return joined(*parts, head[at:-1])


def _argument(text: str, variables: Mapping[str, Any]) -> Any:
    if _LITERAL.fullmatch(text) and text[0] == "'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text if _NUMBER.fullmatch(text) else _jsonpath(text, variables)


def _arguments(text: str) -> list[str] | None:
    found, begin, depth, at = [], 0, 0, 0
    while at < len(text):
        if text[at] == "'":
            literal = _LITERAL.match(text, at)
            if literal is None:
                return None
            at = literal.end()
            continue
        depth += (text[at] in "([") - (text[at] in ")]")
        if depth < 0:
            return None
        if text[at] == "," and not depth:
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    return None if depth else [*found, text[begin:]]
