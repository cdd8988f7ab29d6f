"""The ETags of files that nobody told their sum: read once, remembered while size and time stay the same.

In: paths and what is known of them. Out: MD5 sums in hexadecimal. Touches: the files, by reading them.
"""
# Supervisors import this, and importing pathlib takes longer than starting Python does.

from __future__ import annotations

import os

from stepmill.objects.placing import PIECE, no_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_MOST = 4096


class Etags:
    """What was read lately; forgotten with the process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: str, known: os.stat_result, file: BinaryIO | None = None) -> str:
        """The MD5 of the file at `path`, of which this is `known`; `file` is the same, open already, and read out."""
        name = (path, known.st_size, known.st_mtime_ns)
        etag = self._known.get(name)
        if etag is not None:
            return etag
        if file is None:
            with open(path, "rb", opener=no_link) as opened:
                return self._read(name, opened)
        return self._read(name, file)

    def _read(self, name: tuple[str, int, int], file: BinaryIO) -> str:
        from hashlib import md5

        total = md5(usedforsecurity=False)
        while piece := file.read(PIECE):
            total.update(piece)
        etag = total.hexdigest()
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != name[1:]:
            return etag  # replaced since it was listed: true of the bytes, not of the name it would be kept under
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = etag
        return etag
