"""The states that call nothing and hold nothing: Pass, Wait, Succeed, Fail.

In: what users write. Out: states. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.placeholders import remembered

from .fields import ALWAYS, PATHS
from .state import _Typed


class Pass(_Typed):
    """Hands its input on, or what `result=` or `parameters=` say instead.

    Args:
        state_id: the state's name.
        output_schema: as in State.
        fields: result, parameters, assign, output, input_path, result_path, output_path, comment, query_language.
    """

    type = "Pass"
    allowed = ALWAYS | PATHS | {"result", "parameters", "result_path", "assign", "output"}
    _instead = {"Parameters": "Output", "Result": "Output"}  # noqa: RUF012

    @property
    def result(self) -> Placeholder:
        """What this state made, remembered for every state downstream."""
        return remembered(self.state_id, "result")


class Wait(_Typed):
    """Waits for a time or until a time.

    Args:
        state_id: the state's name.
        fields: exactly one of seconds (0 to 99,999,999), timestamp (ISO 8601, such as `2026-11-23T09:00:00Z`),
            seconds_path and timestamp_path; input_path, output_path, assign, output, comment, query_language.

    Raises:
        ValueError: none or several of the four.
    """

    type = "Wait"
    allowed = ALWAYS | PATHS | {"seconds", "timestamp", "seconds_path", "timestamp_path", "assign", "output"}
    _instead = {"SecondsPath": "Seconds", "TimestampPath": "Timestamp"}  # noqa: RUF012

    def __init__(self, state_id: str, **fields: Any) -> None:
        super().__init__(state_id, **fields)
        kinds = ("seconds", "timestamp", "seconds_path", "timestamp_path")
        if sum(kind in self.given for kind in kinds) != 1:
            raise ValueError(f"Wait {state_id!r} needs exactly one of {', '.join(kinds)}")


class Succeed(_Typed):
    """Ends the execution well; inside a Parallel or Map, its branch or iteration.

    Args:
        state_id: the state's name.
        output_schema: as in State.
        fields: input_path, output_path, output, comment, query_language.
    """

    type = "Succeed"
    allowed = ALWAYS | PATHS | {"output"}


class Fail(_Typed):
    """Ends the execution with an error.

    A quality gate's rejection is `Fail(…, error="GateRejected", cause="why")`.

    Args:
        state_id: the state's name.
        output_schema: as in State; nothing follows that could read it.
        fields: error, cause (both may be run-time values), error_path, cause_path, comment, query_language.
    """

    type = "Fail"
    allowed = ALWAYS | {"error", "cause", "error_path", "cause_path"}
