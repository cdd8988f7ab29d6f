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
from typing import TYPE_CHECKING, Any

from stepmill.clock import Clock
from stepmill.engine.distributed import MAP_RUN
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act, Failed, Signal
from stepmill.functions import Functions
from stepmill.gateway.messages import Request as HttpRequest
from stepmill.gateway.messages import Response as HttpResponse
from stepmill.history.events import Event
from stepmill.history.log import StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.job import Jobs
from stepmill.local.door import Door, Lost
from stepmill.local.notes import Notes
from stepmill.local.store import Store
from stepmill.local.surroundings import LocalSurroundings
from stepmill.objects.folder import FolderStore
from stepmill.services.crews import Crew
from stepmill.services.lambda_ import Lambda
from stepmill.services.log_streams import Streams
from stepmill.services.logs import Logs
from stepmill.services.map_runs.running import MapRuns
from stepmill.services.operations import Operations, Response
from stepmill.services.others import Others, installed
from stepmill.services.rights import Rights
from stepmill.services.s3 import S3
from stepmill.services.sagemaker import SageMaker
from stepmill.services.states.about import About
from stepmill.services.states.activities import Activities
from stepmill.services.states.aliases import Aliases
from stepmill.services.states.executions import Executions
from stepmill.services.states.machines import Machines
from stepmill.services.states.map_runs import Runs
from stepmill.services.states.redrives import Redrives
from stepmill.services.states.tokens import Tokens, Told
from stepmill.services.states.trials import Trials
from stepmill.services.states.versions import Versions
from stepmill.services.sts import Sts
from stepmill.services.tags import JobTags
from stepmill.services.tasks import Tasks
from stepmill.stage import Settings, partition

if TYPE_CHECKING:
    from stepmill.services.cloudformation.offering import CloudFormation

_CALLS = 16  # operations under way at a time, functions among them
_MAP_RUNS = 4  # Map Runs that read, write or start executions at a time
_LAST_ANSWERS = 1.0  # seconds that calls under way have when the store is let go


class Host:
    """The rooms, wired. One per store, in one process.

    The door opens first: whoever calls while the engine still recovers waits for its answer instead of finding nobody.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        say: Callable[[str], None],
        *,
        enforce_rights: bool = False,
    ) -> None:
        """enforce_rights: ask IAM, too, what the roles of executions may do."""
        self._ready = threading.Event()
        self._quiet = threading.Condition()
        self._answering = 0
        self._closing = False
        self._surroundings = LocalSurroundings(settings)
        self._others = Others(settings.account, settings.region)
        self._operations = Operations(self._others)
        self._door = Door(Path(store.sign().socket), self.answer)
        try:
            self.history = SqliteHistory(store.database, redactor=self._surroundings.redactor)
            try:
                self._wire(settings, store, clock, say, enforce_rights)
                for arn in self._engine.recover():
                    if "/" not in arn:  # a child execution goes on with its Map Run
                        say(f"continuing {'/'.join(arn.split(':')[6:8])} where it stood")
                self._map_runs.begin()
                if self.history.records("cloudformation", "busy", limit=1):
                    self._stacks(clock, region=settings.region, account=settings.account).recover()
            except BaseException:
                self.history.close()
                raise
        except BaseException:
            self._closing = True
            self._door.close()
            raise
        finally:
            self._ready.set()
        self._thread = threading.Thread(target=self._run, name="stepmill-engine", daemon=True)
        self._thread.start()

    def _wire(
        self, settings: Settings, store: Store, clock: Clock, say: Callable[[str], None], enforce_rights: bool
    ) -> None:
        history, surroundings, operations = self.history, self._surroundings, self._operations
        surroundings.read(history)
        objects = FolderStore(store.objects)
        objects.create_bucket(settings.bucket)
        jobs = Jobs(store.jobs, store.objects)
        functions = Functions(store.functions)
        place = {"region": settings.region, "account": settings.account}
        rights = Rights(
            history, operations, say, partition=partition(settings.region), iam=enforce_rights and installed(), **place
        )
        sagemaker = SageMaker(jobs, surroundings, grace=settings.grace, rights=rights, **place)
        self._lambda = Lambda(
            history, functions, objects, clock, surroundings, code=store.functions / "code", rights=rights, **place
        )
        told = Told(lambda: self._engine)
        activities = self._activities = Activities(history, told, clock, **place)
        self._tasks = Tasks(
            *(operations, sagemaker, functions, activities, told),
            calls=_CALLS,
            jobs=max(2, os.cpu_count() or 1),
            rights=rights,
        )
        tasks = self._tasks
        self._engine = Engine(
            history,
            clock,
            lambda act, tell: self._map_run(act, tell) if act.resource == MAP_RUN else tasks.perform(act, tell),
            lambda act: (self._map_runs if act.resource == MAP_RUN else tasks).cancel(act),
            settled=lambda act: None if act.resource == MAP_RUN else tasks.settled(act),
            ended=self._execution_ended,
            is_there=activities.is_there,
        )
        self._rights = rights
        self._crew = Crew("stepmill-map", _MAP_RUNS)
        self._map_runs = MapRuns(history, clock, self._engine, operations.call, self._crew.take)
        machines = Machines(history, clock, **place)
        operations.add("states", machines)
        operations.add("states", About(history, machines.writing))
        operations.add("states", Executions(history, self._engine, clock, machines))
        operations.add("states", Redrives(history, self._engine, clock, machines))
        operations.add("states", activities)
        operations.add("states", Tokens(lambda: self._engine, told))
        operations.add("states", Versions(history, clock, machines))
        operations.add("states", Aliases(history, clock, machines))
        operations.add("states", Trials(tasks, clock, **place))
        operations.add("states", Runs(history, self._map_runs))
        operations.add("sagemaker", sagemaker)
        operations.add("sagemaker", JobTags(history, jobs, **place))
        operations.add("lambda", self._lambda)
        operations.add("s3", S3(objects, settings.account, settings.region))
        operations.add("logs", Logs(Streams(jobs, functions), **place))
        operations.add("sts", Sts(settings.account))
        operations.defer("cloudformation", lambda: self._stacks(clock, **place).providers)
        operations.add("stepmill", Notes(history))
        self._lambda.events.start()

    def _map_run(self, act: Act, tell: Callable[[Signal], None]) -> None:
        if not act.submitted and (refused := self._rights.map_run(act)) is not None:
            tell(Failed(act, *refused))
        else:
            self._map_runs.perform(act, tell)

    def _stacks(self, clock: Clock, *, region: str, account: str) -> CloudFormation:
        from stepmill.services.cloudformation.offering import CloudFormation  # few runs need it, and it costs 30 ms

        return CloudFormation(self.history, clock, self._operations.call, region=region, account=account)

    def _execution_ended(self, arn: str, event: Event) -> None:
        self._map_runs.ended(arn, event)
        self._tasks.nested.ended(arn)

    @property
    def waiting(self) -> int:
        """How many other processes wait here and would take over."""
        return self._door.waiting

    def answer(
        self, service: str, operation: str, request: dict[str, Any], token: str | None, environ: Mapping[str, str]
    ) -> Response:
        """`call`, with the environment variables that the caller passes on to what it starts.

        Raises Lost when this process lets the store go, and StoreError when the engine has ended.
        """
        self._ready.wait()
        with self._quiet:
            if self._closing:
                raise Lost("this process lets the store go")
            self._answering += 1
        try:
            self._engine.wait_idle(0)
            if environ and (service, operation) == ("states", "StartExecution"):
                self._surroundings.give(_execution_of(request), environ)
            return self._operations.call(service, operation, request, token=token)
        finally:
            with self._quiet:
                self._answering -= 1
                self._quiet.notify_all()

    def elsewhere(self, service: str, asked: HttpRequest) -> HttpResponse:
        """Answer a request for a service that lives in this process's memory. Raises ServiceError."""
        status, headers, body = self._others.answer(
            asked.method, asked.path, asked.query, dict(asked.headers), asked.body.read(), service
        )
        return HttpResponse(status, dict(headers), body)

    def running(self) -> set[str]:
        """The executions under way, by ARN."""
        return self._engine.running()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until nothing runs, at most `timeout` seconds. Raises what ended the engine."""
        return self._engine.wait_idle(timeout)

    def close(self) -> None:
        """Stop the engine where it stands; everything acknowledged is on disk.

        Calls under way are finished first, if they do not take long; who waits for a longer one asks the next owner.
        """
        self._door.shut()
        self._activities.close()  # a worker that waits for a task would be a call under way
        with self._quiet:
            self._closing = True
            self._quiet.wait_for(lambda: not self._answering, _LAST_ANSWERS)
        self._door.close()
        self._tasks.close()
        self._map_runs.close()
        self._crew.close()
        self._lambda.events.close()
        self._engine.close()
        self._thread.join()
        self.history.close()

    def _run(self) -> None:
        with contextlib.suppress(StoreError):  # kept by the engine, and raised where somebody waits
            self._engine.run()


def _execution_of(request: Mapping[str, Any]) -> str:
    return f"{request.get('stateMachineArn')}:{request.get('name')}".replace(":stateMachine:", ":execution:")
