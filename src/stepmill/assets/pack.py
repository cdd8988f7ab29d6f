"""Packs code and data into assets named by their content.

In: paths and module objects. Out: Assets: a digest, a key, and `write`. Touches: the files given (read), the target.

The digest is over content: kind, names, executable bits and bytes; never over times, owners or the order of a disk.
So two checkouts of one commit give the same key, and a job's request changes exactly when its code does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, Literal

from stepmill.assets.files import AssetError, Member, dependency, folder, member, merge, missing

Kind = Literal["file", "folder", "tar.gz", "zip", "data"]
Dependency = str | os.PathLike[str] | ModuleType

# Zip knows no time before 1980, and tools that make zips out of unpacked code fail on older files.
_EPOCH = 315532800
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Asset:
    """Something to store under a key that says what it is.

    sha256: hex digest of the content. key: where it goes in a bucket; one that ends in `/` stands for a folder whose
    files go below it. source: what it was made of, for messages. members: the files, in order.
    """

    sha256: str
    key: str
    source: str
    kind: Kind = field(default="file", repr=False)
    members: tuple[Member, ...] = field(default=(), repr=False)

    def write(self, target: Path) -> None:
        """Write the asset: a file at `target`, or below the folder `target` when the key ends in `/`.

        Equal content gives equal bytes (order, times, modes and owners are fixed; the compression is that of the
        zlib at hand). Raises AssetError with code `changed` when the files are no longer what was packed; then a file
        is not written at all, and a folder may be incomplete.
        """
        changed = self._changed()
        digest = _Digest(self.kind)
        try:
            if self.kind in ("folder", "data"):
                for each in self.members:
                    path = target / each.name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _copy((each,), path, digest)
                if digest.hexdigest() != self.sha256:
                    raise changed
                return
            part = target.with_name(f"{target.name}.part")
            try:
                {"file": _copy, "zip": _zip, "tar.gz": _tar}[self.kind](self.members, part, digest)
                if digest.hexdigest() != self.sha256:
                    raise changed
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        except FileNotFoundError:
            raise changed from None

    def files(self) -> list[tuple[str, Path]]:
        """(key, path) of every file of a folder asset: what to store one by one, without a copy in between.

        Who stores them calls `verify` afterwards, and takes them back when it raises: under a name made of content
        a wrong file would stay for good.
        """
        return [(f"{self.key}{each.name}", each.path) for each in self.members]

    def verify(self) -> None:
        """Read the files again. Raises AssetError with code `changed` when they are no longer what was packed."""
        try:
            same = _digest(self.kind, self.members) == self.sha256
        except FileNotFoundError:
            same = False
        if not same:
            raise self._changed()

    def _changed(self) -> AssetError:
        return AssetError("changed", f"{self.source} changed while it was being stored", "start the run again")


class _Digest:
    """sha256 over kind, then per file: name, executable bit, size, bytes."""

    def __init__(self, kind: Kind) -> None:
        self._hash = hashlib.sha256(f"stepmill asset 1 {kind}\0".encode())

    def start(self, each: Member, size: int) -> None:
        self._hash.update(f"{each.name}\0{'x' if each.executable else '-'}{size}\0".encode())

    def update(self, chunk: bytes) -> None:
        self._hash.update(chunk)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class _Reader:
    """One member's bytes, fed to the digest on their way."""

    def __init__(self, each: Member, digest: _Digest) -> None:
        self._file: IO[bytes] = each.path.open("rb")
        self._digest = digest
        self.size = os.fstat(self._file.fileno()).st_size
        digest.start(each, self.size)

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _digest(kind: Kind, members: Sequence[Member]) -> str:
    digest = _Digest(kind)
    for each in members:
        with _Reader(each, digest) as source:
            while source.read(_CHUNK):
                pass
    return digest.hexdigest()


def _mode(each: Member) -> int:
    return 0o755 if each.executable else 0o644


def _copy(members: Sequence[Member], target: Path, digest: _Digest) -> None:
    (each,) = members
    with _Reader(each, digest) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, _CHUNK)
    target.chmod(_mode(each))


def _tar(members: Sequence[Member], target: Path, digest: _Digest) -> None:
    import gzip
    import tarfile

    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for each in members:
            with _Reader(each, digest) as source:
                info = tarfile.TarInfo(each.name)
                info.size, info.mode, info.mtime = source.size, _mode(each), _EPOCH
                archive.addfile(info, source)


def _zip(members: Sequence[Member], target: Path, digest: _Digest) -> None:
    import zipfile

    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for each in members:
            with _Reader(each, digest) as source:
                info = zipfile.ZipInfo(each.name, _ZIP_EPOCH)
                info.create_system = 3
                info.external_attr = (0o100000 | _mode(each)) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                info.file_size = source.size
                with archive.open(info, "w") as out:
                    shutil.copyfileobj(source, out, _CHUNK)


def _asset(kind: Kind, members: Sequence[Member], area: str, name: str, source: object) -> Asset:
    if not members:
        raise AssetError("empty-folder", f"{source} has no files to pack", "put a file in it, or name another folder")
    sha = _digest(kind, members)
    return Asset(sha, f"stepmill/{area}/{sha}/{name}", str(source), kind, tuple(members))


def _base(base: Path | None) -> Path:
    return base or Path()


def _packed(
    own: list[Member], dependencies: Sequence[Dependency], base: Path, root: Path, entry: str | None = None
) -> list[Member]:
    """The files of one's own and the dependencies beside them; `entry`, a path below `root`, must be among them."""
    members = merge([own, *(dependency(each, base) for each in dependencies)])
    if entry is not None and Path(entry).as_posix() not in (each.name for each in members):
        raise missing(root / entry)
    return members


def pack_file(path: str | os.PathLike[str], *, base: Path | None = None) -> Asset:
    """One file as it is, under `stepmill/code/<sha256>/<its name>`. Raises AssetError.

    base, here and below: the folder relative paths start from; the current one when left out.
    """
    at = _base(base) / path
    return _asset("file", [member(at, at.name)], "code", at.name, path)


def pack_folder(
    path: str | os.PathLike[str],
    entry: str | None = None,
    dependencies: Sequence[Dependency] = (),
    *,
    base: Path | None = None,
) -> Asset:
    """The files of a folder, each by itself, under `stepmill/code/<sha256>/`; needs no unpacking. Raises AssetError."""
    at = _base(base) / path
    members = _packed(folder(at), dependencies, _base(base), at, entry)
    return _asset("folder", members, "code", "", path)


def pack_source_dir(
    path: str | os.PathLike[str],
    entry: str | None = None,
    dependencies: Sequence[Dependency] = (),
    *,
    base: Path | None = None,
) -> Asset:
    """A `sourcedir.tar.gz` as the training toolkit unpacks it: the folder's content at the root. Raises AssetError.

    path: a folder, or one file, which then stands alone at the root. entry: a file that must be there.
    dependencies: paths (under their last name) or modules (under their dotted path), beside it.
    """
    at = _base(base) / path
    own, entry = ([member(at, at.name)], None) if at.is_file() else (folder(at), entry)
    members = _packed(own, dependencies, _base(base), at, entry)
    return _asset("tar.gz", members, "code", "sourcedir.tar.gz", path)


def pack_function(
    file: str | os.PathLike[str],
    dependencies: Sequence[Dependency] = (),
    source_dir: str | os.PathLike[str] | None = None,
    *,
    base: Path | None = None,
) -> Asset:
    """A Lambda function's `function.zip`: the file at the root, or all of source_dir, plus dependencies.

    file: relative to source_dir when that is given. Raises AssetError.
    """
    root = _base(base) / (source_dir or "")
    own = [member(root / file, Path(file).name)] if source_dir is None else folder(root)
    members = _packed(own, dependencies, _base(base), root, None if source_dir is None else os.fspath(file))
    return _asset("zip", members, "code", "function.zip", file)


def pack_data(path: str | os.PathLike[str], *, base: Path | None = None) -> Asset:
    """A local file or folder as input data, under `stepmill/data/<sha256>/`, file by file. Raises AssetError."""
    at = _base(base) / path
    members = folder(at) if at.is_dir() else [member(at, at.name)]
    return _asset("data", members, "data", "", path)


def pack_beside(asset: Asset, root: Path) -> Asset:
    """A function's zip with the files of a folder beside its own: the packages it requires. Raises AssetError."""
    return _asset("zip", merge([asset.members, folder(root)]), "code", "function.zip", asset.source)
