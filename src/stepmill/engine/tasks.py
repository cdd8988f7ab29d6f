"""The Task state: whom it asks, with what, and for how long.

In: a state's JSON, once; then scopes. Out: the integration, its limits and credentials. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.integrations import Integration, integration
from stepmill.asl.paths import compile_path
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.data import Evaluate
from stepmill.engine.states import State, unexpected


class TaskState(State):
    """Asks a service or a function for something."""

    type = "Task"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self.resource: str = json["Resource"]
        # A function's ARN as Resource has events of its own in AWS's history.
        self.is_function = ":function:" in self.resource
        self.is_activity = ":activity:" in self.resource
        self._limits = {
            key: read
            for field, key in (("TimeoutSeconds", "timeoutInSeconds"), ("HeartbeatSeconds", "heartbeatInSeconds"))
            if (read := _seconds_field(json, language, field)) is not None
        }

        self._credentials: Evaluate | None = None
        if "Credentials" in json:
            self._credentials = compile_template(json["Credentials"], language, field="Credentials")

    @property
    def events(self) -> str:
        """How its own events begin: a function or an activity called by its ARN has some of its own."""
        return "LambdaFunction" if self.is_function else "Activity" if self.is_activity else "Task"

    def named(self) -> dict[str, Any]:
        """What each of its events says of it: nothing where the events are of a kind of their own."""
        if self.events != "Task":
            return {}
        return {"resourceType": self.integration.resource_type, "resource": self.integration.resource}

    @cached_property
    def integration(self) -> Integration:
        """The row of the table. Raises UnknownIntegration, which `asl.check` would have found."""
        return integration(self.resource)

    def terms(self, scope: Scope) -> dict[str, Any]:
        """`timeoutInSeconds`, `heartbeatInSeconds` and `taskCredentials`, where the definition sets them."""
        terms: dict[str, Any] = {key: read(scope) for key, read in self._limits.items()}
        if self._credentials is not None:
            terms["taskCredentials"] = {"roleArn": self._credentials(scope)["RoleArn"]}
        return terms


def _seconds_field(json: Mapping[str, Any], language: str, field: str) -> Callable[[Scope], int] | None:
    if language != "JSONata" and f"{field}Path" in json:
        path = json[f"{field}Path"]
        read = compile_path(path)

        def at_path(scope: Scope) -> int:
            value = read(scope)
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise StatesError(
                    errors.RUNTIME,
                    f"The {field}Path parameter must refer to a positive integer: {path} == {dumps(value)}",
                )
            return int(value)

        return at_path
    if field not in json:
        return None
    value = json[field]
    if not isinstance(value, str):
        return lambda scope: int(value)
    template = compile_template(value, language, field=field)

    def evaluated(scope: Scope) -> int:
        seconds = template(scope)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise unexpected(value, field, "number", seconds)
        if seconds <= 0:
            raise unexpected(value, field, "positive integer", seconds)
        return int(seconds)

    return evaluated
