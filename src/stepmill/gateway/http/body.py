"""The body of a request while it arrives: filled by the loop, emptied by the thread that handles the request.

In: pieces as the connection receives them. Out: a `Reader` that blocks. Touches: nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from stepmill.gateway.http.lent import Lent


class ClientLeft(ConnectionError):
    """The rest of a body will not come: its client left, was too slow, or sent what is no body."""


class Body:
    """A bounded pipe of bytes. `read` and `release` are a thread's, all else is the loop's.

    size: bytes that may wait here before the body is `full`. wanted: called by the reading thread when it is about to
    wait for the first time, and when a body that was full has room again.
    """

    __slots__ = (
        *(
            "_asked",
            "_changed",
            "_held",
            "_lent",
            "_lost",
            "_offset",
            "_parts",
            "_released",
            "_size",
            "_unread",
            "_wanted",
        ),
        *("complete", "full", "received"),
    )

    def __init__(self, size: int, wanted: Callable[[], None]) -> None:
        self._size = size
        self._wanted = wanted
        self._changed = threading.Condition(threading.Lock())
        self._parts: deque[bytes] = deque()
        self._offset = 0  # where the first part's unread bytes begin
        self._held = 0
        self._lost = ""
        self._lent: Lent | None = None
        self._asked = self._unread = self._released = False
        self.received = 0
        self.complete = False
        self.full = False

    def feed(self, data: bytes) -> None:
        """Take a piece that arrived."""
        self.received += len(data)
        if self._unread:
            return
        with self._changed:
            self._parts.append(data)
            self._held += len(data)
            self.full = self._held >= self._size
            self._changed.notify()

    def end(self) -> None:
        """Everything has arrived."""
        with self._changed:
            self.complete = True
            self._changed.notify()

    def fail(self, why: str) -> None:
        """Nothing more will arrive; whoever reads is told so."""
        with self._changed:
            if not self.complete and not self._lost:
                self._lost = why
                self._changed.notify_all()
                if self._lent is not None:
                    self._lent.wake()

    def discard(self) -> None:
        """Nobody will read this: what is held is dropped, and so is what comes."""
        with self._changed:
            self._unread = True
            self._parts.clear()
            self._held = self._offset = 0
            self.full = False

    def lend(self, rest: Lent) -> bool:
        """Have the reader itself fetch what has not arrived; False when it reads no more."""
        with self._changed:
            if self._released:
                return False
            self._lent = rest
            self._changed.notify()
            return True

    def returned(self, received: int) -> None:
        """The loop receives again, after so many bytes from the body's first."""
        with self._changed:
            self._lent = None
            self.received = received

    def release(self) -> None:
        """The reader reads no more."""
        with self._changed:
            self._released = True
            lent = self._lent
        if lent is not None:
            lent.give_back()

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, at least one unless the body has ended; all that is left if `size` is negative.

        Raises:
            ClientLeft: the rest will not come.
        """
        if size >= 0:
            return self._take(size)
        return b"".join(iter(lambda: self._take(self._size), b""))

    def _take(self, size: int) -> bytes:
        if not size:
            return b""
        with self._changed:
            while not self._parts:
                if self._lost:
                    raise ClientLeft(self._lost)
                if self.complete or self._unread:
                    return b""
                if self._lent is not None:
                    break
                if not self._asked:
                    self._asked = True
                    self._wanted()
                self._changed.wait()
            else:
                return self._next(size)
            lent = self._lent
        try:
            return lent.read(size)
        except ConnectionError as fault:
            raise ClientLeft(*fault.args) from None

    def _next(self, size: int) -> bytes:
        part = self._parts[0]
        if not self._offset and len(part) <= size:
            data = self._parts.popleft()
        else:
            data = part[self._offset : self._offset + size]
            self._offset += len(data)
            if self._offset == len(part):
                self._parts.popleft()
                self._offset = 0
        self._held -= len(data)
        if self.full and self._held <= self._size // 2:
            self.full = False
            self._wanted()
        return data
