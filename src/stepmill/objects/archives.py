"""Archives: `model.tar.gz` and `sourcedir.tar.gz` made, and what strangers made taken apart safely.

In: a folder, or an archive and limits. Out: an archive, or files in a fresh folder. Touches: those two.
The extractor is our own because the standard library's has been talked into writing elsewhere again and again; it knows
regular files and folders only (experience-and-reliability §6.2, S10). Reading the formats: tarred.py, zipped.py.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH103, PTH105, PTH106, PTH108, PTH118, PTH123, SIM105

from __future__ import annotations

import os
import stat

from stepmill.objects.members import BadArchive as BadArchive
from stepmill.objects.members import Member as Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    AnyPath = str | os.PathLike[str]


class Limits:
    """How much an archive may unfold: `count` members, `size` bytes in total, `ratio` times its own size (with 64 MiB
    always allowed), `path` bytes and `depth` levels in a name."""

    __slots__ = ("count", "depth", "path", "ratio", "size")

    def __init__(
        self,
        count: int = 500_000,
        size: int = 100 << 30,
        ratio: int = 200,
        path: int = 1024,
        depth: int = 64,
    ) -> None:
        self.count = count
        self.size = size
        self.ratio = ratio
        self.path = path
        self.depth = depth


def pack(folder: AnyPath, target: AnyPath) -> int:
    """Write every file and folder below `folder` to the gzip'd tar `target` → the number of files.

    Members are relative, in sorted order, keep their executable bit and time, and belong to nobody. A symbolic link
    to a regular file inside the folder is stored as that file; every other link, socket or device is left out. The
    target appears whole or not at all.
    """
    import tarfile

    top = os.fspath(folder)
    goal = os.fspath(target)
    temporary = f"{goal}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    count = 0
    try:
        with (
            open(temporary, "xb", opener=_private) as raw,
            _compressor(raw) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, path in _contents(top):
                info = tarfile.TarInfo(name)
                if path is None:
                    info.type, info.mode = tarfile.DIRTYPE, 0o755
                    tar.addfile(info)
                    continue
                with open(path, "rb", opener=_reading) as file:
                    known = os.fstat(file.fileno())
                    info.size, info.mtime = known.st_size, int(known.st_mtime)
                    info.mode = 0o755 if known.st_mode & 0o100 else 0o644
                    tar.addfile(info, file)
                count += 1
        os.replace(temporary, goal)
    except BaseException:
        _unlink(temporary)
        raise
    return count


def extract(archive: AnyPath, folder: AnyPath, *, limits: Limits | None = None) -> int:
    """Unfold a tar, gzip'd tar or zip into `folder`, which must be empty or missing → the number of files.

    Raises BadArchive for links, devices, absolute names, `..`, names that clash (also by case), and anything over
    `limits`; then nothing of it stays.
    """
    top = os.fspath(folder)
    os.makedirs(top, 0o700, exist_ok=True)
    with os.scandir(top) as entries:
        filled = next(entries, None) is not None
    if filled:
        raise FileExistsError(f"{top} is not empty; an archive is extracted into a fresh folder")
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    count = 0
    try:
        writer = _Writer(handle)
        try:
            for member in members(archive, limits=limits):
                if member.is_folder:
                    writer.folder(member.name.split("/"))
                else:
                    writer.file(member)
                    count += 1
        finally:
            writer.close()
    except BaseException:
        _empty(top)
        raise
    finally:
        os.close(handle)
    return count


def members(archive: AnyPath, *, limits: Limits | None = None) -> Iterator[Member]:
    """What is in the archive, every name checked, nothing written. Raises BadArchive as `extract` does."""
    limits = limits or Limits()
    path = os.fspath(archive)
    with open(path, "rb") as file:
        allowed = min(limits.size, max(64 << 20, limits.ratio * os.fstat(file.fileno()).st_size))
        checked = _Names(path, limits)
        head = file.read(4)
        file.seek(0)
        total = 0
        for member in _open(path, file, head, allowed):
            total += member.size
            if total > allowed:
                raise BadArchive(f"{path}: unfolds to more than {allowed} bytes; refused as a bomb")
            name = checked.take(member)
            if name:
                member.name = name
                yield member


def _open(path: str, file: BinaryIO, head: bytes, allowed: int) -> Iterator[Member]:
    if head[:2] == b"PK":
        from stepmill.objects.zipped import read_zip

        return read_zip(path, file)
    from stepmill.objects.tarred import read_tar

    # Headers and padding of the tar itself come on top of what the members may hold.
    return read_tar(path, _decompressor(file) if head[:2] == b"\x1f\x8b" else file, allowed * 2 + (64 << 20))


class _Names:
    """The names seen so far. Case and Unicode form are ignored in the comparison: the next disk may ignore them."""

    def __init__(self, archive: str, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self.seen: dict[str, tuple[str, bool, bool]] = {}  # folded → as written, folder, named by a member itself

    def take(self, member: Member) -> str:
        """The member's name without `./`, or "" for the top folder itself."""
        name = member.name
        if len(name.encode(errors="surrogateescape")) > self.limits.path:
            self._refuse(name[:80] + "…", f"has a name longer than {self.limits.path} bytes")
        if name.startswith("/"):
            self._refuse(name, "has an absolute name")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            self._refuse(name, "leads out of the folder")
        if any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name):
            self._refuse(name, "has a name with control characters or broken UTF-8")
        if len(parts) > self.limits.depth:
            self._refuse(name, f"lies more than {self.limits.depth} folders deep")
        if not parts and not member.is_folder:
            self._refuse(name, "has no name")
        for end in range(1, len(parts)):
            self._note(parts[:end], True, False)
        if parts:
            self._note(parts, member.is_folder, True)
        return "/".join(parts)

    def _note(self, parts: list[str], is_folder: bool, itself: bool) -> None:
        name = "/".join(parts)
        known = self.seen.get(folded := _fold(name))
        if known is None:
            if len(self.seen) >= self.limits.count:
                raise BadArchive(f"{self.archive}: has more than {self.limits.count} members; refused as a bomb")
        elif known[0] != name:
            self._refuse(name, f"clashes with {known[0]!r} on a disk that ignores case")
        elif not (known[1] and is_folder):
            self._refuse(name, "is in it twice")
        self.seen[folded] = (name, is_folder, itself)

    def _refuse(self, name: str, why: str) -> None:
        raise BadArchive(f"{self.archive}: {name!r} {why}; nothing was extracted")


def _fold(name: str) -> str:
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


class _Writer:
    """Writes below one folder, opening every level without following links; remembers the last level it was in."""

    def __init__(self, top: int) -> None:
        self.top = top
        self.where: list[str] = []
        self.handle = os.dup(top)

    def folder(self, parts: list[str]) -> int:
        """The open folder `parts`, made where it was missing."""
        if parts != self.where:
            handle = os.dup(self.top)
            for part in parts:
                try:
                    os.mkdir(part, 0o700, dir_fd=handle)
                except FileExistsError:
                    pass
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
                os.close(handle)
                handle = below
            os.close(self.handle)
            self.where, self.handle = list(parts), handle
        return self.handle

    def file(self, member: Member) -> None:
        *parts, name = member.name.split("/")
        mode = 0o700 if member.executable else 0o600
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(name, flags, mode, dir_fd=self.folder(parts)), "wb") as file:
            member.copy(file.write)
            file.flush()
            if 0 <= member.modified < 1 << 40:
                os.utime(file.fileno(), (member.modified, member.modified))

    def close(self) -> None:
        os.close(self.handle)


def _contents(top: str) -> Iterator[tuple[str, str | None]]:
    """Name and file of everything worth packing below `top`, sorted; the file is None for a folder."""
    real = os.path.realpath(top)
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        if relative:
            yield relative, None
        found = []
        with os.scandir(os.path.join(top, relative) if relative else top) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                name = f"{relative}/{entry.name}" if relative else entry.name
                if entry.is_dir(follow_symlinks=False):
                    found.append(name)
                elif entry.is_file(follow_symlinks=False):
                    yield name, entry.path
                elif entry.is_symlink():
                    goal = os.path.realpath(entry.path)
                    if goal.startswith(real + "/") and stat.S_ISREG(_mode(goal)):
                        yield name, goal
        waiting += reversed(found)


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _compressor(raw: BinaryIO) -> BinaryIO:
    return _gzip("wb", compresslevel=1, fileobj=raw, mtime=0)


def _decompressor(raw: BinaryIO) -> BinaryIO:
    return _gzip("rb", fileobj=raw)


def _gzip(mode: str, **options: object) -> BinaryIO:
    """A gzip stream, by isal where it is installed: ten times as fast at the same ratio."""
    try:
        from isal import igzip

        make: Callable[..., BinaryIO] = igzip.IGzipFile  # type: ignore[assignment]
    except ImportError:
        import gzip

        make = gzip.GzipFile  # type: ignore[assignment]
    return make("", mode, **options)


def _empty(folder: str) -> None:
    """Remove what was written so far; there are no links in it."""
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(path, name))
        for name in folders:
            os.rmdir(os.path.join(path, name))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _reading(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
