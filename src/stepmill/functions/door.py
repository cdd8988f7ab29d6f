"""The host's socket: where callers find it, and who they are.

In: the host's folder. Out: a listening socket and `host.json`, which says where it is. Touches: a short folder for it.
"""
# The host imports this at start, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH102, PTH105, PTH106, PTH108, PTH116, PTH118, PTH119, PTH120, PTH123

from __future__ import annotations

import json
import os
import socket
import struct
import time


def listen(root: str) -> tuple[socket.socket, str]:
    """A socket in a short folder of its own (a Unix socket's name has at most 108 bytes), written down in host.json."""
    record = os.path.join(root, "host.json")
    try:
        with open(record, encoding="utf-8") as file:
            remove_socket(json.load(file)["socket"])  # a predecessor that was killed
    except (OSError, ValueError, KeyError):
        pass
    base = os.environ.get("TMPDIR", "")
    folder = os.path.join(base if base and len(base) < 60 else "/tmp", f"stepmill-{os.urandom(6).hex()}")  # noqa: S108
    os.mkdir(folder, 0o700)  # fails if somebody else made it, so it is ours
    path = os.path.join(folder, "host")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(128)
    temporary = f"{record}.{os.getpid()}"
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "socket": path, "started": time.time()}, file)
    os.replace(temporary, record)
    return server, path


def remove_socket(path: str) -> None:
    """Remove a host's socket and the folder made for it."""
    folder = os.path.dirname(path)
    if os.path.basename(folder).startswith("stepmill-"):
        try:
            os.unlink(path)
            os.rmdir(folder)
        except OSError:
            pass


def is_mine(connection: socket.socket) -> bool:
    """Whether this user holds the other end; the folder of the socket lets nobody else in anyway."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return bool(struct.unpack("3i", raw)[1] == os.getuid())


def lives(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and another user's by now
    return True


def is_same(file: int, path: str) -> bool:
    """Whether `path` is still the open file: not when the folder was deleted or put in the place of another."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False
