"""Versions and aliases of state machines, as they are kept.

In: a machine's record, names, ARNs. Out: records of versions and aliases. Touches: reads history.

A version is a copy of what a machine is when it is published: definition, role, type and settings; it never changes.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from stepmill.history.log import History, Record

_KEPT: Final = ("name", "role", "revision", "revision_id", "type", "loggingConfiguration", "tracingConfiguration")


def versions(history: History, machine: str) -> list[dict[str, Any]]:
    """The versions of a machine, newest first."""
    return [body for _, body in history.records("states", "version", f"{machine}:")]


def version(history: History, machine: str, number: str) -> dict[str, Any] | None:
    """One version, by the number as its ARN says it."""
    return history.record("states", "version", f"{machine}:{number}")


def aliases(history: History, machine: str) -> list[dict[str, Any]]:
    """The aliases of a machine, newest first."""
    return [body for _, body in history.records("states", "alias", f"{machine}:")]


def alias(history: History, machine: str, name: str) -> dict[str, Any] | None:
    """One alias."""
    return history.record("states", "alias", f"{machine}:{name}")


def publish(
    history: History, machine: Mapping[str, Any], description: str, now: float
) -> tuple[dict[str, Any], list[Record]]:
    """The version that is this machine, and what is to be written: nothing when the newest one is it already."""
    found = versions(history, machine["name"])
    if found and all(found[0].get(key) == machine.get(key) for key in _KEPT):
        return found[0], []
    number = int(machine.get("versions", 0)) + 1
    body = {key: machine[key] for key in _KEPT if key in machine}
    body |= {"arn": f"{machine['arn']}:{number}", "number": number, "created": now, "description": description}
    name = machine["name"]
    counted = {**machine, "versions": number}
    return body, [Record("states", "version", f"{name}:{number}", body), Record("states", "machine", name, counted)]


def routed(found: Mapping[str, Any], chance: Callable[[], float] = random.random) -> str:
    """The ARN of the version that an alias leads to this time, by its weights."""
    drawn = chance() * 100
    for entry in found["routing"]:
        drawn -= entry["weight"]
        if drawn < 0:
            break
    return str(entry["stateMachineVersionArn"])


def referring(history: History, machine: str, version_arn: str) -> list[str]:
    """The names of the aliases that lead to a version."""
    return [
        str(found["name"])
        for found in aliases(history, machine)
        if any(entry["stateMachineVersionArn"] == version_arn for entry in found["routing"])
    ]
