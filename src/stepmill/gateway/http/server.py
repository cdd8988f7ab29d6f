"""An HTTP/1.1 server for one blocking function, on a thread of its own.

In: a function from `Request` to `Response`, an address. Out: its answers. Touches: a listening socket, threads.
Carrying alone belongs here: the server never looks into a request. See decision 11.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

from stepmill.gateway.http.connection import Connection
from stepmill.gateway.http.limits import Limits
from stepmill.gateway.http.shared import Handle, Report, Shared
from stepmill.gateway.http.workers import Workers
from stepmill.logger import logger

BACKLOG = 256


class Server:
    """Serves `handle`, which is called in a thread for each request and may take as long as it likes.

    host: a name or an address of this machine. port: 0 for any that is free. limits: see `Limits`. report: called with
    what `handle` raised, by the thread that called it; the client is told 500 and nothing else. By default the logger
    `stepmill` is told.
    """

    def __init__(
        self, handle: Handle, *, host: str, port: int, limits: Limits | None = None, report: Report | None = None
    ) -> None:
        self._handle = handle
        self._host = host
        self._port = port
        self._limits = limits or Limits()
        self._report = report or _log
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._shared: Shared | None = None
        self._connections: set[Connection] = set()
        self._empty = asyncio.Event()

    def start(self) -> tuple[str, int]:
        """Listen, and serve from now on: the address and the port.

        Raises:
            OSError: the address is in use, or is none of this machine's.
        """
        family, _, _, _, address = socket.getaddrinfo(
            self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        where: tuple[str, int] = listener.getsockname()[:2]
        loop = asyncio.SelectorEventLoop()
        loop.set_exception_handler(self._fault)
        workers = Workers(self._limits.workers, self._limits.queue)
        shared = Shared(self._handle, self._report, self._limits, workers, loop)
        self._shared = shared
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(shared, listener, ready), name="stepmill-server", daemon=True
        )
        self._thread.start()
        ready.result()
        return where

    def close(self, grace: float = 5.0) -> None:
        """Take no more connections, finish what is under way for `grace` seconds at most, then hang up.

        Called again it does nothing. A handler that still runs then is left to its thread, which nobody waits for.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None or self._shared is None:
            return
        loop = self._shared.loop
        asyncio.run_coroutine_threadsafe(self._stop(self._shared, grace), loop).result()
        self._shared.over = True
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        self._shared.workers.close(patience=1.0)

    def _run(self, shared: Shared, listener: socket.socket, ready: Future[None]) -> None:
        loop = shared.loop
        asyncio.set_event_loop(loop)
        listening = loop.create_server(
            lambda: Connection(shared, self._connections, self._empty.set), sock=listener, backlog=BACKLOG
        )
        self._listening = loop.run_until_complete(listening)
        self._tick(shared)
        loop.call_soon(ready.set_result, None)
        try:
            loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _tick(self, shared: Shared) -> None:
        shared.loop.call_later(self._limits.tick, self._tick, shared)
        now = shared.loop.time()
        for connection in list(self._connections):
            connection.check(now)

    async def _stop(self, shared: Shared, grace: float) -> None:
        self._listening.close()
        shared.closing = True
        for connection in list(self._connections):
            connection.wind_down()
        await self._emptied(grace)
        for connection in list(self._connections):
            connection.abort()
        await self._emptied(1.0)

    async def _emptied(self, patience: float) -> None:
        self._empty.clear()
        if self._connections:
            try:
                await asyncio.wait_for(self._empty.wait(), patience)
            except TimeoutError:
                return

    def _fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        if fault is None:
            logger.error("the server: %s", context.get("message"))
        elif not isinstance(fault, ConnectionError):
            self._report(fault)


def _log(fault: BaseException) -> None:
    logger.error("a request could not be handled", exc_info=fault)
