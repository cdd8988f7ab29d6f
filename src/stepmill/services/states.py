"""AWS Step Functions' own operations: machines and executions.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and the engine it starts
executions in.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.problems import InvalidDefinition
from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.history.events import public
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, operation

# AWS: names are 1 to 80 characters without white space, brackets, wildcards and these special ones.
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_INPUT_LIMIT = 262_144  # bytes, AWS's quota for an execution's input
_PAGE = 1000


class States:
    """State machines and executions of one account and region, kept in the history."""

    def __init__(self, history: History, engine: Engine, clock: Clock, *, region: str, account: str) -> None:
        self._history = history
        self._engine = engine
        self._clock = clock
        self._scope = f"arn:aws:states:{region}:{account}"

    # machines

    @operation("CreateStateMachine")
    def create_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a machine. The same name, text and role again finds the first one; other text is refused, as on AWS."""
        name, text, role = request["name"], request["definition"], request["roleArn"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
        definition = _parsed(text)
        arn = f"{self._scope}:stateMachine:{name}"
        found = self._history.record("states", "machine", name)
        if found is not None:
            if (found["revision"], found["role"]) == (definition.digest, role):
                return {"stateMachineArn": arn, "creationDate": found["created"]}
            raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'", 409)
        now = self._clock.now()
        machine = {
            "arn": arn,
            "name": name,
            "role": role,
            "revision": definition.digest,
            "created": now,
            "updated": now,
            "type": request.get("type", "STANDARD"),
        }
        if machine["type"] != "STANDARD":
            raise ServiceError("ValidationException", "type EXPRESS does not run on this machine yet; use STANDARD")
        self._history.put(*_machine_records(name, machine, text))
        return {"stateMachineArn": arn, "creationDate": now}

    @operation("UpdateStateMachine")
    def update_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a machine another definition or role. Executions that run keep the one they started with."""
        machine = self._machine(request["stateMachineArn"])
        text = request.get("definition")
        if text is None:
            text = self._revision(machine["revision"])
        now = self._clock.now()
        machine = machine | {
            "role": request.get("roleArn", machine["role"]),
            "revision": _parsed(text).digest,
            "updated": now,
        }
        self._history.put(*_machine_records(machine["name"], machine, text))
        return {"updateDate": now}

    @operation("DescribeStateMachine")
    def describe_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A machine with its definition."""
        machine = self._machine(request["stateMachineArn"])
        return {
            "stateMachineArn": machine["arn"],
            "name": machine["name"],
            "status": "ACTIVE",
            "definition": self._revision(machine["revision"]),
            "roleArn": machine["role"],
            "type": machine["type"],
            "creationDate": machine["created"],
        }

    @operation("DeleteStateMachine")
    def delete_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a machine. Its executions stay; a machine that is not there is no error, as on AWS."""
        name = request["stateMachineArn"].rpartition(":")[2]
        if self._history.record("states", "machine", name) is not None:
            self._history.put(Record("states", "machine", name, None))
        return {}

    @operation("ListStateMachines")
    def list_state_machines(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every machine, newest first, in pages of at most 1,000."""
        rows = [
            {"stateMachineArn": m["arn"], "name": m["name"], "type": m["type"], "creationDate": m["created"]}
            for _, m in self._history.records("states", "machine")
        ]
        return _page("stateMachines", rows, request)

    # executions

    @operation("StartExecution")
    def start_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start an execution.

        A running execution of the same name with the same input is found again; a name that was used otherwise is
        refused as ExecutionAlreadyExists. Without a name, a UUID is given.
        """
        machine = self._machine(request["stateMachineArn"])
        name = request.get("name") or str(uuid.uuid4())
        if not _NAME.fullmatch(name):
            raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
        text = request.get("input", "{}")
        try:
            json.loads(text)
        except ValueError as fault:
            raise ServiceError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{fault}'") from None
        if len(text.encode()) > _INPUT_LIMIT:
            raise ServiceError("InvalidExecutionInput", f"the input is over AWS's limit of {_INPUT_LIMIT} bytes")
        arn = f"{self._scope}:execution:{machine['name']}:{name}"
        found = self._history.record("states", "execution", arn)
        if found is not None:
            started = self._history.read(arn, limit=1)[0]
            if found["status"] == "RUNNING" and started.details.get("input") == text:
                return {"executionArn": arn, "startDate": found["started"]}
            raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        self._engine.start(
            arn,
            machine=machine["name"],
            name=name,
            definition=Definition.parse(self._revision(machine["revision"])),
            input_text=text,
            role=machine["role"],
            machine_arn=machine["arn"],
        )
        return {"executionArn": arn, "startDate": self._execution(arn)["started"]}

    @operation("StopExecution")
    def stop_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Abort a running execution; the jobs it waits for are stopped with their grace."""
        arn = request["executionArn"]
        if self._execution(arn)["status"] == "RUNNING":
            self._engine.stop(arn, error=request.get("error", ""), cause=request.get("cause", ""))
        return {"stopDate": self._clock.now()}

    @operation("DescribeExecution")
    def describe_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Status, times, input and, once it ended, output or error and cause."""
        arn = request["executionArn"]
        found = self._execution(arn)
        first = self._history.read(arn, limit=1)[0]
        response: Response = {
            **_summary(found, f"{self._scope}:stateMachine:{found['machine']}"),
            "input": first.details.get("input", "{}"),
            "inputDetails": {"included": True},
        }
        if found["status"] != "RUNNING":
            last = self._history.read(arn)[-1].details
            if "output" in last:
                response |= {"output": last["output"], "outputDetails": {"included": True}}
            response |= {key: last[key] for key in ("error", "cause") if last.get(key) is not None}
        return response

    @operation("ListExecutions")
    def list_executions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The executions of a machine, newest first, by status when `statusFilter` says one."""
        machine = self._machine(request["stateMachineArn"])
        prefix = f"{self._scope}:execution:{machine['name']}:"
        wanted = request.get("statusFilter")
        rows = [
            _summary(found, machine["arn"])
            for _, found in self._history.records("states", "execution", prefix)
            if wanted in (None, found["status"])
        ]
        return _page("executions", rows, request)

    @operation("GetExecutionHistory")
    def get_execution_history(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The events of an execution in AWS's words, in pages."""
        self._execution(request["executionArn"])
        events = [public(event) for event in self._history.read(request["executionArn"])]
        if request.get("reverseOrder"):
            events.reverse()
        return _page("events", events, request)

    # lookups

    def _machine(self, arn: str) -> dict[str, Any]:
        scope, _, name = arn.rpartition(":")
        if scope != f"{self._scope}:stateMachine":
            raise ServiceError("InvalidArn", f"Invalid Arn: '{arn}'")
        found = self._history.record("states", "machine", name)
        if found is None:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return found

    def _revision(self, digest: str) -> str:
        found = self._history.record("states", "revision", digest)
        assert found is not None, "a machine's revision is written with the machine"
        return str(found["definition"])

    def _execution(self, arn: str) -> dict[str, Any]:
        if not arn.startswith(f"{self._scope}:execution:"):
            raise ServiceError("InvalidArn", f"Invalid Arn: '{arn}'")
        found = self._history.record("states", "execution", arn)
        if found is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found


def _parsed(text: str) -> Definition:
    try:
        return Definition.parse(text)
    except InvalidDefinition as fault:
        listed = ", ".join(f"{p.code}: {p.message} at {p.place}" for p in fault.problems)
        raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'") from None


def _machine_records(name: str, machine: Mapping[str, Any], text: str) -> list[Record]:
    return [
        Record("states", "revision", machine["revision"], {"definition": text}),
        Record("states", "machine", name, dict(machine)),
    ]


def _summary(found: Mapping[str, Any], machine_arn: str) -> Response:
    summary: Response = {
        "executionArn": found["arn"],
        "stateMachineArn": machine_arn,
        "name": found["name"],
        "status": found["status"],
        "startDate": found["started"],
        "redriveCount": 0,
    }
    if found.get("ended") is not None:
        summary["stopDate"] = found["ended"]
    return summary


def _page(field: str, rows: list[dict[str, Any]], request: Mapping[str, Any]) -> Response:
    token = request.get("nextToken") or "0"
    if not str(token).isdigit():
        raise ServiceError("InvalidToken", f"Invalid Token: '{token}'")
    start = int(token)
    size = min(int(request.get("maxResults") or 0) or (_PAGE if field == "events" else 100), _PAGE)
    response: Response = {field: rows[start : start + size]}
    if start + size < len(rows):
        response["nextToken"] = str(start + size)
    return response
