"""One part of an upload: what it is called, and where its bytes lie until the upload ends.

In: the folder of an upload, numbers, sizes. Out: `Part`, `Slot`. Touches: that folder.
What a part is stands in a name, so that a disk without attributes keeps uploads too. A part whose size is known before
it comes lies in its slot: at (number - 1) × size of the one sparse file that parts of its size share, which so becomes
the object as it is when all parts have one size. An empty file says that it is there. Every other part is a file.
"""
# ruff: noqa: PTH110, PTH116, PTH118

from __future__ import annotations

import fcntl
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.objects import placing
from stepmill.objects.store import BadName, NoSuchUpload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stepmill.objects.bodies import Reader

PLAN = "plan.json"
NO_PART = (
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
    "entity tag may not match the part's entity tag."
)
_NAME = re.compile(r"(\d{5})-([0-9a-f]{32})-([0-9a-f]*)(?:-(\d+))?")
_FURTHEST = 5 << 40
"""Where slots end, in bytes: no object of S3's was larger when this was written, and disks have such bounds too."""


class Part(NamedTuple):
    """One part that has arrived. etag: MD5 in hexadecimal. checksum: raw, b"" when the upload has no algorithm.
    modified: epoch seconds. slotted: it lies in the slot of its number and size."""

    number: int
    etag: str
    checksum: bytes
    size: int
    modified: float
    slotted: bool = False

    @property
    def name(self) -> str:
        """The file that says it is there; unless it is slotted, with its bytes."""
        name = f"{self.number:05d}-{self.etag}-{self.checksum.hex()}"
        return f"{name}-{self.size}" if self.slotted else name

    @property
    def lies(self) -> tuple[str, int]:
        """The file with its bytes, and where in it they begin."""
        return (shared(self.size), (self.number - 1) * self.size) if self.slotted else (self.name, 0)

    def row(self) -> list[Any]:
        """It as JSON."""
        return [*self[:2], self.checksum.hex(), *self[3:]]


def of_row(row: list[Any]) -> Part:
    """The part that `row` was made of."""
    return Part(row[0], row[1], bytes.fromhex(row[2]), *row[3:])


def of_name(name: str, path: str) -> Part | None:
    """The part that the file `path` of this name says is there; None when it says nothing of the kind, or has gone."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        known = os.lstat(path)
    except FileNotFoundError:
        return None
    size = known.st_size if match[4] is None else int(match[4])
    return Part(int(match[1]), match[2], bytes.fromhex(match[3]), size, known.st_mtime, match[4] is not None)


def shared(size: int) -> str:
    """The file in which parts of this size have their slots."""
    return f"data-{size}"


def in_place(chosen: Sequence[Part]) -> int:
    """The size of the slots that make the object of `chosen` when what is missing is copied into them; 0: none do.

    The numbers have no gap then, all parts have this size but a smaller last one, and at least one lies there.
    """
    size = chosen[0].size
    fits = all(part.number == number for number, part in enumerate(chosen, 1))
    fits = fits and all(part.size == size for part in chosen[:-1]) and chosen[-1].size <= size
    return size if fits and any(part.slotted and part.size == size for part in chosen) else 0


class Slot:
    """The slot of one part, which nobody else writes: `file` stands at its beginning.

    It is anybody's again after `give_back`; otherwise bytes that somebody was told are there stay. While it is open
    nobody has the shared file alone, so nothing is written into an object that this file has become.
    """

    def __init__(self, folder: str, number: int, size: int) -> None:
        self._begun = _begun(folder, number)
        os.close(os.open(self._begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            path = os.path.join(folder, shared(size))
            self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(self.file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                # The plan goes together with the file, so in this order.
                if os.path.exists(os.path.join(folder, PLAN)) or not os.path.exists(path):
                    raise NoSuchUpload
                os.lseek(self.file, (number - 1) * size, os.SEEK_SET)
            except BaseException:
                os.close(self.file)
                raise
        except BlockingIOError:  # it becomes the object just now, or not after all; a file of its own is never wrong
            raise FileExistsError from None

    @property
    def is_first(self) -> bool:
        """Whether no other part of this number has arrived since. Ask it alone."""
        return not os.stat(self._begun).st_size

    def give_back(self) -> None:
        """Let another part of this number have the slot. Do it alone, and never after the part was said to be there."""
        if self.is_first:
            placing.unlink(self._begun)

    def close(self) -> None:
        """Let others have the file."""
        os.close(self.file)


def claim(folder: str, number: int, size: int | None) -> Slot | None:
    """The slot of the part `number`; None when its size is not known, or a part of this number was begun before.

    Raises FileNotFoundError, NoSuchUpload.
    """
    if not size or number * size > _FURTHEST:
        return None
    try:
        return Slot(folder, number, size)
    except FileExistsError:
        return None


def is_first(folder: str, number: int) -> bool:
    """Note that a part of this number arrives in a file of its own → whether none was begun before. Ask it alone."""
    path = _begun(folder, number)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        os.truncate(path, 1)
        return False
    return True


def _begun(folder: str, number: int) -> str:
    """There when a part of this number was begun; not empty when one arrived in a file of its own after that.

    So whoever is the first need not look for earlier ones among ten thousand names.
    """
    return os.path.join(folder, f"begun-{number:05d}")


def alone(path: str, *, wait: bool) -> int | None:
    """The shared file `path`, open, while nobody writes a slot of it; None when it is not there, or in use.

    An empty one is none: a latecomer made it, and was refused before it wrote.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_size:
            return file
    except BlockingIOError:
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


class Exactly:
    """A Reader of `size` bytes. Raises BadName with S3's code when the source has fewer, or goes on."""

    def __init__(self, source: Reader, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        """The next piece."""
        data = self._source.read(min(size, self._left) if size >= 0 and self._left else self._left or 1)
        self._left -= len(data)
        if self._left < 0 or (self._left and not data):
            words = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            raise BadName("IncompleteBody", words)
        return data
