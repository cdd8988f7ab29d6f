"""What a worker thread does with one request: it calls the handler, and sends the file if that is the answer.

In: an `Exchange`. Out: its response, given to the connection. Touches: the files of responses; a socket lent to it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol

from stepmill.gateway.http.body import ClientLeft
from stepmill.gateway.http.parsing import Exchange
from stepmill.gateway.http.sending import AT_ONCE, close, has_body, head, plain, send
from stepmill.gateway.http.shared import Shared
from stepmill.gateway.messages import Response
from stepmill.objects.bodies import Slice

FAILED = "The request could not be handled."
Give = Callable[["socket.socket | None"], None]


class Asker(Protocol):
    """Where answers go. All of it is called by the loop."""

    def answer(self, exchange: Exchange, response: Response) -> None:
        """Send a response whose body is bytes."""

    def lend(self, exchange: Exchange, response: Response, give: Give) -> None:
        """Give the socket when it is this response's turn, or None when nobody waits for it any more."""

    def sent(self, well: bool) -> None:
        """The socket is not needed any more."""

    @property
    def keep(self) -> bool:
        """Whether the connection outlives the response whose turn it is."""


def work(shared: Shared, exchange: Exchange, asker: Asker) -> None:
    """Call the handler and hand over what it gives. Raises nothing."""
    method = exchange.request.method
    response = plain(500, FAILED)
    try:
        try:
            given = shared.handle(exchange.request)
        finally:
            exchange.body.release()
        if not isinstance(given, Response):
            raise TypeError(f"the handler gave {type(given).__name__}, not a Response")
        response = given
        head(response, method, True)
        if isinstance(response.body, Slice) and not has_body(response, method):
            close(response)
            response.body = b""
        elif isinstance(response.body, Slice) and len(response.body) <= AT_ONCE:
            response.body = _whole(response.body)
    except ClientLeft:
        pass  # nobody is there to be told
    except BaseException as fault:  # noqa: BLE001
        close(response)
        shared.report(fault)
        response = plain(500, FAILED)
    if not isinstance(response.body, Slice):
        shared.post(asker.answer, exchange, response)
        return
    try:
        _send_file(shared, exchange, response, asker)
    finally:
        close(response)


def _send_file(shared: Shared, exchange: Exchange, response: Response, asker: Asker) -> None:
    given: SimpleQueue[socket.socket | None] = SimpleQueue()
    waiting = shared.post(asker.lend, exchange, response, given.put)
    sock = None
    while waiting:
        try:
            sock = given.get(timeout=1.0)
            break
        except Empty:
            waiting = not shared.over  # the loop may have ended with our question unread
    if sock is None:
        return
    assert isinstance(response.body, Slice)
    well = False
    try:
        send(sock, head(response, exchange.request.method, asker.keep), response.body, shared.limits.write_time)
        well = True
    except (ConnectionError, TimeoutError):
        pass
    except Exception as fault:  # noqa: BLE001
        shared.report(fault)
    finally:
        sock.close()
        shared.post(asker.sent, well)


def _whole(body: Slice) -> bytes:
    try:
        data = b"".join(iter(lambda: body.read(AT_ONCE), b""))
        if len(data) != body.length:
            raise OSError("the file ended early")
        return data
    finally:
        body.close()
