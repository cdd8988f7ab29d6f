"""How bytes become a file, and how a finished file gets the name of its object.

In: streams, temporary files, keys. Out: files in place. Touches: the bucket's folder.
Names change hands by renames only. Who writes under a condition holds the store alone while it looks and renames; all
others hold it together, so that nothing acknowledged slips in between.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH102, PTH104, PTH108, PTH118, SIM105

from __future__ import annotations

import errno
import os
import stat

from stepmill.objects import listing
from stepmill.objects.keys import SELF, KeyFormat
from stepmill.objects.store import BadName, NoSuchBucket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader
    from stepmill.objects.sums import Sums

_RACES = 100
PIECE = 1 << 19
"""Bytes taken from a stream at a time: enough for hashing to leave other threads alone, little enough to hold."""


def hold(root: str, alone: bool) -> int:
    """A descriptor that holds the store, alone or with others, until it is closed."""
    import fcntl

    handle = os.open(os.path.join(root, ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    except BaseException:
        os.close(handle)
        raise
    return handle


def place(form: KeyFormat, top: str, key: str, temporary: str) -> tuple[str, os.stat_result]:
    """Rename a finished file to where `key` lives below the bucket's folder `top`, making way → its path and state."""
    *folders, name = form.path(key)
    for _ in range(_RACES):
        try:
            folder = _make_folders(top, folders)
            path = os.path.join(folder, name)
            if listing.is_folder(path) or os.path.lexists(path + SELF):
                path += SELF
            known = os.lstat(temporary)
            os.rename(temporary, path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            if not os.path.lexists(temporary):
                raise
            if not listing.is_folder(top):
                raise NoSuchBucket(top.rpartition("/")[2]) from None
            continue  # another process removed or made a folder in the meantime
        return path, known
    raise OSError(errno.EBUSY, "other processes keep changing the folders around this object", key)


def pour(source: Reader, target: int, sums: Sums) -> None:
    """Write all that `source` gives to an open file, and show it to `sums`."""
    while piece := source.read(PIECE):
        sums.update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]


def _make_folders(top: str, parts: list[str]) -> str:
    """Make the folders for a key below `top`; an object in the way moves to its `%self` name."""
    path = top
    for part in parts:
        path = os.path.join(path, part)
        while True:
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode):
                    os.rename(path, path + SELF)
                    continue
                if not stat.S_ISDIR(mode):
                    raise BadName("InvalidURI", f"{path} is in the way: it is neither a file nor a folder") from None
            break
    return path


def private(path: str, flags: int) -> int:
    """Opens for writing what only the owner may read."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def no_link(path: str, flags: int) -> int:
    """Opens for reading what is no link, and does not wait for a pipe's other end."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def unlink(path: str) -> None:
    """Remove a file that may have gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
