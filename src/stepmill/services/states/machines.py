"""State machines: made, changed, described, listed, removed.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.variables import variable_references
from stepmill.clock import Clock
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, operation
from stepmill.services.reach import unreachable
from stepmill.services.states.about import machine_tags
from stepmill.services.states.names import checked, resource
from stepmill.services.states.pages import page

# What a machine keeps and shows, and this machine does nothing about.
_SHOWN = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}


class Machines:
    """The state machines of one account and region, kept in the history."""

    def __init__(self, history: History, clock: Clock, *, region: str, account: str) -> None:
        self._history = history
        self._clock = clock
        self.scope = f"arn:aws:states:{region}:{account}"
        self.writing = threading.Lock()  # a machine or a name is looked up and written in one step

    # machines

    @operation("CreateStateMachine", "name", "definition", "roleArn")
    def create_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a machine. The same name and definition again finds the first one, whatever role and tags it comes with;
        another definition is refused, as on AWS."""
        name, text = checked(request["name"]), request["definition"]
        _no_versions(request)
        if request.get("type", "STANDARD") != "STANDARD":
            raise ServiceError("ValidationException", "type EXPRESS does not run on this machine yet; use STANDARD")
        revision = _parsed(text).digest
        arn = f"{self.scope}:stateMachine:{name}"
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
            before = self.machine(request["stateMachineArn"])
            text = given.pop("definition", None) or self.revision(before["revision"])
            machine = before | {"revision": _parsed(text).digest, "role": given.pop("roleArn", before["role"])} | given
            if machine != before:
                machine["revision_id"] = str(uuid.uuid4())
            machine["updated"] = self._clock.now()
            self._history.put(*_machine_records(machine["name"], machine, text))
        return {"updateDate": machine["updated"], **_revision_id(machine)}

    @operation("DescribeStateMachine", "stateMachineArn")
    def describe_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A machine with its definition."""
        machine = self.machine(request["stateMachineArn"])
        text = self.revision(machine["revision"])
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
        name = resource(request["stateMachineArn"], "stateMachine")
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
        return page("stateMachines", rows, request, "stateMachineArn")

    # lookups

    def machine(self, arn: str) -> dict[str, Any]:
        """The record of a machine. Raises InvalidArn, StateMachineDoesNotExist."""
        name = resource(arn, "stateMachine")
        found = self._history.record("states", "machine", name)
        if found is None or found["arn"] != arn:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return found

    def revision(self, digest: str) -> str:
        """The text of a definition."""
        found = self._history.record("states", "revision", digest)
        assert found is not None, "a machine's revision is written with the machine"
        return str(found["definition"])


def _no_versions(request: Mapping[str, Any]) -> None:
    if request.get("versionDescription") and not request.get("publish"):
        raise ServiceError("ValidationException", "Version description can only be set when publish is true")
    if request.get("publish"):
        raise ServiceError("ValidationException", "there are no versions of a machine on this machine yet: no publish")


def _parsed(text: str) -> Definition:
    try:
        definition = Definition.parse(text)
        if lacking := list(unreachable(definition.json)):
            raise InvalidDefinition(lacking)
        return definition
    except InvalidDefinition as fault:
        raise refused_definition(fault) from None


def refused_definition(fault: InvalidDefinition) -> ServiceError:
    """All that is wrong with a definition, as AWS words it."""
    listed = ", ".join(f"{p.code}: {p.message} at {p.place}" for p in fault.problems)
    return ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def _machine_records(name: str, machine: Mapping[str, Any], text: str) -> list[Record]:
    return [
        Record("states", "revision", machine["revision"], {"definition": text}),
        Record("states", "machine", name, dict(machine)),
    ]


def _revision_id(machine: Mapping[str, Any]) -> Response:
    return {"revisionId": machine["revision_id"]} if "revision_id" in machine else {}
