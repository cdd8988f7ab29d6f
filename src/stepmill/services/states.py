"""AWS Step Functions' own operations: machines and executions.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and the engine it starts
executions in.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.variables import variable_references
from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.history.events import public
from stepmill.history.log import History, Record
from stepmill.services.machines import machine_tags
from stepmill.services.operations import Response, ServiceError, invalid, operation, unbounded, unmet
from stepmill.services.reach import unreachable

# AWS: names are 1 to 80 characters without white space, brackets, wildcards and these special ones.
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_INPUT_LIMIT = 262_144  # bytes, AWS's quota for an execution's input
_NAME_LIMIT = 80
_PAGE, _LARGEST_PAGE = 100, 1000
_TOKEN_LIMITS = {"executions": 3096}  # of the other lists: 1024
_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
_LOOK = 0.5  # seconds between looks whether the engine, which should stop an execution, still lives
# What a machine keeps and shows, and this machine does nothing about.
_SHOWN = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}


class States:
    """State machines and executions of one account and region, kept in the history."""

    def __init__(self, history: History, engine: Engine, clock: Clock, *, region: str, account: str) -> None:
        self._history = history
        self._engine = engine
        self._clock = clock
        self._scope = f"arn:aws:states:{region}:{account}"
        self.writing = threading.Lock()  # a machine or a name is looked up and written in one step

    # machines

    @operation("CreateStateMachine", "name", "definition", "roleArn")
    def create_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a machine. The same name and definition again finds the first one, whatever role and tags it comes with;
        another definition is refused, as on AWS."""
        name, text = _name(request["name"]), request["definition"]
        _no_versions(request)
        if request.get("type", "STANDARD") != "STANDARD":
            raise ServiceError("ValidationException", "type EXPRESS does not run on this machine yet; use STANDARD")
        revision = _parsed(text).digest
        arn = f"{self._scope}:stateMachine:{name}"
        shown = {key: request.get(key, default) for key, default in _SHOWN.items()}
        with self.writing:
            found = self._history.record("states", "machine", name)
            if found is not None:
                if found["revision"] == revision and {key: found.get(key, _SHOWN[key]) for key in _SHOWN} == shown:
                    return {"stateMachineArn": arn, "creationDate": found["created"]}
                raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
            now = self._clock.now()
            machine = {
                "arn": arn,
                "name": name,
                "role": request["roleArn"],
                "revision": revision,
                "created": now,
                "updated": now,
                "type": "STANDARD",
                **shown,
                **({"tags": machine_tags(request["tags"])} if request.get("tags") else {}),
            }
            self._history.put(*_machine_records(name, machine, text))
        return {"stateMachineArn": arn, "creationDate": now}

    @operation("UpdateStateMachine", "stateMachineArn")
    def update_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a machine another definition or role. Executions that run keep the one they started with."""
        _no_versions(request)
        given = {key: request[key] for key in ("definition", "roleArn", *_SHOWN) if request.get(key) is not None}
        if not given:
            message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration"
            raise ServiceError("MissingRequiredParameter", f"{message} must be specified")
        with self.writing:
            before = self._machine(request["stateMachineArn"])
            text = given.pop("definition", None) or self._revision(before["revision"])
            machine = before | {"revision": _parsed(text).digest, "role": given.pop("roleArn", before["role"])} | given
            if machine != before:
                machine["revision_id"] = str(uuid.uuid4())
            machine["updated"] = self._clock.now()
            self._history.put(*_machine_records(machine["name"], machine, text))
        return {"updateDate": machine["updated"], **_revision_id(machine)}

    @operation("DescribeStateMachine", "stateMachineArn")
    def describe_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A machine with its definition."""
        machine = self._machine(request["stateMachineArn"])
        text = self._revision(machine["revision"])
        variables = variable_references(json.loads(text))
        return {
            "stateMachineArn": machine["arn"],
            "name": machine["name"],
            "status": "ACTIVE",
            "definition": text,
            "roleArn": machine["role"],
            "type": machine["type"],
            "creationDate": machine["created"],
            **{key: machine.get(key, default) for key, default in _SHOWN.items()},
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
            **_revision_id(machine),
            **({"variableReferences": variables} if variables else {}),
        }

    @operation("DeleteStateMachine", "stateMachineArn")
    def delete_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a machine. Its executions stay; a machine that is not there is no error, as on AWS."""
        name = _resource(request["stateMachineArn"], "stateMachine")
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
        return _page("stateMachines", rows, request, "stateMachineArn")

    # executions

    @operation("StartExecution", "stateMachineArn")
    def start_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start an execution.

        A running execution of the same name with the same input is found again, and one that the same token started,
        even if it has ended; a name that was used otherwise is refused as ExecutionAlreadyExists. Without a name, a
        UUID is given.
        """
        name = _name(request.get("name") or str(uuid.uuid4()))
        text = _input(request.get("input", "{}"))
        with self.writing:
            machine = self._machine(request["stateMachineArn"])
            arn = f"{self._scope}:execution:{machine['name']}:{name}"
            found = self._history.record("states", "execution", arn)
            if found is None:
                self._engine.start(
                    arn,
                    machine=machine["name"],
                    name=name,
                    definition=Definition.parse(self._revision(machine["revision"])),
                    input_text=text,
                    role=machine["role"],
                    machine_arn=machine["arn"],
                    records=[Record("states", "execution", arn, {"token": token})],
                )
                found = self._execution(arn)
            elif token is None or found.get("token") != token:
                started = self._history.read(arn, limit=1)[0]
                if found["status"] != "RUNNING" or started.details.get("input") != text:
                    raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return {"executionArn": arn, "startDate": found["started"]}

    @operation("StopExecution", "executionArn")
    def stop_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Abort a running execution; the jobs it waits for are stopped with their grace.

        The answer comes when the end is on disk: a stop that was acknowledged is not lost with this process.
        """
        arn = request["executionArn"]
        found, seen = self._execution(arn), 0
        if found["status"] == "RUNNING":
            self._engine.stop(arn, error=request.get("error") or "", cause=request.get("cause") or "")
        while found["status"] == "RUNNING":
            self._engine.wait_idle(0)  # raises what ended the engine
            seen = max((event.id for event in self._history.read(arn, seen)), default=seen)
            if self._execution(arn)["status"] == "RUNNING":
                self._history.wait(arn, seen, _LOOK)
            found = self._execution(arn)
        return {"stopDate": found["ended"]}

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
            "redriveStatus": "NOT_REDRIVABLE" if status in ("RUNNING", "SUCCEEDED") else "REDRIVABLE",
        }
        if response["redriveStatus"] == "NOT_REDRIVABLE":
            response["redriveStatusReason"] = f"Execution is {status} and cannot be redriven"
        if status != "RUNNING":
            last = self._history.read(arn)[-1].details
            if "output" in last:
                response |= {"output": last["output"], "outputDetails": {"included": True}}
            response |= {key: last[key] for key in ("error", "cause") if last.get(key) is not None}
        return response

    @operation("ListExecutions", "stateMachineArn")
    def list_executions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The executions of a machine, newest first, by status when `statusFilter` says one."""
        machine = self._machine(request["stateMachineArn"])
        prefix = f"{self._scope}:execution:{machine['name']}:"
        wanted = request.get("statusFilter")
        if wanted is not None and wanted not in _STATUSES:
            raise invalid(unmet(wanted, "statusFilter", f"satisfy enum value set: [{', '.join(_STATUSES)}]"))
        rows = [
            _summary(found, machine["arn"])
            for _, found in self._history.records("states", "execution", prefix)
            if wanted in (None, found["status"])
        ]
        return _page("executions", rows, request, "executionArn")

    @operation("GetExecutionHistory", "executionArn")
    def get_execution_history(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The events of an execution in AWS's words, in pages."""
        self._execution(request["executionArn"])
        events = [public(event) for event in self._history.read(request["executionArn"])]
        if request.get("reverseOrder"):
            events.reverse()
        page = _page("events", events, request, "id")
        if request.get("includeExecutionData") is False:
            page["events"] = [_without_data(event) for event in page["events"]]
        return page

    # lookups

    def _machine(self, arn: str) -> dict[str, Any]:
        name = _resource(arn, "stateMachine")
        found = self._history.record("states", "machine", name)
        if found is None or found["arn"] != arn:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return found

    def _revision(self, digest: str) -> str:
        found = self._history.record("states", "revision", digest)
        assert found is not None, "a machine's revision is written with the machine"
        return str(found["definition"])

    def _execution(self, arn: str) -> dict[str, Any]:
        _resource(arn, "execution")
        found = self._history.record("states", "execution", arn)
        if found is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return found


def _resource(arn: str, kind: str) -> str:
    """What a Step Functions ARN of this kind names. Raises InvalidArn."""
    parts = str(arn).split(":", 6)
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states":
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if parts[5] != kind:
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
    return parts[6]


def _name(name: Any) -> str:
    if len(str(name)) > _NAME_LIMIT:
        raise invalid(unmet(name, "name", f"have length less than or equal to {_NAME_LIMIT}"))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
    return name


def _no_versions(request: Mapping[str, Any]) -> None:
    if request.get("versionDescription") and not request.get("publish"):
        raise ServiceError("ValidationException", "Version description can only be set when publish is true")
    if request.get("publish"):
        raise ServiceError("ValidationException", "there are no versions of a machine on this machine yet: no publish")


def _input(text: Any) -> str:
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


def _parsed(text: str) -> Definition:
    try:
        definition = Definition.parse(text)
        if lacking := list(unreachable(definition.json)):
            raise InvalidDefinition(lacking)
        return definition
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


def _revision_id(machine: Mapping[str, Any]) -> Response:
    return {"revisionId": machine["revision_id"]} if "revision_id" in machine else {}


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the data it carried."""
    return {
        key: {name: part for name, part in value.items() if name not in ("input", "output")}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }


def _page(field: str, rows: list[dict[str, Any]], request: Mapping[str, Any], key: str) -> Response:
    """A page that begins after the row its token names, so that rows which came meanwhile shift nothing."""
    token, size, problems = request.get("nextToken"), request.get("maxResults"), []
    limit = _TOKEN_LIMITS.get(field, 1024)
    if token is not None and not 1 <= len(str(token)) <= limit:
        edge = f"less than or equal to {limit}" if token else "greater than or equal to 1"
        problems.append(unmet(token, "nextToken", f"have length {edge}"))
    problems += unbounded(size, "maxResults", 0, _LARGEST_PAGE)
    if problems:
        raise invalid(*problems)
    start = _after(rows, key, str(token)) if token is not None else 0
    end = start + (int(size or 0) or _PAGE)
    response: Response = {field: rows[start:end]}
    if end < len(rows):
        response["nextToken"] = base64.urlsafe_b64encode(str(rows[end - 1][key]).encode()).decode()
    return response


def _after(rows: list[dict[str, Any]], key: str, token: str) -> int:
    try:
        last = base64.urlsafe_b64decode(token.encode()).decode()
        return next(index for index, row in enumerate(rows) if str(row[key]) == last) + 1
    except (ValueError, StopIteration):
        raise ServiceError("InvalidToken", f"Invalid Token: '{token}'") from None
