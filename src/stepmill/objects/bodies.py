"""Bytes too many to hold: what is read in pieces, and a part of a file that is sent.

In: an open file. Out: pieces of it. Touches: the file it is given.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Protocol

    class Reader(Protocol):
        """Whatever gives its bytes in pieces: `read(size)` → at most `size` bytes, b"" at the end."""

        def read(self, size: int = -1, /) -> bytes: ...


class Slice:
    """`length` bytes of the open `file` from `start`: a Reader, closed by whoever sends it.

    A carrier that can hand files to the system itself uses `file`, `start` and `length` instead of reading.
    """

    __slots__ = ("_left", "file", "length", "start")

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self.file = file
        self.start = start
        self.length = length
        self._left = length
        file.seek(start)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, or all that is left."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self.file.read(wanted) if wanted else b""
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Give the file back."""
        self.file.close()

    def __len__(self) -> int:
        return self.length
