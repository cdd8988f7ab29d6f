"""Carries out what a Task state asked for.

In: an act, named by the event that asked for it. Out: signals (submitted, finished, failed). Touches: nothing itself;
everything goes through `call`. What belongs here is how a response becomes a task's result, never what a service does.
"""

from __future__ import annotations

import contextlib
import errno
import json
import threading
from collections.abc import Callable
from typing import Any

from stepmill.asl.integrations import Integration, error_cause, error_name, integration, knows_errors
from stepmill.asl.text import dumps
from stepmill.engine.signals import Act, Failed, Finished, Signal, Submitted
from stepmill.functions import Functions, request_of
from stepmill.services import sdk
from stepmill.services.crews import Crew, thread
from stepmill.services.lambda_ import error_of
from stepmill.services.nested import Nested
from stepmill.services.operations import Operations, ServiceError
from stepmill.services.rights import Rights
from stepmill.services.sagemaker import SageMaker
from stepmill.services.states.activities import Activities
from stepmill.services.states.tokens import Told

Say = Callable[[Signal], None]


class Tasks:
    """The performer of an engine. `perform` returns at once; signals come from threads of its own."""

    def __init__(
        self,
        operations: Operations,
        sagemaker: SageMaker,
        functions: Functions,
        activities: Activities,
        told: Told,
        *,
        calls: int,
        jobs: int,
        rights: Rights | None = None,
    ) -> None:
        """At most `calls` operations and `jobs` new jobs are under way at a time; the rest queue in order.
        `rights` are asked whether an act is allowed; None allows all."""
        self._operations = operations
        self._sagemaker = sagemaker
        self._functions = functions
        self._activities = activities
        self._told = told
        self._rights = rights
        self._calls = Crew("stepmill-call", calls)
        self._jobs = Crew("stepmill-job", jobs)
        self.nested = Nested(operations, _sdk_metadata)
        self._begun: set[str] = set()  # acts under way whose job may still be started
        self._given_up: set[str] = set()  # those of them that were cancelled
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Begin nothing more: the acts that have not begun are asked for again by whoever recovers them."""
        self._closed = True
        self._calls.close()
        self._jobs.close()

    def perform(self, act: Act, signal: Say) -> None:
        """Begin `act`; `signal` is called, from any thread, with what becomes of it."""
        row = integration(act.resource)
        if row.activity is not None:
            self._activities.offer(act)
        elif row.pattern == "token" and act.submitted:
            return  # somebody has its token
        elif row.optimised and row.service == "states":
            self._calls.take(lambda: self._attempt(row, act, signal, self.nested.begin))
        elif row.job is None:
            self._calls.take(lambda: self._attempt(row, act, signal, self._request))
        elif self._sagemaker.job_of(row.job, act) is not None:
            # A job that already runs is watched outside the crew: it holds no slot that a new one could want.
            thread("stepmill-watch", lambda: self._attempt(row, act, signal, self._job))
        else:
            with self._lock:
                self._begun.add(act.name)
            self._jobs.take(lambda: self._attempt(row, act, signal, self._job))

    def cancel(self, act: Act) -> None:
        """Stop what `act` started, as far as that can be: a job gets SIGTERM and its grace, or is not started."""
        row = integration(act.resource)
        if row.activity is not None:
            self._activities.withdraw(act)
        with self._lock:
            if act.name in self._begun:
                self._given_up.add(act.name)
        job = self._sagemaker.job_of(row.job, act) if row.job is not None else None
        if job is not None:
            job.stop()
        if row.optimised and row.service == "states":
            # It waits for the engine, which is who calls here.
            self._calls.take(lambda: self._stop(act))

    def _stop(self, act: Act) -> None:
        with contextlib.suppress(ServiceError):  # it was never started, or has gone
            self.nested.stop(act)

    def settled(self, act: Act) -> None:
        """What was told of `act` is committed: what was kept for the case that it were not may go."""
        self._told.settled(act)
        if integration(act.resource).service == "lambda":
            with contextlib.suppress(OSError):  # what stays behind is small, and `clean` finds it
                self._functions.forget(act.name)

    def _attempt(self, row: Integration, act: Act, signal: Say, work: Callable[[Integration, Act, Say], None]) -> None:
        try:
            if self._rights is not None and not act.submitted:
                self._rights.task(act, row.service)
            work(row, act, signal)
        except ServiceError as refusal:
            cause = error_cause(row, refusal.code, refusal.message, refusal.status, request_of(act.name))
            signal(Failed(act, error_name(row, refusal.code, self._modelled(row, refusal.code)), cause))
        except OSError as fault:  # a service's own trouble, which States.ALL may try again, unlike States.Runtime
            signal(Failed(act, error_name(row, "InternalFailure"), _of_machine(fault)))
        except Exception as bug:  # noqa: BLE001 - one act's fault must not end the thread that serves the others
            signal(Failed(act, "States.Runtime", f"a bug of Stepmill, please report it: {bug!r}"))
        finally:
            with self._lock:
                self._begun.discard(act.name)
                self._given_up.discard(act.name)

    def _request(self, row: Integration, act: Act, signal: Say) -> None:
        if row.service == "lambda" and row.optimised:
            self._invoke(row, act, signal)
            return
        request = sdk.request_of(row, act.parameters, act.execution)
        response = self._operations.call(row.service, row.operation, request, token=act.name)
        if (failure := sdk.failure_of(row, response)) is not None:
            signal(Failed(act, *failure))
            return
        result = sdk.result_of(row, response) | ({} if not row.optimised else _sdk_metadata(act))
        signal(_answer(row, act, result))

    def _invoke(self, row: Integration, act: Act, signal: Say) -> None:
        direct = row.function is not None
        request = {"FunctionName": act.resource, "Payload": act.parameters} if direct else dict(act.parameters or {})
        request["Payload"] = _sent(request.get("Payload"), direct)
        response = self._operations.call("lambda", "Invoke", request, token=act.name)
        if "FunctionError" in response:
            error, cause = error_of(response["Payload"])
            signal(Failed(act, error, cause))
            return
        payload = _answered(response["Payload"])
        if direct:
            signal(Finished(act, payload))
            return
        result = {**sdk.plain(response | {"Payload": None}), "Payload": payload, **_sdk_metadata(act)}
        signal(_answer(row, act, result))

    def _job(self, row: Integration, act: Act, signal: Say) -> None:
        assert row.job is not None
        request = dict(act.parameters or {})
        if row.pattern == "sync":
            request["Tags"] = [*request.get("Tags", []), *_managed(act)]
        if self._closed or self._is_given_up(act):
            return
        created = self._operations.call(row.service, row.operation, request, token=act.name)
        if self._is_given_up(act):
            # Cancelled while it was started: the engine looked for the job before there was one. A store that was let
            # go meanwhile is another matter: its next owner adopts the job.
            self.cancel(act)
        answer = sdk.plain(created) | _sdk_metadata(act)
        if row.pattern != "sync":
            signal(Finished(act, answer))
            return
        if not act.submitted:
            signal(Submitted(act, answer))
        status, result = self._sagemaker.result(row.job, act)
        if status == "Completed":
            signal(Finished(act, result))
        else:
            # Whether AWS fails the task of a Stopped job is not documented; failing is the safe direction (parity.md).
            signal(Failed(act, "States.TaskFailed", dumps(result)))

    def _modelled(self, row: Integration, code: str) -> str | None:
        """What the service's model calls an error, where the table of integrations does not know it."""
        if knows_errors(row) or self._operations.others is None:
            return None
        return self._operations.others.error_shape(row.service, code)

    def _is_given_up(self, act: Act) -> bool:
        with self._lock:
            return act.name in self._given_up


def _answer(row: Integration, act: Act, result: Any) -> Signal:
    """A response is the end of a task, unless that waits for its token."""
    return Submitted(act, result) if row.pattern == "token" else Finished(act, result)


def _sent(payload: Any, direct: bool) -> str:
    """A payload as the function gets it. To the optimised integration a text is the payload's own JSON, and null is
    none (recorded from AWS); to a function called by its ARN every input is a value."""
    if direct or not (payload is None or isinstance(payload, str)):
        return json.dumps(payload, ensure_ascii=False)
    return payload or "{}"


def _answered(payload: bytes) -> Any:
    """What a function returned: JSON, or, where it returned bytes of its own, their text."""
    try:
        return json.loads(payload or b"null")
    except ValueError:
        return payload.decode("utf-8", "replace")


def _managed(act: Act) -> list[dict[str, str]]:
    return [
        {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
        {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": act.execution},
    ]


def _sdk_metadata(act: Act) -> dict[str, Any]:
    """What AWS's optimised integrations add to a response; a function's log knows its call by the same request id."""
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request_of(act.name)},
    }


def _of_machine(fault: OSError) -> str:
    """What this machine could not do, as a person would say it."""
    if fault.errno == errno.ENOSPC:
        return "the disk of this machine is full; free some space and run it again"
    return f"this machine cannot do that: {fault.filename or 'the store'}: {fault.strerror or fault}"
