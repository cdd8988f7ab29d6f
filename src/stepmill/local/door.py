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
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepmill.history.log import StoreError
from stepmill.local.store import Owner, StoreBusy
from stepmill.services.operations import Response, ServiceError

_PATIENCE = 5.0  # seconds in which a living owner has greeted
_LIMIT = 64 * 1024 * 1024  # bytes of one line; what is larger goes through the objects' own files
_BREATH = 0.05  # seconds after the system refused a connection (too many open files)

Answer = Callable[[str, str, dict[str, Any], str | None, Mapping[str, str]], Response]


class Lost(ConnectionError):
    """The owner left before it answered: whether it did what it was asked is not known here."""


class Door:
    """The owner's side: listens, and answers each line on a thread of its own connection."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._lock = threading.Lock()
        self._guests: set[socket.socket] = set()
        self._waiting = 0
        self._closed = False
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

    def shut(self) -> None:
        """Let nobody in any more. Who is inside may still be answered."""
        self._closed = True
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closing alone does not wake a thread in accept()
        self._socket.close()

    def close(self) -> None:
        """Let nobody in, and hang up on everybody: they ask the next owner."""
        self.shut()
        with self._lock:
            for guest in self._guests:
                with contextlib.suppress(OSError):
                    guest.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                time.sleep(_BREATH)
                continue
            threading.Thread(target=self._serve, args=(connection,), name="stepmill-guest", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._guests.add(connection)
        try:
            with connection, connection.makefile("rwb") as stream:
                if self._closed or not _is_ours(connection):
                    return
                _put(stream, _line({"hello": os.getpid()}))
                while line := stream.readline(_LIMIT):
                    message: Any = json.loads(line, object_hook=_bytes_in)
                    match message:
                        case {"wait": True}:
                            self._keep(stream)
                            return
                        case {"call": [str(service), str(operation), _]}:
                            _put(stream, self._respond(service, operation, message["call"][2], message))
                        case _:
                            return
        except (OSError, ValueError):
            return  # the guest left, or talks nonsense: its own loss
        finally:
            with self._lock:
                self._guests.discard(connection)

    def _keep(self, stream: Any) -> None:
        with self._lock:
            self._waiting += 1
        try:
            _put(stream, _line({"ok": {}}))
            stream.readline()  # comes back when the guest hangs up
        finally:
            with self._lock:
                self._waiting -= 1

    def _respond(self, service: str, operation: str, request: dict[str, Any], more: dict[str, Any]) -> bytes:
        try:
            given = more.get("environ", {})
            return _line({"ok": self._answer(service, operation, request, more.get("token"), given)})
        except ServiceError as refusal:
            return _line({"error": [refusal.code, refusal.message, refusal.status]})
        except Lost:
            raise  # this process is just letting the store go
        except StoreError as trouble:
            return _line({"store": str(trouble)})
        except Exception as bug:  # noqa: BLE001 - the guest must hear of it; the owner must live on
            return _line({"error": ["InternalError", f"a bug of Stepmill in {service}:{operation}: {bug!r}", 500]})


class Guest:
    """The other side: a process that calls an owner's engine. Raises StoreBusy, naming the owner, when it is silent,
    and OSError when it is not there."""

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
        """The owner's answer, or the ServiceError or StoreError it raised. Raises Lost when it left meanwhile."""
        answer = self._ask({"call": [service, operation, request], "token": token, "environ": dict(environ)})
        if "error" in answer:
            raise ServiceError(*answer["error"])
        if "store" in answer:
            raise StoreError(answer["store"])
        response: Response = answer["ok"]
        return response

    def wait(self) -> None:
        """Say that this process waits here, as long as it does not `close`."""
        self._ask({"wait": True})

    @property
    def gone(self) -> bool:
        """Whether the owner hung up on one who waits."""
        return self._poll(0)

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._stream.close()
        self._socket.close()

    def _poll(self, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        asked = _line(message)
        try:
            _put(self._stream, asked)
            while not self._poll(_PATIENCE):
                # An answer may take as long as a function does; an owner that lives greets somebody else meanwhile.
                with contextlib.suppress(OSError):  # it leaves: that is about to be heard here
                    Guest(self._owner).close()
            line = self._stream.readline(_LIMIT)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise Lost(f"{self._owner} left before it answered")
        answer: dict[str, Any] = json.loads(line, object_hook=_bytes_in)
        return answer


def _is_ours(connection: socket.socket) -> bool:
    """Whether the other end is this user's, or root's. Where the system does not tell, the socket's folder must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return user in (os.getuid(), 0)


def _line(message: Mapping[str, Any]) -> bytes:
    text = json.dumps(message, default=_bytes_out, separators=(",", ":")).encode() + b"\n"
    if len(text) > _LIMIT:
        raise ServiceError("RequestEntityTooLarge", f"at most {_LIMIT} bytes travel between processes of a store", 413)
    return text


def _put(stream: Any, line: bytes) -> None:
    stream.write(line)
    stream.flush()


def _bytes_out(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if hasattr(value, "read"):  # the body of an object, whole: who wants more of it than fits asks for ranges
        data = value.read(_LIMIT)
        if hasattr(value, "close"):
            value.close()
        return _bytes_out(data)
    raise TypeError(f"{type(value).__name__} does not travel")


def _bytes_in(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bytes"]) if value.keys() == {"$bytes"} else value
