"""What became of each call, on disk: a call is accepted once, and its result is kept until it is forgotten.

In: tokens, results. Out: the same. Touches: one folder.
`accepted` is made with O_EXCL and flushed before the worker gets the event; a result appears whole or not at all. So
whoever finds the first without the second knows that the function may have run, and that it must not run again.
"""
# The host imports this at start, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH103, PTH105, PTH108, PTH118, PTH123, SIM105

from __future__ import annotations

import json
import os
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Tokens:
    """The journal in `folder` (0700; files 0600). Neither environments nor payloads sent are written."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, 0o700, exist_ok=True)

    def accept(self, token: str, note: dict[str, Any]) -> bool:
        """Mark the call as accepted, durably; False when it was before."""
        try:
            file = os.open(self._path(token, "accepted"), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            return False
        try:
            os.write(file, json.dumps({"token": token, **note}, ensure_ascii=False).encode(errors="replace"))
            os.fsync(file)
            self._flush()
        except OSError:
            os.unlink(self._path(token, "accepted"))  # nothing runs that could not be written down
            raise
        finally:
            os.close(file)
        return True

    def finish(self, token: str, head: dict[str, Any], payload: bytes) -> None:
        """Keep the result. Not flushed: after a power cut the caller's own record of it counts, or it is unknown."""
        path = self._path(token, "result")
        temporary = f"{path}.{os.urandom(4).hex()}"
        line = json.dumps({**head, "length": len(payload)}, ensure_ascii=False).encode(errors="replace")
        with open(temporary, "xb", opener=_private) as file:
            file.write(line + b"\n" + payload)
        os.replace(temporary, path)

    def result(self, token: str) -> tuple[dict[str, Any], bytes] | None:
        """The kept result; None when there is none, or only half of one after a power cut."""
        try:
            with open(self._path(token, "result"), "rb") as file:
                line, _, payload = file.read().partition(b"\n")
        except FileNotFoundError:
            return None
        try:
            head = json.loads(line)
            return (head, payload) if head["length"] == len(payload) else None
        except (ValueError, KeyError, TypeError):
            return None

    def forget(self, token: str) -> None:
        """Drop everything known of the call. The result goes last: a crash in between must not make it unknown."""
        for kind in ("accepted", "result"):
            try:
                os.unlink(self._path(token, kind))
            except FileNotFoundError:
                pass

    def _flush(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _path(self, token: str, kind: str) -> str:
        return os.path.join(self.folder, f"{sha256(token.encode(errors='surrogateescape')).hexdigest()[:40]}.{kind}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
