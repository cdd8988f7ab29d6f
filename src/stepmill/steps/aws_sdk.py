"""A step that calls any operation of AWS.

In: a service, an operation and its parameters. Out: a state that calls it. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .state import Task

_CALL = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")


class AwsSdkStep(Task):
    """Calls an operation of AWS, checked against AWS's own names: `AwsSdkStep("Read", "s3:getObject", {"Bucket": …})`.

    Services are named as the AWS SDK for Java 2 names them (`sfn`, `cloudwatchlogs`, `eventbridge`), operations begin
    with a small letter, parameters with a capital one. An unknown service, operation or parameter is a problem that
    names the nearest; a missing parameter is one too. For what is newer than our table, write
    `Task(resource="arn:aws:states:::aws-sdk:service:operation")`.

    Args:
        state_id: the state's name.
        call: `"service:operation"`.
        parameters: what the operation is given; run-time values anywhere in it. `arguments=` is JSONata's word for it.
        wait_for_callback: wait until somebody sends the task token back (not run on this machine); hand it on with
            `TaskToken()` in the parameters.
        fields: retry, catch, and the fields of `Task` except resource.

    Raises:
        ValueError: the call is not of the form `service:operation`.
        TypeError: parameters and arguments are both given, or the parameters are no object.
    """

    allowed = Task.allowed - {"resource"}

    def __init__(
        self, state_id: str, call: str, parameters: Any = None, *, wait_for_callback: bool = False, **fields: Any
    ) -> None:
        super().__init__(state_id, parameters=parameters, **fields)
        if not isinstance(call, str) or not _CALL.fullmatch(call):
            raise ValueError(f'AwsSdkStep {state_id!r} calls "service:operation", such as "s3:getObject", not {call!r}')
        if parameters is not None and not isinstance(parameters, Mapping):
            raise TypeError(f'the parameters of AwsSdkStep {state_id!r} are an object such as {{"Bucket": "b"}}')
        if parameters is not None and "arguments" in self.given:
            raise TypeError(f"AwsSdkStep {state_id!r} has both parameters and arguments=; give one of them")
        self.call, self.wait_for_callback = call, wait_for_callback

    def _called(self) -> str:
        return f"aws-sdk:{self.call}{'.waitForTaskToken' if self.wait_for_callback else ''}"
