"""The engine with everything it needs, in the process that holds the store's lock.

In: settings and a store that is held. Out: answers to calls. Touches: the store; starts the engine's thread and the
door's.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.functions import Functions
from stepmill.history.log import StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.job import Jobs
from stepmill.local.door import Door
from stepmill.local.notes import Notes
from stepmill.local.store import Store
from stepmill.local.surroundings import LocalSurroundings
from stepmill.objects.folder import FolderStore
from stepmill.services.lambda_ import Lambda
from stepmill.services.operations import Operations, Response
from stepmill.services.s3 import S3
from stepmill.services.sagemaker import SageMaker
from stepmill.services.states import States
from stepmill.services.tasks import Tasks
from stepmill.stage import Settings

_CALLS = 16  # operations under way at a time, functions among them


class Host:
    """The rooms, wired. One per store, in one process."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, say: Callable[[str], None]) -> None:
        region, account = settings.region, settings.account
        self._surroundings = LocalSurroundings(settings)
        self.history = SqliteHistory(store.database, redactor=self._surroundings.redactor)
        self._surroundings.read(self.history)
        objects = FolderStore(store.objects)
        sagemaker = SageMaker(
            Jobs(store.jobs, store.objects),
            self._surroundings,
            region=region,
            account=account,
            grace=settings.grace,
        )
        functions = Functions(store.functions)
        lambda_ = Lambda(
            self.history,
            functions,
            objects,
            clock,
            self._surroundings,
            code=store.functions / "code",
            region=region,
            account=account,
        )
        operations = Operations()
        tasks = Tasks(operations, sagemaker, functions, calls=_CALLS, jobs=max(2, os.cpu_count() or 1))
        self._engine = Engine(self.history, clock, tasks.perform, tasks.cancel, settled=tasks.settled)
        operations.add("states", States(self.history, self._engine, clock, region=region, account=account))
        operations.add("sagemaker", sagemaker)
        operations.add("lambda", lambda_)
        operations.add("s3", S3(objects, account))
        operations.add("stepmill", Notes(self.history))
        self._operations = operations
        objects.create_bucket(settings.bucket)
        for arn in self._engine.recover():
            say(f"continuing {arn.split(':execution:')[1].replace(':', '/')}, which nobody was running")
        self._thread = threading.Thread(target=self._run, name="stepmill-engine", daemon=True)
        self._thread.start()
        self._door = Door(Path(store.sign().socket), self.answer)

    @property
    def waiting(self) -> int:
        """How many other processes wait here and would take over."""
        return self._door.waiting

    def answer(
        self, service: str, operation: str, request: dict[str, Any], token: str | None, environ: Mapping[str, str]
    ) -> Response:
        """`call`, with the environment variables that the caller passes on to what it starts."""
        if environ and (service, operation) == ("states", "StartExecution"):
            self._surroundings.give(self._execution_of(request), environ)
        return self._operations.call(service, operation, request, token=token)

    def running(self) -> set[str]:
        """The executions under way, by ARN."""
        return self._engine.running()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing runs, at most `timeout` seconds."""
        return self._engine.wait_idle(timeout)

    def close(self) -> None:
        """Stop the engine where it stands; everything acknowledged is on disk."""
        self._door.close()
        self._engine.close()
        self._thread.join()
        self.history.close()

    def _run(self) -> None:
        with contextlib.suppress(StoreError):  # kept by the engine, and raised where somebody waits
            self._engine.run()

    def _execution_of(self, request: Mapping[str, Any]) -> str:
        return f"{request['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{request.get('name', '')}"
