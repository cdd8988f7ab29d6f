"""Versions of state machines: published, listed, deleted.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history.
"""

from __future__ import annotations

from typing import Any

from stepmill.clock import Clock
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, operation
from stepmill.services.states import published
from stepmill.services.states.machines import Machines
from stepmill.services.states.names import resource
from stepmill.services.states.pages import page


class Versions:
    """The versions of the machines that `machines` keeps."""

    def __init__(self, history: History, clock: Clock, machines: Machines) -> None:
        self._history = history
        self._clock = clock
        self._machines = machines

    @operation("PublishStateMachineVersion", "stateMachineArn")
    def publish_state_machine_version(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make what the machine is now a version. Nothing new is made when the newest version is just that.

        Raises ServiceError: ConflictException when `revisionId` is not the machine's, StateMachineDoesNotExist.
        """
        wanted = request.get("revisionId")
        with self._machines.writing:
            machine = self._machines.machine(request["stateMachineArn"])
            current = machine.get("revision_id", "INITIAL")
            if wanted is not None and wanted != current:
                raise ServiceError(
                    "ConflictException",
                    f"Failed to publish the State Machine version for revision {wanted}. "
                    f"The current State Machine revision is {current}.",
                )
            now = self._clock.now()
            body, records = published.publish(self._history, machine, request.get("description") or "", now)
            self._history.put(*records)
        return {"creationDate": body["created"], "stateMachineVersionArn": body["arn"]}

    @operation("ListStateMachineVersions", "stateMachineArn")
    def list_state_machine_versions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A machine's versions, newest first."""
        machine = self._machines.machine(request["stateMachineArn"])
        rows = [
            {"stateMachineVersionArn": body["arn"], "creationDate": body["created"]}
            for body in published.versions(self._history, machine["name"])
        ]
        return page("stateMachineVersions", rows, request, "stateMachineVersionArn")

    @operation("DeleteStateMachineVersion", "stateMachineVersionArn")
    def delete_state_machine_version(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a version. One that is not there is no error; one that an alias leads to is refused."""
        arn = request["stateMachineVersionArn"]
        name, _, number = resource(arn, "stateMachine").partition(":")
        if not number.isdecimal():
            raise ServiceError("ValidationException", f"Expected a state machine version ARN but was: {arn}")
        with self._machines.writing:
            if published.version(self._history, name, number) is None:
                return {}
            if named := published.referring(self._history, name, arn):
                raise ServiceError(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. "
                    f"Current list of aliases referencing this version: [{', '.join(named)}]",
                )
            self._history.put(Record("states", "version", f"{name}:{number}", None))
        return {}
