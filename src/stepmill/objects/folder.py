"""A bucket as a folder of plain files.

In: buckets, keys, bytes, files. Out: the same, and listings in the order S3 gives. Touches: the folder it is given.
Every put is a temporary file renamed into place, so a reader sees the old object or the new one and a crash leaves
neither half. There is no index and no sidecar: the folder is the truth, and a file dropped into it is an object.
Symbolic links are never followed and are no objects. What a name on the disk means is keys.py's.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH100, PTH101, PTH102, PTH103, PTH104, PTH106, PTH108, PTH118, PTH120, PTH123, SIM105

from __future__ import annotations

import errno
import os
import stat

from stepmill.objects import listing, transfer
from stepmill.objects.keys import SELF, VERSION, KeyFormat
from stepmill.objects.store import BadName, NoSuchBucket, NoSuchKey, ObjectInfo, check_bucket, check_key, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    AnyPath = str | os.PathLike[str]

_RACES = 100
_REMEMBERED_ETAGS = 4096


class FolderStore:
    """S3 on the folder `root`, which is made (0700) when it is missing; one subfolder per bucket.

    Safe to use from several processes at once: they agree through renames only.
    Raises NoSuchBucket, NoSuchKey, BadName (each with AWS's `code`); OSError when the disk refuses.
    """

    def __init__(self, root: AnyPath) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self.format = _settle_format(self.root)
        self._etags: dict[tuple[str, int, int], str] = {}

    def create_bucket(self, name: str) -> None:
        """Make the bucket; nothing happens when it is there already."""
        check_bucket(name)
        try:
            os.mkdir(os.path.join(self.root, name), 0o700)
        except FileExistsError:
            self._bucket(name)

    def buckets(self) -> list[str]:
        """The names of all buckets, sorted."""
        found = []
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    try:
                        check_bucket(entry.name)
                    except BadName:
                        continue
                    found.append(entry.name)
        return sorted(found)

    def put(self, bucket: str, key: str, data: bytes) -> ObjectInfo:
        """Store `data`; durable on return."""
        self._check(bucket, key)
        temporary = self._temporary()
        try:
            with open(temporary, "xb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return self._settle(bucket, key, temporary, durable=True)
        finally:
            _unlink(temporary)

    def put_file(self, bucket: str, key: str, path: AnyPath, move: bool = False, *, durable: bool = True) -> ObjectInfo:
        """Store the regular file at `path`; with `move` it is gone afterwards, and not copied on the same disk.

        `durable=False` leaves the flush to the caller (`upload` does one for many files).
        """
        self._check(bucket, key)
        temporary = self._temporary()
        try:
            moved = False
            if move:
                _refuse_irregular(os.fspath(path), os.lstat(path))
                try:
                    os.rename(path, temporary)
                    moved = True
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
            if moved:
                os.chmod(temporary, 0o600)
            else:
                transfer.copy_file(os.fspath(path), temporary)
            if durable:
                transfer.flush(temporary)
            info = self._settle(bucket, key, temporary, durable=durable)
            if move and not moved:
                os.unlink(path)
            return info
        finally:
            _unlink(temporary)

    def get(self, bucket: str, key: str) -> bytes:
        """All bytes of the object."""
        with self.open(bucket, key) as file:
            return file.read()

    def open(self, bucket: str, key: str) -> BinaryIO:
        """The object as a file open for reading, positioned at its start."""
        for _ in range(_RACES):
            path = self._find(bucket, key)
            try:
                return open(path, "rb", opener=_no_link)
            except OSError as error:  # replaced or renamed beside a folder between the look and the open
                if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR):
                    raise
        raise NoSuchKey(bucket, key)

    def info(self, bucket: str, key: str) -> ObjectInfo:
        """Size, time and ETag of the object."""
        for _ in range(_RACES):
            path = self._find(bucket, key)
            try:
                return self._info(key, path, os.lstat(path))
            except (FileNotFoundError, NotADirectoryError):
                continue
        raise NoSuchKey(bucket, key)

    def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """Objects whose key begins with `prefix` and sorts after `start_after`, in UTF-8 order of their keys.

        Lazy: a folder is read when the listing reaches it, and only if `prefix` and `start_after` leave room in it.
        """
        top = self._bucket(bucket)
        for key, path in listing.walk(self.format, top, prefix, start_after):
            try:
                known = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            yield self._info(key, path, known)

    def delete(self, bucket: str, key: str) -> None:
        """Remove the object; as in S3, no error when it is not there."""
        check_key(key)
        top = self._bucket(bucket)
        while (path := listing.find(self.format, top, key)) is not None:
            _unlink(path)
            folder = os.path.dirname(path)
            while folder != top:
                try:
                    os.rmdir(folder)
                except OSError:
                    break
                folder = os.path.dirname(folder)

    def path(self, bucket: str, key: str) -> Path:
        """The file that holds the object, or where a put would create it."""
        from pathlib import Path

        check_key(key)
        top = self._bucket(bucket)
        return Path(listing.find(self.format, top, key) or os.path.join(top, *self.format.path(key)))

    def download(self, url: str, folder: AnyPath) -> int:
        """Copy what `url` names into `folder` by SageMaker's S3Prefix rule → the number of files (0: nothing there).

        See transfer.download.
        """
        bucket, key = parse_url(url)
        return transfer.download(self, bucket, key, os.fspath(folder))

    def upload(self, folder: AnyPath, url: str) -> int:
        """Copy the regular files below `folder` to keys under `url` → their number. See transfer.upload."""
        bucket, key = parse_url(url)
        return transfer.upload(self, os.fspath(folder), bucket, key)

    def _bucket(self, name: str) -> str:
        check_bucket(name)
        path = os.path.join(self.root, name)
        if not listing.is_folder(path):
            raise NoSuchBucket(name)
        return path

    def _check(self, bucket: str, key: str) -> None:
        check_key(key)
        self._bucket(bucket)

    def _find(self, bucket: str, key: str) -> str:
        check_key(key)
        path = listing.find(self.format, self._bucket(bucket), key)
        if path is None:
            raise NoSuchKey(bucket, key)
        return path

    def _info(self, key: str, path: str, known: os.stat_result) -> ObjectInfo:
        return ObjectInfo(key, known.st_size, known.st_mtime, lambda: self._etag(path, known))

    def _etag(self, path: str, known: os.stat_result) -> str:
        name = (path, known.st_size, known.st_mtime_ns)
        etag = self._etags.get(name)
        if etag is None:
            from hashlib import file_digest, md5

            with open(path, "rb", opener=_no_link) as file:
                etag = f'"{file_digest(file, lambda: md5(usedforsecurity=False)).hexdigest()}"'
                now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != name[1:]:
                return etag  # replaced since it was listed: true of the bytes, not of the name it would be kept under
            if len(self._etags) >= _REMEMBERED_ETAGS:
                self._etags.clear()
            self._etags[name] = etag
        return etag

    def _temporary(self) -> str:
        folder = os.path.join(self.root, ".tmp")
        os.makedirs(folder, 0o700, exist_ok=True)
        return os.path.join(folder, f"{os.getpid()}-{os.urandom(8).hex()}")

    def _settle(self, bucket: str, key: str, temporary: str, durable: bool) -> ObjectInfo:
        """Rename the finished file to where the key lives, making way for it."""
        top = os.path.join(self.root, bucket)
        *folders, name = self.format.path(key)
        for _ in range(_RACES):
            try:
                folder = _make_folders(top, folders)
                path = os.path.join(folder, name)
                if listing.is_folder(path) or os.path.lexists(path + SELF):
                    path += SELF
                known = os.lstat(temporary)
                os.rename(temporary, path)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                if not os.path.lexists(temporary):
                    raise
                self._bucket(bucket)
                continue  # another process removed or made a folder in the meantime
            if durable:
                transfer.flush(folder)
            return self._info(key, path, known)
        raise OSError(errno.EBUSY, "other processes keep changing the folders around this object", key)


def _make_folders(top: str, parts: list[str]) -> str:
    """Make the folders for a key below `top`; an object in the way moves to its `%self` name."""
    path = top
    for part in parts:
        path = os.path.join(path, part)
        while True:
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode):
                    os.rename(path, path + SELF)
                    continue
                if not stat.S_ISDIR(mode):
                    raise BadName("InvalidURI", f"{path} is in the way: it is neither a file nor a folder") from None
            break
    return path


def _settle_format(root: str) -> KeyFormat:
    """Read the format the store was made with; a new store probes its disk once and writes it down."""
    import json

    os.makedirs(root, 0o700, exist_ok=True)
    record = os.path.join(root, "format.json")
    try:
        with open(record, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        found = {"version": VERSION, "fold": _folds(root)}
        temporary = f"{record}.{os.getpid()}-{os.urandom(4).hex()}"
        with open(temporary, "x", encoding="utf-8", opener=_private) as file:
            json.dump(found, file)
        os.rename(temporary, record)
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError(f"{record}: this Stepmill reads objects of format {VERSION}; use the version that wrote it")
    return KeyFormat(bool(found.get("fold")))


def _folds(root: str) -> bool:
    """Whether this disk takes two spellings for one name."""
    base = os.path.join(root, f".probe-{os.urandom(4).hex()}")
    for mine, other in (("a", "A"), ("\u00e9", "e\u0301")):
        with open(base + mine, "xb", opener=_private):
            pass
        same = os.path.lexists(base + other)
        _unlink(base + mine)
        if same:
            return True
    return False


def _refuse_irregular(path: str, known: os.stat_result) -> None:
    if not stat.S_ISREG(known.st_mode):
        raise BadName("InvalidURI", f"{path} is not a regular file; only regular files become objects")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
