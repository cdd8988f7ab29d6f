"""Uploads in parts: what has arrived waits in a folder of its own until it becomes one object.

In: a store, parts as streams, the order they are joined in. Out: an object. Touches: `.uploads/` in the store's folder.
A crash leaves the upload or the object. Joining begins with a plan on the disk; each part is appended to the first and
removed, in order, when its bytes are safe, so a second attempt goes on where the first one fell. What a part is stands
in its name, so that a disk without attributes keeps uploads too. An upload nobody ends is kept, as S3 keeps it.
"""
# ruff: noqa: PTH102, PTH103, PTH104, PTH110, PTH118, PTH123, PTH208

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.objects import placing, transfer
from stepmill.objects.store import BadName, NoSuchUpload, ObjectInfo, check_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stepmill.objects.bodies import Reader
    from stepmill.objects.facts import Facts
    from stepmill.objects.folder import Allow, FolderStore
    from stepmill.objects.sums import Sums

FOLDER = ".uploads"
_ID = re.compile(r"[0-9a-f]{48}")
_PART = re.compile(r"(\d{5})-([0-9a-f]{32})-([0-9a-f]*)")
_HEAD, _PLAN, _JOINED = "upload.json", "plan.json", "joined"
_UNSAFE = 256 << 20
"""Bytes appended before they are flushed and their parts removed: bounds what a disk must hold twice."""


class Part(NamedTuple):
    """One part that has arrived. etag: MD5 in hexadecimal. checksum: raw, b"" when the upload has no algorithm.
    modified: epoch seconds."""

    number: int
    etag: str
    checksum: bytes
    size: int
    modified: float

    @property
    def name(self) -> str:
        """The file that holds it."""
        return f"{self.number:05d}-{self.etag}-{self.checksum.hex()}"


class Upload:
    """One upload that was begun and not ended. `about` is what its beginner said, as JSON."""

    def __init__(self, store: FolderStore, folder: str, head: dict[str, Any]) -> None:
        self._store = store
        self._folder = folder
        self.id = folder.rpartition("/")[2]
        self.bucket: str = head["bucket"]
        self.key: str = head["key"]
        self.begun: float = head["begun"]
        self.about: dict[str, Any] = head["about"]

    def put_part(self, number: int, source: Reader, sums: Sums, checksum: Callable[[], bytes]) -> Part:
        """Store part `number`, in the place of an earlier one of that number; durable on return.

        `checksum` is asked when all bytes have been seen; what it or `source` raises leaves nothing behind.
        """
        temporary = self._store.temporary()
        try:
            with open(temporary, "xb", buffering=0, opener=placing.private) as file:
                placing.pour(source, file.fileno(), sums)
                summed = checksum()
                os.fsync(file.fileno())
                part = Part(number, sums.md5.hex(), summed, sums.size, os.fstat(file.fileno()).st_mtime)
            if os.path.exists(self._path(_PLAN)):
                raise NoSuchUpload
            earlier = [name for name in self._names() if name.startswith(f"{number:05d}-") and name != part.name]
            os.rename(temporary, self._path(part.name))
            for name in earlier:
                placing.unlink(self._path(name))
            transfer.flush(self._folder)
        except FileNotFoundError:
            if os.path.exists(self._folder):
                raise
            raise NoSuchUpload from None
        finally:
            placing.unlink(temporary)
        return part

    def parts(self) -> list[Part]:
        """What has arrived, by number; of two with one number the later."""
        if (plan := self._plan()) is not None:
            return plan
        found: dict[int, Part] = {}
        for name in self._names():
            part = _part(name, self._path(name))
            if part is not None and (part.number not in found or found[part.number].modified <= part.modified):
                found[part.number] = part
        return [found[number] for number in sorted(found)]

    def complete(self, chosen: Sequence[Part], described: Facts, allow: Allow | None = None) -> ObjectInfo:
        """Join the `chosen` parts, in their order, to the object; the others go. Durable on return.

        Raises NoSuchUpload when somebody else has ended it, BadName when an earlier attempt chose otherwise; what
        `allow` raises leaves the upload as it is.
        """
        with self._alone():
            if allow is not None:
                allow(self._store.seen(self.bucket, self.key))
            plan = self._plan()
            if plan is None:
                self._write(_PLAN, [[*part[:2], part.checksum.hex(), *part[3:]] for part in chosen])
            elif plan != list(chosen):
                raise BadName("InvalidPart", "This upload is being completed already, with other parts.")
            self._join(chosen)
            joined = self._path(_JOINED)
            file = os.open(joined, os.O_RDWR | os.O_NOFOLLOW)
            try:
                os.utime(file, (self.begun, self.begun))  # S3 dates an object of parts by the beginning of its upload
                self._store.seal(file, described)
            finally:
                os.close(file)
            info = self._store.settle(self.bucket, self.key, joined, durable=True, allow=allow)
            self._remove()
        return info

    def abort(self) -> None:
        """Drop the upload and all that has arrived."""
        with self._alone():
            self._remove()

    def _join(self, chosen: Sequence[Part]) -> None:
        joined = self._path(_JOINED)
        if not os.path.exists(joined):
            try:
                os.rename(self._path(chosen[0].name), joined)
            except FileNotFoundError:  # a crash came after the object was in place
                self._remove()
                raise NoSuchUpload from None
        target = os.open(joined, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            at = unsafe = 0
            waiting: list[str] = []
            for number, part in enumerate(chosen):
                path = self._path(part.name)
                if number and os.path.exists(path):  # what is gone was appended and flushed before
                    if not waiting:
                        os.ftruncate(target, at)
                    os.lseek(target, at, os.SEEK_SET)
                    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                    try:
                        transfer.append(source, target)
                    finally:
                        os.close(source)
                    waiting.append(path)
                    unsafe += part.size
                    if unsafe >= _UNSAFE:
                        self._let_go(target, waiting)
                        unsafe = 0
                at += part.size
            self._let_go(target, waiting)
            if os.fstat(target).st_size != at:
                raise OSError(f"the parts of {self.bucket}/{self.key} do not add up; abort the upload")
        finally:
            os.close(target)

    def _let_go(self, target: int, waiting: list[str]) -> None:
        if waiting:
            os.fsync(target)
        for path in waiting:  # in order: what is left after a crash is always the end of the plan
            placing.unlink(path)
        waiting.clear()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else ends this upload meanwhile, in this process or another."""
        try:
            file = os.open(self._path(_HEAD), os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise NoSuchUpload from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not os.fstat(file).st_nlink:
                raise NoSuchUpload
            yield
        finally:
            os.close(file)

    def _plan(self) -> list[Part] | None:
        try:
            with open(self._path(_PLAN), encoding="utf-8") as file:
                return [Part(row[0], row[1], bytes.fromhex(row[2]), row[3], row[4]) for row in json.load(file)]
        except FileNotFoundError:
            return None

    def _write(self, name: str, value: Any) -> None:
        temporary = self._store.temporary()
        with open(temporary, "x", encoding="utf-8", opener=placing.private) as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, self._path(name))
        transfer.flush(self._folder)

    def _remove(self) -> None:
        # Under another name first: half a removed upload must not look like a whole one.
        gone = self._store.temporary()
        os.rename(self._folder, gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)
        except FileNotFoundError:
            raise NoSuchUpload from None

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


class Uploads:
    """The uploads of a store."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._folder = os.path.join(store.root, FOLDER)

    def begin(self, bucket: str, key: str, about: dict[str, Any]) -> Upload:
        """Begin an upload; durable on return. Raises NoSuchBucket, BadName."""
        check_key(key)
        self._store.check_exists(bucket)
        os.makedirs(self._folder, 0o700, exist_ok=True)
        made = self._store.temporary()
        os.mkdir(made, 0o700)
        head = {"bucket": bucket, "key": key, "begun": os.lstat(made).st_mtime, "about": about}
        with open(os.path.join(made, _HEAD), "x", encoding="utf-8", opener=placing.private) as file:
            json.dump(head, file)
            file.flush()
            os.fsync(file.fileno())
        transfer.flush(made)
        folder = os.path.join(self._folder, os.urandom(24).hex())
        os.rename(made, folder)
        transfer.flush(self._folder)
        return Upload(self._store, folder, head)

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """The upload of this id, if it is one of this bucket and key. Raises NoSuchUpload, NoSuchBucket."""
        self._store.check_exists(bucket)
        upload = self._read(upload_id) if _ID.fullmatch(upload_id) else None
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise NoSuchUpload
        return upload

    def all(self, bucket: str) -> list[Upload]:
        """Every upload that was begun in the bucket and not ended, by key, then by time and id."""
        self._store.check_exists(bucket)
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        found = [upload for name in names if _ID.fullmatch(name) and (upload := self._read(name)) is not None]
        mine = [upload for upload in found if upload.bucket == bucket]
        return sorted(mine, key=lambda upload: (upload.key.encode(), upload.begun, upload.id))

    def _read(self, name: str) -> Upload | None:
        folder = os.path.join(self._folder, name)
        try:
            with open(os.path.join(folder, _HEAD), encoding="utf-8") as file:
                return Upload(self._store, folder, json.load(file))
        except FileNotFoundError:
            return None


def _part(name: str, path: str) -> Part | None:
    match = _PART.fullmatch(name)
    if match is None:
        return None
    try:
        known = os.lstat(path)
    except FileNotFoundError:
        return None
    return Part(int(match[1]), match[2], bytes.fromhex(match[3]), known.st_size, known.st_mtime)
