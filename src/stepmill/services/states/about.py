"""What Step Functions tells of state machines beside making and running them: tags, old definitions, what is wrong.

In: requests as boto3 spells them. Out: responses. Touches: history, where tags stand in a machine's record.
Making machines is `machines`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.flow import warnings
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.asl.variables import variable_references
from stepmill.history.log import History, Record
from stepmill.services.arns import machine_of
from stepmill.services.operations import Response, ServiceError, invalid, operation, unbounded, unmet
from stepmill.services.tags import LIMIT, rows, without

_DIAGNOSTICS = 100  # at most in one answer, and AWS's default


class About:
    """The state machines of a store, and its activities as far as tags go. `writing` is the lock under which `Machines`
    writes them."""

    def __init__(self, history: History, writing: threading.Lock) -> None:
        self._history = history
        self._writing = writing

    @operation("DescribeStateMachineForExecution", "executionArn")
    def describe_state_machine_for_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The machine as it was when an execution started. `updateDate` is the execution's start where the machine was
        changed or removed since: when it had been written before that is not kept."""
        arn = request["executionArn"]
        found = self._history.record("states", "execution", arn)
        if found is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        revision, name = found["revision"], found["machine"]
        text = str((self._history.record("states", "revision", revision) or {}).get("definition", ""))
        machine = self._history.record("states", "machine", name) or {}
        role = self._history.read(arn, limit=1)[0].details.get("roleArn", "")
        same = (machine.get("revision"), machine.get("role")) == (revision, role)
        variables = variable_references(json.loads(text))
        return {
            "stateMachineArn": found.get("machine_arn") or machine_of(arn),
            "name": name,
            "definition": text,
            "roleArn": role,
            "updateDate": machine["updated"] if same else found["started"],
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            "tracingConfiguration": {"enabled": False},
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
            **({"mapRunArn": found["map_run"], "label": name.partition("/")[2]} if found.get("map_run") else {}),
            **({"revisionId": machine["revision_id"]} if same and "revision_id" in machine else {}),
            **({"variableReferences": variables} if variables else {}),
        }

    @operation("ValidateStateMachineDefinition", "definition")
    def validate_state_machine_definition(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Everything that is wrong with a definition; with the severity WARNING also what can only fail in a run."""
        kind, size, problems = request.get("type") or "STANDARD", request.get("maxResults"), []
        severity = request.get("severity") or "ERROR"
        if kind not in ("STANDARD", "EXPRESS"):
            problems.append(unmet(kind, "type", "satisfy enum value set: [STANDARD, EXPRESS]"))
        if severity not in ("ERROR", "WARNING"):
            problems.append(unmet(severity, "severity", "satisfy enum value set: [ERROR, WARNING]"))
        problems += unbounded(size, "maxResults", 0, _DIAGNOSTICS)
        if problems:
            raise invalid(*problems)
        told: list[Problem] = []
        try:
            definition = Definition.parse(request["definition"], express=kind == "EXPRESS")
            told = warnings(definition.json) if severity == "WARNING" else []
        except InvalidDefinition as fault:
            told = list(fault.problems)
        found = [
            {"severity": problem.severity, "code": problem.code, "message": problem.message}
            | ({"location": problem.place} if problem.place else {})
            for problem in told
        ]
        limit = int(size or 0) or _DIAGNOSTICS
        return {
            "result": "FAIL" if any(problem.severity == "ERROR" for problem in told) else "OK",
            "diagnostics": found[:limit],
            "truncated": len(found) > limit,
        }

    @operation("ListTagsForResource", "resourceArn")
    def list_tags_for_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The tags of a state machine or an activity."""
        return {"tags": rows(self._tagged(request["resourceArn"])[1].get("tags") or {}, "key", "value")}

    @operation("TagResource", "resourceArn", "tags")
    def tag_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Add tags to a state machine or an activity."""
        added = machine_tags(request["tags"])
        return self._change(request["resourceArn"], lambda tags: tags | added)

    @operation("UntagResource", "resourceArn", "tagKeys")
    def untag_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Take tags from a state machine or an activity; those that it does not have are no error."""
        return self._change(request["resourceArn"], lambda tags: without(tags, request["tagKeys"]))

    def _change(self, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> Response:
        with self._writing:
            kind, body = self._tagged(arn)
            tags = change(dict(body.get("tags") or {}))
            if len(tags) > LIMIT:
                raise ServiceError("TooManyTags", f"a state machine or an activity has at most {LIMIT} tags")
            self._history.put(Record("states", kind, body["name"], {**body, "tags": tags}))
        return {}

    def _tagged(self, arn: str) -> tuple[str, dict[str, Any]]:
        """What has tags: the kind of its record, and the record."""
        kind, part = ("activity", ":activity:") if ":activity:" in str(arn) else ("machine", ":stateMachine:")
        found = self._history.record("states", kind, str(arn).rpartition(part)[2])
        if found is None or found["arn"] != arn:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")
        return kind, found


def machine_tags(given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Step Functions' list of tags as a map; a tag without a value has an empty one."""
    return {str(tag.get("key", "")): str(tag.get("value") or "") for tag in given}
