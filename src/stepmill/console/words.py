"""Says things the way a terminal can show them: widths, durations, numbers, curves, control characters.

In: values and foreign text. Out: text that is safe to print and known in width. Touches: nothing.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# what moves the cursor, sets titles, rings or turns the reading direction has no business in a terminal
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Latin letters and what Stepmill itself draws take one column each; the tables that know the rest take 20 ms to load
_NARROW = re.compile(r"[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25cf✔✖]*")
SPARKS = "▁▂▃▄▅▆▇█"
ASCII_SPARKS = "_.-:=+*#"


def safe(text: str) -> str:
    """The text with colours removed and every control character shown as an escape such as `\\x1b`; tabs stay."""
    return _UNSAFE.sub(lambda found: _escape(found.group()), _COLOUR.sub("", text))


def _escape(character: str) -> str:
    return {"\n": "\\n", "\r": "\\r"}.get(character) or (
        f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
    )


def one_line(text: str) -> str:
    """The text on one line: safe, every run of white space one blank."""
    return safe(" ".join(text.split()))


def log_line(text: str) -> str:
    """A captured line as a terminal would leave it: of a progress bar redrawn with `\\r` only the last state."""
    kept = text.rstrip("\r\n")
    return safe(kept.rsplit("\r", 1)[-1] or kept)


def cells(text: str) -> list[tuple[str, int]]:
    """The characters with the columns each takes; combining ones are joined to the one before."""
    if _NARROW.fullmatch(text):
        return [(character, 1) for character in text]
    from wcwidth import wcwidth

    made: list[tuple[str, int]] = []
    for character in text:
        width = wcwidth(character)
        if width <= 0 and made:
            made[-1] = (made[-1][0] + character, made[-1][1])
        elif width > 0:
            made.append((character, width))
    return made


def width(text: str) -> int:
    """Columns the text takes in a terminal."""
    return len(text) if text.isascii() else sum(columns for _, columns in cells(text))


def clip(text: str, columns: int, dots: str = "…") -> str:
    """The text, cut to at most `columns` with `dots` where something is missing."""
    if width(text) <= columns:
        return text
    room = columns - width(dots)
    if room <= 0:
        return dots[: max(columns, 0)]
    kept, used = "", 0
    for character, taken in cells(text):
        if used + taken > room:
            break
        kept, used = kept + character, used + taken
    return kept.rstrip() + dots


def pad(text: str, columns: int) -> str:
    """The text, filled with blanks to `columns`."""
    return text + " " * (columns - width(text))


def duration(seconds: float) -> str:
    """`0.3 s`, `12.3 s`, `2 min 03 s`, `1 h 02 min`, `3 d 04 h`."""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600:02d} h"


def number(value: float) -> str:
    """Four significant digits, the shortest way."""
    return f"{value:.4g}"


def spark(values: Sequence[float], columns: int = 16, levels: str = SPARKS) -> str:
    """A curve in one line. More values than columns are averaged, so that nothing is left out unseen."""
    finite = [value for value in values if value == value and abs(value) != float("inf")]
    if not finite:
        return ""
    if len(finite) > columns:
        edges = [len(finite) * i // columns for i in range(columns + 1)]
        finite = [sum(finite[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    low, high = min(finite), max(finite)
    if high == low:
        return levels[len(levels) // 2] * len(finite)
    return "".join(levels[round((value - low) / (high - low) * (len(levels) - 1))] for value in finite)


def scalars(document: Any, limit: int = 4) -> str:
    """The plain numbers and texts at the top of a JSON object, as `accuracy 0.97  f1 0.95`; empty for anything else."""
    if not isinstance(document, dict):
        return ""
    said = []
    for key, value in document.items():
        if isinstance(value, bool) or value is None:
            shown = json.dumps(value)
        elif isinstance(value, int | float):
            shown = number(value)
        elif isinstance(value, str) and len(value) <= 24:
            shown = value
        else:
            continue
        said.append(one_line(f"{key} {shown}"))
    return "  ".join(said[:limit])


def items_said(counts: Mapping[str, int]) -> str:
    """How the items of a Map Run stand, in AWS's counts: `980 of 1,000 items, 20 failed`."""
    said = [f"{counts.get('succeeded', 0):,} of {counts.get('total', 0):,} items"]
    for name, words in (
        ("failed", "failed"),
        ("timedOut", "timed out"),
        ("aborted", "stopped"),
        ("running", "running"),
    ):
        if counts.get(name):
            said.append(f"{counts[name]:,} {words}")
    return ", ".join(said)


def pretty(text: str | None, limit: int = 2000) -> str:
    """A JSON payload for people: indented when it is long, as it is when it is short or no JSON."""
    if text is None:
        return ""
    try:
        document = json.loads(text)
    except ValueError:
        return safe(text)[:limit]
    short = json.dumps(document, ensure_ascii=False)
    shown = short if len(short) <= 100 else json.dumps(document, ensure_ascii=False, indent=2)
    shown = "\n".join(safe(line) for line in shown.split("\n"))
    return shown if len(shown) <= limit else shown[:limit] + " …"
