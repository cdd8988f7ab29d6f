"""Removes what jobs left: whole folders, however deep, and what a process that died had only begun.

In: paths. Out: what was removed. Touches: those folders. Whether a job's folder may go is its caller's affair.
"""

from __future__ import annotations

import errno
import os
import stat


def remove_tree(path: str) -> None:
    """Remove a folder and all below it; links are removed, never followed. A tree may be deeper than a call stack or
    the longest path: what lies too deep is moved up first."""
    stack = [path]
    while stack:
        folder = stack[-1]
        try:
            os.chmod(folder, stat.S_IRWXU)  # a job may have taken its own rights away
            with os.scandir(folder) as found:
                entries = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in found]
        except FileNotFoundError:
            stack.pop()
            continue
        except OSError as fault:
            if fault.errno != errno.ENAMETOOLONG:
                raise
            stack[-1] = _moved_up(stack, path)
            continue
        inner = [entry for entry, is_dir in entries if is_dir]
        for entry, is_dir in entries:
            if not is_dir:
                os.unlink(entry)
        if inner:
            stack.extend(inner)
        else:
            os.rmdir(folder)
            stack.pop()


def _moved_up(stack: list[str], top: str) -> str:
    """Rename a folder whose path is too long to one just below `top`, by way of its parent."""
    folder = stack[-1]
    parent = os.open(os.path.dirname(folder), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fresh = os.path.join(top, f".deep-{os.urandom(6).hex()}")
        os.rename(os.path.basename(folder), fresh, src_dir_fd=parent)
        return fresh
    finally:
        os.close(parent)


def remove_begun(root: str) -> int:
    """Remove the folders of jobs that a dead process was about to make (`.new-<pid>-…`). Out: how many."""
    removed = 0
    for kind in ("processing", "training"):
        try:
            names = os.listdir(os.path.join(root, kind))
        except FileNotFoundError:
            continue
        for name in names:
            if name.startswith(".new-") and not _lives(name.split("-")[1]):
                remove_tree(os.path.join(root, kind, name))
                removed += 1
    return removed


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    return True
