"""Code and data are named by their content, and only by it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from stepmill.assets import Asset, AssetError, pack_data, pack_file, pack_folder, pack_function, pack_source_dir

FILES = {"train.py": "import other", "other.py": "x = 1", "pkg/__init__.py": "", "pkg/data/a b.txt": "日本"}


def checkout(root: Path, *, backwards: bool = False, age: int = 0) -> Path:
    root.mkdir(parents=True)
    for name in sorted(FILES, reverse=backwards):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES[name], "utf-8")
        os.utime(path, (age, age))
    return root


def packs(root: Path) -> list[Asset]:
    return [
        pack_file(root / "train.py"),
        pack_folder(root, "train.py"),
        pack_source_dir(root, "train.py"),
        pack_source_dir(root / "train.py"),
        pack_function(root / "train.py", [root / "pkg"]),
        pack_function("train.py", source_dir=root),
        pack_data(root),
        pack_data(root / "train.py"),
    ]


def test_two_checkouts_give_the_same_keys_and_the_same_bytes(tmp_path: Path) -> None:
    one = checkout(tmp_path / "one" / "src")
    two = checkout(tmp_path / "two" / "src", backwards=True, age=10**9)
    (two / "__pycache__").mkdir()
    (two / "__pycache__" / "train.cpython-311.pyc").write_bytes(b"x")
    (two / "old.pyc").write_bytes(b"x")
    for folder in (".git", ".stepmill", ".venv"):
        (two / folder).mkdir()
        (two / folder / "config").write_text("x")
    (two / "train.py").chmod(0o600)
    for number, (left, right) in enumerate(zip(packs(one), packs(two), strict=True)):
        assert (left.sha256, left.key) == (right.sha256, right.key)
        a, b = tmp_path / f"a{number}", tmp_path / f"b{number}"
        for asset, target in ((left, a), (right, b)):
            if asset.key.endswith("/"):
                target.mkdir()
            asset.write(target)
        if a.is_dir():
            assert {p.relative_to(a): p.read_bytes() for p in a.rglob("*") if p.is_file()} == {
                p.relative_to(b): p.read_bytes() for p in b.rglob("*") if p.is_file()
            }
        else:
            assert a.read_bytes() == b.read_bytes()


def test_different_things_have_different_keys(tmp_path: Path) -> None:
    root = checkout(tmp_path / "src")
    before = packs(root)
    assert len({asset.key for asset in before}) == len(before)
    (root / "train.py").write_text("import others", "utf-8")
    assert not {asset.sha256 for asset in packs(root)} & {asset.sha256 for asset in before}


def test_the_executable_bit_is_content_and_other_modes_are_not(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("exit")
    script.chmod(0o644)
    plain = pack_file(script)
    script.chmod(0o666)
    assert pack_file(script) == plain
    script.chmod(0o755)
    executable = pack_file(script)
    assert executable.key != plain.key
    executable.write(tmp_path / "out")
    assert os.access(tmp_path / "out", os.X_OK)


def test_names_and_bytes_cannot_be_mistaken_for_each_other(tmp_path: Path) -> None:
    for name, files in {"one": {"a": "b-1\0c", "d": ""}, "two": {"a": "b", "d": "-1\0c"}}.items():
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
    assert pack_data(tmp_path / "one").sha256 != pack_data(tmp_path / "two").sha256


def test_a_source_dir_has_its_content_at_the_root_with_fixed_owners_times_and_modes(tmp_path: Path) -> None:
    asset = pack_source_dir(checkout(tmp_path / "src"), "train.py")
    assert asset.key == f"stepmill/code/{asset.sha256}/sourcedir.tar.gz"
    asset.write(tmp_path / "out")
    with tarfile.open(tmp_path / "out") as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(FILES)
    assert {(m.uid, m.gid, m.uname, m.gname, m.mode, m.mtime) for m in members} == {(0, 0, "", "", 0o644, 315532800)}


def test_a_function_has_its_file_at_the_root(tmp_path: Path) -> None:
    root = checkout(tmp_path / "src")
    asset = pack_function("functions.py", ["pkg"], base=_with(root, "functions.py"))
    asset.write(tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        assert archive.namelist() == ["functions.py", "pkg/__init__.py", "pkg/data/a b.txt"]
        assert archive.testzip() is None


def _with(root: Path, name: str) -> Path:
    (root / name).write_text("def handler(event, context): ...")
    return root


def _module(root: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(root))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(root))
        for loaded in [each for each in sys.modules if each.split(".")[0] == name.split(".")[0]]:
            del sys.modules[loaded]


def test_a_module_is_packed_under_its_dotted_path_without_its_parents(tmp_path: Path) -> None:
    deep = tmp_path / "lib" / "acme_words" / "calls"
    deep.mkdir(parents=True)
    (deep.parent / "__init__.py").write_text("import json")
    (deep / "__init__.py").write_text("")
    (deep / "slack.py").write_text("def tell(): return 'told'")
    module = _module(tmp_path / "lib", "acme_words.calls.slack")
    (tmp_path / "functions.py").write_text("from acme_words.calls.slack import tell\nprint(tell())")
    asset = pack_function(tmp_path / "functions.py", [module])
    assert [each.name for each in asset.members] == ["acme_words/calls/slack.py", "functions.py"]
    asset.write(tmp_path / "f.zip")
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        archive.extractall(tmp_path / "task")
    code = "import sys; sys.path.insert(0, 'task'); import functions"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "told\n", done.stderr
    package = _module(tmp_path / "lib", "acme_words.calls")
    names = [each.name for each in pack_function(tmp_path / "functions.py", [package]).members]
    assert names == ["acme_words/calls/__init__.py", "acme_words/calls/slack.py", "functions.py"]


def test_data_is_written_and_listed_file_by_file(tmp_path: Path) -> None:
    root = checkout(tmp_path / "src")
    asset = pack_data("src", base=tmp_path)
    assert asset.key == f"stepmill/data/{asset.sha256}/"
    assert asset.files() == [(f"{asset.key}{name}", root / name) for name in sorted(FILES)]
    asset.write(tmp_path / "out")
    assert (tmp_path / "out" / "pkg" / "data" / "a b.txt").read_text("utf-8") == "日本"


def test_a_file_that_changes_after_packing_is_not_stored_under_the_old_name(tmp_path: Path) -> None:
    root = checkout(tmp_path / "src")
    asset = pack_source_dir(root)
    asset.verify()
    (root / "other.py").write_text("x = 2")
    with pytest.raises(AssetError, match="changed while it was being stored"):
        asset.verify()
    with pytest.raises(AssetError, match="changed while it was being stored") as caught:
        asset.write(tmp_path / "out")
    assert caught.value.code == "changed"
    assert not (tmp_path / "out").exists()
    (root / "other.py").unlink()
    with pytest.raises(AssetError, match="changed while it was being stored"):
        asset.verify()


def test_equal_files_from_two_places_are_packed_once(tmp_path: Path) -> None:
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    asset = pack_source_dir(one, dependencies=[two / "other.py"])
    assert [each.name for each in asset.members] == sorted(FILES)
    (two / "other.py").write_text("y = 1")
    with pytest.raises(AssetError, match="would both be other"):
        pack_source_dir(one, dependencies=[two / "other.py"])


def test_what_cannot_be_packed_is_refused_with_a_reason(tmp_path: Path) -> None:
    root = checkout(tmp_path / "src")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(root / "train.py")
    for call, code, words in (
        (lambda: pack_file(tmp_path / "src" / "trian.py"), "file-missing", "did you mean .*train.py"),
        (lambda: pack_file(tmp_path / "no" / "train.py"), "file-missing", "does not exist"),
        (lambda: pack_file(root / "train.py" / "x"), "file-missing", "does not exist"),
        (lambda: pack_file(root), "not-a-file", "is a folder"),
        (lambda: pack_file(tmp_path / "pipe"), "not-a-file", "not a regular file"),
        (lambda: pack_file(tmp_path / "link"), "symlink", "symbolic link"),
        (lambda: pack_data(tmp_path / "empty"), "empty-folder", "no files"),
        (lambda: pack_data(tmp_path / "nowhere"), "file-missing", "does not exist"),
        (lambda: pack_folder(root / "train.py"), "not-a-folder", "is a file"),
        (lambda: pack_source_dir(root, "nothing.py"), "file-missing", "does not exist"),
        (lambda: pack_function("functions.py", source_dir=root), "file-missing", "does not exist"),
        (lambda: pack_function(root / "train.py", [sys]), "not-python", "requirements="),
    ):
        with pytest.raises(AssetError, match=words) as caught:
            call()
        assert caught.value.code == code
    (root / "link").symlink_to("train.py")
    with pytest.raises(AssetError, match="symbolic link"):
        pack_data(root)
