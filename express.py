"""Express executions whose caller waits for their end.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and the engine it starts
executions in. Express executions that nobody waits for are `executions`'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stepmill.history.log import History
from stepmill.services.operations import Response, operation
from stepmill.services.states.executions import Executions

# AWS bills memory in steps of 64 MB and time in steps of 100 ms (Step Functions pricing); the recordings show 64.
_MEMORY = 64
_BILLED = 100


class Express:
    """Starts executions of Express machines and answers with how they ended."""

    def __init__(self, history: History, executions: Executions) -> None:
        self._history = history
        self._executions = executions

    @operation("StartSyncExecution", "stateMachineArn")
    def start_sync_execution(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Run an Express machine, or a version or alias of one, and answer with its output, or its error and cause. It
        has five minutes, as on AWS."""
        return self.answer(self._executions.ended(self.begin(request, token)))

    def begin(self, request: Mapping[str, Any], token: str | None) -> str:
        """Start it and do not wait → the execution's ARN."""
        return str(self._executions.begin(request, token, express=True)["arn"])

    def answer(self, found: Mapping[str, Any]) -> Response:
        """How an execution ended, by its record."""
        arn = found["arn"]
        first, last = self._history.read(arn, limit=1)[0].details, self._history.read(arn)[-1].details
        response: Response = {
            "executionArn": arn,
            "stateMachineArn": found["machine_arn"],
            "name": found["name"],
            "startDate": found["started"],
            "stopDate": found["ended"],
            "status": "FAILED" if found["status"] == "ABORTED" else found["status"],
            "input": first.get("input", "{}"),
            "inputDetails": {"included": True},
            "billingDetails": {
                "billedMemoryUsedInMB": _MEMORY,
                "billedDurationInMilliseconds": math.ceil((found["ended"] - found["started"]) * 1000 / _BILLED)
                * _BILLED,
            },
        }
        if "output" in last:
            response |= {"output": last["output"], "outputDetails": {"included": True}}
        return response | {key: last[key] for key in ("error", "cause") if last.get(key) is not None}
