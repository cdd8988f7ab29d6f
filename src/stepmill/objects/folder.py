"""A bucket as a folder of plain files.

In: buckets, keys, bytes, files. Out: the same, and listings in the order S3 gives. Touches: the folder it is given.
Every put is a temporary file renamed into place, so a reader sees the old object or the new one and a crash leaves
neither half. There is no index and no sidecar: the folder is the truth, and a file dropped into it is an object.
What bytes cannot tell travels in an extended attribute of the file (facts.py); uploads in parts are uploads.py's.
Symbolic links are never followed and are no objects. What a name on the disk means is keys.py's.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH100, PTH101, PTH102, PTH103, PTH104, PTH106, PTH108, PTH118, PTH120

from __future__ import annotations

import errno
import os
import stat

from stepmill.objects import facts, listing, placing, transfer
from stepmill.objects.etags import Etags
from stepmill.objects.probing import settle_format
from stepmill.objects.store import (
    BadName,
    BucketNotEmpty,
    NoSuchBucket,
    NoSuchKey,
    ObjectInfo,
    check_bucket,
    check_key,
    parse_url,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from stepmill.objects.bodies import Reader
    from stepmill.objects.facts import Facts
    from stepmill.objects.sums import Sums

    AnyPath = str | os.PathLike[str]
    Allow = Callable[[ObjectInfo | None], None]

_RACES = 100


class FolderStore:
    """S3 on the folder `root`, which is made (0700) when it is missing; one subfolder per bucket.

    Safe to use from several processes at once: they agree through renames only.
    Raises NoSuchBucket, NoSuchKey, BadName (each with AWS's `code`); OSError when the disk refuses.
    """

    def __init__(self, root: AnyPath) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self.format = settle_format(self.root)
        self._etags = Etags()

    @property
    def keeps_metadata(self) -> bool:
        """Whether this disk keeps content types, metadata and the ETags of parts (False: objects are kept without)."""
        return facts.are_kept(self.root)

    def create_bucket(self, name: str) -> bool:
        """Make the bucket → whether it is new; nothing happens when it is there already."""
        check_bucket(name)
        try:
            os.mkdir(os.path.join(self.root, name), 0o700)
        except FileExistsError:
            self._bucket(name)
            return False
        facts.write_birth(os.path.join(self.root, name))
        transfer.flush(self.root)
        return True

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket. Raises BucketNotEmpty when it holds an object, or anything else that is no folder."""
        top = self._bucket(name)
        for folder, _, files in os.walk(top, topdown=False):
            if files:
                raise BucketNotEmpty(name)
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.ENOTDIR, errno.EEXIST):
                    raise
                raise BucketNotEmpty(name) from None
        transfer.flush(self.root)

    def created(self, name: str) -> float:
        """When the bucket was made, in epoch seconds; for a folder made by hand, when it last changed."""
        return facts.read_birth(self._bucket(name))

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
        temporary = self.temporary()
        try:
            with open(temporary, "xb", opener=placing.private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return self.settle(bucket, key, temporary, durable=True)
        finally:
            placing.unlink(temporary)

    def put_stream(
        self,
        bucket: str,
        key: str,
        source: Reader,
        sums: Sums,
        describe: Callable[[], Facts],
        allow: Allow | None = None,
    ) -> ObjectInfo:
        """Store what `source` gives, in pieces; durable on return.

        `sums` sees every byte. `describe` is asked for the facts when all of them have been seen: what it raises, or
        `source` or `allow` do, leaves nothing behind. `allow` hears what is there now (None: nothing) before the first
        byte is read and again when nobody else can change it, and raises what should be answered.
        """
        self._check(bucket, key)
        if allow is not None:
            allow(self.seen(bucket, key))
        temporary = self.temporary()
        try:
            with open(temporary, "xb", buffering=0, opener=placing.private) as file:
                placing.pour(source, file.fileno(), sums)
                self.seal(file.fileno(), describe())
            return self.settle(bucket, key, temporary, durable=True, allow=allow)
        finally:
            placing.unlink(temporary)

    def put_copy(
        self, source: BinaryIO, bucket: str, key: str, described: Facts, allow: Allow | None = None
    ) -> ObjectInfo:
        """Store a copy of an open file, sharing its blocks where the disk can; durable on return."""
        self._check(bucket, key)
        temporary = self.temporary()
        try:
            with open(temporary, "xb", buffering=0, opener=placing.private) as file:
                source.seek(0)
                transfer.append(source.fileno(), file.fileno())
                self.seal(file.fileno(), described)
            return self.settle(bucket, key, temporary, durable=True, allow=allow)
        finally:
            placing.unlink(temporary)

    def put_file(self, bucket: str, key: str, path: AnyPath, move: bool = False, *, durable: bool = True) -> ObjectInfo:
        """Store the regular file at `path`; with `move` it is gone afterwards, and not copied on the same disk.

        `durable=False` leaves the flush to the caller (`upload` does one for many files).
        """
        self._check(bucket, key)
        temporary = self.temporary()
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
                facts.forget(temporary)  # a copy that a program made of an object with all its attributes
            else:
                transfer.copy_file(os.fspath(path), temporary)
            if durable:
                transfer.flush(temporary)
            info = self.settle(bucket, key, temporary, durable=durable)
            if move and not moved:
                os.unlink(path)
            return info
        finally:
            placing.unlink(temporary)

    def get(self, bucket: str, key: str) -> bytes:
        """All bytes of the object."""
        with self.open(bucket, key) as file:
            return file.read()

    def open(self, bucket: str, key: str) -> BinaryIO:
        """The object as a file open for reading, positioned at its start."""
        for _ in range(_RACES):
            path = self._find(bucket, key)
            try:
                return open(path, "rb", opener=placing.no_link)
            except OSError as error:  # replaced or renamed beside a folder between the look and the open
                if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR):
                    raise
        raise NoSuchKey(bucket, key)

    def look(self, bucket: str, key: str) -> tuple[BinaryIO, ObjectInfo]:
        """The object open for reading, and what is known of exactly these bytes."""
        file = self.open(bucket, key)
        try:
            known = os.fstat(file.fileno())
            told = facts.read(file.fileno(), known)
            if not told.etag:
                told.etag = self._etags.of(file.name, known, file)
                file.seek(0)
        except BaseException:
            file.close()
            raise
        return file, ObjectInfo(key, known.st_size, known.st_mtime, lambda: f'"{told.etag}"', lambda: told)

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

    def delete(self, bucket: str, key: str, allow: Allow | None = None) -> None:
        """Remove the object; as in S3, no error when it is not there. `allow` as in put_stream."""
        check_key(key)
        top = self._bucket(bucket)
        if allow is not None:
            alone = placing.hold(self.root, alone=True)
            try:
                allow(self.seen(bucket, key))
                self._remove(top, key)
            finally:
                os.close(alone)
        else:
            self._remove(top, key)

    def _remove(self, top: str, key: str) -> None:
        while (path := listing.find(self.format, top, key)) is not None:
            placing.unlink(path)
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

    def check_exists(self, bucket: str) -> None:
        """Raise NoSuchBucket, or BadName, unless the bucket is there."""
        self._bucket(bucket)

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

    def seen(self, bucket: str, key: str) -> ObjectInfo | None:
        """What is there now, or None."""
        try:
            return self.info(bucket, key)
        except NoSuchKey:
            return None

    def _info(self, key: str, path: str, known: os.stat_result) -> ObjectInfo:
        def told() -> Facts:
            return facts.read(path, known)

        return ObjectInfo(
            key, known.st_size, known.st_mtime, lambda: f'"{told().etag or self._etags.of(path, known)}"', told
        )

    def seal(self, file: int, described: Facts) -> None:
        """The last things done to a temporary file: its facts, and its way to the disk."""
        facts.write(file, described)
        os.fsync(file)

    def temporary(self) -> str:
        """A path on the store's disk at which nothing is; no bucket is there either."""
        folder = os.path.join(self.root, ".tmp")
        os.makedirs(folder, 0o700, exist_ok=True)
        return os.path.join(folder, f"{os.getpid()}-{os.urandom(8).hex()}")

    def settle(self, bucket: str, key: str, temporary: str, durable: bool, allow: Allow | None = None) -> ObjectInfo:
        """Rename the finished file to where the key lives, making way for it."""
        held = placing.hold(self.root, alone=allow is not None)
        try:
            if allow is not None:
                allow(self.seen(bucket, key))
            path, known = placing.place(self.format, os.path.join(self.root, bucket), key, temporary)
        finally:
            os.close(held)
        if durable:
            transfer.flush(os.path.dirname(path))
        return self._info(key, path, known)


def _refuse_irregular(path: str, known: os.stat_result) -> None:
    if not stat.S_ISREG(known.st_mode):
        raise BadName("InvalidURI", f"{path} is not a regular file; only regular files become objects")
