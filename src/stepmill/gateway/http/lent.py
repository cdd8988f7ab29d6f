"""The rest of a large body, read from the socket by the thread that wants it.

In: a socket that the connection does not read meanwhile. Out: pieces; the connection back when they end. Touches: that
socket.
Through the loop each piece costs two threads and what they say to each other; a large body costs less without.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

GONE = "the client left before its request was complete"
SLOW = "The request's body did not come in time."
LEAST = 128 * 1024  # of which more must be to come: less has arrived before two threads have agreed
ROOM = 512 * 1024
ENOUGH = 512 * 1024  # what is waited for, lest each of a client's small writes be hashed and written by itself


class Back(Enum):
    """Why a connection comes back: `WELL` whether or not all was read."""

    WELL = ""
    LEFT = GONE
    LATE = SLOW


class Lent:
    """A connection's socket for as long as one body lasts. `wake` is the loop's, all else a thread's.

    sock: does not block; closed in the end. left: bytes that are still to come. patience: seconds without a new one.
    back: called once, with the bytes that were not read and the reason.
    """

    def __init__(self, sock: socket.socket, left: int, patience: float, back: Callable[[int, Back], object]) -> None:
        self._sock = sock
        self._left = left
        self._patience = patience
        self._back = back
        self._lock = threading.Lock()
        self._open = True
        self._room = memoryview(bytearray(min(left, ROOM)))
        self._low = 1
        self._ready = select.poll()
        self._ready.register(sock, select.POLLIN)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; b"" when all were read or the connection was given back.

        Raises:
            ConnectionError: the client left, or sent nothing for too long; the connection was given back.
        """
        if not self._open:
            return b""
        view = self._room[: min(size, self._left)]
        enough = min(len(view), ENOUGH)
        got = 0
        late = False
        while got < enough:
            self._wake_at(ENOUGH if self._left >= ENOUGH else 1)
            try:
                count = self._sock.recv_into(view[got:])
            except BlockingIOError:
                if late:
                    self._fail(Back.LATE)
                # Fewer bytes than we are woken for may have come by then, so there is a last look.
                late = not self._ready.poll(self._patience * 1000)
                continue
            except OSError:
                count = 0
            if not count:
                self._fail(Back.LEFT)
            late = False
            got += count
            self._left -= count
        data = bytes(view[:got])
        if not self._left:
            self.give_back()
        return data

    def give_back(self, why: Back = Back.WELL) -> None:
        """Let the connection read again; the second time it does nothing."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            self._wake_at(1)  # the loop's socket is the same
            self._sock.close()
            self._room = memoryview(b"")
        self._back(self._left, why)

    def wake(self) -> None:
        """The connection ends: whoever reads sees that at once."""
        with self._lock:
            if self._open:
                try:
                    self._sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return

    def _wake_at(self, size: int) -> None:
        """Have the system wait for so many bytes before it wakes us: clients write 16 KB at a time."""
        if size == self._low:
            return
        self._low = size
        with suppress(OSError):  # a saving only, which not every system has
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    def _fail(self, why: Back) -> None:
        self.give_back(why)
        raise ConnectionError(why.value)
