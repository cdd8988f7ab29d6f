"""Aliases of state machines: names that lead to one version, or to two by weight.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history.

Wordings are recorded from AWS where a recording shows them; of the others docs/parity.md says so.
"""

from __future__ import annotations

import re
from typing import Any, Final

from stepmill.clock import Clock
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet
from stepmill.services.states import published
from stepmill.services.states.machines import Machines
from stepmill.services.states.names import resource
from stepmill.services.states.pages import page

# botocore's model, AliasName and CharacterRestrictedName.
_NAME: Final = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+")
_NAME_LIMIT, _DESCRIPTION_LIMIT = 80, 256
_ROUTES: Final = 2


class Aliases:
    """The aliases of the machines that `machines` keeps."""

    def __init__(self, history: History, clock: Clock, machines: Machines) -> None:
        self._history = history
        self._clock = clock
        self._machines = machines

    @operation("CreateStateMachineAlias", "name", "routingConfiguration")
    def create_state_machine_alias(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give versions of one machine a name. The same alias again finds the first one.

        Raises ServiceError: ConflictException when the alias is another already, ResourceNotFound for a version that is
        not there, ValidationException.
        """
        name, description = str(request["name"]), request.get("description") or ""
        _checked(name, description)
        with self._machines.writing:
            machine, routing = self._routing(request["routingConfiguration"])
            found = published.alias(self._history, machine, name)
            if found is not None:
                if (found["description"], found["routing"]) == (description, routing):
                    return {"stateMachineAliasArn": found["arn"], "creationDate": found["created"]}
                raise ServiceError(
                    "ConflictException",
                    "Failed to create alias because an alias with the same name and a different routing configuration "
                    "already exists.",
                )
            now = self._clock.now()
            body = {
                "arn": f"{self._machines.scope}:stateMachine:{machine}:{name}",
                "name": name,
                "description": description,
                "routing": routing,
                "created": now,
                "updated": now,
            }
            self._history.put(Record("states", "alias", f"{machine}:{name}", body))
        return {"stateMachineAliasArn": body["arn"], "creationDate": now}

    @operation("UpdateStateMachineAlias", "stateMachineAliasArn")
    def update_state_machine_alias(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give an alias another description, or other versions of its machine."""
        description, routing = request.get("description"), request.get("routingConfiguration")
        if description is None and routing is None:
            words = "Either description or routingConfiguration must be specified"
            raise ServiceError("ValidationException", words)
        with self._machines.writing:
            key, body = self._alias(request["stateMachineAliasArn"])
            if routing is not None:
                machine, routes = self._routing(routing)
                if machine != key.partition(":")[0]:
                    raise ServiceError("ValidationException", "An alias leads to versions of its own state machine")
                body = {**body, "routing": routes}
            if description is not None:
                _checked(body["name"], description)
                body = {**body, "description": description}
            body = {**body, "updated": self._clock.now()}
            self._history.put(Record("states", "alias", key, body))
        return {"updateDate": body["updated"]}

    @operation("DescribeStateMachineAlias", "stateMachineAliasArn")
    def describe_state_machine_alias(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """An alias and where it leads."""
        _, body = self._alias(request["stateMachineAliasArn"])
        return {
            "stateMachineAliasArn": body["arn"],
            "name": body["name"],
            "routingConfiguration": body["routing"],
            "creationDate": body["created"],
            "updateDate": body["updated"],
            **({"description": body["description"]} if body["description"] else {}),
        }

    @operation("ListStateMachineAliases", "stateMachineArn")
    def list_state_machine_aliases(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The aliases of a machine, or of one version when the ARN is a version's; newest first."""
        arn = request["stateMachineArn"]
        name, _, number = resource(arn, "stateMachine").partition(":")
        self._machines.machine(f"{self._machines.scope}:stateMachine:{name}" if number else arn)
        rows = [
            {"stateMachineAliasArn": body["arn"], "creationDate": body["created"]}
            for body in published.aliases(self._history, name)
            if not number or any(entry["stateMachineVersionArn"] == arn for entry in body["routing"])
        ]
        return page("stateMachineAliases", rows, request, "stateMachineAliasArn")

    @operation("DeleteStateMachineAlias", "stateMachineAliasArn")
    def delete_state_machine_alias(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget an alias; one that is not there is no error, as on AWS."""
        key = resource(request["stateMachineAliasArn"], "stateMachine")
        self._history.put(Record("states", "alias", key, None))
        return {}

    def _alias(self, arn: str) -> tuple[str, dict[str, Any]]:
        key = resource(arn, "stateMachine")
        found = self._history.record("states", "alias", key)
        if found is None or found["arn"] != arn:
            raise ServiceError("ResourceNotFound", "Request references a resource that does not exist.")
        return key, found

    def _routing(self, entries: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
        """The machine's name and the routes, checked."""
        if not 1 <= len(entries) <= _ROUTES:
            edge = "greater than or equal to 1" if not entries else f"less than or equal to {_ROUTES}"
            raise invalid(unmet(entries, "routingConfiguration", f"have length {edge}"))
        arns = [str(entry.get("stateMachineVersionArn", "")) for entry in entries]
        parts = [resource(arn, "stateMachine").partition(":") for arn in arns]
        if not all(number.isdecimal() for _, _, number in parts):
            raise _refused(f"Routing configuration must contain state machine version ARNs. Received: {_list(arns)}")
        if len(set(arns)) < len(arns):
            raise _refused(
                f"Routing configuration must contain distinct state machine version ARNs. Received: {_list(arns)}"
            )
        weights = [int(entry.get("weight") or 0) for entry in entries]
        if sum(weights) != 100 or min(weights) < 0:
            raise _refused(f"Sum of routing configuration weights must equal 100. Received: {_list(map(str, weights))}")
        names = {name for name, _, _ in parts}
        if len(names) > 1:
            raise _refused("Routing configuration must contain versions of one state machine")
        for name, _, number in parts:
            if published.version(self._history, name, number) is None:
                raise ServiceError("ResourceNotFound", "Request references a resource that does not exist.")
        routes = [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in zip(arns, weights, strict=True)]
        return names.pop(), routes


def _checked(name: str, description: str) -> None:
    problems = []
    if len(name) > _NAME_LIMIT:
        problems.append(unmet(name, "name", f"have length less than or equal to {_NAME_LIMIT}"))
    elif not _NAME.fullmatch(name):
        problems.append(unmet(name, "name", rf"satisfy regular expression pattern: ^{_NAME.pattern}$"))
    if len(description) > _DESCRIPTION_LIMIT:
        problems.append(unmet(description, "description", f"have length less than or equal to {_DESCRIPTION_LIMIT}"))
    if problems:
        raise invalid(*problems)


def _list(words: Any) -> str:
    return f"[{', '.join(words)}]"


def _refused(words: str) -> ServiceError:
    return ServiceError("ValidationException", words)
