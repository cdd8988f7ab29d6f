"""Reading zip: the standard library finds and unfolds members, we decide which may exist.

In: an open file. Out: members that are files or folders. Touches: nothing else.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib

from stepmill.objects.members import BadArchive, Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_PIECE = 1 << 20
# What zipfile raises over a broken or unusual zip, gathered by feeding it thousands of broken ones.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)


def read_zip(path: str, file: BinaryIO) -> Iterator[Member]:
    """The files and folders of a zip, in order. Raises BadArchive for links, encrypted and damaged members."""
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise BadArchive(f"{path}: is not a zip, or is damaged ({error})") from None
    with archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16 if info.create_system == 3 else 0
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise BadArchive(f"{path}: {info.filename!r} is a link or a device; nothing was extracted")
            if info.flag_bits & 1:
                raise BadArchive(f"{path}: {info.filename!r} is encrypted; nothing was extracted")
            if "\0" in info.orig_filename or "\\" in info.orig_filename:
                raise BadArchive(f"{path}: {info.orig_filename!r} is no name for a file; nothing was extracted")
            yield Member(
                info.filename,
                info.filename.endswith("/") or stat.S_ISDIR(mode),
                info.file_size,
                bool(mode & 0o100),
                _modified(info),
                _copier(path, archive, info),
            )


def _copier(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[Callable[[bytes], object]], None]:
    def copy(write: Callable[[bytes], object]) -> None:
        left = info.file_size
        try:
            file = archive.open(info)
        except _DAMAGE as error:
            raise BadArchive(f"{path}: {info.filename!r} is damaged ({error})") from None
        with file:
            # The size in the directory was counted against the limits, so not one byte more may come.
            while left >= 0:
                try:
                    piece = file.read(_PIECE)
                except _DAMAGE as error:
                    raise BadArchive(f"{path}: {info.filename!r} is damaged ({error})") from None
                if not piece:
                    break
                left -= len(piece)
                if left >= 0:
                    write(piece)
        if left:
            raise BadArchive(f"{path}: {info.filename!r} is not as long as it says; nothing was extracted")

    return copy


def _modified(info: zipfile.ZipInfo) -> float:
    """A zip keeps local time without a zone; it is read as UTC, the same everywhere."""
    from calendar import timegm

    try:
        return float(timegm((*info.date_time, 0, 0, 0)))
    except ValueError:
        return 0.0
