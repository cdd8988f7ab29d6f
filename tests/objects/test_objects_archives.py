"""What is packed comes back; what strangers packed cannot write elsewhere."""

import gzip
import io
import os
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stepmill.objects.archives import BadArchive, Limits, extract, members, pack


def tar(path: Path, *infos: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w:gz", format=form) as archive:
        for info in infos:
            if isinstance(info, tuple):
                name, data = info
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            else:
                archive.addfile(info)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes() for path in folder.rglob("*")
    }


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "model"
    (source / "code/empty").mkdir(parents=True)
    (source / "weights").write_bytes(os.urandom(300_000))
    (source / "code/run.sh").write_text("#!/bin/sh\n")
    (source / "code/run.sh").chmod(0o755)
    (source / ("長い名前" * 15)).write_text("x")
    assert pack(source, tmp_path / "model.tar.gz") == 3
    assert extract(tmp_path / "model.tar.gz", tmp_path / "out") == 3
    assert tree(tmp_path / "out") == tree(source)
    assert stat.S_IMODE((tmp_path / "out/code/run.sh").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out/weights").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        names = archive.getnames()
        assert all((info.uid, info.gid, info.uname) == (0, 0, "") for info in archive)
    assert names == [("長い名前" * 15), "weights", "code", "code/run.sh", "code/empty"] or sorted(names) == sorted(
        tree(source)
    )


def test_packing_the_same_folder_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "model"
    source.mkdir()
    for name in "cab":
        (source / name).write_text(name)
    pack(source, tmp_path / "1.tar.gz")
    pack(source, tmp_path / "2.tar.gz")
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()
    assert [member.name for member in members(tmp_path / "1.tar.gz")] == ["a", "b", "c"]


def test_a_link_is_packed_as_the_file_it_means_only_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    source = tmp_path / "model"
    source.mkdir()
    (source / "best").write_text("weights")
    (source / "last").symlink_to("best")
    (source / "stolen").symlink_to(tmp_path / "secret")
    (source / "broken").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    pack(source, tmp_path / "m.tar.gz")
    extract(tmp_path / "m.tar.gz", tmp_path / "out")
    assert tree(tmp_path / "out") == {"best": b"weights", "last": b"weights"}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_common_tar_format_is_read(tmp_path: Path, form: int) -> None:
    long = "d" * 90 + "/" + "f" * 90
    tar(tmp_path / "a", ("./a", b"1"), special("./", tarfile.DIRTYPE), (long, b"2"), ("x/é", b"3" * 2000), form=form)
    extract(tmp_path / "a", tmp_path / "out")
    assert {name: data for name, data in tree(tmp_path / "out").items() if data} == {
        "a": b"1",
        long: b"2",
        "x/é": b"3" * 2000,
    }


def test_a_plain_tar_and_a_zip_are_read_too(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(__file__, "here.py")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(__file__, "here.py")
        zipped.writestr("folder/", "")
    for number, name in enumerate(("a.tar", "a.zip")):
        assert extract(tmp_path / name, tmp_path / str(number)) == 1
        assert (tmp_path / str(number) / "here.py").read_bytes() == Path(__file__).read_bytes()


HOSTILE: dict[str, tuple[tarfile.TarInfo | tuple[str, bytes], ...]] = {
    "a parent": (("../evil", b""),),
    "a parent in the middle": (("a/../../evil", b""),),
    "an absolute name": (("/tmp/evil", b""),),
    "a symbolic link": (special("a", tarfile.SYMTYPE, ".."), ("a/evil", b"")),
    "a hard link": (("a", b""), special("b", tarfile.LNKTYPE, "a")),
    "a device": (special("null", tarfile.CHRTYPE),),
    "a pipe": (special("pipe", tarfile.FIFOTYPE),),
    "a duplicate": (("a", b"1"), ("a", b"2")),
    "a file used as a folder": (("a", b"1"), ("a/b", b"2")),
    "a folder that becomes a file": (("a/b", b"1"), ("a", b"2")),
    "a clash of case": (("Model", b"1"), ("model", b"2")),
    "a clash of case in a folder": (("A/x", b"1"), ("a/y", b"2")),
    "a clash of Unicode forms": (("\u00e9", b"1"), ("e\u0301", b"2")),
    "control characters": (("a\x1b[2J", b""),),
    "a name too long": (("a/" * 30 + "n" * 1100, b""),),
    "too deep": (("d/" * 70 + "f", b""),),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_tar_is_refused_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    tar(tmp_path / "evil.tar.gz", ("good", b"data"), *HOSTILE[what])
    with pytest.raises(BadArchive, match="nothing was extracted"):
        extract(tmp_path / "evil.tar.gz", tmp_path / "out")
    assert tree(tmp_path / "out") == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.tar.gz", "out"]


def zip_of(path: Path, name: str, mode: int = 0o100644, data: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, mode << 16
        archive.writestr(info, data)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda path: zip_of(path, "../evil"),
        lambda path: zip_of(path, "/evil"),
        lambda path: zip_of(path, "a\\..\\evil"),
        lambda path: zip_of(path, "link", 0o120777, b"/etc/passwd"),
    ],
)
def test_a_hostile_zip_is_refused_and_leaves_nothing(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(BadArchive):
        extract(make(tmp_path / "evil.zip"), tmp_path / "out")
    assert tree(tmp_path / "out") == {}


def test_a_zip_member_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\0" * 100_000)
    raw = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(raw.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(BadArchive):
        extract(tmp_path / "a.zip", tmp_path / "out")


def test_bombs_are_refused_by_count_size_and_ratio(tmp_path: Path) -> None:
    tar(tmp_path / "many", *((str(number), b"") for number in range(11)))
    with pytest.raises(BadArchive, match="more than 10 members"):
        extract(tmp_path / "many", tmp_path / "1", limits=Limits(count=10))
    tar(tmp_path / "big", ("a", b"1" * 600), ("b", b"1" * 600))
    with pytest.raises(BadArchive, match="bomb"):
        extract(tmp_path / "big", tmp_path / "2", limits=Limits(size=1000))
    info = tarfile.TarInfo("zeros")
    info.size = 100 << 20
    with gzip.open(tmp_path / "dense", "wb", 1) as file:
        file.write(info.tobuf())
        for _ in range(100):
            file.write(bytes(1 << 20))
    with pytest.raises(BadArchive, match="bomb"):
        extract(tmp_path / "dense", tmp_path / "3", limits=Limits(ratio=10))
    assert tree(tmp_path / "1") == tree(tmp_path / "2") == tree(tmp_path / "3") == {}


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    good = tar(tmp_path / "a", ("a", os.urandom(5000))).read_bytes()
    for number, broken in enumerate((good[:-1000], good[:700] + b"????" + good[704:], b"not an archive at all" * 100)):
        (tmp_path / "b").write_bytes(broken)
        with pytest.raises(BadArchive):
            extract(tmp_path / "b", tmp_path / str(number))
        assert tree(tmp_path / str(number)) == {}


@pytest.mark.parametrize("seed", range(4))
def test_an_archive_broken_anywhere_is_read_or_refused_and_writes_nowhere_else(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    whole = tmp_path / "whole"
    tar(whole, ("a", b"1" * 700), ("d/" + "x" * 120, b"2" * 700), ("é", b"3"))
    good = [gzip.decompress(whole.read_bytes()), zip_of(tmp_path / "zip", "a/é").read_bytes()]
    (tmp_path / "in").mkdir()
    for turn in range(60):
        data = bytearray(dice.choice(good))
        for _ in range(dice.choice((1, 2, 8))):
            data[dice.randrange(len(data))] = dice.choice(b"\0\x80\xff/. 15")
        for start in range(0, len(data) - 511, 512):  # a checksum that is right lets the damage in
            if data[start + 257 : start + 262] == b"ustar":
                total = sum(data[start : start + 148]) + sum(data[start + 156 : start + 512]) + 256
                data[start + 148 : start + 156] = b"%06o\0 " % total
        (tmp_path / "in/archive").write_bytes(data)
        try:
            extract(tmp_path / "in/archive", tmp_path / f"in/{turn}")
        except BadArchive:
            assert tree(tmp_path / f"in/{turn}") == {}
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "zip", "in"}
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"archive", *map(str, range(60))}


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        extract(tar(tmp_path / "a", ("mine", b"")), tmp_path / "out")
    assert tree(tmp_path / "out") == {"mine": b"mine"}
