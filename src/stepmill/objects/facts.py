"""What bytes cannot tell of an object: its type, its metadata, its sums. One extended attribute of the file keeps it.

In: an open file, or a path and what is known of it. Out: `Facts`. Touches: the attribute `user.stepmill`.
Never a sidecar: the attribute is there or not together with the object. Sums count only for the bytes they were taken
of, which size and time tell: a file that was changed by hand has its name and its type still, and no sum.
"""

# Supervisors import this, and importing contextlib takes longer than starting Python does.
# ruff: noqa: SIM105, PTH116

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "user.stepmill"
LONGEST = 3500
"""Bytes of the attribute: ext4 keeps all attributes of a file in one block of 4 KiB."""
_YET_TO_COME = 700
_NONE_HERE = (errno.ENOTSUP, errno.EPERM, errno.ENOSYS)


class TooLong(ValueError):
    """More metadata than a file can carry."""


class Facts:
    """What is known of one object besides its bytes.

    etag: without quotes, "" when nobody took it; `…-N` for an object of N parts. headers: what S3 gives back as it was
    given (`ContentType`, `CacheControl`, …). metadata: the user's own. checksums: algorithm (`CRC32`) to base64.
    composite: the checksums are of the parts' sums. parts: sizes of the parts as `[size, how many]`, in order.
    upload: the id of the multipart upload it came from.
    """

    __slots__ = ("checksums", "composite", "etag", "headers", "metadata", "parts", "upload")

    def __init__(
        self,
        etag: str = "",
        headers: dict[str, str] | None = None,
        metadata: dict[str, str] | None = None,
        checksums: dict[str, str] | None = None,
        composite: bool = False,
        parts: list[list[int]] | None = None,
        upload: str = "",
    ) -> None:
        self.etag = etag
        self.headers = headers or {}
        self.metadata = metadata or {}
        self.checksums = checksums or {}
        self.composite = composite
        self.parts = parts or []
        self.upload = upload

    def check(self) -> None:
        """Raise TooLong unless there is room for what is not known yet: sums, parts, the upload."""
        self.to_bytes(1 << 50, 1 << 62, room=LONGEST - _YET_TO_COME)

    def to_bytes(self, size: int, time: int, room: int = LONGEST) -> bytes:
        """The attribute for a file of this size in bytes, modified at this nanosecond. Raises TooLong."""
        import json

        values: dict[str, Any] = {"size": size, "time": time}
        values |= {name: value for name in self.__slots__ if (value := getattr(self, name))}
        data = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        if len(data) > room:
            raise TooLong(f"{len(data)} bytes of metadata; {room} are kept")
        return data


def read(file: int | str, known: os.stat_result) -> Facts:
    """The facts of a file, by descriptor or path, of which this is `known`; empty where there are none."""
    try:
        data = os.getxattr(file, NAME, follow_symlinks=False) if isinstance(file, str) else os.getxattr(file, NAME)
    except (OSError, AttributeError):  # no such attribute, no attributes here, or a file that has gone
        return Facts()
    import json

    try:
        values = json.loads(data)
        facts = Facts(headers=dict(values.get("headers", {})), metadata=dict(values.get("metadata", {})))
        if (values["size"], values["time"]) == (known.st_size, known.st_mtime_ns):
            facts.etag = str(values.get("etag", ""))
            facts.checksums = dict(values.get("checksums", {}))
            facts.composite = bool(values.get("composite"))
            facts.parts = [[int(size), int(count)] for size, count in values.get("parts", [])]
            facts.upload = str(values.get("upload", ""))
    except (ValueError, TypeError, KeyError, AttributeError):  # somebody else's attribute of this name
        return Facts()
    return facts


def write(file: int, facts: Facts) -> None:
    """Give an open file its facts, after its last byte; nothing happens where a file has no attributes."""
    known = os.fstat(file)
    data = facts.to_bytes(known.st_size, known.st_mtime_ns)
    try:
        os.setxattr(file, NAME, data)
    except AttributeError:  # Python knows extended attributes on Linux only
        pass
    except OSError as error:
        if error.errno not in _NONE_HERE:
            raise


def write_birth(folder: str) -> None:
    """Note on a new folder that it was made just now: its own times tell of what it holds."""
    try:
        os.setxattr(folder, NAME, b"%d" % os.stat(folder).st_mtime_ns)
    except (OSError, AttributeError):
        pass


def read_birth(folder: str) -> float:
    """When a folder was made, in epoch seconds; when it last changed, where nobody noted that."""
    try:
        return int(os.getxattr(folder, NAME)) / 1e9
    except (OSError, AttributeError, ValueError):
        return os.stat(folder).st_mtime


def forget(path: str) -> None:
    """Take what a stranger's file carries under our name away."""
    try:
        os.removexattr(path, NAME, follow_symlinks=False)
    except (OSError, AttributeError):
        pass


def are_kept(folder: str) -> bool:
    """Whether files in `folder` can carry facts; tried on the folder itself."""
    try:
        os.setxattr(folder, NAME + ".probe", b"1")
        os.removexattr(folder, NAME + ".probe")
    except (OSError, AttributeError):
        return False
    return True
