"""One connection: whose turn it is, what is read, what is written, and when patience ends.

In: bytes of a client. Out: requests to the handler, its responses to the client, in order. Touches: one socket.
Carrying alone belongs here; what a request means never will.
"""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import partial

from stepmill.gateway.http.lent import GONE, LEAST, SLOW, Back, Lent
from stepmill.gateway.http.parsing import Exchange, Malformed, Parser
from stepmill.gateway.http.sending import AT_ONCE, CONTINUE, has_body, head, plain
from stepmill.gateway.http.shared import Shared
from stepmill.gateway.http.work import Give, work
from stepmill.gateway.messages import Response


class Connection(asyncio.BufferedProtocol):
    """A client's connection, from its first byte until nothing is left of it.

    `current` is being answered, `waiting` came after it. Nothing more is read while somebody waits, or while the body
    that arrives is full: the client's own system then holds it back. Of a large body the thread that wants it reads
    the rest, and nothing is read here until it is done.
    """

    def __init__(self, shared: Shared, others: set[Connection], emptied: Callable[[], None]) -> None:
        self._shared = shared
        self._others = others
        self._emptied = emptied
        self._limits = shared.limits
        self._parser = Parser(shared.limits, self._ask, self._arrived)
        self._current: Exchange | None = None
        self._waiting: deque[Exchange | Response] = deque()
        self._file: tuple[Exchange, Response, Give] | None = None
        self._transport: asyncio.Transport | None = None
        self._sending: socket.socket | None = None
        self._deadline = math.inf
        self._unsent = self._seen = 0
        self._reading = True
        self.keep = True
        self._deaf = self._heading = self._writing = self._draining = self._lingering = False
        self._lent = False

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the client in, or say that there are too many."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(0)
        others = len(self._others)
        self._others.add(self)
        if others >= 2 * self._limits.connections:
            transport.abort()
        elif others >= self._limits.connections:
            self._refuse(503, "The server has too many connections.")
        self._go()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left of the client: what was under way for it is told."""
        self._transport = None
        self._leave()
        self._others.discard(self)
        if not self._others:
            self._emptied()

    def eof_received(self) -> bool:
        """A client that sends no more has left: those of AWS never close one side alone."""
        self._leave()
        return False

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._shared.room

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        if self._deaf:
            return
        try:
            self._parser.feed(self._shared.room[:nbytes])
        except Malformed as refusal:
            self._refuse(refusal.status, refusal.text)
        self._go()

    def pause_writing(self) -> None:
        """The client does not take its answer as fast as it is given; `check` watches it."""

    def resume_writing(self) -> None:
        """The client has taken all it was given."""
        if self._file is not None:
            self._give_file()
        elif self._writing and self._sending is None:
            self._written()

    # What the server calls.

    def check(self, now: float) -> None:
        """Look whether the client had time enough."""
        transport = self._transport
        if transport is None:
            return
        unsent = transport.get_write_buffer_size()
        if unsent and unsent != self._unsent:
            self._unsent = unsent
            if self._writing:
                self._deadline = now + self._limits.write_time
        if now < self._deadline:
            return
        if self._writing or transport.is_closing():
            self._reset(transport)
        elif self._draining or self._lingering:
            transport.abort()
        elif self._parser.arriving is not None:
            self._refuse(408, SLOW)
        elif self._heading:
            self._refuse(408, "The request's head did not come in time.")
        else:
            self._hang_up(linger=False)
        self._go()

    def wind_down(self) -> None:
        """Take no further request; what is under way is finished."""
        if self._current is None and not self._waiting and not self._lingering:
            self._hang_up(linger=False)

    def abort(self) -> None:
        """Hang up now."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    # Whose turn it is.

    def _arrived(self, exchange: Exchange) -> None:
        self._heading = False
        self._seen = -1
        self._waiting.append(exchange)

    def _ask(self) -> None:
        self._shared.post(self._wanted)

    def _wanted(self) -> None:
        current = self._current
        if current is not None and current.expects and not self._writing and self._transport is not None:
            current.expects = False
            if not current.body.received:
                self._transport.write(CONTINUE)
        self._lend_body()
        self._pace()

    def _lend_body(self) -> None:
        """Have the thread that wants the rest of a large body read it from the socket."""
        current, transport = self._current, self._transport
        if current is None or current is not self._parser.arriving or self._parser.left <= LEAST or not self._open():
            return
        if self._lent or self._deaf or self._writing or self._draining:
            return
        assert transport is not None
        try:
            sock = transport.get_extra_info("socket").dup()
        except OSError:
            return  # no descriptor is free; the loop can do it as well
        back = partial(self._shared.post, self._returned)
        self._lent = current.body.lend(Lent(sock, self._parser.left, self._limits.body_time, back))
        if not self._lent:
            sock.close()

    def _returned(self, left: int, why: Back) -> None:
        self._lent = False
        if self._transport is None or self._transport.is_closing():
            return
        self._parser.resume(left)
        if why is Back.LATE:
            self._refuse(408, SLOW)
        elif why is Back.LEFT:
            self._leave()
            self._transport.close()
        self._go()

    def _go(self) -> None:
        if self._draining and self._current is not None:
            if self._current.body.complete:
                self._draining = False
                self._current = None
            elif self._current.body.received > self._seen + self._limits.drain:
                self._hang_up(linger=True)
        while self._current is None and self._waiting and self._open():
            turn = self._waiting.popleft()
            if isinstance(turn, Response):
                self._write(turn, "", keep=False)
            else:
                self._current = turn
                if turn.expects and turn.request.length == 0 and self._transport is not None:
                    # botocore asks for nothing too; any other answer it would take for that of its next request
                    turn.expects = False
                    self._transport.write(CONTINUE)
                if not self._shared.workers.submit(partial(work, self._shared, turn, self)):
                    turn.keep = False
                    self.answer(turn, plain(503, "The server has too many requests under way."))
        self._pace()

    def _open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and not self._lingering

    def _refuse(self, status: int, text: str) -> None:
        """Say why nothing more is read; in its turn, after what came before."""
        self._deaf = True
        arriving = self._parser.arriving
        refusal = plain(status, text)
        if arriving is None or arriving not in (self._current, *self._waiting):
            self._waiting.append(refusal)
        elif arriving is not self._current:
            self._waiting[-1] = refusal
        elif self._writing or self._draining:
            self.keep = False
            if self._draining:
                self._hang_up(linger=True)
        else:
            self._current = None
            self._waiting.append(refusal)
        if arriving is not None:
            arriving.body.fail(text)

    def _pace(self) -> None:
        """Read or do not read, and until when."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        arriving = self._parser.arriving
        held = self._waiting or (arriving is not None and arriving.body.full)
        reading = not self._lent and (self._deaf or not held)
        if reading != self._reading:
            self._reading = reading
            (transport.resume_reading if reading else transport.pause_reading)()
        if self._writing or self._draining or self._lingering:
            return
        now = self._shared.loop.time()
        if arriving is not None and reading and not self._deaf:
            if arriving.expects and not arriving.body.received:
                self._deadline = math.inf
            elif arriving.body.received != self._seen or self._deadline == math.inf:
                self._seen = arriving.body.received
                self._deadline = now + self._limits.body_time
        elif self._current is not None or not reading:
            self._deadline = math.inf
        elif not self._parser.begun:
            self._deadline = now + self._limits.idle_time
        elif not self._heading:
            self._heading = True
            self._deadline = now + self._limits.head_time

    # Answering: the first three are called for a worker.

    def answer(self, exchange: Exchange, response: Response) -> None:
        if exchange is self._current and self._transport is not None:
            self._settle(exchange)
            self._write(response, exchange.request.method, self.keep)
            self._go()

    def _settle(self, exchange: Exchange) -> None:
        """Decide whether the connection outlives this answer."""
        length = exchange.request.length
        left = math.inf if length is None else length - exchange.body.received
        drained = exchange.body.complete or (left <= self._limits.drain and not exchange.expects)
        more = not self._deaf or bool(self._waiting)
        self.keep = exchange.keep and drained and more and not self._shared.closing
        exchange.body.discard()

    def _write(self, response: Response, method: str, keep: bool) -> None:
        assert self._transport is not None
        assert isinstance(response.body, bytes)
        self.keep = keep
        data = head(response, method, keep)
        body = response.body if has_body(response, method) else b""
        self._begin_writing()
        if len(body) > AT_ONCE:
            self._transport.write(data)
            self._transport.write(body)
        else:
            self._transport.write(data + body)
        if not self._transport.get_write_buffer_size():
            self._written()

    def _begin_writing(self) -> None:
        self._writing = True
        self._unsent = 0
        self._deadline = self._shared.loop.time() + self._limits.write_time

    def lend(self, exchange: Exchange, response: Response, give: Give) -> None:
        if exchange is not self._current or self._transport is None or self._transport.is_closing():
            give(None)
            return
        self._settle(exchange)
        self._begin_writing()
        self._file = (exchange, response, give)
        if not self._transport.get_write_buffer_size():
            self._give_file()

    def _give_file(self) -> None:
        assert self._file is not None
        assert self._transport is not None
        _, _, give = self._file
        self._file = None
        self._deadline = math.inf  # the thread keeps time itself
        # A duplicate: were the loop to close its own, the thread would not write into somebody else's connection.
        self._sending = self._transport.get_extra_info("socket").dup()
        give(self._sending)

    def sent(self, well: bool) -> None:
        self._sending = None
        if self._transport is None:
            return
        if well:
            self._written()
        else:
            self._reset(self._transport)
        self._go()

    def _written(self) -> None:
        self._writing = False
        current = self._current
        if not self.keep or self._transport is None or self._shared.closing:
            self._hang_up(linger=current is None or not current.body.complete)
        elif current is not None and not current.body.complete:
            self._draining = True
            self._seen = current.body.received
            self._deadline = self._shared.loop.time() + self._limits.drain_time
        else:
            self._current = None
            self._go()

    def _hang_up(self, linger: bool) -> None:
        """Close; with `linger` only after the client saw that we send no more.

        Closing a socket that has unread bytes resets it, and the answer may be lost with it.
        """
        self._deaf = True
        self._draining = False
        transport = self._transport
        if transport is None or self._lingering:
            return
        if not linger:
            transport.close()
            return
        self._lingering = True
        self._deadline = self._shared.loop.time() + self._limits.linger_time
        if transport.can_write_eof() and not transport.is_closing():
            transport.write_eof()
        self._pace()

    def _reset(self, transport: asyncio.Transport) -> None:
        """Hang up on a client that takes nothing: without this the system itself would go on offering it the rest."""
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def _leave(self) -> None:
        self._deaf = True
        self._draining = False
        exchange = self._parser.arriving
        if exchange is not None:
            exchange.body.fail(GONE)
        self._current = None
        self._waiting.clear()
        if self._file is not None:
            self._file[2](None)
            self._file = None
        if self._sending is not None:
            try:
                self._sending.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._sending = None
