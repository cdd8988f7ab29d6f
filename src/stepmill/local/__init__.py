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
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.clock import SystemClock
from stepmill.history.log import History, StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.local.store import Owner, Store, StoreBusy
from stepmill.stage import Settings

if TYPE_CHECKING:
    from stepmill.jobs.job import Job, Jobs
    from stepmill.local.host import Host
    from stepmill.objects.folder import FolderStore
    from stepmill.steps.bundle import Bundle

__all__ = ["Local", "Owner", "Store", "StoreBusy", "StoreError", "open_local"]

Say = Callable[[str], None]
_TICK = 0.1  # seconds between looks at a store that somebody else holds
_open: dict[Path, Local] = {}


def open_local(settings: Settings, say: Say | None = None) -> Local:
    """The Local of a store; the same one for the same store, so that one process never hosts it twice.

    settings: `stepmill.stage.load_settings()`. say: as in Local; of the first caller for a store.
    """
    key = settings.store.resolve()
    if key not in _open:
        _open[key] = Local(settings, say)
    return _open[key]


class Local:
    """Step Functions, SageMaker, Lambda and S3 of this machine, kept in one store.

    Any number of processes may use a store. The engine runs in the one that holds its lock (`hosting`); the others
    reach it through the store's door. `settings` name the store. `say` is told what a person should know, a sentence at
    a time (default: on stderr). Get one by `open_local`.
    """

    def __init__(self, settings: Settings, say: Say | None = None) -> None:
        self.settings = settings
        self.store = Store(settings.store)
        self._say = say or _to_stderr
        self._host: Host | None = None
        self._reader: SqliteHistory | None = None
        self._lock = threading.RLock()
        self._stays = False

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
        """The jobs that an execution started, the running ones among them."""
        return [job for job in self.jobs.list() if job.token.startswith(f"{execution}#")]

    # the one verb

    def call(
        self, service: str, operation: str, request: Mapping[str, Any], *, token: str | None = None
    ) -> dict[str, Any]:
        """Answer one AWS operation, here or in the process that hosts the engine.

        Raises ServiceError as AWS refuses, StoreBusy when the owner does not answer, StoreError when the store cannot
        be used. An owner that dies before it answers is asked no more: the next one is, and that may be this process.
        """
        from stepmill.local.door import Guest

        if (service, operation) == ("states", "StartExecution") and not request.get("name"):
            request = {**request, "name": str(uuid.uuid4())}  # asking twice must find the first
        for _ in range(50):
            if self.host():
                assert self._host is not None
                return self._host.answer(service, operation, dict(request), token, self.passed())
            owner = self.owner()
            if owner is None:
                continue
            try:
                guest = Guest(owner)
            except OSError:
                time.sleep(_TICK)  # between two owners: the next one is about to listen
                continue
            try:
                return guest.call(service, operation, dict(request), token, self.passed())
            except OSError:
                if token is None and (service, operation) == ("lambda", "Invoke"):
                    raise StoreError(f"{owner} ended before it answered; the function may have run") from None
            finally:
                guest.close()
        raise StoreBusy(f"{self.store.root}: no owner of the store answered; try again")

    def passed(self) -> dict[str, str]:
        """The variables of this process's environment that jobs and functions are given."""
        return {name: os.environ[name] for name in self.settings.pass_env if name in os.environ}

    # hosting

    def host(self) -> bool:
        """Run the engine here, unless another process does. What a dead process left running is taken up again.

        True when this process hosts.
        """
        with self._lock:
            if self._host is not None:
                return True
            self.store.make()
            if not self.store.take():
                return False
            try:
                from stepmill.local.host import Host

                self._host = Host(self.settings, self.store, SystemClock(), self._say)
            except BaseException:
                self.store.release()
                raise
            return True

    def release(self) -> None:
        """Stop hosting. Jobs and functions that run go on; whoever takes the store next takes them up."""
        with self._lock:
            if self._host is not None:
                self._host.close()
                self._host = None
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
        return self.wait_past(execution, None, timeout)

    def wait_past(self, execution: str, event: int | None, timeout: float | None) -> bool:
        """Wait for an event of `execution` with an id above `event`, or for its end when `event` is None."""
        until = None if timeout is None else time.monotonic() + timeout
        with self._waiting():
            while True:
                step = _TICK if until is None else min(_TICK, until - time.monotonic())
                if step <= 0:
                    return False
                if self._host is None:
                    self.host()
                else:
                    self._host.wait_idle(0)  # raises what ended the engine, if anything did
                if event is not None:
                    if self.history.wait(execution, event, step):
                        return True
                elif self._ended(execution, step):
                    return True

    def linger(self) -> None:
        """Stay while executions run here that no other process waits for; then let the store go."""
        while self._host is not None:
            left = self._host.running()
            if not left:
                self.release()
                return
            if self._host.waiting:
                self.release()
                if self._taken_over():
                    return
                self.host()
            else:
                self._host.wait_idle(_TICK)

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
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            if self.owner() is not None:
                return True
            time.sleep(_TICK / 10)
        return False

    def _ended(self, execution: str, timeout: float) -> bool:
        found = self.history.record("states", "execution", execution)
        if found is None or found["status"] != "RUNNING":
            return True
        events = self.history.read(execution)
        self.history.wait(execution, events[-1].id if events else 0, timeout)
        found = self.history.record("states", "execution", execution)
        return found is None or found["status"] != "RUNNING"

    @contextlib.contextmanager
    def _waiting(self) -> Any:
        """Tell the owner, if there is one, that this process waits and would take over."""
        from stepmill.local.door import Guest

        guest = None
        if not self.hosting and not self.host() and (owner := self.owner()) is not None:
            with contextlib.suppress(OSError):
                guest = Guest(owner)
                guest.wait()
        try:
            yield
        finally:
            if guest is not None:
                guest.close()

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
