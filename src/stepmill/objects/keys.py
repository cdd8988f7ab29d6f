"""How an S3 key becomes a path of plain files, and back.

In: keys, names found on the disk. Out: path components, keys. Touches: nothing.

The format, settled once (docs/decisions/0006): each `/` in a key is a folder border, and a segment is its own file name
unless a path cannot hold it. What a path cannot hold is written with `%`:

- `%XX`     one UTF-8 byte: `%` itself, control characters, the dots of `.` and `..`; on a disk that folds case or
            normalises Unicode also every character that the disk might confuse with another;
- `%e`      an empty segment, so the key `data/` is the file `data/%e`;
- `a%self`  the object `a` while there are objects under `a/`;
- `…%+`     a folder that holds the rest of a segment longer than 200 bytes.

A name that this module would never write was dropped in by hand: it is an object too, under exactly that name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = 1
EMPTY = "%e"
SELF = "%self"
MORE = "%+"
LONGEST = 200
"""Longest name in bytes before a segment is split: leaves room for `%self` and temporary suffixes in 255."""
_LONGEST_TOKEN = 12
_HEX = frozenset("0123456789ABCDEF")

PLAIN, BESIDE, LITERAL = 0, 1, 2
"""How a name was understood; when two files mean the same key, the lower one is the object."""


class KeyFormat:
    """The format for one disk. `fold`: the disk confuses `A` with `a`, or composed with decomposed characters."""

    __slots__ = ("fold",)

    def __init__(self, fold: bool) -> None:
        self.fold = fold

    def encode(self, segment: str) -> tuple[str, ...]:
        """One segment of a key → the one or more path components that stand for it."""
        if segment == "":
            return (EMPTY,)
        if segment.isprintable() and "%" not in segment and not self.fold and len(segment.encode()) <= LONGEST:
            if segment not in (".", ".."):
                return (segment,)
            return ("%2E" * len(segment),)
        tokens = list(self._tokens(segment))
        parts: list[str] = []
        part: list[str] = []
        length = 0
        for token in tokens:
            size = len(token.encode())
            if length + size > LONGEST:
                parts.append("".join(part) + MORE)
                part, length = [], 0
            part.append(token)
            length += size
        parts.append("".join(part))
        return tuple(parts)

    def path(self, key: str) -> tuple[str, ...]:
        """The components under the bucket's folder where the object `key` is written."""
        return tuple(part for segment in key.split("/") for part in self.encode(segment))

    def candidates(self, segment: str, is_folder: bool) -> Iterator[tuple[str, ...]]:
        """Every way the folder or file for `segment` may be called on the disk (without `%self`), ours first."""
        ours = self.encode(segment)
        yield ours
        if ours == (segment,) or segment in ("", ".", "..") or "\0" in segment or len(segment.encode()) > 255:
            return
        if self.understand(segment, is_folder) == (segment, LITERAL):
            yield (segment,)

    def understand(self, name: str, is_folder: bool) -> tuple[str, int] | None:
        """A name on the disk → the segment it stands for and how; None for a name that is not UTF-8."""
        try:
            name.encode()
        except UnicodeEncodeError:
            return None
        if self.fold and not name.isascii():
            from unicodedata import normalize

            name = normalize("NFC", name)
        if not is_folder and name.endswith(SELF):
            segment = self._decode(name[: -len(SELF)])
            if segment is not None:
                return segment, BESIDE
        segment = self._decode(name)
        return (name, LITERAL) if segment is None else (segment, PLAIN)

    def understand_part(self, name: str) -> str | None:
        """A folder's name → the beginning of a long segment, or None when it is a whole one."""
        if not name.endswith(MORE) or not LONGEST - _LONGEST_TOKEN < len(name.encode(errors="replace")) - 2 <= LONGEST:
            return None
        return self._decode(name[: -len(MORE)])

    def _decode(self, name: str) -> str | None:
        """The segment that `encode` turns into exactly `name`, if there is one."""
        if name == EMPTY:
            return ""
        if "%" in name:
            raw = bytearray()
            pieces = name.split("%")
            raw += pieces[0].encode(errors="surrogateescape")
            for piece in pieces[1:]:
                if len(piece) < 2 or piece[0] not in _HEX or piece[1] not in _HEX:
                    return None
                raw.append(int(piece[:2], 16))
                raw += piece[2:].encode(errors="surrogateescape")
            try:
                segment = raw.decode()
            except UnicodeDecodeError:
                return None
        else:
            segment = name
        if "/" in segment or not segment or self.encode(segment) != (name,):
            return None
        return segment

    def _tokens(self, segment: str) -> Iterator[str]:
        dots = segment in (".", "..")
        wary = self.fold and not segment.isascii()
        if wary:
            from unicodedata import category, is_normalized

            wary = not is_normalized("NFC", segment)
        for letter in segment:
            escape = letter in "%\x7f" or letter < " " or dots
            if self.fold and not escape:
                escape = letter.casefold() != letter or letter.lower() != letter or letter.upper().lower() != letter
                if not escape and not letter.isascii():
                    escape = wary or category(letter) in ("Cf", "Cn", "Co")
            yield "".join(f"%{byte:02X}" for byte in letter.encode()) if escape else letter
