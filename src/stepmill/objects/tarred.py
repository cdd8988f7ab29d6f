"""Reading tar: ustar, pax and GNU headers, one member after another from a stream.

In: a stream of bytes. Out: members that are files or folders. Touches: nothing else.
Links, devices and sparse files are refused here, where their headers are read.
"""

from __future__ import annotations

import zlib

from stepmill.objects.members import BadArchive, Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_BLOCK = 512
_PIECE = 1 << 20
_LONGEST_HEADER = 1 << 20
_WHAT = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}


def read_tar(path: str, stream: BinaryIO, allowed: int) -> Iterator[Member]:
    """The files and folders of a tar, in order; reads at most `allowed` bytes of it. Raises BadArchive."""
    source = _Source(path, stream, allowed)
    everyone: dict[str, str] = {}
    extended: dict[str, str] = {}
    while True:
        block = source.take(_BLOCK)
        if 0 < len(block) < _BLOCK:
            raise BadArchive(f"{path}: ends in the middle of a header")
        if not block.strip(b"\0"):
            while source.take(_PIECE):
                pass  # the rest is padding, but the checksum of a gzip stands behind it
            return
        if _octal(block[148:156]) != sum(block[:148]) + sum(block[156:]) + 8 * 32:
            raise BadArchive(f"{path}: is not a tar, or is damaged (a header's checksum is wrong)")
        kind = block[156:157]
        size = _octal(block[124:136])
        if size is None or size < 0:
            raise BadArchive(f"{path}: is damaged (a header holds no size)")
        if kind in (b"x", b"g", b"L", b"K"):
            if size > _LONGEST_HEADER:
                raise BadArchive(f"{path}: has an extended header of {size} bytes; refused as a bomb")
            body = source.take(_padded(size))[:size]
            if kind == b"L":
                extended["path"] = _text(body)
            elif kind == b"x":
                extended.update(_pax(path, body))
            elif kind == b"g":
                everyone.update(_pax(path, body))
            continue
        known = {**everyone, **extended}
        extended = {}
        name = known.get("path") or _name(block)
        if "size" in known:
            size = _number(path, known["size"])
        if any(key.startswith("GNU.sparse") for key in known):
            kind = b"S"
        if kind not in (b"0", b"\0", b"7", b"5"):
            raise BadArchive(f"{path}: {name!r} is {_WHAT.get(kind, 'of an unknown kind')}; nothing was extracted")
        is_folder = kind == b"5" or name.endswith("/")
        if is_folder and size:
            raise BadArchive(f"{path}: the folder {name!r} has contents of its own; nothing was extracted")
        source.begin(size)
        mode = _octal(block[100:108]) or 0
        yield Member(name, is_folder, size, bool(mode & 0o100), float(_octal(block[136:148]) or 0), source.copy)
        source.finish()


class _Source:
    """The stream, counted, and the part of it that belongs to the current member."""

    def __init__(self, path: str, stream: BinaryIO, allowed: int) -> None:
        self.path = path
        self.stream = stream
        self.allowed = allowed
        self.left = 0
        self.padding = 0

    def take(self, size: int) -> bytes:
        """Up to `size` bytes: fewer only at the end."""
        self.allowed -= size
        if self.allowed < 0:
            raise BadArchive(f"{self.path}: unfolds to more than its limit; refused as a bomb")
        try:
            return self.stream.read(size)
        except _damage() as error:
            raise BadArchive(f"{self.path}: is damaged ({error})") from None

    def begin(self, size: int) -> None:
        self.left = size
        self.padding = _padded(size) - size

    def copy(self, write: Callable[[bytes], object]) -> None:
        while self.left:
            piece = self.take(min(self.left, _PIECE))
            if not piece:
                raise BadArchive(f"{self.path}: ends in the middle of a member")
            self.left -= len(piece)
            write(piece)

    def finish(self) -> None:
        self.copy(len)
        self.take(self.padding)


def _damage() -> tuple[type[Exception], ...]:
    """What reading a broken stream raises, whichever library reads it."""
    try:
        from isal import isal_zlib
    except ImportError:
        return OSError, EOFError, zlib.error
    error: type[Exception] = isal_zlib.error  # type: ignore[assignment]
    return OSError, EOFError, zlib.error, error


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _octal(field: bytes) -> int | None:
    """A number field: octal text, or base 256 when its first bit is set (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big", signed=False) - (0x80 << 8 * (len(field) - 1)) if field[0] == 0x80 else None
    text = field.strip(b" \0")
    try:
        return int(text, 8) if text else 0
    except ValueError:
        return None


def _number(path: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadArchive(f"{path}: is damaged (a size is {text[:40]!r})")
    return int(text)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode(errors="surrogateescape")


def _name(block: bytes) -> str:
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _pax(path: str, body: bytes) -> dict[str, str]:
    """The records `length key=value` of an extended header."""
    found = {}
    while body.strip(b"\0"):
        digits, space, _ = body.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) < 10 else 0
        record = body[len(digits) + 1 : length]
        key, equals, value = record.partition(b"=")
        if not space or not equals or length > len(body) or not record.endswith(b"\n"):
            raise BadArchive(f"{path}: is damaged (an extended header cannot be read)")
        if b"\0" in value:
            raise BadArchive(f"{path}: is damaged (a name holds a zero byte)")
        found[key.decode(errors="surrogateescape")] = value[:-1].decode(errors="surrogateescape")
        body = body[length:]
    return found
