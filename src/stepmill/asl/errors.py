"""The errors that a running state can meet, under AWS's names.

In: what failed. Out: an exception with `error` and `cause`, or whether a Retry or Catch names it. Touches: nothing.

Faults that are found before anything runs are Problems and belong to `problems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

RUNTIME: Final = "States.Runtime"
QUERY_EVALUATION: Final = "States.QueryEvaluationError"
INTRINSIC_FAILURE: Final = "States.IntrinsicFailure"
RESULT_PATH_MATCH_FAILURE: Final = "States.ResultPathMatchFailure"
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
NO_CHOICE_MATCHED: Final = "States.NoChoiceMatched"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
ALL: Final = "States.ALL"


class StatesError(Exception):
    """A failure that ends or diverts a state.

    `cause` is what follows "An error occurred while executing the state '…' (entered at the event id #…). ": that
    sentence is the engine's. `location` is the field of a JSONata expression, as AWS's EvaluationFailed event gives it
    ("Assign/result"), else "".
    """

    def __init__(self, error: str, cause: str = "", location: str = "") -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.location = location

    def __str__(self) -> str:
        return f"{self.error}: {self.cause}" if self.cause else self.error


class BadExpression(ValueError):
    """A path, an intrinsic call or a rule that cannot be compiled. `text` is what was written, `reason` why not."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.text = text
        self.reason = reason


def matches(error_equals: Sequence[str], error: str) -> bool:
    """Whether a Retry or Catch with these ErrorEquals applies to an error.

    States.Runtime always ends the execution, even where it is named (recorded, and developer guide, "Handling errors").
    `States.ALL` stands for everything else; the guide excepts States.DataLimitExceeded, but recordings of AWS show it
    caught. `States.TaskFailed` stands for everything but States.Timeout. `States.Timeout` covers a missed heartbeat.
    """
    if error == RUNTIME:
        return False
    for name in error_equals:
        if name in (error, ALL):
            return True
        if name == TASK_FAILED and error not in _TIMEOUTS:
            return True
        if name == TIMEOUT and error == HEARTBEAT_TIMEOUT:
            return True
    return False


_TIMEOUTS: Final = frozenset({TIMEOUT, HEARTBEAT_TIMEOUT})
