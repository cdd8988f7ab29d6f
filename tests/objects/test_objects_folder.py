"""A bucket is a folder of plain files."""

import ast
import os
import subprocess
import sys
import threading
from hashlib import md5
from pathlib import Path

import pytest

import stepmill
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import BadName, NoSuchBucket, NoSuchKey, check_bucket, parse_url


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "objects")
    store.create_bucket("bucket")
    return store


def test_an_object_is_a_plain_file_under_its_own_name(store: FolderStore) -> None:
    store.put("bucket", "digits/train/前処理.npz", b"data")
    assert Path(store.root, "bucket", "digits", "train", "前処理.npz").read_bytes() == b"data"
    assert store.path("bucket", "digits/train/前処理.npz") == Path(store.root, "bucket/digits/train/前処理.npz")


def test_an_object_lives_beside_objects_under_its_name(store: FolderStore) -> None:
    for keys in (("a", "a/b"), ("c/d", "c")):
        for key in keys:
            store.put("bucket", key, key.encode())
    assert [(info.key, store.get("bucket", info.key)) for info in store.list("bucket")] == [
        ("a", b"a"),
        ("a/b", b"a/b"),
        ("c", b"c"),
        ("c/d", b"c/d"),
    ]
    store.put("bucket", "a", b"new")
    assert store.get("bucket", "a") == b"new"


def test_etag_is_the_quoted_md5_of_the_bytes_there_now(store: FolderStore) -> None:
    assert store.put("bucket", "k", b"one").etag == f'"{md5(b"one").hexdigest()}"'
    Path(store.root, "bucket", "k").write_bytes(b"three")
    assert store.info("bucket", "k").etag == f'"{md5(b"three").hexdigest()}"'
    assert [info.etag for info in store.list("bucket")] == [f'"{md5(b"three").hexdigest()}"']


def test_only_the_owner_can_read_what_is_stored(store: FolderStore) -> None:
    store.put("bucket", "x/y", b"")
    assert Path(store.root, "bucket", "x", "y").stat().st_mode & 0o777 == 0o600
    for folder in ("", "bucket", "bucket/x"):
        assert Path(store.root, folder).stat().st_mode & 0o777 == 0o700


def test_links_are_neither_listed_nor_followed(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    bucket = Path(store.root, "bucket")
    (bucket / "link").symlink_to(tmp_path / "secret")
    (bucket / "folder").symlink_to(tmp_path)
    assert list(store.list("bucket")) == []
    for key in ("link", "folder/secret"):
        with pytest.raises(NoSuchKey):
            store.get("bucket", key)
    with pytest.raises(BadName, match="in the way"):
        store.put("bucket", "folder/new", b"")
    store.put("bucket", "link", b"mine")
    assert (tmp_path / "secret").read_text() == "s"


def test_a_listing_reads_only_the_folders_that_the_prefix_leaves(store: FolderStore) -> None:
    for key in ("a/1", "b/c/1", "b/c/2", "z/1"):
        store.put("bucket", key, b"")
    looked: list[str] = []
    real = os.scandir

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event == "os.scandir" and isinstance(args[0], str) and args[0].startswith(store.root):
            looked.append(args[0][len(store.root) :])

    sys.addaudithook(watch)
    assert real is os.scandir
    assert [info.key for info in store.list("bucket", "b/c/")] == ["b/c/1", "b/c/2"]
    assert looked == ["/bucket/b/c"]
    looked.clear()
    assert next(iter(store.list("bucket"))).key == "a/1"
    assert looked == ["/bucket", "/bucket/a"]
    looked.clear()
    assert [info.key for info in store.list("bucket", start_after="b/c/1")] == ["b/c/2", "z/1"]
    assert "/bucket/a" not in looked


def test_a_reader_sees_the_old_bytes_or_the_new_ones_never_half(store: FolderStore) -> None:
    contents = {letter * 200_000 for letter in (b"a", b"b")}
    store.put("bucket", "k", b"a" * 200_000)
    done = threading.Event()

    def write() -> None:
        for number in range(40):
            store.put("bucket", "k", (b"a", b"b")[number % 2] * 200_000)
            (store.delete if number % 2 else store.put)(*(("bucket", "k/under") + ((b"",) if number % 2 == 0 else ())))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert store.get("bucket", "k") in contents
    writer.join()


def test_two_writers_of_a_name_and_of_names_under_it_lose_nothing(store: FolderStore) -> None:
    def write(number: int) -> None:
        for turn in range(15):
            store.put("bucket", "a", b"%d" % number)
            store.put("bucket", f"a/{number}/{turn}", b"")
            store.delete("bucket", f"a/{number}/{turn - 1}" if turn else "none")

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [info.key for info in store.list("bucket")] == ["a", *(f"a/{number}/14" for number in range(4))]


def test_put_file_copies_or_moves_and_refuses_what_is_no_regular_file(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    store.put_file("bucket", "copied", tmp_path / "f")
    (tmp_path / "f").write_bytes(b"changed")
    assert store.get("bucket", "copied") == b"x" * 100_000
    store.put_file("bucket", "moved", tmp_path / "f", move=True)
    assert store.get("bucket", "moved") == b"changed" and not (tmp_path / "f").exists()
    os.mkfifo(tmp_path / "pipe")
    for irregular in ("pipe", "."):
        with pytest.raises((BadName, IsADirectoryError)):
            store.put_file("bucket", "k", tmp_path / irregular)
    assert list(Path(store.root, ".tmp").iterdir()) == []


def test_missing_buckets_and_keys_speak_as_s3_does(store: FolderStore) -> None:
    with pytest.raises(NoSuchBucket, match="The specified bucket does not exist") as no_bucket:
        store.get("nothing", "k")
    assert no_bucket.value.code == "NoSuchBucket"
    with pytest.raises(NoSuchKey, match="The specified key does not exist"):
        store.info("bucket", "k")
    with pytest.raises(BadName) as long:
        store.put("bucket", "é" * 513, b"")
    assert long.value.code == "KeyTooLongError"
    for key in ("", "\ud800"):
        with pytest.raises(BadName):
            store.put("bucket", key, b"")
    store.delete("bucket", "k")


@pytest.mark.parametrize(
    "name", ["ab", "a" * 64, "Upper", "under_score", "-a-", "a..b", "192.168.0.1", "xn--a", "a-s3alias", "..", "a/b"]
)
def test_a_bucket_name_that_s3_refuses_is_refused(store: FolderStore, name: str) -> None:
    with pytest.raises(BadName) as error:
        store.create_bucket(name)
    assert error.value.code == "InvalidBucketName"


def test_urls_are_a_bucket_and_a_key() -> None:
    assert parse_url("s3://bucket/a//b") == ("bucket", "a//b")
    assert parse_url("s3://bucket") == ("bucket", "")
    with pytest.raises(BadName):
        parse_url("https://bucket/key")
    check_bucket("my.bucket-1")


def test_buckets_are_the_folders_with_a_bucket_name(store: FolderStore) -> None:
    store.create_bucket("other")
    store.create_bucket("other")
    store.put("bucket", "k", b"")
    assert store.buckets() == ["bucket", "other"]


def test_a_store_of_a_later_format_is_refused(tmp_path: Path) -> None:
    FolderStore(tmp_path)
    (tmp_path / "format.json").write_text('{"version": 2}')
    with pytest.raises(ValueError, match="format"):
        FolderStore(tmp_path)


def test_download_takes_the_exact_key_first_and_else_everything_under_the_prefix(
    store: FolderStore, tmp_path: Path
) -> None:
    for key in ("data/train/a", "data/train/b/c", "data/train/", "data/train.csv", "x/y"):
        store.put("bucket", key, key.encode())
    assert store.download("s3://bucket/data/train.csv", tmp_path / "1") == 1
    assert (tmp_path / "1/train.csv").read_text() == "data/train.csv"
    for number, url in enumerate(("s3://bucket/data/train/", "s3://bucket/data/train/b")):
        assert store.download(url, tmp_path / f"2{number}") == 2 - number
    assert (tmp_path / "20/b/c").read_text() == "data/train/b/c"
    assert store.download("s3://bucket/data/tr", tmp_path / "3") == 3
    assert (tmp_path / "3/ain/a").exists() and (tmp_path / "3/ain.csv").exists()
    assert store.download("s3://bucket/nothing/", tmp_path / "4") == 0
    assert (tmp_path / "4").is_dir()
    (tmp_path / "20/a").write_text("changed by a job")
    assert store.get("bucket", "data/train/a") == b"data/train/a"


@pytest.mark.parametrize("key", ["p/../x", "p/a/./b", "p/\0", "p/" + "n" * 300])
def test_a_key_that_has_no_place_in_a_folder_is_not_downloaded(store: FolderStore, tmp_path: Path, key: str) -> None:
    store.put("bucket", key, b"")
    with pytest.raises(BadName, match="cannot be downloaded"):
        store.download("s3://bucket/p/", tmp_path / "d")


def test_two_objects_that_want_one_place_are_an_error(store: FolderStore, tmp_path: Path) -> None:
    store.put("bucket", "p/a", b"")
    store.put("bucket", "p/a/b", b"")
    with pytest.raises(BadName, match="taken by another object"):
        store.download("s3://bucket/p/", tmp_path / "d")


def test_upload_takes_regular_files_only_and_comes_back_the_same(store: FolderStore, tmp_path: Path) -> None:
    source = tmp_path / "out"
    (source / "sub/deep").mkdir(parents=True)
    for number in range(40):
        (source / "sub" / f"{number}.txt").write_text(str(number))
    (source / "link").symlink_to(source / "sub/1.txt")
    os.mkfifo(source / "pipe")
    assert store.upload(source, "s3://bucket/jobs/one/") == 40
    assert store.upload(source / "sub", "s3://bucket") == 40
    assert store.download("s3://bucket/jobs/one", tmp_path / "back") == 40
    assert (tmp_path / "back/sub/7.txt").read_text() == "7"


def test_a_bare_python_can_import_it_quickly() -> None:
    root = str(Path(stepmill.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {root!r}); import errno, os, stat, stepmill; before = set(sys.modules)\n"
        "import stepmill.objects.folder, stepmill.objects.archives\n"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('stepmill')))"
    )
    output = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(output.stdout) == []
