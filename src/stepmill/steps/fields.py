"""The fields of every state type: their names in Python and in ASL, and how each is written down.

In: nothing. Out: one table, the old SDK's enumeration of the names, and who asks for a field beyond it is refused.
Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from stepmill.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one field is written.

    kind: `plain` constants; `json` constants of any shape; `template` objects with run-time values anywhere;
    `scalar` a constant or one run-time value; `path` a path or one run-time value; `reference` a constant path.
    raw: the field is ASL's own, so `{% … %}` in it is an expression and not a text.
    """

    asl: str
    kind: Literal["plain", "json", "template", "scalar", "path", "reference"]
    raw: bool = False


FIELDS: dict[str, Spelling] = {
    "comment": Spelling("Comment", "plain"),
    "query_language": Spelling("QueryLanguage", "plain"),
    "resource": Spelling("Resource", "plain"),
    "label": Spelling("Label", "plain"),
    "input_path": Spelling("InputPath", "path"),
    "output_path": Spelling("OutputPath", "path"),
    "items_path": Spelling("ItemsPath", "path"),
    "result_path": Spelling("ResultPath", "reference"),
    "result": Spelling("Result", "json"),
    "parameters": Spelling("Parameters", "template"),
    "result_selector": Spelling("ResultSelector", "template", raw=True),
    "arguments": Spelling("Arguments", "template", raw=True),
    "assign": Spelling("Assign", "template", raw=True),
    "output": Spelling("Output", "template", raw=True),
    "items": Spelling("Items", "template", raw=True),
    "item_selector": Spelling("ItemSelector", "template", raw=True),
    "item_reader": Spelling("ItemReader", "template", raw=True),
    "item_batcher": Spelling("ItemBatcher", "template", raw=True),
    "result_writer": Spelling("ResultWriter", "template", raw=True),
    "credentials": Spelling("Credentials", "template", raw=True),
    "error": Spelling("Error", "scalar", raw=True),
    "cause": Spelling("Cause", "scalar", raw=True),
    "error_path": Spelling("ErrorPath", "path"),
    "cause_path": Spelling("CausePath", "path"),
    "seconds": Spelling("Seconds", "scalar", raw=True),
    "timestamp": Spelling("Timestamp", "scalar", raw=True),
    "seconds_path": Spelling("SecondsPath", "path"),
    "timestamp_path": Spelling("TimestampPath", "path"),
    "timeout_seconds": Spelling("TimeoutSeconds", "scalar", raw=True),
    "timeout_seconds_path": Spelling("TimeoutSecondsPath", "path"),
    "heartbeat_seconds": Spelling("HeartbeatSeconds", "scalar", raw=True),
    "heartbeat_seconds_path": Spelling("HeartbeatSecondsPath", "path"),
    "max_concurrency": Spelling("MaxConcurrency", "scalar", raw=True),
    "max_concurrency_path": Spelling("MaxConcurrencyPath", "path"),
    "tolerated_failure_count": Spelling("ToleratedFailureCount", "scalar", raw=True),
    "tolerated_failure_count_path": Spelling("ToleratedFailureCountPath", "path"),
    "tolerated_failure_percentage": Spelling("ToleratedFailurePercentage", "scalar", raw=True),
    "tolerated_failure_percentage_path": Spelling("ToleratedFailurePercentagePath", "path"),
}


class Field(Enum):
    """The old SDK's names of fields, for steps that programs derive from `Task`: `fields[Field.Resource.value] = …`."""

    Comment = "comment"
    InputPath = "input_path"
    OutputPath = "output_path"
    Parameters = "parameters"
    ResultPath = "result_path"
    Next = "next"
    Retry = "retry"
    Catch = "catch"
    Branches = "branches"
    End = "end"
    Version = "version"
    Result = "result"
    Error = "error"
    Cause = "cause"
    Seconds = "seconds"
    Timestamp = "timestamp"
    SecondsPath = "seconds_path"
    TimestampPath = "timestamp_path"
    Choices = "choices"
    Default = "default"
    Iterator = "iterator"
    ItemsPath = "items_path"
    MaxConcurrency = "max_concurrency"
    Resource = "resource"
    TimeoutSeconds = "timeout_seconds"
    TimeoutSecondsPath = "timeout_seconds_path"
    HeartbeatSeconds = "heartbeat_seconds"
    HeartbeatSecondsPath = "heartbeat_seconds_path"
    ErrorEquals = "error_equals"
    IntervalSeconds = "interval_seconds"
    MaxAttempts = "max_attempts"
    BackoffRate = "backoff_rate"
    NextStep = "next_step"


def refuse_unknown(
    what: str, given: Collection[str], known: Collection[str], guesses: Collection[str] | None = None
) -> None:
    """Raise TypeError, with the nearest of `guesses` (default: `known`), for a field that `what` does not have."""
    for name in given:
        if name not in known:
            guess = did_you_mean(name, guesses or known)
            raise TypeError(f"{what} has no field {name!r}" + (f"; {guess}" if guess else ""))


ALWAYS = frozenset({"comment", "query_language"})
PATHS = frozenset({"input_path", "output_path"})
RESULTS = frozenset({"parameters", "arguments", "result_selector", "result_path", "assign", "output"}) | PATHS
TIMES = frozenset({"timeout_seconds", "timeout_seconds_path", "heartbeat_seconds", "heartbeat_seconds_path"})

# JSONPath has these; JSONata says the same in another field (reference/authoring.md 5, row 15)
INSTEAD = {
    "InputPath": "leave it out and read from StepInput(), or arguments={...} of what is needed",
    "OutputPath": 'output="{% ... %}" says what the state hands on',
    "ResultPath": "output=\"{% $merge([$states.input, {'name': $states.result}]) %}\" keeps both",
    "ResultSelector": "output={...} with values from $states.result",
    "ItemsPath": 'items=..., a run-time value or "{% ... %}"',
    "ErrorPath": "error= takes the run-time value itself",
    "CausePath": "cause= takes the run-time value itself",
}
# JSONata has these; JSONPath says the same in another field
JSONATA_ONLY = {
    "Arguments": "parameters=",
    "Output": "result_selector=, result_path= and output_path=",
    "Items": "items_path=",
}
