"""Uploads in parts: what has arrived waits in a folder of its own until it becomes one object.

In: a store, parts as streams, the order they are joined in. Out: an object. Touches: `.uploads/` in the store's folder.
A crash leaves the upload or the object. Joining begins with a plan on the disk. Where parts lie in the slots of a file
already (parts.py), that file becomes the object, and only the others are copied into it. Otherwise each part is copied
behind the first. A copied part is removed when its bytes are safe, and has the same place in every attempt, so a second
one goes on where the first one fell. An upload nobody ends is kept, as S3 keeps it.
"""
# ruff: noqa: PTH102, PTH103, PTH104, PTH110, PTH118, PTH123, PTH208

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

from stepmill.objects import parts, placing, transfer
from stepmill.objects.parts import NO_PART, PLAN, Exactly, Part, shared
from stepmill.objects.store import BadName, NoSuchUpload, ObjectInfo, check_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stepmill.objects.bodies import Reader
    from stepmill.objects.facts import Facts
    from stepmill.objects.folder import Allow, FolderStore
    from stepmill.objects.parts import Slot
    from stepmill.objects.sums import Sums

FOLDER = ".uploads"
_ID = re.compile(r"[0-9a-f]{48}")
_HEAD, _JOINED = "upload.json", "joined"
_UNSAFE = 256 << 20
"""Bytes copied before they are flushed and their parts removed: bounds what a disk must hold twice."""
_flush_data = getattr(os, "fdatasync", os.fsync)  # macOS has none


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

    def put_part(
        self, number: int, source: Reader, sums: Sums, checksum: Callable[[], bytes], size: int | None = None
    ) -> Part:
        """Store part `number`, in the place of an earlier one of that number; durable on return.

        `checksum` is asked when all bytes have been seen; what it or `source` raises leaves nothing behind. `size` in
        bytes, when it is known beforehand, lets the part be stored where the object needs it; BadName when it is wrong.
        """
        try:
            if os.path.exists(self._path(PLAN)):
                raise NoSuchUpload
            slot = parts.claim(self._folder, number, size)
            if slot is None:
                part = self._put_apart(number, source, sums, checksum)
            else:
                part = self._put_in(slot, number, Exactly(source, size or 0), sums, checksum)
            transfer.flush(self._folder)
        except FileNotFoundError:
            if os.path.exists(self._folder):
                raise
            raise NoSuchUpload from None
        return part

    def _put_in(self, slot: Slot, number: int, source: Reader, sums: Sums, checksum: Callable[[], bytes]) -> Part:
        try:
            try:
                placing.pour(source, slot.file, sums)
                part = Part(number, sums.md5.hex(), checksum(), sums.size, 0, slotted=True)
                _flush_data(slot.file)
            except BaseException:
                with contextlib.suppress(NoSuchUpload), self._changing():
                    slot.give_back()
                raise
            with self._changing():
                is_first = slot.is_first
                with open(self._path(part.name), "xb", buffering=0, opener=placing.private) as said:
                    part = part._replace(modified=os.fstat(said.fileno()).st_mtime)
                if not is_first:
                    self._drop_earlier(part)
        finally:
            slot.close()
        return part

    def _put_apart(self, number: int, source: Reader, sums: Sums, checksum: Callable[[], bytes]) -> Part:
        temporary = self._store.temporary()
        try:
            with open(temporary, "xb", buffering=0, opener=placing.private) as file:
                placing.pour(source, file.fileno(), sums)
                summed = checksum()
                os.fsync(file.fileno())
                part = Part(number, sums.md5.hex(), summed, sums.size, os.fstat(file.fileno()).st_mtime)
            with self._changing():
                is_first = parts.is_first(self._folder, number)
                os.rename(temporary, self._path(part.name))
                if not is_first:
                    self._drop_earlier(part)
        finally:
            placing.unlink(temporary)
        return part

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Nobody else adds a part or ends the upload meanwhile: two parts of one number must not drop each other."""
        if os.path.exists(self._path(PLAN)):  # joining may take long, and its end is known already
            raise NoSuchUpload
        with self._alone():
            if os.path.exists(self._path(PLAN)):
                raise NoSuchUpload
            yield

    def _drop_earlier(self, part: Part) -> None:
        for name in self._names():
            if name.startswith(f"{part.number:05d}-") and name != part.name:
                placing.unlink(self._path(name))

    def parts(self) -> list[Part]:
        """What has arrived, by number; of two with one number the later."""
        if (plan := self._plan()) is not None:
            return plan[1]
        found: dict[int, Part] = {}
        for name in self._names():
            part = parts.of_name(name, self._path(name))
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
            path, target, slots = self._begin(chosen)
            try:
                self._join(chosen, target, slots)
                os.utime(target, (self.begun, self.begun))  # S3 dates an object of parts by the beginning of its upload
                self._store.seal(target, described)
                info = self._store.settle(self.bucket, self.key, path, durable=True, allow=allow)
                self._remove()
            finally:
                os.close(target)
        return info

    def abort(self) -> None:
        """Drop the upload and all that has arrived."""
        with self._alone():
            self._remove()

    def _begin(self, chosen: Sequence[Part]) -> tuple[str, int, int]:
        """Settle how `chosen` are joined → the file that becomes the object, open, and the size of its slots or 0.

        A file of slots is held alone until it is closed.
        """
        plan = self._plan()
        if plan is None:
            there = set(self._names())
            if not all(part.name in there for part in chosen):  # replaced since it was chosen
                raise BadName("InvalidPart", NO_PART)
            slots = parts.in_place(chosen)
            file = parts.alone(self._path(shared(slots)), wait=False) if slots else None
            slots = 0 if file is None else slots  # somebody writes what was not chosen: copy
            try:
                self._write(PLAN, {"slots": slots, "parts": [part.row() for part in chosen]})
            except BaseException:
                if file is not None:
                    os.close(file)
                raise
        elif plan[1] != list(chosen):
            raise BadName("InvalidPart", "This upload is being completed already, with other parts.")
        else:
            slots = plan[0]
            file = parts.alone(self._path(shared(slots)), wait=True) if slots else None
        if not slots:
            file = self._open_joined(chosen[0])
        if file is None:  # a crash came after the object was in place
            self._remove()
            raise NoSuchUpload
        return self._path(shared(slots) if slots else _JOINED), file, slots

    def _open_joined(self, first: Part) -> int | None:
        joined, path = self._path(_JOINED), self._path(first.name)
        if not os.path.exists(joined):
            if not os.path.exists(path):
                return None
            if first.slotted:
                os.close(os.open(joined, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            else:
                os.rename(path, joined)
        return os.open(joined, os.O_RDWR | os.O_NOFOLLOW)

    def _join(self, chosen: Sequence[Part], target: int, slots: int) -> None:
        at = unsafe = 0
        waiting: list[str] = []
        ends = {part.lies[0]: part.number for part in chosen if part.slotted}  # which part needs a file of slots last
        for part in chosen:
            said = self._path(part.name)
            there = part.slotted and part.size == slots
            if not there and os.path.exists(said):  # what is gone was copied and flushed before
                name, start = part.lies
                self._copy(self._path(name), start, target, at, part.size)
                waiting.append(said)
                if ends.get(name) == part.number:
                    waiting.append(self._path(name))
                unsafe += part.size
                if unsafe >= _UNSAFE:
                    self._let_go(target, waiting)
                    unsafe = 0
            at += part.size
        # The rest is flushed when it is sealed, and goes with the upload.
        size = os.fstat(target).st_size
        if size < at:
            raise OSError(f"the parts of {self.bucket}/{self.key} do not add up; abort the upload")
        if size > at:
            os.ftruncate(target, at)

    def _copy(self, path: str, start: int, target: int, at: int, size: int) -> None:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            transfer.copy_range(source, start, target, at, size)
        finally:
            os.close(source)

    def _let_go(self, target: int, waiting: list[str]) -> None:
        os.fsync(target)
        for path in waiting:
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

    def _plan(self) -> tuple[int, list[Part]] | None:
        try:
            with open(self._path(PLAN), encoding="utf-8") as file:
                plan = json.load(file)
        except FileNotFoundError:
            return None
        return plan["slots"], [parts.of_row(row) for row in plan["parts"]]

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
