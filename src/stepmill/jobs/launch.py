"""Starts the supervisor of a job, and buries it when it is over.

In: its arguments, the lock it holds for its life, what it is told in private. Out: a process of its own session.
Touches: processes, the job's `supervisor.log`.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading

from . import supervisor

_CHILDREN: set[int] = set()
_CHILDREN_LOCK = threading.Lock()


def launch(arguments: list[str], lock: int, given: bytes) -> None:
    """Starts a supervisor with these arguments (see `supervisor`) and tells it `given`.

    The lock goes to it as it is, so there is no moment in which a starting job looks dead. Raises OSError.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    # Away from 0 to 4, which the copies below would overwrite.
    held, heard = (fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10) for file in (lock, reader))
    said = os.open(f"{arguments[0]}/supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    said_high = fcntl.fcntl(said, fcntl.F_DUPFD_CLOEXEC, 10)
    program = [sys.executable, "-I", "-S", supervisor.__file__]
    try:
        pid = os.posix_spawn(
            sys.executable,
            [*program, *arguments],
            _own_environment(),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, said_high, 1),
                (os.POSIX_SPAWN_DUP2, said_high, 2),
                (os.POSIX_SPAWN_DUP2, held, supervisor.LOCK),
                (os.POSIX_SPAWN_DUP2, heard, supervisor.PIPE),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM, signal.SIGCHLD),
        )
    except BaseException:
        os.close(writer)
        raise
    finally:
        for file in (reader, held, heard, said, said_high):
            os.close(file)
    with _CHILDREN_LOCK:
        _CHILDREN.add(pid)
    try:
        while given:
            given = given[os.write(writer, given) :]
    except BrokenPipeError:
        return  # it died already; the job was not started, and asking again starts it
    finally:
        os.close(writer)
    bury()


def bury() -> None:
    """Takes the exit status of supervisors that this process started and that are over."""
    with _CHILDREN_LOCK:
        for pid in list(_CHILDREN):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                _CHILDREN.discard(pid)


def _own_environment() -> dict[str, str]:
    """What the supervisor itself needs: the search path for bubblewrap and proot, and our own switches."""
    own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return own | {name: value for name, value in os.environ.items() if name.startswith("STEPMILL_")}
