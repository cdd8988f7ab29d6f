"""State machines: made, changed, described, listed, removed.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history.
"""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from stepmill.asl.definition import MAX_BYTES, Definition
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.variables import variable_references
from stepmill.clock import Clock
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet
from stepmill.services.reach import unreachable
from stepmill.services.states import published
from stepmill.services.states.about import machine_tags
from stepmill.services.states.names import checked, resource
from stepmill.services.states.pages import page

# What a machine keeps and shows, and this machine does nothing about.
_SHOWN = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}
EXPRESS: Final = "EXPRESS"
_TYPES: Final = ("STANDARD", EXPRESS)


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
        _described(request)
        kind = request.get("type") or "STANDARD"
        if kind not in _TYPES:
            raise invalid(unmet(kind, "type", f"satisfy enum value set: [{', '.join(_TYPES)}]"))
        revision = _parsed(text, express=kind == EXPRESS).digest
        arn = f"{self.scope}:stateMachine:{name}"
        shown = {key: request.get(key, default) for key, default in _SHOWN.items()}
        with self.writing:
            found = self._history.record("states", "machine", name)
            if found is not None:
                same = (found["revision"], found["type"]) == (revision, kind)
                if same and {key: found.get(key, _SHOWN[key]) for key in _SHOWN} == shown:
                    made = {"stateMachineArn": arn, "creationDate": found["created"]}
                    return made | self._publish(found, request, found["created"])
                raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
            now = self._clock.now()
            machine = {
                "arn": arn,
                "name": name,
                "role": request["roleArn"],
                "revision": revision,
                "created": now,
                "updated": now,
                "type": kind,
                **shown,
                **({"tags": machine_tags(request["tags"])} if request.get("tags") else {}),
            }
            version = self._publish(machine, request, now, text)
        return {"stateMachineArn": arn, "creationDate": now, **version}

    @operation("UpdateStateMachine", "stateMachineArn")
    def update_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a machine another definition or role. Executions that run keep the one they started with."""
        _described(request)
        given = {key: request[key] for key in ("definition", "roleArn", *_SHOWN) if request.get(key) is not None}
        if not given:
            message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration"
            raise ServiceError("MissingRequiredParameter", f"{message} must be specified")
        with self.writing:
            before = self.machine(request["stateMachineArn"])
            text = given.pop("definition", None) or self.revision(before["revision"])
            revision = _parsed(text, express=before["type"] == EXPRESS).digest
            machine = before | {"revision": revision, "role": given.pop("roleArn", before["role"])} | given
            if machine != before:
                machine["revision_id"] = str(uuid.uuid4())
            machine["updated"] = self._clock.now()
            version = self._publish(machine, request, machine["updated"], text)
        return {"updateDate": machine["updated"], **_revision_id(machine), **version}

    @operation("DescribeStateMachine", "stateMachineArn")
    def describe_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A machine, or a version of one, with its definition. An alias shows the version it leads to first."""
        machine = self.target(request["stateMachineArn"], lambda: 0.0)
        text = self.revision(machine["revision"])
        variables = variable_references(json.loads(text))
        return {
            "stateMachineArn": request["stateMachineArn"],
            "name": machine["name"],
            "status": "ACTIVE",
            "definition": text,
            "roleArn": machine["role"],
            "type": machine["type"],
            "creationDate": machine["created"],
            **{key: machine.get(key, default) for key, default in _SHOWN.items()},
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
            **_revision_id(machine),
            **({"description": machine["description"]} if machine.get("description") else {}),
            **({"variableReferences": variables} if variables else {}),
        }

    @operation("DeleteStateMachine", "stateMachineArn")
    def delete_state_machine(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a machine with its versions and aliases. Its executions stay; a machine that is not there is no error,
        as on AWS."""
        name = resource(request["stateMachineArn"], "stateMachine")
        with self.writing:
            if self._history.record("states", "machine", name) is not None:
                kinds = (("version", published.versions), ("alias", published.aliases))
                gone = [("machine", name)]
                for kind, all_of in kinds:
                    gone += [(kind, one["arn"].split(":stateMachine:")[1]) for one in all_of(self._history, name)]
                self._history.put(*(Record("states", kind, key, None) for kind, key in gone))
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
            raise _unknown(arn)
        return found

    def target(self, arn: str, chance: Callable[[], float] = random.random) -> dict[str, Any]:
        """What an ARN of a machine, of a version or of an alias leads to: a machine's record, with `version` and
        `alias` (ARNs) where it was reached by one. `chance` gives numbers from 0 to 1, for the weights of an alias.

        Raises InvalidArn, StateMachineDoesNotExist.
        """
        name, _, qualifier = resource(arn, "stateMachine").partition(":")
        if not qualifier:
            return self.machine(arn)
        reached: dict[str, Any] = {}
        if not qualifier.isdecimal():
            found = published.alias(self._history, name, qualifier)
            if found is None or found["arn"] != arn:
                raise _unknown(arn)
            reached["alias"] = arn
            qualifier = published.routed(found, chance).rpartition(":")[2]
        version = published.version(self._history, name, qualifier)
        if version is None or (not reached and version["arn"] != arn):
            raise _unknown(arn)
        base = f"{self.scope}:stateMachine:{name}"
        return {**version, "arn": base, "version": version["arn"], **reached}

    def _publish(
        self, machine: dict[str, Any], request: Mapping[str, Any], now: float, text: str | None = None
    ) -> Response:
        """Write a machine (with the `text` of its definition, if it is new), and the version that is asked for."""
        records = [] if text is None else _machine_records(machine["name"], machine, text)
        answer: Response = {}
        if request.get("publish"):
            made = published.publish(self._history, machine, request.get("versionDescription") or "", now)
            records += made[1]
            answer["stateMachineVersionArn"] = made[0]["arn"]
        self._history.put(*records)
        return answer

    def revision(self, digest: str) -> str:
        """The text of a definition."""
        found = self._history.record("states", "revision", digest)
        assert found is not None, "a machine's revision is written with the machine"
        return str(found["definition"])


def _described(request: Mapping[str, Any]) -> None:
    if request.get("versionDescription") and not request.get("publish"):
        raise ServiceError("ValidationException", "Version description can only be set when publish is true")


def _unknown(arn: str) -> ServiceError:
    return ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def _parsed(text: str, *, express: bool = False) -> Definition:
    if len(str(text)) > MAX_BYTES:
        raise invalid(unmet(f"{text[:40]}…", "definition", f"have length less than or equal to {MAX_BYTES}"))
    try:
        definition = Definition.parse(text, express=express)
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
