"""The front door: a store behind AWS's wire protocol.

In: a Local, an address. Out: an endpoint that boto3 and the AWS CLI talk to. Touches: a listening socket, the sign on
the store.
Who may come in and how operations travel is the gateway's; what runs behind it is the Local's.
"""

from __future__ import annotations

import errno
import ipaddress
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stepmill.gateway.endpoint import Gateway
from stepmill.gateway.http.server import Server
from stepmill.history.log import StoreError
from stepmill.local.endpoint import Sign, key_of, server_of
from stepmill.local.store import StoreBusy
from stepmill.services.reach import owned
from stepmill.stage import Endpoint

if TYPE_CHECKING:
    from stepmill.local import Local

PORT = 8420
_TRIES = 100  # ports looked at when the next free one was asked for
_LAST_PORT = 65_535
TEST_KEYS = {"test": "test"}


class AddressTaken(StoreError):
    """Somebody else listens on the port."""


def gateway_of(
    local: Local,
    *,
    hosts: Sequence[str] = (),
    test_keys: bool = False,
    report: Callable[[BaseException], None] | None = None,
) -> Gateway:
    """The gateway of a store. See Front for the arguments."""
    key, secret = key_of(local.store)
    keys = {key: secret} | (TEST_KEYS if test_keys else {})
    return Gateway(
        local.call,
        local.elsewhere,
        keys,
        owned=owned(),
        clock=time.time,
        report=report or _report,
        hosts=hosts,
    )


class Front:
    """A store served over HTTP.

    local: the store. port: where to listen; 0 lets the system choose. next_free: take the next free port when that one
    is taken. listen: the address; every other than this machine's own loopback is reachable by others. hosts: names, as
    well as this machine's own, by which clients may call it. test_keys: let the well-known key `test`/`test` in.
    """

    def __init__(
        self,
        local: Local,
        *,
        port: int = PORT,
        next_free: bool = False,
        listen: str = "127.0.0.1",
        hosts: Sequence[str] = (),
        test_keys: bool = False,
        report: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._local = local
        self._port = port
        self._next_free = next_free
        self._listen = listen
        own = () if _is_any(listen) else (listen,)
        self._gateway_words: dict[str, Any] = {"hosts": (*hosts, *own), "test_keys": test_keys, "report": report}
        self._server: Server | None = None
        self._sign = Sign(local.store)
        self._stop = threading.Event()

    def open(self) -> Endpoint:
        """Serve. Out: the endpoint. Raises StoreBusy when another process serves this store, AddressTaken when
        somebody else listens on the port, StoreError when the store cannot be used."""
        store = self._local.store
        store.make()
        if not self._sign.take():
            found = server_of(store)
            where = found.url if found is not None else "an address it has not said yet"
            raise StoreBusy(f'{store.root}: is served already, at {where}; `eval "$(stepmill env)"` points there')
        try:
            self._local.host()
            gateway = gateway_of(self._local, **self._gateway_words)
            host, port = self._listening(gateway)
            shown = "127.0.0.1" if _is_any(self._listen) else host
            url = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
            self._sign.put_up(url)
        except BaseException:
            self.close()
            raise
        return Endpoint(url, *key_of(store), self._local.settings.region)

    def tend(self) -> None:
        """Stay until `stop`: host the engine, or wait to host it. Raises what ended the engine."""
        self._local.tend(self._stop)

    def stop(self) -> None:
        """End `tend`; may be called from a signal handler or another thread."""
        self._stop.set()

    def close(self) -> None:
        """Finish what is asked at this moment, and serve no more. The store stays this process's."""
        self._stop.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        self._sign.take_down()

    def _listening(self, gateway: Gateway) -> tuple[str, int]:
        last = min(self._port + (_TRIES if self._next_free and self._port else 0), _LAST_PORT)
        for port in range(self._port, last + 1):
            server = Server(gateway.handle, host=self._listen, port=port)
            try:
                found = server.start()
            except OSError as fault:
                if fault.errno == errno.EADDRINUSE and port < last:
                    continue
                raise _unusable(fault, self._listen, port, self._next_free) from None
            self._server = server
            return found
        raise AssertionError("the last port was served or refused")


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _is_any(address: str) -> bool:
    return address in ("0.0.0.0", "::", "")  # noqa: S104 - asked about, not listened on


def _unusable(fault: OSError, listen: str, port: int, next_free: bool) -> StoreError:
    if fault.errno == errno.EADDRINUSE:
        if next_free:
            return AddressTaken(f"{listen}: every port from {port - _TRIES} to {port} is taken; choose another --port")
        return AddressTaken(f"{listen}:{port} is taken; say --next-free, or another --port")
    if fault.errno == errno.EACCES:
        return StoreError(f"{listen}:{port} may not be listened on by you; ports below 1024 are root's")
    return StoreError(f"{listen}:{port} cannot be listened on: {fault.strerror or fault}")


def _report(bug: BaseException) -> None:
    import traceback

    sys.stderr.write("stepmill: a bug of Stepmill while it answered a request; please report it:\n")
    traceback.print_exception(bug, file=sys.stderr)
