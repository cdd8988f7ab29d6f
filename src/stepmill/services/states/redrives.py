"""RedriveExecution: an execution that ended badly goes on where it was.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and the engine.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stepmill.clock import Clock
from stepmill.engine.emitting import EVENT_LIMIT
from stepmill.engine.loop import Engine
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, operation
from stepmill.services.states.machines import Machines
from stepmill.services.states.names import resource

PERIOD: Final = 14 * 86_400.0
"""Seconds after its end in which an execution can be redriven."""


class Redrives:
    """Redrives the executions of a store; one at a time is looked up and written."""

    def __init__(self, history: History, engine: Engine, clock: Clock, machines: Machines) -> None:
        self._history = history
        self._engine = engine
        self._clock = clock
        self._writing = machines.writing

    @operation("RedriveExecution", "executionArn")
    def redrive_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Go on with an execution that failed, timed out or was aborted. The answer comes when that is on disk.

        What succeeded is not run again. The same `clientToken` again finds the redrive it began.

        Raises ServiceError: ExecutionDoesNotExist, ExecutionNotRedrivable, InvalidArn.
        """
        arn, asked = request["executionArn"], request.get("clientToken") or token
        resource(arn, "execution")
        with self._writing:
            found = self._history.record("states", "execution", arn)
            if found is None:
                raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
            if asked is not None and found.get("redriven_by") == asked:
                return {"redriveDate": found["redriven"]}
            reason = refusal(found, len(self._history.read(arn)), self._clock.now())
            if reason is not None:
                raise ServiceError("ExecutionNotRedrivable", reason)
            now = self._clock.now()
            body = {key: value for key, value in found.items() if key not in ("error", "cause")}
            body |= {"status": "RUNNING", "ended": None, "redriven": now, "redriven_by": asked}
            body["redrives"] = int(found.get("redrives", 0)) + 1
            self._engine.redrive(arn, [Record("states", "execution", arn, body)])
        return {"redriveDate": now}


def refusal(found: Mapping[str, Any], events: int, now: float) -> str | None:
    """Why an execution cannot be redriven, in AWS's words where they are recorded; None when it can."""
    if found["status"] in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {found['status']} and cannot be redriven"
    if found.get("map_run"):
        return "Execution can only be redriven by its Map Run"
    if now - (found.get("ended") or now) > PERIOD:
        return "Execution has exceeded the redrivable period of 14 days"
    if events >= EVENT_LIMIT - 1:
        return "Execution has reached the maximum number of history events"
    return None
