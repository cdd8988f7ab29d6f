"""Functions: Lambda on this machine, in worker processes that outlive the engine.

In: a function and a payload, under a token. Out: what it returned, or AWS's error payload. Touches: a folder, loopback,
and the processes of one small host per folder. What a function's name means, and who may call it, is services' affair.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stepmill.functions.caller import (
        Function,
        Functions,
        HostError,
        Outcome,
        PayloadTooLarge,
        request_of,
        stream_of,
    )

__all__ = ["Function", "Functions", "HostError", "Outcome", "PayloadTooLarge", "request_of", "stream_of"]


def __getattr__(name: str) -> object:
    # The host imports this package too, and has no use for what its callers need.
    if name in __all__:
        from stepmill.functions import caller

        return getattr(caller, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
