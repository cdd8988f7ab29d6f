"""What all connections of a server have in common.

In: nothing. Out: `Shared`. Touches: the loop it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from stepmill.gateway.http.limits import Limits
from stepmill.gateway.http.sending import AT_ONCE
from stepmill.gateway.http.workers import Workers
from stepmill.gateway.messages import Request, Response

Handle = Callable[[Request], Response]
Report = Callable[[BaseException], None]


@dataclass(slots=True)
class Shared:
    """closing: no connection outlives its answer. over: the loop is about to end. room: where each receives; what
    comes is copied out of it before the next one does.
    """

    handle: Handle
    report: Report
    limits: Limits
    workers: Workers
    loop: asyncio.AbstractEventLoop
    closing: bool = False
    over: bool = False
    room: memoryview = field(default_factory=lambda: memoryview(bytearray(AT_ONCE)))

    def post(self, call: Callable[..., None], *args: object) -> bool:
        """Have the loop call something, from any thread; False when there is no loop any more."""
        try:
            self.loop.call_soon_threadsafe(call, *args)
        except RuntimeError:
            return False
        return True
