"""Asking whoever hosts the engine, through every change of hands.

In: a Local, a service, an operation and a request. Out: the answer. Touches: the door of the store's owner.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepmill.local.door import Guest, Lost
from stepmill.local.store import StoreBusy

if TYPE_CHECKING:
    from stepmill.local import Local

_BETWEEN = 5.0  # seconds in which a store that changes hands has an owner again
_DEATHS = 5  # owners that may leave under one call before it is given up
_BREATH = 0.05  # seconds between two owners: the next one is about to listen


def call(local: Local, service: str, operation: str, request: Mapping[str, Any], token: str | None) -> dict[str, Any]:
    """See Local.call."""
    asked, own, token = dict(request), token is None, token or f"call-{uuid.uuid4()}"
    if (service, operation) == ("states", "StartExecution"):
        asked["name"] = asked.get("name") or str(uuid.uuid4())
    until, deaths = time.monotonic() + _BETWEEN, 0
    while time.monotonic() < until and deaths < _DEATHS:
        try:
            answer = _once(local, service, operation, asked, token)
        except Lost:
            until, deaths = time.monotonic() + _BETWEEN, deaths + 1
            continue
        if answer is not None:
            if own and operation == "Invoke":
                _forget(local, token)
            return answer
    raise StoreBusy(f"{local.store.root}: held by {local.owner() or 'nobody'}, and no owner answered; try again")


def _once(local: Local, service: str, operation: str, asked: dict[str, Any], token: str) -> dict[str, Any] | None:
    """The answer, or None when there is nobody to ask at this moment. Raises Lost."""
    if (host := local._hosted()) is not None:
        return host.answer(service, operation, dict(asked), token, local.passed())
    if service == "s3":  # bytes do not go through the door; the folder is everybody's
        return _s3(local, operation, asked)
    if (owner := local.owner()) is None:
        return None
    try:
        guest = Guest(owner)
    except OSError:
        time.sleep(_BREATH)
        return None
    with contextlib.closing(guest):
        return guest.call(service, operation, asked, token, local.passed())


def _s3(local: Local, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    from stepmill.services.operations import Operations
    from stepmill.services.s3 import S3

    answering = Operations()
    answering.add("s3", S3(local.objects, local.settings.account, local.settings.region))
    return answering.call("s3", operation, asked)


def _forget(local: Local, token: str) -> None:
    """Drop a function's result that nobody can ask for again."""
    from stepmill.functions import Functions

    with contextlib.suppress(OSError):
        Functions(local.store.functions).forget(token)
