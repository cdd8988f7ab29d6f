"""A connection that goes wrong on purpose: between a deployment and what stands for AWS."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ERROR = "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


@dataclass
class Asked:
    """One request: what it is, and what it was answered."""

    method: str
    path: str
    operation: str  # `CreateChangeSet`, or `PUT` for S3


@dataclass
class Fault:
    """What happens to a request: an error in AWS's form, or an end in the middle of its body."""

    code: str = ""
    message: str = ""
    status: int = 400
    cut: bool = False
    before: Callable[[], None] | None = None  # what happens in the meantime; then the request goes its way


@dataclass
class Line:
    """A proxy's address, what was asked through it, and the rule that decides what goes wrong."""

    address: str
    asked: list[Asked] = field(default_factory=list)
    rule: Callable[[Asked], Fault | None] = lambda asked: None


@contextmanager
def line_to(upstream: str) -> Iterator[Line]:
    """A proxy to a server."""
    target = urllib.parse.urlsplit(upstream)
    line = Line("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def carry(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            put = self.command == "PUT"
            body = b"" if put else self.rfile.read(length)
            fields = urllib.parse.parse_qs(body.decode("latin-1"))
            operation = fields.get("Action", [self.headers.get("X-Amz-Target", self.command).rpartition(".")[2]])[0]
            asked = Asked(self.command, self.path, operation)
            line.asked.append(asked)
            fault = line.rule(asked)
            if fault is not None and fault.before is not None:
                fault.before()
            elif fault is not None and fault.cut:
                self.rfile.read(length // 2)
                self.close_connection = True
                self.connection.close()
                return
            elif fault is not None:
                said = ERROR.format(code=fault.code, message=fault.message).encode()
                self.answer(fault.status, {"Content-Type": "text/xml"}, said, length if put else 0)
                return
            if put:
                if self.headers.get("Expect"):
                    self.send_response_only(100)
                    self.end_headers()
                body = self.rfile.read(length)
            upper = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            upper.request(self.command, self.path, body, headers)
            answer = upper.getresponse()
            content = answer.read()
            self.answer(answer.status, dict(answer.getheaders()), content, 0)
            upper.close()

        def answer(self, status: int, headers: dict[str, str], content: bytes, unread: int) -> None:
            if unread:
                self.rfile.read(unread)
            self.send_response_only(status)
            skipped = ("content-length", "transfer-encoding", "connection")
            for name, value in headers.items():
                if name.lower() not in skipped:
                    self.send_header(name, value)
            if self.command == "HEAD":
                self.send_header("Content-Length", headers.get("Content-Length", "0"))
                self.end_headers()
                return
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = carry

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    line.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
