"""Writes an export into a folder, and touches nothing there that no export wrote.

In: a folder, and what fills one. Out: files. Touches: that folder; a scratch folder beside it.

People keep things of their own beside an export: Terraform its state, SAM its settings. So a folder is not replaced:
`export.json` lists what the export wrote, and only that is written again or removed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from stepmill.deploy.refusals import DeployRefused

Told = TypeVar("Told")

MARK: Final = "export.json"
"""The file that says what an export wrote, and that a folder is one."""


def place(folder: Path, about: Mapping[str, Any], fill: Callable[[Path], Told]) -> Told:
    """Fill a scratch folder and move what is in it to `folder`. Interrupted half-way, the next one finishes it.

    about: what `export.json` says besides the files; `format` must be what it was.

    Raises DeployRefused when the folder holds something else, or a file of another's stands in the way.
    """
    before = _written(folder, about)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        told = fill(scratch)
        files = {path.relative_to(scratch).as_posix() for path in scratch.rglob("*") if path.is_file()}
        if theirs := sorted(name for name in files - before if (folder / name).exists()):
            raise DeployRefused(
                f"{folder / theirs[0]} was written by no export; move it away, or choose another folder with --out"
            )
        folder.mkdir(exist_ok=True)
        _mark(folder, about, files | before)
        for name in sorted(files):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).replace(folder / name)
        for name in sorted(before - files):
            (folder / name).unlink(missing_ok=True)
            _prune((folder / name).parent, folder)
        _mark(folder, about, files)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return told


def _written(folder: Path, about: Mapping[str, Any]) -> set[str]:
    """What an earlier export of this form wrote there."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return set()
    try:
        said = json.loads((folder / MARK).read_text(encoding="utf-8"))
        files = {str(name) for name in said["files"]}
        form = said["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise DeployRefused(
            f"{folder} holds something that no export wrote; choose another folder with --out"
        ) from None
    if form != about["format"]:
        raise DeployRefused(f"{folder} holds an export as {form}; choose another folder with --out")
    for name in files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DeployRefused(f"{folder / MARK} lists {name}, which no export writes; choose another folder")
    return files


def _mark(folder: Path, about: Mapping[str, Any], files: set[str]) -> None:
    text = json.dumps({**about, "files": sorted(files)}, indent=1, ensure_ascii=False) + "\n"
    part = folder / f"{MARK}.part"
    part.write_text(text, encoding="utf-8")
    part.replace(folder / MARK)


def _prune(folder: Path, root: Path) -> None:
    """Remove folders that have become empty."""
    while folder != root and folder.is_dir() and not list(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
