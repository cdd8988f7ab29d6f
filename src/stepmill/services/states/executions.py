"""Executions: started, stopped, described, listed, and their histories.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and the engine it starts
executions in.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.history.events import public
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet
from stepmill.services.states.machines import EXPRESS, Machines
from stepmill.services.states.map_runs import children
from stepmill.services.states.names import checked, resource
from stepmill.services.states.pages import page
from stepmill.services.states.redrives import refusal

_INPUT_LIMIT = 262_144  # bytes, AWS's quota for an execution's input
_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
_OTHER_TYPE = "This operation is not supported by this type of state machine"
_REDRIVEN = ("REDRIVEN", "NOT_REDRIVEN")
_LOOK = 0.5  # seconds between looks whether the engine, which should stop an execution, still lives


class Executions:
    """The executions of one account and region, kept in the history, of the machines that `machines` keeps."""

    def __init__(self, history: History, engine: Engine, clock: Clock, machines: Machines) -> None:
        self._history = history
        self._clock = clock
        self._engine = engine
        self._machines = machines
        self._scope = machines.scope

    # executions

    @operation("StartExecution", "stateMachineArn")
    def start_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start an execution of a machine, of a version, or of the version an alias leads to.

        A running execution of the same name with the same input is found again, and one that the same token started,
        even if it has ended; a name that was used otherwise is refused as ExecutionAlreadyExists. Without a name, a
        UUID is given. Express executions may share their names.
        """
        found = self._start(request, token, sync=False)
        return {"executionArn": found["arn"], "startDate": found["started"]}

    @operation("StartSyncExecution", "stateMachineArn")
    def start_sync_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start an execution of an Express machine and answer when it has ended, five minutes later at most."""
        found = self._ended(self._start(request, token, sync=True)["arn"])
        arn = found["arn"]
        started, last = self._history.read(arn, limit=1)[0].details, self._history.read(arn)[-1].details
        spent = math.ceil((found["ended"] - found["started"]) * 10) * 100
        answer: Response = {
            "executionArn": arn,
            "stateMachineArn": found["machine_arn"],
            "name": found["name"],
            "startDate": found["started"],
            "stopDate": found["ended"],
            "status": found["status"],
            "input": started["input"],
            "inputDetails": {"included": True},
            "billingDetails": {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": max(100, spent)},
        }
        if "output" in last:
            answer |= {"output": last["output"], "outputDetails": {"included": True}}
        return answer | {key: last[key] for key in ("error", "cause") if last.get(key) is not None}

    def _start(self, request: Mapping[str, Any], token: str | None, *, sync: bool) -> dict[str, Any]:
        """The record of the execution that was started, or is found again."""
        name = checked(request.get("name") or str(uuid.uuid4()))
        text = input_text(request.get("input", "{}"))
        with self._machines.writing:
            machine = self._machines.target(request["stateMachineArn"])
            express = machine["type"] == EXPRESS
            if sync and not express:
                raise ServiceError("StateMachineTypeNotSupported", _OTHER_TYPE)
            arn = f"{self._scope}:execution:{machine['name']}:{name}"
            if express:
                unique = uuid.uuid5(uuid.NAMESPACE_URL, token) if token else uuid.uuid4()
                arn = f"{self._scope}:express:{machine['name']}:{name}:{unique}"
            found = self._history.record("states", "execution", arn)
            if found is None:
                told: dict[str, Any] = {key: machine[key] for key in ("version", "alias") if key in machine}
                self._engine.start(
                    arn,
                    machine=machine["name"],
                    name=name,
                    definition=Definition.parse(self._machines.revision(machine["revision"]), express=express),
                    input_text=text,
                    role=machine["role"],
                    machine_arn=machine["arn"],
                    records=[Record("states", "execution", arn, {"token": token, **told})],
                    express=express,
                )
                found = self._found(arn)
            elif token is None or found.get("token") != token:
                started = self._history.read(arn, limit=1)[0]
                if found["status"] != "RUNNING" or started.details.get("input") != text:
                    raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return found

    @operation("StopExecution", "executionArn")
    def stop_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Abort a running execution; the jobs it waits for are stopped with their grace.

        The answer comes when the end is on disk: a stop that was acknowledged is not lost with this process.
        """
        arn = request["executionArn"]
        if self._execution(arn)["status"] == "RUNNING":
            self._engine.stop(arn, error=request.get("error") or "", cause=request.get("cause") or "")
        return {"stopDate": self._ended(arn)["ended"]}

    def _ended(self, arn: str) -> dict[str, Any]:
        """The record of an execution, once it has ended."""
        found, seen = self._found(arn), 0
        while found["status"] == "RUNNING":
            self._engine.wait_idle(0)  # raises what ended the engine
            seen = max((event.id for event in self._history.read(arn, seen)), default=seen)
            if self._found(arn)["status"] == "RUNNING":
                self._history.wait(arn, seen, _LOOK)
            found = self._found(arn)
        return found

    @operation("DescribeExecution", "executionArn")
    def describe_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Status, times, input and, once it ended, output or error and cause."""
        arn = request["executionArn"]
        found = self._execution(arn)
        first = self._history.read(arn, limit=1)[0]
        status = found["status"]
        response: Response = {
            **_summary(found, f"{self._scope}:stateMachine:{found['machine']}"),
            "input": first.details.get("input", "{}"),
            "inputDetails": {"included": True},
        }
        events = self._history.read(arn)
        reason = refusal(found, len(events), self._clock.now())
        if reason is None:
            response["redriveStatus"] = "REDRIVABLE"
        elif found.get("map_run") and status not in ("RUNNING", "SUCCEEDED"):
            response["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
        else:
            response |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
        if status != "RUNNING":
            last = events[-1].details
            if "output" in last:
                response |= {"output": last["output"], "outputDetails": {"included": True}}
            response |= {key: last[key] for key in ("error", "cause") if last.get(key) is not None}
        return response

    @operation("ListExecutions")
    def list_executions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The executions of a machine, or the child executions of a Map Run, newest first, by status when
        `statusFilter` says one."""
        wanted = request.get("statusFilter")
        if wanted is not None and wanted not in _STATUSES:
            raise invalid(unmet(wanted, "statusFilter", f"satisfy enum value set: [{', '.join(_STATUSES)}]"))
        if request.get("mapRunArn"):
            if request.get("stateMachineArn"):
                raise ServiceError("ValidationException", "Only one of stateMachineArn and mapRunArn can be given")
            return self._children(request, wanted)
        if not request.get("stateMachineArn"):
            raise invalid(unmet(None, "stateMachineArn", "not be null"))
        arn = request["stateMachineArn"]
        machine = self._machines.target(arn)
        if machine["type"] == EXPRESS:
            raise ServiceError("StateMachineTypeNotSupported", _OTHER_TYPE)
        prefix = f"{self._scope}:execution:{machine['name']}:"
        redriven = request.get("redriveFilter")
        if redriven is not None and redriven not in _REDRIVEN:
            raise invalid(unmet(redriven, "redriveFilter", f"satisfy enum value set: [{', '.join(_REDRIVEN)}]"))
        rows = [
            _summary(found, machine["arn"])
            for _, found in self._history.records("states", "execution", prefix)
            if wanted in (None, found["status"])
            and redriven in (None, _REDRIVEN["redrives" not in found])
            and arn in (machine["arn"], found.get("version"), found.get("alias"))
        ]
        return page("executions", rows, request, "executionArn")

    def _children(self, request: Mapping[str, Any], wanted: str | None) -> Response:
        """What is not shown is looked at only for its status."""
        arns = children(self._history, request["mapRunArn"])
        if wanted is not None:
            arns = (arn for arn in arns if self._execution(arn)["status"] == wanted)
        response = page("executions", [{"executionArn": arn} for arn in arns], request, "executionArn")
        found = [self._execution(row["executionArn"]) for row in response["executions"]]
        response["executions"] = [_summary(one, one["machine_arn"]) | {"itemCount": one["items"]} for one in found]
        return response

    @operation("GetExecutionHistory", "executionArn")
    def get_execution_history(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The events of an execution in AWS's words, in pages."""
        self._execution(request["executionArn"])
        events = [public(event) for event in self._history.read(request["executionArn"])]
        if request.get("reverseOrder"):
            events.reverse()
        response = page("events", events, request, "id")
        if request.get("includeExecutionData") is False:
            response["events"] = [_without_data(event) for event in response["events"]]
        return response

    def _execution(self, arn: str) -> dict[str, Any]:
        resource(arn, "execution")
        return self._found(arn)

    def _found(self, arn: str) -> dict[str, Any]:
        found = self._history.record("states", "execution", arn)
        if found is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found


def input_text(text: Any) -> str:
    """An execution's input as it was given. Raises InvalidExecutionInput for what is no JSON, ValidationException."""
    try:
        if not isinstance(text, str) or not text:
            raise ValueError("Invalid execution input.")
        json.loads(text, parse_constant=_no_number)
        size = len(text.encode())
    except ValueError as fault:  # also text that is no UTF-8
        raise ServiceError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{fault}'") from None
    if size > _INPUT_LIMIT:
        raise invalid(
            "Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_INPUT_LIMIT}"
        )
    return text


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")


def _summary(found: Mapping[str, Any], machine_arn: str) -> Response:
    summary: Response = {
        "executionArn": found["arn"],
        "stateMachineArn": machine_arn,
        "name": found["name"],
        "status": found["status"],
        "startDate": found["started"],
        "redriveCount": found.get("redrives", 0),
    }
    if "redriven" in found:
        summary["redriveDate"] = found["redriven"]
    if found.get("map_run"):
        summary["mapRunArn"] = found["map_run"]
    if found.get("ended") is not None:
        summary["stopDate"] = found["ended"]
    if "version" in found:
        summary["stateMachineVersionArn"] = found["version"]
    if "alias" in found:
        summary["stateMachineAliasArn"] = found["alias"]
    return summary


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the data it carried."""
    return {
        key: {name: part for name, part in value.items() if name not in ("input", "output")}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }
