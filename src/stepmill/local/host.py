"""The engine with everything it needs, in the process that holds the store's lock.

In: settings and a store that is held. Out: answers to calls. Touches: the store; starts the engine's thread and the
door's.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.functions import Functions
from stepmill.history.log import StoreError
from stepmill.history.redaction import Redactor
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.job import Jobs
from stepmill.local.door import Door
from stepmill.local.notes import Notes
from stepmill.local.store import Store
from stepmill.objects.folder import FolderStore
from stepmill.services.lambda_ import Lambda
from stepmill.services.operations import Operations, Response
from stepmill.services.s3 import S3
from stepmill.services.sagemaker import SageMaker
from stepmill.services.states import States
from stepmill.services.tasks import Tasks
from stepmill.stage import Settings, clean_environment

_CALLS = 16  # operations under way at a time, functions among them


class Host:
    """The rooms, wired. One per store, in one process."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._environs: dict[str, dict[str, str]] = {}
        own = {name: os.environ[name] for name in settings.pass_env if name in os.environ}
        self._own = own
        self._redactor = Redactor({name: os.environ[name] for name in settings.secrets if name in os.environ})
        self.history = SqliteHistory(store.database, redactor=self._redactor)
        objects = FolderStore(store.objects)
        jobs = Jobs(store.jobs, store.objects)
        self._functions = Functions(store.functions)
        where = {"region": settings.region, "account": settings.account}
        sagemaker = SageMaker(jobs, **where, grace=settings.grace, python=self._image_python, environ=self._environ)
        operations = Operations()
        tasks = Tasks(operations, sagemaker, calls=_CALLS, jobs=max(2, os.cpu_count() or 1))
        self._engine = Engine(self.history, clock, tasks.perform, tasks.cancel)
        operations.add("states", States(self.history, self._engine, clock, **where))
        operations.add("sagemaker", sagemaker)
        operations.add("s3", S3(objects, settings.account))
        operations.add(
            "lambda",
            Lambda(
                self.history,
                self._functions,
                objects,
                clock,
                **where,
                code=store.functions / "code",
                python=self._function_python,
                environ=self._environment,
                secrets=self._secrets,
            ),
        )
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
            self._redactor.add(value for name, value in environ.items() if name in self._settings.secrets)
            self._environs[self._execution_of(request)] = dict(environ)
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

    def _environ(self, token: str | None) -> dict[str, str]:
        """What the environment passes to the act `token`: what came with its execution, else this process's own."""
        return self._environs.get((token or "").partition("#")[0], self._own)

    def _environment(self, token: str | None, python: str) -> dict[str, str]:
        """The whole environment of what the act `token` starts."""
        passed = self._environ(token)
        return clean_environment({**os.environ, **passed}, python, self._settings.region, tuple(passed))

    def _secrets(self, token: str | None) -> list[str]:
        """The values that must not be seen in what the act `token` says."""
        passed = {**os.environ, **self._environ(token)}
        return [passed[name] for name in self._settings.secrets if name in passed]

    def _image_python(self, uri: str) -> str:
        return self._python("image", uri)

    def _function_python(self, name: str) -> str:
        return self._python("function", name)

    def _python(self, kind: str, name: str) -> str:
        found = self.history.record("stepmill", kind, name)
        return str(found["python"]) if found else sys.executable
