"""Reads what an execution is given: `--input FILE` and `--set key=value`.

In: the words of a command line. Out: a JSON value. Touches: reads that file, or stdin for `-`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from stepmill.cli.refusal import Refusal

_MOST = 262_144  # bytes, AWS's quota for an execution's input


def given(file: str | None, settings: Sequence[str]) -> Any:
    """The input: the file's JSON with the `--set` values put over it. Raises Refusal with line and column."""
    value: Any = {} if file is None else _read(file)
    pairs = [_pair(word) for word in settings]
    if pairs and not isinstance(value, dict):
        raise Refusal(f"{file}: --set needs an input that is a JSON object, not {json.dumps(value)[:40]}")
    for key, said in pairs:
        value[key] = said
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > _MOST:
        place = "stdin" if file == "-" else file or "--set"
        raise Refusal(f"{place}: the input has {size:,} bytes; AWS takes {_MOST:,}. Put data in S3 and give its URL")
    return value


def _read(file: str) -> Any:
    place = "stdin" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise Refusal(f"{place}: cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
        raise Refusal(f"{place}: is not UTF-8 text (byte {fault.start})") from None
    return parse(text, place)


def parse(text: str, place: str) -> Any:
    """JSON as AWS takes it: no NaN, no key twice."""
    try:
        return json.loads(text, parse_constant=lambda word: _no(f"{word} is no JSON"), object_pairs_hook=_once)
    except json.JSONDecodeError as fault:
        lines = text.splitlines()
        line = lines[fault.lineno - 1].rstrip()[:100] if fault.lineno <= len(lines) else ""
        shown = f"\n    {line}\n    {' ' * (fault.colno - 1)}^" if line and fault.colno <= 100 else ""
        raise Refusal(f"{place}:{fault.lineno}:{fault.colno}: not JSON: {fault.msg}{shown}") from None
    except (ValueError, RecursionError) as fault:
        raise Refusal(f"{place}: not JSON: {fault}") from None


def _pair(word: str) -> tuple[str, Any]:
    key, sign, text = word.partition("=")
    if not sign or not key:
        raise Refusal(f"--set {word}: give key=value, such as --set epochs=20; the value is JSON, or else text")
    try:
        return key, json.loads(text, parse_constant=_no, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return key, text


def _no(message: str) -> NoReturn:
    raise ValueError(message)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f'the key "{key}" stands there twice')
        made[key] = value
    return made
