"""The one place where the rooms are put together, for the stage that is this machine.

In: settings. Out: `call`, the readers of the store, and an engine in whichever process holds the store's lock.
Touches: the store's folder, its lock and its socket; everything else through the rooms.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.clock import SystemClock
from stepmill.history.log import History, StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.local.store import Owner, Store, StoreBusy
from stepmill.stage import Settings

if TYPE_CHECKING:
    from stepmill.gateway.endpoint import Gateway
    from stepmill.gateway.messages import Request as HttpRequest
    from stepmill.gateway.messages import Response as HttpResponse
    from stepmill.jobs.job import Job, Jobs
    from stepmill.local.door import Guest
    from stepmill.local.host import Host
    from stepmill.objects.folder import FolderStore
    from stepmill.stage import Endpoint
    from stepmill.steps.bundle import Bundle

__all__ = ["Local", "Owner", "Store", "StoreBusy", "StoreError", "open_local"]

Say = Callable[[str], None]
_TICK = 0.1  # seconds between looks at a store that somebody else holds
_HANDED = 2.0  # seconds in which somebody who waits has taken over what was let go
_open: dict[Path, Local] = {}
_all: weakref.WeakSet[Local] = weakref.WeakSet()
_parents: list[object] = []  # what a fork must neither use nor close


def open_local(settings: Settings, say: Say | None = None, *, enforce_rights: bool = False) -> Local:
    """The Local of a store; the same one for the same store, so that one process never hosts it twice.

    settings: `stepmill.stage.load_settings()`. say: as in Local; of the first caller for a store. enforce_rights: as in
    Local; once asked for, it stays so.
    """
    key = settings.store.resolve()
    if key not in _open:
        _open[key] = Local(settings, say)
    _open[key].enforce_rights |= enforce_rights
    return _open[key]


class Local:
    """Step Functions, SageMaker, Lambda and S3 of this machine, kept in one store.

    Any number of processes may use a store. The engine runs in the one that holds its lock (`hosting`); the others
    reach it through the store's door. `settings` name the store. `say` is told what a person should know, a sentence at
    a time (default: on stderr). `enforce_rights` gives what is deployed here roles with the least rights that would do
    on AWS, and lets no state, job or function do more; where this process hosts, the roles that IAM has here are
    enforced too. Get one by `open_local`.
    """

    def __init__(self, settings: Settings, say: Say | None = None, *, enforce_rights: bool = False) -> None:
        self.settings = settings
        self.enforce_rights = enforce_rights
        self.store = Store(settings.store)
        self._say = say or _to_stderr
        self._host: Host | None = None
        self._reader: SqliteHistory | None = None
        self._lock = threading.RLock()
        self._stays = False
        self._gateway: Gateway | None = None
        _all.add(self)

    # reading

    @property
    def hosting(self) -> bool:
        """Whether the engine runs in this process."""
        return self._host is not None

    @property
    def history(self) -> History:
        """What happened in this store. Raises StoreError when nothing ever did."""
        if self._host is not None:
            return self._host.history
        if self._reader is None:
            self._reader = SqliteHistory(self.store.database, readonly=True)
        return self._reader

    @property
    def objects(self) -> FolderStore:
        """The buckets of this store."""
        from stepmill.objects.folder import FolderStore

        return FolderStore(self.store.objects)

    @property
    def jobs(self) -> Jobs:
        """The jobs of this store."""
        from stepmill.jobs.job import Jobs

        return Jobs(self.store.jobs, self.store.objects)

    def owner(self) -> Owner | None:
        """The process whose engine runs here, or None."""
        return self.store.owner()

    def jobs_of(self, execution: str) -> list[Job]:
        """The jobs that an execution and its Map Runs started, the running ones among them."""
        from stepmill.services.map_runs.records import family

        arns = {execution, *(arn for arn, _ in family(self.history, execution))}
        return [job for job in self.jobs.list() if job.token.rpartition("#")[0] in arns]

    # the one verb

    def call(
        self, service: str, operation: str, request: Mapping[str, Any], *, token: str | None = None
    ) -> dict[str, Any]:
        """Answer one AWS operation, here or in the process that hosts the engine.

        An owner that dies under the call is followed by the next one, which is asked the same under the same token
        (and an execution under the same name), so that it finds what the first one did. Raises ServiceError as AWS
        refuses, StoreBusy when the owner does not answer, StoreError when the store cannot be used.
        """
        from stepmill.local.calling import call

        return call(self, service, operation, request, token)

    def elsewhere(self, service: str, asked: HttpRequest) -> HttpResponse:
        """Answer a request for a service that is not kept in this store but in the engine's memory.

        Raises ServiceError, 503 while another process hosts the engine, whose memory this one does not reach.
        """
        if (host := self._hosted()) is not None:
            return host.elsewhere(service, asked)
        from stepmill.services.operations import ServiceError

        held = self.owner() or "another process"
        message = f"{service} is kept in the memory of the engine, which runs in {held} until that ends"
        raise ServiceError("ServiceUnavailable", message, 503)

    def passed(self) -> dict[str, str]:
        """The variables of this process's environment that jobs and functions are given."""
        return {name: os.environ[name] for name in self.settings.pass_env if name in os.environ}

    # hosting

    def host(self) -> bool:
        """Run the engine here, unless another process does. What a dead process left running is taken up again.

        True when this process hosts.
        """
        return self._hosted() is not None

    def _hosted(self) -> Host | None:
        with self._lock:
            if self._host is None:
                self.store.make()
                if self.store.take():
                    try:
                        from stepmill.local.host import Host

                        self._host = Host(
                            self.settings, self.store, SystemClock(), self._say, enforce_rights=self.enforce_rights
                        )
                    except BaseException:
                        self.store.release()
                        raise
            return self._host

    def release(self) -> None:
        """Stop hosting. Jobs and functions that run go on; whoever takes the store next takes them up."""
        with self._lock:
            host, self._host = self._host, None
            if host is not None:
                try:
                    host.close()
                finally:
                    self.store.release()

    def running(self) -> list[str]:
        """The executions that run in this store, by ARN."""
        if not self.store.exists():
            return []
        return [arn for arn, body in self.history.records("states", "execution") if body["status"] == "RUNNING"]

    def wait(self, execution: str, timeout: float | None = None) -> bool:
        """Wait until an execution has ended. False when `timeout` seconds passed first.

        While it waits, this process takes the store over as soon as nobody holds it.
        """
        seen = 0
        with contextlib.closing(self._watch(timeout)) as watch:
            for step in watch:
                found = self.history.record("states", "execution", execution)
                if found is None or found["status"] != "RUNNING":
                    return True
                seen = max((event.id for event in self.history.read(execution, seen)), default=seen)
                self.history.wait(execution, seen, step)
        return False

    def wait_past(self, execution: str, event: int, timeout: float | None = None) -> bool:
        """Wait for an event of `execution` with an id above `event`, as `wait` does for the end."""
        with contextlib.closing(self._watch(timeout)) as watch:
            return any(self.history.wait(execution, event, step) for step in watch)

    def _watch(self, timeout: float | None) -> Generator[float, None, None]:
        """How long to wait for what happens next, again and again until `timeout` is over; at the end 0.

        Each time, what ended the engine is raised, a free store is taken over, and its owner knows that we would.
        """
        until = None if timeout is None else time.monotonic() + timeout
        seat: Guest | None = None
        try:
            step = _TICK
            while step > 0:
                if (host := self._hosted()) is not None:
                    host.wait_idle(0)
                else:
                    seat = self._seat(seat)
                step = _TICK if until is None else max(0.0, min(_TICK, until - time.monotonic()))
                yield step
        finally:
            if seat is not None:
                seat.close()

    def _seat(self, seat: Guest | None) -> Guest | None:
        """A place among those who wait at the owner's door: the one we have, or one at the door of the next owner."""
        from stepmill.local.door import Guest

        if seat is not None:
            if not seat.gone:
                return seat
            seat.close()
        owner, seat = self.owner(), None
        with contextlib.suppress(OSError):
            if owner is not None:
                seat = Guest(owner)
                seat.wait()
        return seat

    def tend(self, stop: threading.Event) -> None:
        """Until `stop` is set, host the engine, or take the store over as soon as nobody holds it."""
        with contextlib.closing(self._watch(None)) as watch:
            for step in watch:
                if stop.wait(step):
                    return

    def linger(self, *, hand_over: bool = True) -> None:
        """Stay while executions run here that no other process waits for; then let the store go.

        Without `hand_over`, stay until nothing runs here at all: whoever waits for one thing is not left with the rest.
        """
        while (host := self._host) is not None:
            if not host.running():
                self.release()
            elif not (hand_over and host.waiting):
                host.wait_idle(_TICK)
            else:
                self.release()
                if not self._taken_over():
                    self.host()

    def stay(self) -> None:
        """At the end of this program, wait for the executions that run in it."""
        if not self._stays:
            from stepmill.local.stay import at_exit

            self._stays = True
            at_exit(self, self._say)

    def interrupt(self, execution: str) -> None:
        """What Ctrl-C does: stop an execution and its jobs with their grace, and kill them when pressed again."""
        from stepmill.local.stay import interrupt

        interrupt(self, [execution], self._say)

    def _taken_over(self) -> bool:
        until = time.monotonic() + _HANDED
        while time.monotonic() < until:
            if self.owner() is not None:
                return True
            time.sleep(_TICK / 10)
        return False

    def _forked(self) -> None:
        """In a fork of this process there is no engine, and its files are the parent's."""
        self._lock = threading.RLock()
        self._stays = False
        _parents.extend((self._host, self._reader))
        self._host = self._reader = None
        self.store.disown()

    # being asked as AWS is

    def client(self, service: str, **more: Any) -> Any:
        """boto3's own client for a service of this store, without a socket.

        service: as boto3 names it, such as `stepfunctions` or `s3`. more: what `boto3.client` takes besides, such as
        `config`. What it sends goes the whole way of a request but for the connection. Needs boto3
        (`pip install "stepmill[serve]" boto3`).
        """
        from stepmill.gateway.boto import client
        from stepmill.local.endpoint import key_of
        from stepmill.local.front import gateway_of
        from stepmill.stage import Endpoint

        self.store.make()
        with self._lock:
            if self._gateway is None:
                self._gateway = gateway_of(self)
        pretended = Endpoint("http://127.0.0.1", *key_of(self.store), self.settings.region)
        return client(self._gateway.handle, pretended, service, **more)

    @contextlib.contextmanager
    def serve(self, port: int = 0, *, test_keys: bool = False) -> Generator[Endpoint, None, None]:
        """Answer boto3, the AWS CLI and every other client over HTTP on this machine, as long as the block lasts.

        port: where to listen; 0 lets the system choose. test_keys: let the well-known key `test`/`test` in too. Out:
        the endpoint; its `environ()` are the variables that point clients at it. Raises StoreBusy when another process
        serves this store.
        """
        from stepmill.local.front import Front

        front = Front(self, port=port, test_keys=test_keys)
        endpoint = front.open()
        tending = threading.Thread(target=front.tend, name="stepmill-tend", daemon=True)
        tending.start()
        try:
            yield endpoint
        finally:
            front.close()
            tending.join()

    # deploying to this stage

    def deploy(self, bundle: Bundle, role: str | None = None) -> str:
        """Make a Bundle runnable here: its code stored, its environments built, its functions and machine made.

        Out: the machine's ARN. Raises what `call` raises, and EnvironmentFailed when a step's requirements cannot be
        installed.
        """
        from stepmill.local.deployment import deploy

        return deploy(self, bundle, role, self._say)


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"stepmill: {sentence}\n")


def _forget_parents() -> None:
    for local in list(_all):
        local._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents)
