"""One resource made, changed or removed, and the events that say so.

In: a stack, a resource as it shall be. Out: the stack's record of it. Touches: other services, through the row of the
type; history. An intent is written before the act: whoever comes after a crash knows what may be there.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Mapping
from typing import Any, Final

from stepmill.services.cloudformation.kinds.kind import Kind, Made, Place, gone
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.templates import Resource
from stepmill.services.operations import ServiceError

_LETTERS: Final = string.ascii_uppercase + string.digits
_RANDOM: Final = 12  # characters at the end of a made name
_DRAWN: Final = random.SystemRandom()


class Failed(Exception):
    """A resource could not be made, changed or removed. `told`: the event that says so is written."""

    def __init__(self, logical: str, reason: str, *, told: bool = True) -> None:
        super().__init__(reason)
        self.told = told
        self.logical = logical
        self.reason = reason


class Acting:
    """Makes, changes and removes resources of stacks at a place."""

    def __init__(self, records: Records, place: Place) -> None:
        self._records = records
        self._place = place

    def make(self, stack: Stack, resource: Resource, props: dict[str, Any], needs: list[str], doing: str) -> None:
        """Make a resource; `doing` is CREATE or UPDATE, which is what its events say. Raises Failed."""
        kind, old = KINDS[resource.type], stack["resources"].get(resource.name)
        given = props.get(kind.naming) if kind.naming else None
        name = str(given) if given else _made_name(kind, stack["name"], resource.name)
        body = {
            "type": resource.type,
            "name": name,
            "physical": "",
            "attributes": {},
            "properties": props,
            "needs": needs,
            "given": bool(given),
            **_attributes(resource),
        }
        if old is not None and given and old["type"] == resource.type and old["name"] == name:
            body["physical"] = old["physical"]
            said = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{name} and update the stack again."
            )
            self._fail(stack, resource.name, body, f"{doing}_FAILED", said, keep=False)
        stack["resources"][resource.name] = body
        stack["operation"]["journal"].append({"act": "made", "logical": resource.name, "old": old})
        begun = self._records.done(stack, resource.name, body, f"{doing}_IN_PROGRESS")
        body["physical"] = kind.identity(self._place, name)
        again = self._records.done(stack, resource.name, body, f"{doing}_IN_PROGRESS", "Resource creation Initiated")
        self._records.save(stack, begun, again)
        made = None
        try:
            made = kind.make(self._place, name, props)
            body |= {"physical": made.physical, "attributes": made.attributes, "there": True}
            kind.dress(self._place, made, {}, props)
        except (ServiceError, KeyError, TypeError, ValueError, AttributeError) as fault:
            if made is None:  # nothing is there that could be taken back
                stack["operation"]["journal"].pop()
            self._fail(
                stack, resource.name, body, f"{doing}_FAILED", _said(fault), keep=made is not None or old is None
            )
        self._records.save(stack, self._records.done(stack, resource.name, body, f"{doing}_COMPLETE"))

    def alter(
        self,
        stack: Stack,
        resource: Resource,
        props: dict[str, Any],
        needs: list[str],
        actual: dict[str, Any] | None = None,
    ) -> None:
        """Bring a resource to other properties, in place; `actual` are those it has, where they are not the record's.
        Raises Failed."""
        before = stack["resources"][resource.name]
        body = {**before, "properties": props, "needs": needs, **_attributes(resource)}
        stack["resources"][resource.name] = body
        stack["operation"]["journal"].append({"act": "altered", "logical": resource.name, "old": before})
        self._records.save(stack, self._records.done(stack, resource.name, body, "UPDATE_IN_PROGRESS"))
        try:
            body |= self._brought({**before, "properties": actual or before["properties"]}, props)
        except (ServiceError, KeyError, TypeError, ValueError, AttributeError) as fault:
            self._fail(stack, resource.name, body, "UPDATE_FAILED", _said(fault), keep=True)
        self._records.save(stack, self._records.done(stack, resource.name, body, "UPDATE_COMPLETE"))

    def restore(self, stack: Stack, logical: str, old: dict[str, Any]) -> None:
        """Take a change back. Raises Failed."""
        body = stack["resources"][logical]
        self._records.save(stack, self._records.done(stack, logical, body, "UPDATE_IN_PROGRESS"))
        try:
            back = {**old, **self._brought({**body, "name": old["name"]}, old["properties"])}
        except (ServiceError, KeyError, TypeError, ValueError, AttributeError) as fault:
            self._fail(stack, logical, body, "UPDATE_FAILED", _said(fault), keep=True)
        stack["resources"][logical] = back
        self._records.save(stack, self._records.done(stack, logical, back, "UPDATE_COMPLETE"))

    def remove(self, stack: Stack, logical: str, body: dict[str, Any], *, keep: bool) -> None:
        """Remove a resource, or leave it where it is (`keep`). Its record takes the outcome. Raises Failed."""
        if keep:
            self._records.save(stack, self._records.done(stack, logical, body, "DELETE_SKIPPED"))
            return
        self._records.save(stack, self._records.done(stack, logical, body, "DELETE_IN_PROGRESS"))
        try:
            if body.get("there") or not body["given"]:
                made = Made(body["physical"], body["attributes"])
                KINDS[body["type"]].remove(self._place, made, body["properties"])
        except (ServiceError, KeyError, TypeError, ValueError, AttributeError) as fault:
            # an intent that never became a resource: what is asked about it may not even be well formed
            if body.get("there"):
                self._fail(stack, logical, body, "DELETE_FAILED", _said(fault), keep=True)
        self._records.save(stack, self._records.done(stack, logical, body, "DELETE_COMPLETE"))

    def _brought(self, before: Mapping[str, Any], props: dict[str, Any]) -> dict[str, Any]:
        """Bring a resource to `props`. What lived in memory and is gone with its process is made again."""
        kind = KINDS[before["type"]]
        made = Made(before["physical"], before["attributes"])
        try:
            made = kind.alter(self._place, made, before["properties"], props)
            kind.dress(self._place, made, before["properties"], props)
        except ServiceError as refusal:
            if not kind.memory or not gone(refusal):
                raise
            made = kind.make(self._place, before["name"], props)
            kind.dress(self._place, made, {}, props)
        return {"physical": made.physical, "attributes": made.attributes}

    def _fail(self, stack: Stack, logical: str, body: dict[str, Any], status: str, reason: str, *, keep: bool) -> None:
        event = self._records.done(stack, logical, body, status, reason)
        if keep:
            stack["resources"][logical] = body
        elif stack["resources"].get(logical) is body:  # the one that it was to replace is still there
            stack["resources"][logical] = stack["operation"]["before"]["resources"][logical]
        self._records.save(stack, event)
        raise Failed(logical, reason)


def _attributes(resource: Resource) -> dict[str, Any]:
    return {"deletion": resource.deletion, "replace": resource.replace, "metadata": resource.metadata}


def _made_name(kind: Kind, stack: str, logical: str) -> str:
    """`<stack>-<LogicalId>-<random>`, within what the type allows; the random part stays whole."""
    tail = "".join(_DRAWN.choice(_LETTERS) for _ in range(_RANDOM))
    room = kind.longest - len(tail) - 2
    head = f"{stack[: max(room - len(logical), room // 2)]}-{logical}"[: room + 1].rstrip("-")
    name = f"{head}-{tail}"
    return name.lower() if kind.lower else name


def _said(fault: Exception) -> str:
    """A refusal in the words in which CloudFormation hands on those of a resource handler."""
    if isinstance(fault, ServiceError):
        code, message = fault.code, fault.message
    elif isinstance(fault, KeyError):
        code, message = "InvalidRequest", f"Model validation failed: required key {fault} not found"
    else:
        code, message = "InvalidRequest", f"Model validation failed: {fault}"
    if gone(ServiceError(code, "")):
        code = "NotFound"
    elif "Exist" in code or "Conflict" in code:
        code = "AlreadyExists"
    elif code in ("InternalFailure", "InternalError", "ServiceException"):
        code = "ServiceInternalError"
    else:
        code = "InvalidRequest"
    return f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'
