"""Task tokens: what a Task hands to somebody who sends it back when the work is done.

In: the name of an act. Out: a token that says it to us alone. Touches: the system's randomness.

AWS's tokens are opaque, of at most 2,048 characters (API reference, SendTaskSuccess). Ours hold the name of the act, so
that nothing needs to be kept to find it again, and 128 random bits, so that nobody makes one up.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

LIMIT: Final = 2048
_RANDOM: Final = 16  # bytes


def make(act: str, random: Callable[[], float] | None = None) -> str:
    """A token for an act. `random` gives numbers from 0 to 1, for tokens that a test can repeat; None: secret ones."""
    if random is None:
        import secrets  # 2 ms that only a Task with a token is worth

        secret = secrets.token_bytes(_RANDOM)
    else:
        secret = bytes(int(random() * 256) % 256 for _ in range(_RANDOM))
    return base64.b64encode(secret + act.encode()).decode()


def act_of(token: str) -> str | None:
    """The name of the act that a token is for, if it is one of ours at all: whether it is the act's own must still be
    looked up."""
    try:
        name = base64.b64decode(token, validate=True)[_RANDOM:].decode()
    except (binascii.Error, ValueError):
        return None
    arn, _, event = name.rpartition("#")
    return name if arn and event.isdecimal() else None
