"""Which fields each type of state may have.

In: nothing. Out: one table, from the Amazon States Language and the developer guide's pages on each state. Touches:
nothing.

What a field's value must be like is decided in `values`; how states join, in `checks`.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal[
    "text",
    "plain",
    "target",
    "end",
    "json",
    "path",
    "list_path",
    "call",
    "reference",
    "template",
    "assign",
    "whole",
    "seconds",
    "percentage",
    "timestamp",
    "resource",
    "credentials",
    "retry",
    "catch",
    "choices",
    "branches",
    "machine",
    "items",
    "object",
    "language",
]


class Field(NamedTuple):
    """What a field holds, and the only query language that has it (None: both)."""

    kind: Kind
    only: Literal["JSONPath", "JSONata"] | None = None


def _path(kind: Kind) -> Field:
    return Field(kind, "JSONPath")


_ALWAYS: Final = {"Type": Field("plain"), "Comment": Field("plain"), "QueryLanguage": Field("language")}
_FLOW: Final = {"Next": Field("target"), "End": Field("end")}
_EDGES: Final = {"InputPath": _path("path"), "OutputPath": _path("path"), "Output": Field("template", "JSONata")}
_RESULT: Final = {"ResultPath": _path("reference")}
_ASSIGN: Final = {"Assign": Field("assign")}
_WORK: Final = {
    "Parameters": _path("template"),
    "Arguments": Field("template", "JSONata"),
    "ResultSelector": _path("template"),
    "Retry": Field("retry"),
    "Catch": Field("catch"),
}
# Developer guide, "Using Map state": Arguments are for Task and Parallel.
_MAPPED: Final = {name: field for name, field in _WORK.items() if name != "Arguments"}
_LIMITED: Final = {
    "MaxConcurrency": Field("whole"),
    "MaxConcurrencyPath": _path("path"),
    "ToleratedFailureCount": Field("whole"),
    "ToleratedFailureCountPath": _path("path"),
    "ToleratedFailurePercentage": Field("percentage"),
    "ToleratedFailurePercentagePath": _path("path"),
}

STATE_FIELDS: Final[dict[str, dict[str, Field]]] = {
    "Task": {
        **_ALWAYS, **_EDGES, **_RESULT, **_WORK, **_ASSIGN, **_FLOW,
        "Resource": Field("resource"), "Credentials": Field("credentials"),
        "TimeoutSeconds": Field("seconds"), "TimeoutSecondsPath": _path("path"),
        "HeartbeatSeconds": Field("seconds"), "HeartbeatSecondsPath": _path("path"),
    },
    "Pass": {
        **_ALWAYS, **_EDGES, **_RESULT, **_ASSIGN, **_FLOW,
        "Result": _path("json"), "Parameters": _path("template"),
    },
    "Choice": {**_ALWAYS, **_EDGES, **_ASSIGN, "Choices": Field("choices"), "Default": Field("target")},
    "Wait": {
        **_ALWAYS, **_EDGES, **_ASSIGN, **_FLOW,
        "Seconds": Field("whole"), "SecondsPath": _path("path"),
        "Timestamp": Field("timestamp"), "TimestampPath": _path("path"),
    },
    "Succeed": {**_ALWAYS, **_EDGES},
    "Fail": {
        **_ALWAYS,
        "Error": Field("text"), "ErrorPath": _path("call"), "Cause": Field("text"), "CausePath": _path("call"),
    },
    "Parallel": {**_ALWAYS, **_EDGES, **_RESULT, **_WORK, **_ASSIGN, **_FLOW, "Branches": Field("branches")},
    "Map": {
        **_ALWAYS, **_EDGES, **_RESULT, **_MAPPED, **_ASSIGN, **_FLOW, **_LIMITED,
        "ItemProcessor": Field("machine"), "Iterator": Field("machine"),
        "ItemsPath": _path("list_path"), "Items": Field("items", "JSONata"), "ItemSelector": Field("template"),
        "ItemReader": Field("object"), "ItemBatcher": Field("object"), "ResultWriter": Field("object"),
        "Label": Field("plain"),
    },
}  # fmt: skip

MACHINE_FIELDS: Final = frozenset({"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"})
INNER_FIELDS: Final = frozenset({"Comment", "StartAt", "States", "ProcessorConfig", "QueryLanguage"})
REQUIRED: Final = {"Task": "Resource", "Choice": "Choices", "Parallel": "Branches"}
ONE_OF: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "Wait": (("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),),
    "Map": (("ItemProcessor", "Iterator"),),
}
AT_MOST_ONE: Final = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ItemSelector", "Parameters"),
)
TRANSITIONS: Final = frozenset({"Task", "Pass", "Wait", "Parallel", "Map"})
INSTEAD: Final = {
    "InputPath": "Write {% $states.input.… %} where the value is needed.",
    "OutputPath": "Use Output.",
    "ResultPath": "Use Output, for example {% $merge([$states.input, {'result': $states.result}]) %}.",
    "ResultSelector": "Use Output or Assign with {% $states.result.… %}.",
    "Parameters": "Use Arguments (in a Task or Parallel) or Output.",
    "Result": "Use Output.",
    "ItemsPath": "Use Items.",
    "Arguments": "Use Parameters.",
    "Output": "Use ResultSelector, ResultPath and OutputPath.",
    "Items": "Use ItemsPath.",
}
