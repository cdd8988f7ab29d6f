"""Who is at the other end of a loopback connection: another local user must not take a function's events.

In: the two ports of a connection. Out: whether this user opened it. Touches: /proc/net/tcp.
Where the system does not tell (not Linux), a secret in the worker's environment takes its place; AWS's own client
cannot send one, so there our own client is used.
"""

from __future__ import annotations

import os
import socket
import sys
from functools import cache

_LOCALHOST = "0100007F" if sys.byteorder == "little" else "7F000001"


@cache
def sees_peers() -> bool:
    """Whether this system tells who opened a connection; tried out once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            return _owner(client.getsockname()[1], port) == os.getuid()


def is_mine(peer_port: int, own_port: int) -> bool:
    """Whether this user holds the other end of the connection from `peer_port` to `own_port`."""
    return _owner(peer_port, own_port) == os.getuid()


def _owner(peer_port: int, own_port: int) -> int | None:
    local, remote = f"{_LOCALHOST}:{peer_port:04X}", f"{_LOCALHOST}:{own_port:04X}"
    try:
        with open("/proc/net/tcp") as file:  # noqa: PTH123
            for line in file:
                fields = line.split()
                if len(fields) > 7 and fields[1] == local and fields[2] == remote:
                    return int(fields[7])
    except (OSError, ValueError):
        pass
    return None
