"""A response becomes bytes on a socket.

In: `Response`s. Out: heads as bytes, files sent. Touches: the socket and the file it is given.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from stepmill.gateway.messages import Response
from stepmill.objects.bodies import Slice

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
AT_ONCE = 128 * 1024  # a file no longer than this travels with its head
REASONS = {int(status): status.phrase for status in HTTPStatus}
OURS = ("content-length", "connection", "date", "transfer-encoding")


def plain(status: int, text: str) -> Response:
    """A refusal of the server's own."""
    return Response(status, {"Content-Type": "text/plain; charset=utf-8"}, text.encode())


def head(response: Response, method: str, keep: bool) -> bytes:
    """The status line and headers of `response`, and the empty line after them.

    Raises:
        ValueError: a header holds what would end it.
    """
    lines = [
        f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Unknown')}",
        f"Date: {_date(int(time.time()))}",
    ]
    bare = response.status in (204, 304) or response.status < 200
    named = set()
    for name, value in response.headers.items():
        low = name.lower()
        named.add(low)
        # The length of what HEAD leaves out is known to the handler alone.
        if low not in OURS or (low == "content-length" and (method == "HEAD" or response.status == 304)):
            lines.append(f"{name}: {value}")
    if not bare and method != "HEAD":
        lines.append(f"Content-Length: {len(response.body)}")
    if "server" not in named:
        lines.append("Server: stepmill")
    if not keep:
        lines.append("Connection: close")
    if any(mark in line for line in lines for mark in "\r\n\0"):
        raise ValueError("a header of the response holds a line break")
    text = "\r\n".join([*lines, "", ""])
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def has_body(response: Response, method: str) -> bool:
    """Whether the body of `response` is sent at all."""
    return method != "HEAD" and response.status >= 200 and response.status not in (204, 304)


def close(response: Response) -> None:
    """Give back the file of a response that is sent, or never will be."""
    if isinstance(response.body, Slice):
        response.body.close()


def send(sock: socket.socket, first: bytes, body: Slice, patience: float) -> None:
    """Send `first` and then the file, by the system itself where it can.

    sock: does not block. patience: seconds without the other side taking a byte.

    Raises:
        OSError: the client left, or took nothing for too long; or the file ended early.
    """
    ready = select.poll()
    ready.register(sock, select.POLLOUT)

    def push(data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[sock.send(left) :]
            except BlockingIOError:
                wait()

    def wait() -> None:
        if not ready.poll(patience * 1000):
            raise TimeoutError("the client does not take its answer")

    push(first)
    sent = 0
    while sent < body.length:
        try:
            count = os.sendfile(sock.fileno(), body.file.fileno(), body.start + sent, body.length - sent)
        except BlockingIOError:
            wait()
            continue
        except (OSError, AttributeError) as fault:
            if sent or isinstance(fault, ConnectionError):
                raise
            for data in _pieces(body):
                push(data)
                sent += len(data)
            count = 0
        if not count:
            break
        sent += count
    if sent < body.length:
        raise OSError("the file ended early")


def _pieces(body: Slice) -> Iterable[bytes]:
    body.file.seek(body.start)
    return iter(lambda: body.read(AT_ONCE), b"")


@lru_cache(maxsize=1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)
