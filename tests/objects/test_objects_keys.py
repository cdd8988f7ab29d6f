"""Any legal S3 key becomes a file and comes back; any set of keys lists in S3's order."""

import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepmill.objects.folder import FolderStore
from stepmill.objects.keys import KeyFormat
from stepmill.objects.store import NoSuchKey

segments = st.one_of(
    st.sampled_from(
        ["", ".", "..", "a", "b", "%", "%e", "%self", "a%self", "%41", "100%", "A", "é", "é", "前処理", "%+"]
    ),
    st.text(alphabet=string.ascii_letters + "%./-\x00\x01é処🙂", max_size=6),
    st.sampled_from("abé処🙂%").flatmap(lambda letter: st.integers(150, 260).map(lambda n: letter * n)),
)
keys = (
    st.lists(segments, min_size=1, max_size=5)
    .map("/".join)
    .filter(lambda key: 0 < len(key.encode(errors="replace")) <= 1024)
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def store_in(folder: str, fold: bool = False) -> FolderStore:
    store = FolderStore(Path(folder) / "objects")
    store.format = KeyFormat(fold)
    store.create_bucket("bucket")
    return store


@quick
@given(st.lists(keys, min_size=1, max_size=6, unique=True), st.booleans(), st.data())
def test_any_set_of_keys_is_kept_and_listed_in_order(names: list[str], fold: bool, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = store_in(folder, fold)
        for number, key in enumerate(names):
            store.put("bucket", key, str(number).encode())
        expected = sorted(names, key=str.encode)
        assert [info.key for info in store.list("bucket")] == expected
        assert [store.get("bucket", key) for key in names] == [str(n).encode() for n in range(len(names))]
        assert [store.info("bucket", key).key for key in names] == names
        chosen = data.draw(st.sampled_from(names))
        prefix = chosen[: data.draw(st.integers(0, len(chosen)))]
        after = data.draw(st.one_of(st.just(""), st.sampled_from(names)))
        wanted = [key for key in expected if key.startswith(prefix) and key > after]
        assert [info.key for info in store.list("bucket", prefix, after)] == wanted
        store.delete("bucket", chosen)
        with pytest.raises(NoSuchKey):
            store.get("bucket", chosen)
        assert [info.key for info in store.list("bucket")] == [key for key in expected if key != chosen]
        for key in names:
            store.delete("bucket", key)
        assert list((Path(folder) / "objects" / "bucket").iterdir()) == []


@quick
@given(keys)
def test_a_path_stays_inside_the_bucket_and_within_the_limits_of_a_disk(key: str) -> None:
    for fold in (False, True):
        parts = KeyFormat(fold).path(key)
        assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)
        assert all(len(part.encode()) <= 202 for part in parts)
        assert sum(len(part.encode()) + 1 for part in parts) <= 3 * 1024 + 64


names_on_disk = st.text(alphabet=string.ascii_letters + "%.+~é處 ", min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@quick
@given(st.lists(st.one_of(names_on_disk, st.sampled_from(["%41", "a%self", "%e", "50%.csv", "%2E", "%"])), max_size=4))
def test_whatever_is_dropped_into_the_folder_is_listed_and_can_be_read(path: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = store_in(folder)
        target = Path(store.root, "bucket", *path, "file 100%")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"by hand")
        (info,) = store.list("bucket")
        assert store.get("bucket", info.key) == b"by hand"
        assert [found.key for found in store.list("bucket", info.key)] == [info.key]
        store.put("bucket", info.key, b"put")
        assert store.get("bucket", info.key) == b"put"
        store.delete("bucket", info.key)
        assert list(store.list("bucket")) == []


@pytest.mark.parametrize("key", ["/" * 1024, "a/" * 512, "%" * 1024, "../" * 341, "処" * 341, "x" * 1024])
def test_the_longest_keys_fit(tmp_path: Path, key: str) -> None:
    store = store_in(str(tmp_path))
    store.put("bucket", key, b"x")
    assert store.get("bucket", key) == b"x"
    assert [info.key for info in store.list("bucket", key[:700])] == [key]
    store.delete("bucket", key)  # and pytest need not clean up a thousand folders in each other


def test_a_name_differing_only_in_case_or_unicode_form_gets_its_own_file_on_a_folding_disk() -> None:
    form = KeyFormat(fold=True)
    paths = ["".join(form.path(key)).lower() for key in ("data", "Data", "é", "e\u0301", "É", "ß", "ss", "ſ", "s")]
    assert len(set(paths)) == len(paths)
    assert all(path.isascii() or path in ("é", "ß") for path in paths)
