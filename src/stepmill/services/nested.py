"""Executions that a Task state starts: `states:startExecution`, with `.sync` and `.sync:2`.

In: an act, named by the event that asked for it; the ends of executions. Out: signals. Touches: nothing itself;
everything goes through `call`.

Nobody waits in a thread for a child: the engine says when it has ended.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from stepmill.asl.integrations import Integration, integration
from stepmill.asl.text import dumps
from stepmill.engine.signals import Act, Failed, Finished, Signal, Submitted
from stepmill.services.operations import Operations, Response

Say = Callable[[Signal], None]
_SHOWN: Final = (
    *("executionArn", "input", "inputDetails", "name", "output", "outputDetails", "startDate", "stateMachineArn"),
    *("stateMachineAliasArn", "stateMachineVersionArn", "status", "stopDate", "error", "cause"),
)


class Nested:
    """Starts children and tells their parents of them."""

    def __init__(self, operations: Operations, metadata: Callable[[Act], dict[str, Any]]) -> None:
        """metadata: what optimised integrations add to a response."""
        self._operations = operations
        self._metadata = metadata
        self._waiting: dict[str, list[tuple[Integration, Act, Say]]] = {}
        self._lock = threading.Lock()

    def begin(self, row: Integration, act: Act, signal: Say) -> None:
        """Start the child of `act`, or find the one it started before. Raises ServiceError."""
        started = self._operations.call("states", "StartExecution", _request(act), token=act.name)
        answer = {**_capital(started), **self._metadata(act)}
        if row.pattern != "sync":
            signal(Submitted(act, answer) if row.pattern == "token" else Finished(act, answer))
            return
        if not act.submitted:
            signal(Submitted(act, answer))
        child = started["executionArn"]
        with self._lock:
            self._waiting.setdefault(child, []).append((row, act, signal))
        if self._described(child)["status"] != "RUNNING":
            self.ended(child)

    def ended(self, arn: str) -> None:
        """An execution has ended: whoever waits for it is told."""
        with self._lock:
            waiting = self._waiting.pop(arn, ())
        for row, act, signal in waiting:
            result = _result(self._described(arn), parsed=row.resource.endswith(":2"))
            if result["Status"] == "SUCCEEDED":
                signal(Finished(act, result))
            else:
                signal(Failed(act, "States.TaskFailed", dumps(result)))

    def stop(self, act: Act) -> None:
        """Stop the child that `act` waits for; one that only was started goes on, as on AWS. Waits for its end."""
        if integration(act.resource).pattern != "sync":
            return
        child = child_of(act)
        with self._lock:
            self._waiting.pop(child, None)
        # The words are AWS's, as a replay of its answers has them.
        who = f"The Task state in AWS Step Functions execution [{act.execution}]"
        cause = f"{who} which was managing this resource was aborted"
        self._operations.call("states", "StopExecution", {"executionArn": child, "cause": cause})

    def _described(self, arn: str) -> Response:
        return self._operations.call("states", "DescribeExecution", {"executionArn": arn})


def child_of(act: Act) -> str:
    """The ARN of the execution that `act` starts."""
    request = _request(act)
    machine = str(request["stateMachineArn"]).partition(":stateMachine:")[2].partition(":")[0]
    return f"{':'.join(act.execution.split(':')[:5])}:execution:{machine}:{request['name']}"


def _request(act: Act) -> dict[str, Any]:
    """StartExecution's request. Without a name the child gets one made of the act's, so that asking again finds it."""
    given = {key[0].lower() + key[1:]: value for key, value in dict(act.parameters or {}).items()}
    text = given.pop("input", None)
    if text is not None:  # recorded: null is no input
        given["input"] = text if isinstance(text, str) else dumps(text)
    given["name"] = given.get("name") or str(uuid5(NAMESPACE_URL, act.name))
    return given


def _result(described: Response, *, parsed: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {key: described[key] for key in _SHOWN if key in described}
    for key in ("input", "output") if parsed else ():
        if key in shown:
            shown[key] = json.loads(shown[key])
    return _capital(shown)


def _capital(response: Response) -> dict[str, Any]:
    """A response with the names of the SDK; times are milliseconds here."""
    made: dict[str, Any] = {}
    for key, value in response.items():
        name = key[0].upper() + key[1:]
        if key.endswith("Date"):
            made[name] = round(value * 1000)
        else:
            made[name] = {"Included": value["included"]} if key.endswith("Details") else value
    return made
