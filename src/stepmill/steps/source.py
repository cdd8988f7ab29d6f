"""Finds the line of the user's file that is speaking.

In: the call stack. Out: a `Source`. Touches: nothing but the stack.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_OURS = str(Path(__file__).parent.parent) + os.sep


@dataclass(frozen=True, slots=True)
class Source:
    """A line in a user's file; `via`, when the line is in a function of the user's, the line that called it."""

    file: str
    line: int
    via: int = 0

    def __str__(self) -> str:
        """`pipeline.py:41`, relative to the current folder where it lies below it."""
        path = Path(self.file)
        try:
            return f"{path.relative_to(Path.cwd()).as_posix()}:{self.line}"
        except (ValueError, OSError):
            return f"{self.file}:{self.line}"

    @property
    def folder(self) -> Path:
        """Where relative paths written on this line start: beside the file, or here when there is no file."""
        path = Path(self.file)
        return path.parent if path.is_file() else Path.cwd()


def here() -> Source:
    """The line outside this package that led to the call."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    file = frame.f_code.co_filename
    path = file if file.startswith("<") else os.path.abspath(file)  # noqa: PTH100 -- no links
    return Source(path, frame.f_lineno, _caller(frame))


def _caller(frame: FrameType) -> int:
    """The line on the file's top level that led to a frame inside a function; 0 when there is none."""
    file, outer = frame.f_code.co_filename, frame
    while outer.f_back is not None and outer.f_code.co_name != "<module>" and outer.f_code.co_filename == file:
        outer = outer.f_back
    top = outer is not frame and outer.f_code.co_filename == file and outer.f_code.co_name == "<module>"
    return outer.f_lineno if top else 0
