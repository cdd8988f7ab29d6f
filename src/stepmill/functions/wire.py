"""Two small wire formats: the host's control socket, and as much HTTP as the Lambda runtime API needs.

In: sockets, bytes. Out: messages, requests. Touches: the sockets it is given.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

_LONGEST_HEAD = 1 << 20
_LONGEST_BODY = 1 << 28


def send(connection: socket.socket, head: dict[str, Any], body: bytes = b"") -> None:
    """One control message: a line of JSON that ends with the length of the bytes behind it."""
    line = json.dumps({**head, "length": len(body)}, ensure_ascii=False, separators=(",", ":"))
    connection.sendall(line.encode(errors="surrogateescape") + b"\n" + body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """The next control message; EOFError when the other side is gone."""
    data = bytearray()
    while (end := data.find(b"\n")) < 0:
        data += _some(connection)
    head = json.loads(data[:end].decode(errors="surrogateescape"))
    del data[: end + 1]
    while len(data) < head["length"]:
        data += _some(connection)
    return head, bytes(data)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise EOFError("the other side of the control socket is gone")
    return data


class BadRequest(Exception):
    """Bytes that are no request of a runtime client."""


class Request:
    """An HTTP request: `method`, `path`, `headers` with lower-case names, `body`."""

    __slots__ = ("body", "headers", "method", "path")

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body


class Parser:
    """Bytes in, requests out; `wants_more` says that the client waits for a 100 before it sends its body."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.wants_more = False
        self._told = False

    def feed(self, data: bytes) -> Request | None:
        """Take bytes and give the next request once it is whole."""
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            if len(self.data) > _LONGEST_HEAD:
                raise BadRequest("the head is too long")
            return None
        lines = self.data[:end].decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3:
            raise BadRequest("the first line is not a request")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        taken = self._body(end + 4, headers)
        if taken is None:
            self.wants_more = not self._told and headers.get("expect", "").lower() == "100-continue"
            self._told = self._told or self.wants_more
            return None
        body, rest = taken
        del self.data[:rest]
        self.wants_more = self._told = False
        return Request(words[0], words[1], headers, body)

    def _body(self, start: int, headers: dict[str, str]) -> tuple[bytes, int] | None:
        """The body and where it ends, or None while it is not all there."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks(start)
        text = headers.get("content-length", "0")
        if not text.isdigit() or int(text) > _LONGEST_BODY:
            raise BadRequest("the length of the body is not acceptable")
        end = start + int(text)
        return (bytes(self.data[start:end]), end) if len(self.data) >= end else None

    def _chunks(self, start: int) -> tuple[bytes, int] | None:
        body = bytearray()
        while (line := self.data.find(b"\r\n", start)) >= 0:
            try:
                size = int(bytes(self.data[start:line]).partition(b";")[0], 16)
            except ValueError:
                raise BadRequest("a chunk has no size") from None
            start = line + 2
            if len(self.data) < start + size + 2 or len(body) + size > _LONGEST_BODY:
                break
            body += self.data[start : start + size]
            start += size + 2
            if size == 0:
                return bytes(body), start
        if len(self.data) > 2 * _LONGEST_BODY:
            raise BadRequest("the body is too long")
        return None


def response(status: str, headers: dict[str, str], body: bytes) -> bytes:
    """An HTTP response that keeps the connection."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body
