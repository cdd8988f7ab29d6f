"""The fields of every state type: their names in Python and in ASL, and how each is written down.

In: nothing. Out: one table, and who asks for a field beyond it is refused. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from stepmill.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    kind: `plain` constants; `json` constants of any shape; `template` objects with run-time values anywhere;
    `scalar` a constant or one run-time value; `path` a path or one run-time value; `reference` a constant path.
    raw: the field is ASL's own, so `{% … %}` in it is an expression and not a text.
    """

    asl: str
    kind: Literal["plain", "json", "template", "scalar", "path", "reference"]
    raw: bool = False


FIELDS: dict[str, Field] = {
    "comment": Field("Comment", "plain"),
    "query_language": Field("QueryLanguage", "plain"),
    "resource": Field("Resource", "plain"),
    "label": Field("Label", "plain"),
    "input_path": Field("InputPath", "path"),
    "output_path": Field("OutputPath", "path"),
    "items_path": Field("ItemsPath", "path"),
    "result_path": Field("ResultPath", "reference"),
    "result": Field("Result", "json"),
    "parameters": Field("Parameters", "template"),
    "result_selector": Field("ResultSelector", "template", raw=True),
    "arguments": Field("Arguments", "template", raw=True),
    "assign": Field("Assign", "template", raw=True),
    "output": Field("Output", "template", raw=True),
    "items": Field("Items", "template", raw=True),
    "item_selector": Field("ItemSelector", "template", raw=True),
    "item_reader": Field("ItemReader", "template", raw=True),
    "item_batcher": Field("ItemBatcher", "template", raw=True),
    "result_writer": Field("ResultWriter", "template", raw=True),
    "credentials": Field("Credentials", "template", raw=True),
    "error": Field("Error", "scalar", raw=True),
    "cause": Field("Cause", "scalar", raw=True),
    "error_path": Field("ErrorPath", "path"),
    "cause_path": Field("CausePath", "path"),
    "seconds": Field("Seconds", "scalar", raw=True),
    "timestamp": Field("Timestamp", "scalar", raw=True),
    "seconds_path": Field("SecondsPath", "path"),
    "timestamp_path": Field("TimestampPath", "path"),
    "timeout_seconds": Field("TimeoutSeconds", "scalar", raw=True),
    "timeout_seconds_path": Field("TimeoutSecondsPath", "path"),
    "heartbeat_seconds": Field("HeartbeatSeconds", "scalar", raw=True),
    "heartbeat_seconds_path": Field("HeartbeatSecondsPath", "path"),
    "max_concurrency": Field("MaxConcurrency", "scalar", raw=True),
    "max_concurrency_path": Field("MaxConcurrencyPath", "path"),
    "tolerated_failure_count": Field("ToleratedFailureCount", "scalar", raw=True),
    "tolerated_failure_count_path": Field("ToleratedFailureCountPath", "path"),
    "tolerated_failure_percentage": Field("ToleratedFailurePercentage", "scalar", raw=True),
    "tolerated_failure_percentage_path": Field("ToleratedFailurePercentagePath", "path"),
}


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
