"""The command lines of bubblewrap and proot that show a folder at `/opt/ml`.

In: the folder and where to start. Out: the words to put before a command. Touches: `scratch` beside that folder.
As root both would make what is missing in the machine's own `/opt`, so they are given an `/opt` that is the job's.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ML = "/opt/ml"
OPT = "/opt"


def words(mode: str, path: str, tree: str, cwd: str, more: Sequence[str] = ()) -> list[str]:
    """What to put before a command so that it starts in `cwd` and sees `tree` at `/opt/ml`; `path` is the program."""
    if mode == "bwrap":
        shown = ["--dev-bind", "/", "/", *_bwrap(), "--bind", tree, ML]
        return [path, *shown, *more, "--die-with-parent", "--chdir", cwd, "--"]
    return [path, *_proot(tree), "-b", f"{tree}:{ML}", "-w", cwd]


def find(program: str, path: str) -> str | None:
    """The executable of that name in a search path."""
    for folder in path.split(os.pathsep):
        candidate = f"{folder or '.'}/{program}"
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
    return None


def _bwrap() -> list[str]:
    if os.path.isdir(ML):
        return []
    made = ["--tmpfs", OPT]
    for entry in os.scandir(OPT):
        if entry.is_symlink():
            made += ["--symlink", os.readlink(entry.path), entry.path]
        else:
            made += ["--dev-bind", entry.path, entry.path]
    return made


def _proot(tree: str) -> list[str]:
    if os.path.isdir(ML):
        return []
    room = f"{os.path.dirname(tree)}/scratch/opt"
    os.makedirs(f"{room}/ml", exist_ok=True)
    made = ["-b", f"{room}:{OPT}"]
    for entry in os.scandir(OPT):
        place = f"{room}/{entry.name}"
        if not os.path.lexists(place):
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)
            elif entry.is_dir():
                os.mkdir(place)
            else:
                os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
        if not entry.is_symlink():
            made += ["-b", f"{entry.path}:{entry.path}"]
    return made
