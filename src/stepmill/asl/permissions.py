"""What a state needs its machine's role to be allowed.

In: a Resource, or a Map state. Out: rights, with the request that they are asked for. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from stepmill.asl.integrations import TOKEN, UnknownIntegration, integration
from stepmill.asl.modes import is_distributed
from stepmill.asl.patterns import ANY, pattern
from stepmill.asl.rights import Right
from stepmill.asl.rights_elsewhere import ELSEWHERE
from stepmill.asl.rights_rows import ASSUME, DISTRIBUTED, RESULT_WRITER, item_reader

_STATES: Final = ":states:::"


class Need(NamedTuple):
    """What a state calls (`sagemaker:createTrainingJob.sync`), the rights for it, and the request."""

    integration: str
    rights: tuple[Right, ...]
    request: Any


class NoRights(LookupError):
    """A Resource whose rights nobody here knows; `resource` is it."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"what {resource} needs to be allowed is not known here")
        self.resource = resource


def needs(state: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Need]:
    """What one state needs, before the run: `variables` are those that `patterns.assigned` finds.

    Raises NoRights.
    """
    kind = state.get("Type")
    if kind == "Task":
        template = state.get("Arguments", state.get("Parameters"))
        # A Task without them sends its whole input, which only the run knows.
        request = ANY if template is None else pattern(template, variables)
        if "Credentials" in state:  # the Task's own rights are those of the role that is taken on
            return [Need("credentials", ASSUME, pattern(state["Credentials"], variables))]
        return [need(str(state.get("Resource")), request)]
    if kind == "Map" and is_distributed(state):
        return [*_of_map(state, variables)]
    return []


def need(resource: str, request: Any) -> Need:
    """What a Task needs for its request, known as far as it is. Raises NoRights."""
    called = resource.partition(_STATES)[2].removesuffix(TOKEN)
    if called in ELSEWHERE:
        return Need(called, ELSEWHERE[called], request)
    try:
        row = integration(resource)
    except UnknownIntegration:
        raise NoRights(resource) from None
    if row.function is not None:
        return Need("lambda:invoke", row.rights, {"FunctionName": row.function})
    return Need(f"{row.resource_type}:{row.resource}", row.rights, request)


def map_needs(label: str, reader: Mapping[str, Any], writer: Any) -> list[Need]:
    """What a distributed Map needs. reader: `Resource`, `ReaderConfig` and the request as `Parameters`, or {}. writer:
    the request of its ResultWriter, or None."""
    found = [Need("Map DISTRIBUTED", DISTRIBUTED, {"Label": label})]
    if reader:
        rights = item_reader(str(reader.get("Resource")), reader.get("ReaderConfig"))
        found.append(Need("ItemReader", rights, reader.get("Parameters")))
    if writer is not None:
        found.append(Need("ResultWriter", RESULT_WRITER, writer))
    return found


def _of_map(state: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Need]:
    def request(of: Mapping[str, Any]) -> Any:
        return pattern(of.get("Arguments", of.get("Parameters", {})), variables)

    reader, writer = state.get("ItemReader") or {}, state.get("ResultWriter")
    read = {**reader, "Parameters": request(reader)} if reader else {}
    sent = request(writer) if isinstance(writer, dict) and "Resource" in writer else None
    return map_needs(state.get("Label") or ANY, read, sent)
