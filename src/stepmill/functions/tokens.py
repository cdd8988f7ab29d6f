"""What became of each call, on disk: a call is accepted once, and its result is kept until it is forgotten.

In: tokens, results. Out: the same. Touches: one folder, one file per call.
The file is made with O_EXCL and flushed before the worker gets the event; the result is appended to it, and counts only
when it is whole. So whoever finds a file without a result knows that the function may have run, and must not run again.
"""
# The host imports this at start, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH103, PTH108, PTH208, PTH118, PTH123, SIM105

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Tokens:
    """The journal in `folder` (0700; files 0600), each call under the name `file_of` gives its token.

    Neither environments nor payloads sent are written.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, 0o700, exist_ok=True)

    def accept(self, name: str, note: dict[str, Any]) -> bool:
        """Mark the call as accepted, durably; False when it was before. OSError: it was not, and is not."""
        path = self._path(name)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            return False
        try:
            os.write(file, _line(note))
            os.fsync(file)
            folder = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(file)
        return True

    def finish(self, name: str, head: dict[str, Any], payload: bytes) -> None:
        """Keep the result. Not flushed: after a power cut the caller's own record of it counts, or it is unknown."""
        with open(self._path(name), "ab", opener=_existing) as file:
            file.write(_line({**head, "length": len(payload)}) + payload)

    def result(self, name: str) -> tuple[dict[str, Any], bytes] | None:
        """The kept result; None when there is none, or only a part of one."""
        try:
            with open(self._path(name), "rb") as file:
                _, head, payload = file.read().split(b"\n", 2)
            found = json.loads(head)
            return (found, payload) if found["length"] == len(payload) else None
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None

    def of(self, wanted: Callable[[str], bool]) -> list[str]:
        """The names of the accepted calls whose token is wanted."""
        found = []
        for name in os.listdir(self.folder):
            try:
                with open(self._path(name), "rb") as file:
                    token = json.loads(file.readline())["token"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if wanted(token):
                found.append(name)
        return found

    def forget(self, name: str) -> None:
        """Drop everything known of the call."""
        try:
            os.unlink(self._path(name))
        except FileNotFoundError:
            pass

    def _path(self, name: str) -> str:
        if not name.isalnum():
            raise ValueError(f"{name!r} is no name of a token's file")
        return os.path.join(self.folder, name)


def file_of(token: str) -> str:
    """The name of the token's file: tokens hold what no file name may, and are of any length."""
    # Not at the top: it loads OpenSSL, 4 MB that the host would keep. Callers have it anyway, and name the file for it.
    from hashlib import sha256

    return sha256(token.encode(errors="surrogateescape")).hexdigest()[:40]


def request_of(token: str) -> str:
    """The request id of the token's call, a UUID: whoever knows the token knows it, and nobody else has it."""
    text = file_of(f"request {token}")
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def stream_of(function: str) -> str:
    """The part of a log stream's name that tells a function's streams apart: 32 hex digits, the same for ever, since
    all workers of a function write one log. In front of it stands the day."""
    return file_of(f"stream {function}")[:32]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace") + b"\n"


def _existing(path: str, flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
