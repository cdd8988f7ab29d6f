"""How much a client of the server may ask for, and how long it may take.

In: nothing. Out: `Limits`. Touches: nothing.
Sizes and times of carrying belong here; what an operation may be given is AWS's to say, and is checked where it is
called.
"""

from __future__ import annotations

from dataclasses import dataclass

KB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    head: of request line and headers together (431). head_time: from a head's first byte to its last (408). idle_time:
    a connection on which nothing is asked is closed after it. body_time: without a new byte of a body that is waited
    for (408). body_buffer: once so much of a body waits to be read, no more is received. drain, drain_time: what
    is taken of an unread body to keep its connection. linger_time: how long a refused client may send on before it
    is hung up on. write_time: without the client taking a byte of its answer. connections: at once (503). workers:
    threads that handle requests. queue: requests that wait for one of them (503).
    """

    head: int = 16 * KB
    head_time: float = 10.0
    idle_time: float = 75.0
    body_time: float = 20.0
    body_buffer: int = 256 * KB
    drain: int = 1024 * KB
    drain_time: float = 2.0
    linger_time: float = 2.0
    write_time: float = 60.0
    connections: int = 512
    workers: int = 128
    queue: int = 512

    @property
    def tick(self) -> float:
        """How often the times are looked at: fine enough for the shortest, once a second at most."""
        times = (self.head_time, self.idle_time, self.body_time, self.drain_time, self.linger_time, self.write_time)
        return max(0.01, min(1.0, min(times) / 4))
