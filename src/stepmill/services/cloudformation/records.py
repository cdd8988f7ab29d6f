"""What is kept of stacks: themselves, their templates, their events, their change sets.

In: names, ids, bodies. Out: the same. Touches: history.

A stack is a map whose keys are this module's `Stack`; its resources stand in it by logical id. Everything that happens
is written together with what it changes, so that a process that dies leaves a stack that says how far it came.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from stepmill.clock import Clock
from stepmill.history.log import History, Record
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import ServiceError

Stack = dict[str, Any]
"""id, name, status, reason, created, updated, deleted, template (a digest), parameters, tags, resources, order,
outputs, description, more (shown only), count (of its events), operation (what is under way)."""

_SERVICE: Final = "cloudformation"
_STACK: Final = "AWS::CloudFormation::Stack"
_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


class Records:
    """The stacks of one account and region. `deciding` is held while a stack's status is read and set in one step."""

    def __init__(self, history: History, clock: Clock, *, region: str, account: str) -> None:
        self._history = history
        self._clock = clock
        self._scope = f"arn:aws:cloudformation:{region}:{account}"
        self.deciding = threading.RLock()

    def now(self) -> float:
        """The time, in seconds since 1970."""
        return self._clock.now()

    # stacks

    def fresh(self, name: str, **more: Any) -> Stack:
        """A stack that is not written yet, with an id of its own."""
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        found: Stack = {
            "id": f"{self._scope}:stack/{name}/{uuid.uuid4()}",
            "name": name,
            "status": "",
            "created": self.now(),
            "template": "",
            "parameters": {},
            "tags": {},
            "resources": {},
            "order": [],
            "outputs": [],
            "count": 0,
        }
        return {**found, **more}

    def find(self, name: str) -> Stack | None:
        """A stack by its id, or the living one of a name."""
        if name.startswith("arn:"):
            found = self._history.record(_SERVICE, "stack", _tail(name))
            return found if found is not None and found["id"] == name else None
        for _, body in self._history.records(_SERVICE, "stack", f"{name}/"):
            if body["status"] != "DELETE_COMPLETE":
                return body
        return None

    def stack(self, name: Any) -> Stack:
        """The same, or the refusal that there is none."""
        if not name:
            raise invalid(
                "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member "
                "must not be null"
            )
        found = self.find(str(name))
        if found is None:
            raise invalid(f"Stack with id {name} does not exist")
        return found

    def all(self) -> list[Stack]:
        """Every stack that ever was, newest first."""
        return [body for _, body in self._history.records(_SERVICE, "stack")]

    def save(self, stack: Stack, *events: Mapping[str, Any]) -> None:
        """Write a stack and what has just happened to it."""
        written = []
        for event in events:
            stack["count"] += 1
            written.append(Record(_SERVICE, "event", f"{_tail(stack['id'])}/{stack['count']:06d}", dict(event)))
        # a store of many stacks that are done must start as fast as an empty one
        under_way = stack["status"].endswith("_IN_PROGRESS") and stack["status"] != "REVIEW_IN_PROGRESS"
        name = _tail(stack["id"])
        busy = Record(_SERVICE, "busy", name, {"id": stack["id"]} if under_way else None)
        self._history.put(Record(_SERVICE, "stack", name, dict(stack)), busy, *written)

    def busy(self) -> list[Stack]:
        """The stacks of which an operation is under way."""
        return [self.stack(body["id"]) for _, body in self._history.records(_SERVICE, "busy")]

    # events

    def said(self, stack: Stack, status: str, reason: str = "") -> dict[str, Any]:
        """The event of a stack's own status, which it takes."""
        stack["status"], stack["reason"] = status, reason
        stack["updated" if status.startswith("UPDATE") else "at"] = self.now()
        return self._event(stack, stack["name"], stack["id"], _STACK, status, reason, str(uuid.uuid4()))

    def done(
        self, stack: Stack, logical: str, resource: dict[str, Any], status: str, reason: str = ""
    ) -> dict[str, Any]:
        """The event of a resource's status, which it takes."""
        now = self.now()
        resource |= {"status": status, "reason": reason, "at": now}
        # an event's id has its millisecond; no two events of a stack have one id
        at = stack["stamp"] = max(int(now * 1000), stack.get("stamp", 0) + 1)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03d}Z"
        made = self._event(
            stack, logical, resource["physical"], resource["type"], status, reason, f"{logical}-{status}-{stamp}"
        )
        return {**made, "properties": resource["properties"]}

    def events(self, stack: Stack) -> list[dict[str, Any]]:
        """The events of a stack, newest first."""
        return [body for _, body in self._history.records(_SERVICE, "event", f"{_tail(stack['id'])}/")]

    def _event(
        self, stack: Stack, logical: str, physical: str, kind: str, status: str, reason: str, name: str
    ) -> dict[str, Any]:
        token = stack.get("token")
        return {
            "id": name,
            "logical": logical,
            "physical": physical,
            "type": kind,
            "status": status,
            "reason": reason,
            "at": self.now(),
            **({"token": token} if token else {}),
        }

    # templates

    def keep(self, text: str) -> str:
        """Keep a template. Out: its digest."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        if self._history.record(_SERVICE, "template", digest) is None:
            self._history.put(Record(_SERVICE, "template", digest, {"text": text}))
        return digest

    def template(self, digest: str) -> str:
        """The text of a template that was kept; "" for that of a stack that has none yet."""
        found = self._history.record(_SERVICE, "template", digest) if digest else None
        return str(found["text"]) if found is not None else ""

    # change sets

    def fresh_change_set(self, name: str) -> str:
        """The id of a change set that is not written yet."""
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member "
                "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        return f"{self._scope}:changeSet/{name}/{uuid.uuid4()}"

    def change_set(self, name: Any, stack_name: Any) -> dict[str, Any]:
        """A change set by its id, or by its name and its stack. Raises ServiceError (ChangeSetNotFound)."""
        name = str(name or "")
        if name.startswith("arn:"):
            found = self._history.record(_SERVICE, "change_set", _tail(name))
            if found is not None:
                return found
        elif not stack_name:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            stack = self.stack(stack_name)
            for body in self.change_sets(stack):
                if body["name"] == name:
                    return body
        raise ServiceError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    def change_sets(self, stack: Stack) -> list[dict[str, Any]]:
        """The change sets of a stack, newest first."""
        found = (body for _, body in self._history.records(_SERVICE, "change_set"))
        return [body for body in found if body["stack"] == stack["id"]]

    def save_change_set(self, body: dict[str, Any]) -> None:
        """Write a change set."""
        self._history.put(Record(_SERVICE, "change_set", _tail(body["id"]), body))

    def drop_change_set(self, body: Mapping[str, Any]) -> None:
        """Forget a change set."""
        self._history.put(Record(_SERVICE, "change_set", _tail(body["id"]), None))

    # drift

    def save_drift(self, name: str, body: dict[str, Any]) -> None:
        """Keep what a look for drift found."""
        self._history.put(Record(_SERVICE, "drift", name, body))

    def drift(self, name: str) -> dict[str, Any] | None:
        """What a look for drift found."""
        return self._history.record(_SERVICE, "drift", name)


def _tail(arn: str) -> str:
    return arn.split(":", 5)[-1].partition("/")[2]
