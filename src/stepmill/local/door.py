"""The store's own door: how other processes of this user reach the engine's owner.

In: calls over a Unix socket, a line of JSON each. Out: responses, a line of JSON each. Touches: that socket.
It carries `call` and who waits; it answers nothing itself.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepmill.local.store import Owner, StoreBusy
from stepmill.services.operations import Response, ServiceError

_PATIENCE = 5.0  # seconds in which a living owner has greeted
_LIMIT = 64 * 1024 * 1024

Answer = Callable[[str, str, dict[str, Any], str | None, Mapping[str, str]], Response]


class Door:
    """The owner's side: listens, and answers each line on a thread of its own connection."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._changed = threading.Condition()
        self._waiting = 0
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._socket.listen(64)
        threading.Thread(target=self._listen, name="stepmill-door", daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many other processes wait for an execution here; each would take the store over."""
        return self._waiting

    def close(self) -> None:
        """Listen no longer."""
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="stepmill-guest", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            peer = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if peer[1] not in (os.getuid(), 0):
                return
            try:
                with connection.makefile("rwb") as stream:
                    _send(stream, {"hello": os.getpid()})
                    while line := stream.readline(_LIMIT):
                        message = json.loads(line, object_hook=_bytes_in)
                        if "wait" in message:
                            self._keep(stream)
                            return
                        _send(stream, self._respond(message))
            except (OSError, ValueError):
                return  # the guest left, or talks nonsense: its own loss

    def _keep(self, stream: Any) -> None:
        with self._changed:
            self._waiting += 1
        try:
            _send(stream, {"ok": {}})
            stream.readline()  # comes back when the guest hangs up
        finally:
            with self._changed:
                self._waiting -= 1

    def _respond(self, message: dict[str, Any]) -> dict[str, Any]:
        service, operation, request = message["call"]
        try:
            return {"ok": self._answer(service, operation, request, message.get("token"), message.get("environ", {}))}
        except ServiceError as refusal:
            return {"error": [refusal.code, refusal.message, refusal.status]}
        except Exception as bug:  # noqa: BLE001 - the guest must hear of it; the owner must live on
            return {"error": ["InternalError", f"a bug of Stepmill in {service}:{operation}: {bug!r}", 500]}


class Guest:
    """The other side: a process that calls an owner's engine.

    Raises StoreBusy, naming the owner, when it is silent; OSError when it is gone.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(owner.socket)
            self._stream = self._socket.makefile("rwb")
            if not self._stream.readline(_LIMIT):
                raise ConnectionResetError
        except TimeoutError:
            self._socket.close()
            raise StoreBusy(
                f"the store is held by {owner}, which has not answered for {_PATIENCE:g} s; "
                # a stopped process takes no other signal to heart before it goes on
                f"let it go on (kill -CONT {owner.pid}), or end it (kill -9 {owner.pid}) and then `stepmill resume`"
            ) from None
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(None)

    def call(
        self, service: str, operation: str, request: dict[str, Any], token: str | None, environ: Mapping[str, str]
    ) -> Response:
        """The owner's answer, or the ServiceError it raised."""
        message = {"call": [service, operation, request], "token": token, "environ": dict(environ)}
        answer = self._ask(message)
        if "error" in answer:
            raise ServiceError(*answer["error"])
        response: Response = answer["ok"]
        return response

    def wait(self) -> None:
        """Say that this process waits here, as long as it does not `close`."""
        self._ask({"wait": True})

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        _send(self._stream, message)
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        while not poller.poll(_PATIENCE * 1000):
            # An answer may take as long as a function does; an owner that lives greets somebody else meanwhile.
            with contextlib.suppress(ConnectionError, FileNotFoundError):  # it leaves: that is about to be heard here
                Guest(self._owner).close()
        line = self._stream.readline(_LIMIT)
        if not line:
            raise ConnectionResetError(f"{self._owner} left before it answered")
        answer: dict[str, Any] = json.loads(line, object_hook=_bytes_in)
        return answer


def _send(stream: Any, message: Mapping[str, Any]) -> None:
    stream.write(json.dumps(message, default=_bytes_out, separators=(",", ":")).encode() + b"\n")
    stream.flush()


def _bytes_out(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} does not travel")


def _bytes_in(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bytes"]) if value.keys() == {"$bytes"} else value
