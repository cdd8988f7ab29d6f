"""A step that calls an HTTPS API outside AWS.

In: a URL, a method, a connection. Out: a state that calls it. Touches: nothing.

Source: Step Functions guide, "Call HTTPS APIs in Step Functions workflows".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import OPEN
from stepmill.inputs.placeholders import remembered
from stepmill.nearest import did_you_mean

from .build import Build
from .state import Task

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]
ArrayFormat = Literal["BRACKETS", "COMMAS", "INDICES", "REPEAT"]


class HttpStep(Task):
    """Calls an HTTPS API by an EventBridge connection, which holds its credentials (not run on this machine).

    The result has `StatusCode`, `StatusText`, `Headers` and `ResponseBody`: `step.body["id"]`. The API has 60 seconds.

    Args:
        state_id: the state's name.
        endpoint: the API's URL, `https://…`; may hold run-time values.
        method: GET, POST, PUT, DELETE, PATCH, OPTIONS or HEAD, or a run-time value.
        connection: the connection's ARN, `arn:aws:events:…:connection/…`, or a `${Name}` or run-time value of it.
        headers, query_parameters: name → value.
        request_body: what is sent, an object or a text; run-time values anywhere in it.
        url_encoded: send the body as a form, `application/x-www-form-urlencoded`, instead of JSON. Which way lists
            go into it: BRACKETS (True says the same), COMMAS, INDICES or REPEAT.
        fields: retry, catch, and the fields of `Task` except resource, parameters and arguments.

    Raises:
        ValueError: the endpoint is no https URL, or a method, connection or format that AWS does not know.
    """

    allowed = Task.allowed - {"resource", "parameters", "arguments"}

    def __init__(
        self,
        state_id: str,
        endpoint: Any,
        method: Any = "GET",
        *,
        connection: Any,
        headers: Mapping[str, Any] | None = None,
        query_parameters: Mapping[str, Any] | None = None,
        request_body: Any = None,
        url_encoded: bool | ArrayFormat = False,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, **fields)
        who = f"HttpStep {state_id!r}"
        if isinstance(endpoint, str) and not endpoint.startswith(("https://", "${", OPEN)):
            raise ValueError(f"{who} calls an https:// URL, not {endpoint!r}")
        if not isinstance(method, Placeholder) and method not in get_args(Method):
            known = ", ".join(get_args(Method))
            raise ValueError(f"{who} has no method {method!r}; {did_you_mean(str(method), get_args(Method), known)}")
        if isinstance(connection, str) and not connection.startswith(("arn:", "${", OPEN)):
            raise ValueError(f"{who} needs the ARN of an EventBridge connection, not {connection!r}")
        if url_encoded not in (True, False, *get_args(ArrayFormat)):
            raise ValueError(f"{who}: url_encoded= is True, False or one of {', '.join(get_args(ArrayFormat))}")
        self.endpoint, self.method, self.connection = endpoint, method, connection
        self.headers, self.query_parameters = headers, query_parameters
        self.request_body, self.url_encoded = request_body, url_encoded

    @property
    def body(self) -> Placeholder:
        """What the API answered, read as JSON where it is JSON: `step.body["id"]`."""
        return remembered(self.state_id, "result", "ResponseBody")

    def _called(self) -> str:
        return "http:invoke"

    def build(self, build: Build) -> dict[str, Any]:
        """The call."""
        parameters: dict[str, Any] = {
            "ApiEndpoint": self.endpoint,
            "Method": self.method,
            "Authentication": {"ConnectionArn": self.connection},
        }
        optional = {
            "Headers": self.headers,
            "QueryParameters": self.query_parameters,
            "RequestBody": self.request_body,
        }
        parameters |= {name: value for name, value in optional.items() if value is not None}
        if self.url_encoded:
            transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
            if self.url_encoded is not True:
                transform["RequestEncodingOptions"] = {"ArrayFormat": self.url_encoded}
            parameters["Transform"] = transform
            form = {"Content-Type": "application/x-www-form-urlencoded"}  # AWS asks for it beside the Transform
            parameters["Headers"] = {**form, **(self.headers or {})}
        return {**super().build(build), "Parameters": parameters}
