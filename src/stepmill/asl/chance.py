"""Where the random numbers of expressions come from.

In: nothing. Out: numbers and UUIDs. Touches: the system's randomness, unless a test has put a source of its own here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from random import Random
from typing import Final

_OWN: Final[ContextVar[Random | None]] = ContextVar("stepmill_chance", default=None)
_SYSTEM: Final = Random()  # noqa: S311 - States.MathRandom and $random keep no secret


@contextlib.contextmanager
def seeded(source: Random) -> Iterator[None]:
    """Draw from `source` in this context."""
    token = _OWN.set(source)
    try:
        yield
    finally:
        _OWN.reset(token)


def source() -> Random:
    """What to draw from."""
    return _OWN.get() or _SYSTEM


def new_uuid() -> str:
    """A version 4 UUID."""
    import uuid  # 3 ms that most definitions do not need

    own = _OWN.get()
    return str(uuid.uuid4() if own is None else uuid.UUID(int=own.getrandbits(128), version=4))
