"""A server, and clients that behave as a test wants them to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path

from stepmill.gateway.http.limits import Limits
from stepmill.gateway.http.server import Server
from stepmill.gateway.http.shared import Handle
from stepmill.gateway.messages import Request, Response


def echo(request: Request) -> Response:
    return Response(200, {"Content-Type": "application/octet-stream"}, request.body.read())


@dataclass
class Running:
    server: Server
    address: tuple[str, int]
    reported: list[BaseException] = field(default_factory=list)

    def connect(self, timeout: float = 10.0) -> socket.socket:
        return socket.create_connection(self.address, timeout)


@contextmanager
def serving(handle: Handle = echo, **limits: float) -> Iterator[Running]:
    reported: list[BaseException] = []
    given = Limits(**limits)  # type: ignore[arg-type]
    server = Server(handle, host="127.0.0.1", port=0, limits=given, report=reported.append)
    address = server.start()
    try:
        yield Running(server, address, reported)
    finally:
        server.close(grace=0.5)


def answer(client: socket.socket, method: str = "GET") -> tuple[int, bytes]:
    """The next answer on a connection on which nothing follows it."""
    response = HTTPResponse(client, method=method)
    response.begin()
    return response.status, response.read()


def all_of(client: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def get(path: str = "/", **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: here", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def put(length: int, *headers: str) -> bytes:
    lines = ["PUT /x HTTP/1.1", "Host: here", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("stepmill-")}


def resident() -> int:
    """Bytes of memory this process has now."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0])
