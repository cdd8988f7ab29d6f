"""Finds the files an asset is made of.

In: a path, or an imported module. Out: Members in the order of their names. Touches: the file system, reading only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from stepmill.nearest import nearest

SKIPPED_FOLDERS = frozenset({"__pycache__", ".git", ".stepmill", ".venv"})
SKIPPED_SUFFIX = ".pyc"


class AssetError(ValueError):
    """A file or folder that cannot be packed: `code` for programs, `message` and `hint` for people."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.code = code
        self.message = message
        self.hint = hint


class Member(NamedTuple):
    """One file of an asset: its name inside (always with `/`), where its bytes are, whether it may be executed."""

    name: str
    path: Path
    executable: bool


def member(path: Path, name: str) -> Member:
    """The Member for one regular file. Raises AssetError for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        raise missing(path) from None
    except NotADirectoryError:
        raise missing(path) from None
    if stat.S_ISLNK(mode):
        raise AssetError(
            "symlink", f"{path} is a symbolic link", "pack what it points to: a link means nothing in a container"
        )
    if stat.S_ISDIR(mode):
        raise AssetError("not-a-file", f"{path} is a folder", "name a file in it, or use source_dir=")
    if not stat.S_ISREG(mode):
        raise AssetError("not-a-file", f"{path} is not a regular file", "sockets, pipes and devices cannot be packed")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise AssetError("bad-name", f"the name of {name!r} is not text", "rename the file") from None
    return Member(name, path, bool(mode & stat.S_IXUSR))


def folder(root: Path, prefix: str = "") -> list[Member]:
    """All files under a folder, by name, without what SKIPPED_FOLDERS and SKIPPED_SUFFIX say. Raises AssetError."""
    if not root.exists():
        raise missing(root)
    if not root.is_dir():
        raise AssetError("not-a-folder", f"{root} is a file, not a folder", "name the folder it lies in")
    return sorted(_walk(root, prefix))


def _walk(root: Path, prefix: str) -> Iterator[Member]:
    with os.scandir(root) as entries:
        found = list(entries)
    for entry in found:
        name = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in SKIPPED_FOLDERS:
                yield from _walk(Path(entry.path), f"{name}/")
        elif entry.name not in SKIPPED_FOLDERS and not entry.name.endswith(SKIPPED_SUFFIX):
            yield member(Path(entry.path), name)


def dependency(given: str | os.PathLike[str] | ModuleType, base: Path) -> list[Member]:
    """The files one dependency adds: a path under its last name, a module under its dotted path.

    The `__init__.py` of a module's parents is left out, so that `import a.b.c` finds `a` and `a.b` as namespace
    packages and none of their other imports are needed.
    """
    if isinstance(given, ModuleType):
        return _module(given)
    path = base / Path(given)
    if path.is_dir() and not path.is_symlink():
        return folder(path, f"{path.resolve().name}/")
    return [member(path, path.name)]


def _module(module: ModuleType) -> list[Member]:
    dotted = module.__name__.replace(".", "/")
    places = [Path(place) for place in getattr(module, "__path__", ())]
    if places:
        return merge(folder(place, f"{dotted}/") for place in places)
    source = getattr(module, "__file__", None)
    if not source or not source.endswith(".py"):
        raise AssetError(
            "not-python",
            f"module {module.__name__} has no Python source to pack",
            "name it in requirements= instead",
        )
    return [member(Path(source), f"{dotted}.py")]


def merge(groups: Iterable[Iterable[Member]]) -> list[Member]:
    """All members by name. The same name twice is an AssetError unless both are equal, byte for byte."""
    found: dict[str, Member] = {}
    for group in groups:
        for each in group:
            other = found.setdefault(each.name, each)
            if other.path != each.path and other.path.read_bytes() != each.path.read_bytes():
                raise AssetError(
                    "same-name",
                    f"{other.path} and {each.path} would both be {each.name}",
                    "rename one of them, or leave one out of dependencies=",
                )
    return [found[name] for name in sorted(found)]


def missing(path: Path) -> AssetError:
    """The AssetError for a path that is not there, with the nearest name beside it."""
    where = path.parent
    try:
        names = [each.name for each in where.iterdir()]
    except OSError:
        return AssetError("file-missing", f"{path} does not exist", f"neither does its folder {where}")
    guess = nearest(path.name, names)
    return AssetError("file-missing", f"{path} does not exist", f"did you mean {where / guess}?" if guess else "")
