"""A locked file as the sign that a process lives: the system lets it go when the process ends, however it ends.

In: a path. Out: whether somebody holds it, or a hold of one's own. Touches: the file, for its user alone (0600).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def take(path: Path) -> int | None:
    """Hold the lock: a descriptor that lasts until it is closed, or None when another process has it.

    Somebody who asks `held` at this moment looks like one who holds it. Raises OSError when the file cannot be made.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def let_go(lock: int) -> None:
    """Give a lock back. Unlocked before it is closed: a process that is just being started has the descriptor until it
    becomes another program, and would hold the lock that long."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)


def held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
