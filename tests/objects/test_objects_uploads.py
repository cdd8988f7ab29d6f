"""Uploads in parts on the disk: where the parts lie, what joining copies, and what a crash or a race leaves."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepmill.objects import parts
from stepmill.objects.facts import Facts
from stepmill.objects.folder import FolderStore
from stepmill.objects.parts import Part
from stepmill.objects.store import BadName, NoSuchKey, NoSuchUpload
from stepmill.objects.sums import Sums
from stepmill.objects.uploads import Upload, Uploads

SIZE = 4096
Sent = tuple[int, int, bool]  # number, bytes, whether their number is told beforehand


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "objects")
    store.create_bucket("bucket")
    return store


def begin(store: FolderStore) -> Upload:
    return Uploads(store).begin("bucket", "k", {})


def find(store: FolderStore, upload: Upload) -> Upload:
    return Uploads(store).find("bucket", "k", upload.id)


def put(upload: Upload, number: int, data: bytes, told: bool = True) -> Part:
    return upload.put_part(number, io.BytesIO(data), Sums(), bytes, len(data) if told else None)


def bytes_of(number: int, size: int, turn: int = 0) -> bytes:
    return random.Random(f"{number} {turn}").randbytes(size)


def send(store: FolderStore, sent: list[Sent]) -> tuple[Upload, dict[int, bytes]]:
    """An upload of these parts → it, and the bytes of each number that was sent last."""
    upload, kept = begin(store), {}
    for turn, (number, size, told) in enumerate(sent):
        kept[number] = bytes_of(number, size, turn)
        put(upload, number, kept[number], told)
    return upload, kept


def files(store: FolderStore) -> list[str]:
    """What lies in the store besides objects."""
    return sorted(path.name for folder in (".uploads", ".tmp") for path in Path(store.root, folder).rglob("*"))


def inode(store: FolderStore, upload: Upload, name: str) -> int:
    return Path(store.root, ".uploads", upload.id, name).stat().st_ino


FULL: list[Sent] = [(2, SIZE, True), (1, SIZE, True), (4, SIZE, True), (3, SIZE, True)]
SHAPES: dict[str, list[Sent]] = {
    "of one size": FULL,
    "with a smaller last one": [*FULL, (5, 9, False)],
    "with a smaller last one in a slot of its own size": [*FULL, (5, 9, True)],
    "with one sent again": [*FULL, (3, SIZE, True), (5, 9, False)],
    "with the last one sent again and smaller": [*FULL, (4, 9, True)],
    "with the first one sent again": [*FULL, (1, SIZE, False)],
    "alone": [(1, SIZE, True)],
    "alone and of no known size": [(1, SIZE, False)],
    "of no known size": [(1, SIZE, False), (2, SIZE, False), (3, 9, False)],
    "with a gap": [(1, SIZE, True), (3, SIZE, True), (4, 9, True)],
    "without the first": [(2, SIZE, True), (3, SIZE, True)],
    "of odd sizes": [(1, 10, True), (2, SIZE, True), (3, 9, True), (4, SIZE, True)],
    "that grow": [(1, 10, True), (2, 11, True)],
    "of which one is larger": [(1, 10, True), (2, 11, True), (3, 10, True)],
    "empty at the end": [(1, SIZE, True), (2, 0, True)],
}
COPIED_LAST = ("of one size", "alone", *(name for name in SHAPES if name.startswith("with ") and "gap" not in name))


@pytest.mark.parametrize("shape", SHAPES)
def test_parts_become_their_bytes_in_order_and_nothing_else_stays(store: FolderStore, shape: str) -> None:
    upload, kept = send(store, SHAPES[shape])
    listed = upload.parts()
    assert [(part.number, part.size) for part in listed] == [(number, len(kept[number])) for number in sorted(kept)]
    info = upload.complete(listed, Facts(etag="e-1", upload=upload.id))
    whole = b"".join(kept[number] for number in sorted(kept))
    assert (store.get("bucket", "k"), info.size, info.facts.upload) == (whole, len(whole), upload.id)
    assert files(store) == []


@pytest.mark.parametrize("shape", COPIED_LAST)
def test_the_file_of_slots_becomes_the_object(store: FolderStore, shape: str) -> None:
    upload, _ = send(store, SHAPES[shape])
    was = inode(store, upload, f"data-{SIZE}")
    upload.complete(upload.parts(), Facts(etag="e-1"))
    assert store.path("bucket", "k").stat().st_ino == was


def test_any_parts_in_any_order_become_their_bytes(store: FolderStore) -> None:
    chance = random.Random(4)
    for _ in range(25):
        sizes = chance.sample([SIZE, SIZE, SIZE, 9, 10, 2 * SIZE], 2)
        sent = [
            (chance.randint(1, 5), chance.choice([sizes[0], sizes[0], *sizes]), chance.random() < 0.8) for _ in range(6)
        ]
        upload, kept = send(store, sent)
        chosen = [part for part in upload.parts() if chance.random() < 0.9] or upload.parts()
        upload.complete(chosen, Facts(etag="e-1"))
        assert store.get("bucket", "k") == b"".join(kept[part.number] for part in chosen), sent
    assert files(store) == []


def test_an_aborted_upload_leaves_no_byte(store: FolderStore) -> None:
    upload, _ = send(store, SHAPES["with one sent again"])
    upload.abort()
    assert files(store) == []


def test_slots_that_nobody_sent_take_no_room(store: FolderStore) -> None:
    upload = begin(store)
    put(upload, 10_000, bytes(1 << 16))
    assert Path(store.root, ".uploads", upload.id, f"data-{1 << 16}").stat().st_blocks * 512 < 1 << 20
    assert parts.claim(store.root, 10_000, 5 << 30) is None  # farther than a file can be long


def test_a_refused_part_gives_its_slot_back(store: FolderStore) -> None:
    upload, kept = send(store, FULL)

    def refuse() -> bytes:
        raise ValueError("not these bytes")

    with pytest.raises(ValueError, match="not these"):
        upload.put_part(5, io.BytesIO(b"x" * SIZE), Sums(), refuse, SIZE)
    assert [part.number for part in upload.parts()] == [1, 2, 3, 4]
    assert put(upload, 5, bytes_of(5, SIZE)).slotted
    upload.complete(upload.parts(), Facts(etag="e-1"))
    assert store.get("bucket", "k") == b"".join([kept[n] for n in (1, 2, 3, 4)] + [bytes_of(5, SIZE)])


def test_a_part_sent_again_leaves_the_slot_that_a_completer_may_have_chosen(store: FolderStore) -> None:
    upload, _ = send(store, FULL)
    chosen = upload.parts()
    again = [put(upload, 2, bytes_of(2, SIZE, turn)) for turn in (8, 9)]
    assert [part.slotted for part in again] == [False, False]
    with pytest.raises(BadName) as refusal:
        upload.complete(chosen, Facts(etag="e-1"))
    assert refusal.value.code == "InvalidPart"
    upload.complete(upload.parts(), Facts(etag="e-1"))
    assert store.get("bucket", "k")[SIZE : 2 * SIZE] == bytes_of(2, SIZE, 9)


@pytest.mark.parametrize("sent", [SIZE - 1, SIZE + 1, 0])
def test_a_part_of_another_size_than_was_said_is_refused_and_its_neighbours_stay(store: FolderStore, sent: int) -> None:
    upload, kept = send(store, [(1, SIZE, True), (3, SIZE, True)])
    with pytest.raises(BadName) as refusal:
        upload.put_part(2, io.BytesIO(b"x" * sent), Sums(), bytes, SIZE)
    assert refusal.value.code == "IncompleteBody"
    put(upload, 2, bytes_of(2, SIZE))
    upload.complete(upload.parts(), Facts(etag="e-1"))
    assert store.get("bucket", "k") == kept[1] + bytes_of(2, SIZE) + kept[3]


class Meanwhile:
    """A part whose bytes come, but for its first half, after something else has happened."""

    def __init__(self, data: bytes, happens: Callable[[], object]) -> None:
        self._pieces = [data[: len(data) // 2], data[len(data) // 2 :]]
        self._happens = happens

    def read(self, size: int = -1, /) -> bytes:
        if len(self._pieces) == 1:
            self._happens()
        return self._pieces.pop(0) if self._pieces else b""


@pytest.mark.parametrize("number", [4, 5])
def test_a_part_that_is_still_coming_when_the_upload_ends_does_not_touch_the_object(
    store: FolderStore, number: int
) -> None:
    upload, kept = send(store, FULL[:2] + FULL[3:])

    def complete() -> None:
        if number == 4:  # its sender gave up and sent it again
            kept[4] = bytes_of(4, SIZE)
            put(upload, 4, kept[4])
        upload.complete(upload.parts(), Facts(etag="e-1"))

    with pytest.raises(NoSuchUpload):
        upload.put_part(number, Meanwhile(b"x" * SIZE, complete), Sums(), bytes, SIZE)
    assert store.get("bucket", "k") == b"".join(kept[number] for number in sorted(kept))
    assert files(store) == []


def test_a_part_that_is_still_coming_when_the_upload_is_aborted_is_refused(store: FolderStore) -> None:
    upload, _ = send(store, FULL[:1])
    with pytest.raises(NoSuchUpload):
        upload.put_part(1, Meanwhile(b"x" * SIZE, upload.abort), Sums(), bytes, SIZE)
    assert files(store) == []


def test_of_parts_of_one_number_sent_at_once_one_stays_whole(store: FolderStore) -> None:
    for _ in range(5):
        upload = begin(store)
        gate = threading.Barrier(4)

        def one(turn: int, upload: Upload = upload, gate: threading.Barrier = gate) -> None:
            source = Meanwhile(bytes_of(1, SIZE, turn), gate.wait)
            upload.put_part(1, source, Sums(), bytes, SIZE)

        threads = [threading.Thread(target=one, args=(turn,)) for turn in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (part,) = upload.parts()
        upload.complete([part], Facts(etag="e-1"))
        assert store.get("bucket", "k") in [bytes_of(1, SIZE, turn) for turn in range(4)]
        assert files(store) == []


def test_a_part_that_arrived_beside_a_refused_one_is_replaced_by_the_next(store: FolderStore) -> None:
    upload = begin(store)

    def refuse() -> bytes:
        raise ValueError("not these bytes")

    with pytest.raises(ValueError, match="not these"):
        source = Meanwhile(b"x" * SIZE, lambda: put(upload, 1, b"beside"))
        upload.put_part(1, source, Sums(), refuse, SIZE)
    assert [part.size for part in upload.parts()] == [6]
    put(upload, 1, bytes(SIZE))
    assert [name for name in files(store) if name.startswith("00001-")] == [upload.parts()[0].name]
    assert upload.parts()[0].size == SIZE


class Crash(BaseException):
    pass


class Disk:
    """The process ends before the n-th thing that it does to the disk below a folder; nothing is done after that.

    Or something happens just before a file is locked.
    """

    def __init__(self) -> None:
        self.root = ""
        self.left = -1
        self.before_lock: list[Callable[[], object]] = []
        sys.addaudithook(self._watch)

    def _watch(self, event: str, args: tuple[object, ...]) -> None:
        if event == "fcntl.flock" and self.before_lock:
            self.before_lock.pop()()
        if self.left < 0 or not (event == "open" or event.startswith("os.")):
            return
        if isinstance(args[0], int) or (isinstance(args[0], str) and args[0].startswith(self.root)):
            self.left = max(self.left - 1, 0)
            if not self.left:
                raise Crash


@pytest.fixture(scope="module")
def disk() -> Disk:
    return Disk()


def crashes(
    store: FolderStore, disk: Disk, tmp_path: Path, does: Callable[[FolderStore], object]
) -> Iterator[FolderStore]:
    """A copy of the store for each place where `does` can be cut off; the last one, where it was not, is not given."""
    turn = 0
    while True:
        turn += 1
        copied = tmp_path / f"turn-{turn}"
        shutil.copytree(store.root, copied)
        other = FolderStore(copied)
        disk.root, disk.left = str(copied), turn
        try:
            does(other)
        except Crash:
            disk.left = -1
            yield other
        else:
            break
        finally:
            disk.left = -1
    assert turn > 6


def test_a_part_that_opens_the_file_just_before_it_becomes_the_object_writes_nothing(
    store: FolderStore, disk: Disk
) -> None:
    upload, kept = send(store, FULL)
    disk.before_lock = [lambda: upload.complete(upload.parts(), Facts(etag="e-1"))]
    with pytest.raises(NoSuchUpload):
        put(upload, 5, bytes(SIZE))
    assert store.get("bucket", "k") == b"".join(kept[number] for number in sorted(kept))


CRASHING = [
    "with a smaller last one",
    "with one sent again",
    "with the last one sent again and smaller",
    "with a gap",
    "of odd sizes",
    "of no known size",
]


@pytest.mark.slow
@pytest.mark.parametrize("shape", CRASHING)
def test_a_crash_while_joining_leaves_the_upload_or_the_object(
    store: FolderStore, disk: Disk, tmp_path: Path, shape: str
) -> None:
    upload, kept = send(store, SHAPES[shape])
    whole = b"".join(kept[number] for number in sorted(kept))
    chosen = upload.parts()

    def complete(store: FolderStore) -> None:
        find(store, upload).complete(chosen, Facts(etag="e-1", upload=upload.id))

    for other in crashes(store, disk, tmp_path, complete):
        left = shutil.copytree(other.root, f"{other.root}-aborted")
        with contextlib.suppress(NoSuchUpload, FileNotFoundError):  # a latecomer spoils nothing
            folder = Path(other.root, ".uploads", upload.id)
            planned = (folder / parts.PLAN).exists()
            latecomer = parts.claim(str(folder), 7, SIZE)
            assert latecomer is not None
            assert not planned
            latecomer.close()
            put(find(other, upload), 7, bytes(SIZE))
        with contextlib.suppress(NoSuchUpload):  # the object is there
            complete(other)
        assert (other.get("bucket", "k"), other.info("bucket", "k").facts.upload) == (whole, upload.id)
        assert Uploads(other).all("bucket") == []
        aborted = FolderStore(left)
        try:
            find(aborted, upload).abort()
        except NoSuchUpload:
            assert aborted.get("bucket", "k") == whole
        assert Uploads(aborted).all("bucket") == []
        with contextlib.suppress(NoSuchKey):
            assert aborted.get("bucket", "k") == whole


@pytest.mark.parametrize("number", [4, 5])
@pytest.mark.parametrize("told", [True, False])
def test_a_crash_while_a_part_comes_leaves_it_or_what_was_before(
    store: FolderStore, disk: Disk, tmp_path: Path, number: int, told: bool
) -> None:
    upload, kept = send(store, FULL)
    before = upload.parts()
    new = bytes_of(number, SIZE, 99)

    def send_one(store: FolderStore) -> None:
        put(find(store, upload), number, new, told)

    for other in crashes(store, disk, tmp_path, send_one):
        for again in (False, True):
            if again:
                send_one(other)
            listed = find(other, upload).parts()
            is_new = again or [part.etag for part in listed] != [part.etag for part in before]
            expected = {**kept, number: new} if is_new else kept
            assert [part.number for part in listed] == sorted(expected)
        find(other, upload).complete(listed, Facts(etag="e-1"))
        assert other.get("bucket", "k") == b"".join(expected[each] for each in sorted(expected))
