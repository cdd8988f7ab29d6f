"""Bytes of a connection become requests: llhttp reads them, this file says which of them are refused.

In: bytes as they arrive. Out: `Exchange`s, their bodies filled as they come. Touches: nothing.
llhttp is strict by itself (no folded headers, no bare line feeds, no two lengths); what it lets pass and HTTP/1.1 does
not is refused here. Nothing a client sent stands in what it is told.
"""

from __future__ import annotations

from collections.abc import Callable

import httptools

from stepmill.gateway.http.body import Body
from stepmill.gateway.http.limits import Limits
from stepmill.gateway.messages import Request

MALFORMED = "The request is not valid HTTP/1.1."


class Malformed(Exception):
    """A request that is not taken: the status and the sentence for its client."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Exchange:
    """One request and what the connection has to know to answer it.

    keep: the client wants to go on afterwards. expects: it waits for `100 Continue` before it sends the body.
    """

    __slots__ = ("body", "expects", "keep", "request")

    def __init__(self, request: Request, body: Body, keep: bool, expects: bool) -> None:
        self.request = request
        self.body = body
        self.keep = keep
        self.expects = expects


class Parser:
    """Reads requests one after the other. `arrived` is called with each whose head is complete."""

    def __init__(self, limits: Limits, wanted: Callable[[], None], arrived: Callable[[Exchange], None]) -> None:
        self._limits = limits
        self._wanted = wanted
        self._arrived = arrived
        self._llhttp = httptools.HttpRequestParser(self)
        self._refusal: Malformed | None = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._size = 0  # of the head, as far as it was understood
        self._loose = 0  # bytes fed for this message that are not its body
        self._apart = 0  # bytes of a body that llhttp will not see, since what was before them it did not either
        self._last = self._started = False
        self.arriving: Exchange | None = None
        self.begun = False

    def feed(self, data: memoryview) -> None:
        """Read on.

        Raises:
            Malformed: what came is refused; nothing can be read after it.
        """
        if self._apart:
            data = self._beside(data)
        if self._last or not data:
            return
        self._loose += len(data)
        try:
            self._llhttp.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self._last:  # bytes after a request that closes: nobody asked for them
                return
            raise self._refusal or Malformed(400, MALFORMED) from None
        if self.arriving is None:
            self.begun = self._started or self._loose > 0
            if self._loose > self._limits.head:
                raise Malformed(431, "The request's head is too large.")
        elif self._loose > 4 * self._limits.head + 16 * self.arriving.body.received:
            # Chunks of one byte need five more each; who needs sixteen sends extensions or trailers without end.
            raise Malformed(400, "The request's chunks are too wordy.")

    @property
    def left(self) -> int:
        """Bytes of the body that arrives which are still to come; 0 when its head did not say how many it has."""
        exchange = self.arriving
        if exchange is None or exchange.request.length is None or "transfer-encoding" in exchange.request.headers:
            return 0
        return exchange.request.length - exchange.body.received

    def resume(self, left: int) -> None:
        """Read on after somebody else read the body that arrives, all but its last `left` bytes."""
        exchange = self.arriving
        assert exchange is not None
        assert exchange.request.length is not None
        exchange.body.returned(exchange.request.length - left)
        # llhttp still counts that body; it cannot be told otherwise.
        self._llhttp = httptools.HttpRequestParser(self)
        self._apart = left
        if not left:
            self._end_apart()

    def _beside(self, data: memoryview) -> memoryview:
        assert self.arriving is not None
        piece = data[: self._apart]
        self.arriving.body.feed(bytes(piece))
        self._apart -= len(piece)
        if not self._apart:
            self._end_apart()
        return data[len(piece) :]

    def _end_apart(self) -> None:
        self.on_message_complete()
        self.begun = self._started = False

    def on_url(self, data: bytes) -> None:
        """llhttp: a piece of the target."""
        self._target += data
        self._size += len(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp: a header; after the body a trailer, which no operation of AWS takes from HTTP itself."""
        self._size += len(name) + len(value) + 4
        if self._size > self._limits.head:
            self._refuse(431, "The request's head is too large.")
        if self.arriving is None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """llhttp: the head is complete."""
        version = self._llhttp.get_http_version()
        if version not in ("1.0", "1.1"):
            self._refuse(505, "The server speaks HTTP/1.1.")
        target = self._target.decode("latin-1")
        if not target.startswith("/") or "#" in target:
            self._refuse(400, "The request's target is not a path.")
        headers: dict[str, str] = {}
        for raw, value in self._headers:
            name = raw.decode("latin-1").lower()
            text = value.decode("latin-1").strip(" \t")
            if name not in headers:
                headers[name] = text
            elif name == "host":
                self._refuse(400, "The request has more than one Host.")
            else:
                headers[name] += "," + text
        if version == "1.1" and "host" not in headers:
            self._refuse(400, "The request has no Host.")
        if version == "1.0" and "transfer-encoding" in headers:
            self._refuse(400, MALFORMED)
        if self._llhttp.should_upgrade():
            self._refuse(501, "The server does not change protocols.")
        expect = headers.get("expect", "").lower()
        if expect not in ("", "100-continue"):
            self._refuse(417, "The server does not know this expectation.")
        path, _, query = target.partition("?")
        body = Body(self._limits.body_buffer, self._wanted)
        request = Request(self._llhttp.get_method().decode("ascii"), path, query, headers, body)
        keep = version == "1.1" and self._llhttp.should_keep_alive()
        self.arriving = Exchange(request, body, keep, bool(expect) and version == "1.1")
        self._target, self._headers, self._loose, self._started = b"", [], 0, False
        self._arrived(self.arriving)

    def on_body(self, data: bytes) -> None:
        """llhttp: a piece of the body."""
        if self.arriving is not None:
            self._loose -= len(data)
            self.arriving.body.feed(data)

    def on_message_begin(self) -> None:
        """llhttp: a request begins."""
        self._started = True

    def on_message_complete(self) -> None:
        """llhttp: the request is complete."""
        if self.arriving is not None:
            self._last = not self.arriving.keep
            self.arriving.body.end()
        self.arriving, self._size, self._loose = None, 0, 0

    def _refuse(self, status: int, text: str) -> None:
        self._refusal = Malformed(status, text)
        raise self._refusal
