"""Names in a Retry or Catch that no error of the state can ever have.

In: a state. Out: Problems, all of them warnings. Touches: nothing.

Sources: Step Functions guide, "Handling errors in Step Functions workflows" (which errors there are, that
States.Runtime is never caught, that the first entry that matches is taken); Amazon States
Language, "Errors" (names of one's own must not begin with "States.").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from stepmill.asl import errors
from stepmill.asl.integrations import INTEGRATIONS, Integration, UnknownIntegration, integration
from stepmill.asl.modes import is_distributed
from stepmill.asl.places import Place
from stepmill.asl.problems import Problem
from stepmill.asl.sight import warning
from stepmill.nearest import nearest

NEVER: Final = "ERROR_NEVER_MATCHED"
_MAPS: Final = frozenset(
    {"States.ItemReaderFailed", "States.ResultWriterFailed", "States.ExceedToleratedFailureThreshold"}
)
_KNOWN: Final = frozenset(
    {
        errors.ALL, errors.RUNTIME, errors.TIMEOUT, errors.HEARTBEAT_TIMEOUT, errors.TASK_FAILED,
        errors.DATA_LIMIT_EXCEEDED, errors.NO_CHOICE_MATCHED, errors.INTRINSIC_FAILURE, errors.QUERY_EVALUATION,
        errors.RESULT_PATH_MATCH_FAILURE, "States.ParameterPathFailure", "States.Permissions", "States.BranchFailed",
        "States.Http.Socket", *_MAPS,
    }
)  # fmt: skip
_HTTP: Final = "States.Http."
_PATHS: Final = frozenset({errors.INTRINSIC_FAILURE, errors.RESULT_PATH_MATCH_FAILURE, "States.ParameterPathFailure"})


def never_matched(state: Mapping[str, Any], place: Place) -> Iterator[Problem]:
    """Every name in Retry and Catch that can be left out, with why."""
    for field in ("Retry", "Catch"):
        entries = state.get(field)
        if isinstance(entries, list):
            yield from _entries(state, entries, field, place)


def _entries(state: Mapping[str, Any], entries: list[Any], field: str, place: Place) -> Iterator[Problem]:
    before: dict[str, str] = {}
    for index, entry in enumerate(entries):
        names = entry.get("ErrorEquals") if isinstance(entry, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            continue
        for at, name in enumerate(names):
            here = place.at(field, index, "ErrorEquals", at)
            why = _shadowed(name, before) or _impossible(name, state, place.language)
            if why:
                yield warning(here, NEVER, f"{field} of '{name}' can never match", why)
        for name in names:
            before.setdefault(name, f"{field}/{index}")


def _shadowed(name: str, before: Mapping[str, str]) -> str:
    for other, where in before.items():
        # The guide and the recordings do not agree on what else catches States.DataLimitExceeded.
        apart = name in (errors.ALL, errors.DATA_LIMIT_EXCEEDED)
        if other == name or (not apart and errors.matches([other], name)):
            same = "the same name" if other == name else other
            return f"{where} stands before it and has {same}; the first that matches is taken."
    return ""


def _impossible(name: str, state: Mapping[str, Any], language: str) -> str:
    if name == errors.RUNTIME:
        return "States.Runtime always ends the execution; no Retry or Catch is asked."
    if name.startswith("States.") and name not in _KNOWN and not name.startswith(_HTTP):
        near = nearest(name, _KNOWN)
        return f"Did you mean '{near}'?" if near else "There is no such error; names of your own do not begin so."
    if state.get("Type") == "Task":
        return _not_of_task(name, state, language)
    if state.get("Type") == "Map" and name in ("States.ItemReaderFailed", "States.ResultWriterFailed"):
        return "" if _comes_out(state) else "Only a distributed Map reads items or writes results."
    return ""


def _not_of_task(name: str, state: Mapping[str, Any], language: str) -> str:
    if name == errors.HEARTBEAT_TIMEOUT:
        given = "HeartbeatSeconds" in state or "HeartbeatSecondsPath" in state
        return "" if given else "The state has no HeartbeatSeconds, so no heartbeat can be missed."
    if name == errors.NO_CHOICE_MATCHED:
        return "Only a Choice state fails with it."
    if name == "States.BranchFailed":
        return "Only a Parallel state fails with it."
    if name in _MAPS:
        return "Only a Map state fails with it."
    if name == errors.QUERY_EVALUATION and language == "JSONPath":
        return "Only JSONata expressions fail with it; this state's query language is JSONPath."
    if name in _PATHS and language == "JSONata":
        return "Only JSONPath fails with it; this state's query language is JSONata."
    row = _row(state)
    if row is None or row.pattern == "token" or row.activity or row.service in ("lambda", "states"):
        return ""  # who sends a task token back, and what a function raises, can name any error
    if name.startswith("State.") and (near := nearest(name, _KNOWN)):
        return f"Did you mean '{near}'?"
    if name.startswith(_HTTP) and row.service != "http":
        return "Only HTTP tasks fail with it."
    prefix = name.partition(".")[0]
    if name != prefix and prefix in _prefixes() and prefix.lower() != row.error_prefix.lower():
        return f"The errors of {row.arn} begin with '{row.error_prefix}.' or 'States.'."
    return ""


def _row(state: Mapping[str, Any]) -> Integration | None:
    resource = state.get("Resource")
    try:
        return integration(resource) if isinstance(resource, str) else None
    except UnknownIntegration:
        return None


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(row.error_prefix for row in INTEGRATIONS)


def _comes_out(value: Any) -> bool:
    """Whether there is a distributed Map, or a Fail that may name any error, in a Map: their errors come out of it."""
    if isinstance(value, list):
        return any(map(_comes_out, value))
    if not isinstance(value, dict):
        return False
    if value.get("Type") == "Map" and is_distributed(value):
        return True
    return value.get("Type") == "Fail" or any(map(_comes_out, value.values()))
