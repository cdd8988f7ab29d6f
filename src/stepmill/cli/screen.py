"""What the terminal can do, and how things are said on it.

In: streams and the environment. Out: a Look, and texts written. Touches: stdout and stderr.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import IO, Any

from stepmill.console.canvas import Look


def look(stream: IO[str] | None = None) -> Look:
    """What a stream can show: colours only on a terminal, lines only where the encoding has them."""
    out = sys.stdout if stream is None else stream
    return Look(shutil.get_terminal_size((100, 24)).columns, _has_unicode(out), _has_colour(out))


def is_live(stream: IO[str]) -> bool:
    """Whether parts of a stream can be painted over: a terminal, not a dumb one, and no CI."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb" and not os.environ.get("CI")


def say(text: str) -> None:
    """Progress, for people: on stderr. Nobody needs to be there to read it."""
    with contextlib.suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """A result for programs: one JSON document on stdout."""
    import json

    print(json.dumps(document, ensure_ascii=False, indent=2))


def _has_unicode(stream: IO[str]) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf16")


def _has_colour(stream: IO[str]) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
