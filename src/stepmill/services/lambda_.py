"""AWS Lambda: functions kept by name, their code by content, invoked in warm workers.

In: Lambda requests as boto3 spells them. Out: responses; a payload is bytes. Touches: history (what a function is),
objects (its zip), the folder of unpacked code, and the worker host through functions.
What a request may say is `lambda_rules`' affair, the zip `lambda_code`'s, waiting and trying again `lambda_events`'.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepmill.asl.text import dumps
from stepmill.clock import Clock
from stepmill.functions import Function, Functions, HostError, PayloadTooLarge, request_of
from stepmill.functions import Outcome as Ended
from stepmill.history.log import History, Record
from stepmill.objects.folder import FolderStore
from stepmill.services.lambda_code import Code
from stepmill.services.lambda_events import Attempt, Events, Outcome
from stepmill.services.lambda_rules import check_create, check_invoke, check_payload, check_update, name_of
from stepmill.services.operations import Response, ServiceError, invalid, operation, unbounded, unmet
from stepmill.services.rights import Rights
from stepmill.services.surroundings import Surroundings

_LOST = b'{"errorMessage":"the worker host ended while the function ran; its result is lost"}'
_PAGE, _LARGEST_PAGE = 50, 10_000  # AWS gives 50 functions at most, whatever is asked for
_EVENT_LIMIT = 1_048_576  # bytes of an asynchronous payload (Lambda quotas, since 2025-10)
_DEFAULTS: dict[str, Any] = {
    "Runtime": "python3.12",
    "Role": "",
    "Handler": "",
    "Description": "",
    "Timeout": 3,  # seconds
    "MemorySize": 128,  # MB
    "Environment": {"Variables": {}},
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},  # MB
}
# What GetFunction and its like say, and ListFunctions does not.
_STATE = {"State": "Active", "LastUpdateStatus": "Successful"}


class Lambda:
    """The functions of one account and region. `events` are its asynchronous calls, which whoever hosts must start."""

    def __init__(
        self,
        history: History,
        functions: Functions,
        objects: FolderStore,
        clock: Clock,
        surroundings: Surroundings,
        *,
        code: Path,
        region: str,
        account: str,
        rights: Rights | None = None,
    ) -> None:
        """`code` is the folder in which code lies unpacked, by its content."""
        self._history = history
        self._functions = functions
        self._clock = clock
        self._surroundings = surroundings
        self._rights = rights
        self._code = Code(code, objects)
        self._scope = f"arn:aws:lambda:{region}:{account}:function"
        self._writing = threading.Lock()  # a function is read and written in one step
        self.events = Events(history, clock, self._attempt, functions.forget)

    @operation("CreateFunction", "FunctionName", "Role", "Code")
    def create_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a function from a zip (`Code.ZipFile` bytes, or `Code.S3Bucket` and `S3Key`). It is active at once."""
        check_create(request)
        name = name_of(request["FunctionName"])
        with self._writing:
            if self._history.record("lambda", "function", name) is not None:
                raise ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)
            settings = {**request, "Tags": dict(request.get("Tags") or {})}
            return self._shown(self._keep(name, {}, settings, request["Code"], "CreateFunction"))

    @operation("UpdateFunctionCode", "FunctionName")
    def update_function_code(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function other code; with `DryRun`, only say what it would be."""
        check_update(request)
        name = name_of(request["FunctionName"])
        with self._writing:
            before = self._revised(name, request)
            if request.get("DryRun"):
                package = self._code.take(request, "UpdateFunctionCode", keep=False)
                return self._shown({**before, "CodeSha256": package.digest, "CodeSize": package.size})
            settings = {key: request[key] for key in ("Architectures",) if request.get(key)}
            return self._shown(self._keep(name, before, settings, request, "UpdateFunctionCode"))

    @operation("UpdateFunctionConfiguration", "FunctionName")
    def update_function_configuration(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function another handler, timeout, memory or environment."""
        check_update(request)
        name = name_of(request["FunctionName"])
        with self._writing:
            return self._shown(self._keep(name, self._revised(name, request), request, None, ""))

    @operation("GetFunction", "FunctionName")
    def get_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a function is, and its tags. There is no `Code.Location`: no URL gives the zip on this machine."""
        found = self._asked(request)
        tags = {"Tags": dict(found["Tags"])} if found.get("Tags") else {}
        return {"Configuration": self._shown(found), "Code": {"RepositoryType": "S3"}, **tags}

    @operation("GetFunctionConfiguration", "FunctionName")
    def get_function_configuration(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a function is. Values of its environment are given as AWS gives them."""
        return self._shown(self._asked(request))

    @operation("ListFunctions")
    def list_functions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every function by name, in pages of at most 50."""
        if request.get("MasterRegion"):
            raise ServiceError("InvalidParameterValueException", "MasterRegion does not exist on this machine")
        version, size, problems = request.get("FunctionVersion"), request.get("MaxItems"), []
        if version not in (None, "ALL"):
            problems.append(unmet(version, "functionVersion", "satisfy enum value set: [ALL]"))
        problems += unbounded(size, "maxItems", 1, _LARGEST_PAGE)
        if problems:
            raise invalid(*problems)
        last = _marked(request.get("Marker"))
        found = sorted((name, body) for name, body in self._history.records("lambda", "function") if name > last)
        page = found[: min(int(size or _PAGE), _PAGE)]
        shown = [{key: value for key, value in self._shown(body).items() if key not in _STATE} for _, body in page]
        more = len(found) > len(page)
        return {"Functions": shown} | ({"NextMarker": _marker(page[-1][0])} if more else {})

    @operation("DeleteFunction", "FunctionName")
    def delete_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a function. Its log stays."""
        name = name_of(request["FunctionName"])
        with self._writing:
            self._found(name, request.get("Qualifier") or "")
            self._history.put(Record("lambda", "function", name, None))
        return {}

    @operation("TagResource", "Resource", "Tags")
    def tag_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Add tags to a function."""
        return self._retag(request, lambda tags: tags | dict(request["Tags"]))

    @operation("UntagResource", "Resource", "TagKeys")
    def untag_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Take tags from a function; those that it does not have are no error."""
        return self._retag(request, lambda tags: {k: v for k, v in tags.items() if k not in request["TagKeys"]})

    @operation("ListTags", "Resource")
    def list_tags(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The tags of a function."""
        return {"Tags": dict(self._found(name_of(request["Resource"])).get("Tags") or {})}

    @operation("Invoke", "FunctionName")
    def invoke(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Call a function and wait for it (`RequestResponse`), accept its event (`Event`), or only ask whether it could
        be called (`DryRun`).

        `Payload` is bytes or text; a function's own failure is a response with FunctionError, as on AWS. When the host
        died with the call in it, that is such a failure too, without an error type: whether the function ran is not
        known, and it is not called twice.
        """
        check_invoke(request)
        found, payload = self._asked(request), _payload(request.get("Payload"))
        kind = request.get("InvocationType") or "RequestResponse"
        check_payload(payload)
        if self._rights is not None:
            self._rights.function(found["FunctionName"], found["Role"])
        if kind == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if kind == "Event":
            if len(payload) > _EVENT_LIMIT:
                limit = f"Request must be smaller than {_EVENT_LIMIT} bytes for the InvokeFunction operation"
                raise ServiceError("RequestTooLargeException", limit, 413)
            self.events.accept(request_of(token) if token else str(uuid.uuid4()), found["FunctionName"], payload)
            return {"StatusCode": 202, "Payload": b""}
        known = token or f"invoke-{os.urandom(8).hex()}"
        try:
            outcome = self._call(found, payload, known, "", token)
        except PayloadTooLarge as refusal:
            raise ServiceError("RequestTooLargeException", str(refusal), 413) from None
        except HostError as fault:
            raise ServiceError("ServiceException", str(fault), 500) from None
        if token is None:  # nobody can ask for this outcome again
            with contextlib.suppress(OSError):
                self._functions.forget(known)
        answer = _LOST if outcome.status == "unknown" else outcome.payload
        response: Response = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": answer}
        if outcome.status != "succeeded":
            response["FunctionError"] = "Unhandled"
        if request.get("LogType") == "Tail":
            response["LogResult"] = base64.b64encode(outcome.log.encode()[-4096:]).decode()
        return response

    def _call(self, found: Mapping[str, Any], payload: bytes, token: str, request: str, act: str | None) -> Ended:
        python = self._surroundings.function_python(found["FunctionName"])
        function = Function(
            name=found["FunctionName"],
            arn=found["FunctionArn"],
            handler=found["Handler"],
            code=self._code.folder(found["CodeSha256"]),
            timeout=float(found["Timeout"]),
            memory=int(found["MemorySize"]),
            environment=found["Environment"].get("Variables") or {},
            python=python,
        )
        return self._functions.invoke(
            function,
            payload,
            token=token,
            request=request,
            environ=self._surroundings.environ(act, python),
            secrets=self._surroundings.secrets(act),
        )

    def _attempt(self, attempt: Attempt) -> Outcome:
        """One attempt at an event."""
        found = self._history.record("lambda", "function", attempt.function)
        if found is None:
            return "gone"
        try:
            status = self._call(found, attempt.payload, attempt.token, attempt.request, attempt.token).status
        except HostError:
            return "trouble"
        return "succeeded" if status == "succeeded" else "unknown" if status == "unknown" else "failed"

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The function that a request names, in the only version there is."""
        text = str(request["FunctionName"])
        qualifier = text.rpartition("function:")[2].partition(":")[2]
        return self._found(name_of(text), request.get("Qualifier") or qualifier or "$LATEST")

    def _found(self, name: str, qualifier: str = "") -> dict[str, Any]:
        found = self._history.record("lambda", "function", name)
        if found is None or qualifier not in ("", "$LATEST"):
            whole = f"{self._scope}:{name}{qualifier and ':'}{qualifier}"
            raise ServiceError("ResourceNotFoundException", f"Function not found: {whole}", 404)
        return found

    def _revised(self, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The function to change, unless it is another than the caller thinks."""
        found = self._found(name)
        if request.get("RevisionId") not in (None, found.get("RevisionId")):
            message = (
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
                "retrieve the latest Revision Id"
            )
            raise ServiceError("PreconditionFailedException", message, 412)
        return found

    def _retag(self, request: Mapping[str, Any], change: Any) -> Response:
        name = name_of(request["Resource"])
        with self._writing:
            found = self._found(name)
            tags = change(dict(found.get("Tags") or {}))
            self._history.put(Record("lambda", "function", name, {**found, "Tags": tags}))
        return {}

    def _keep(
        self,
        name: str,
        before: Mapping[str, Any],
        settings: Mapping[str, Any],
        code: Mapping[str, Any] | None,
        operation: str,
    ) -> dict[str, Any]:
        """Write a function down. In its record CodeSha256 is hex and LastModified in seconds, as they ever were."""
        given = {key: settings[key] for key in (*_DEFAULTS, "Tags") if settings.get(key) is not None}
        body = {
            **_DEFAULTS,
            **before,
            **given,
            "FunctionName": name,
            "FunctionArn": f"{self._scope}:{name}",
            "Version": "$LATEST",
            "LastModified": self._clock.now(),
            "RevisionId": str(uuid.uuid4()),
        }
        if code is not None:
            package = self._code.take(code, operation)
            body |= {"CodeSha256": package.digest, "CodeSize": package.size}
        self._history.put(Record("lambda", "function", name, body))
        return body

    def _shown(self, found: Mapping[str, Any]) -> Response:
        """A function as AWS shows it. What an older record does not tell is left out."""
        shown: Response = {**_DEFAULTS, **{key: value for key, value in found.items() if key != "Tags"}}
        if not shown["Environment"].get("Variables"):
            del shown["Environment"]
        return shown | {
            "LastModified": _stamp(found["LastModified"]),
            "CodeSha256": base64.b64encode(bytes.fromhex(found["CodeSha256"])).decode(),
            "PackageType": "Zip",
            "TracingConfig": {"Mode": "PassThrough"},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{found['FunctionName']}"},
            **_STATE,
        }


def error_of(payload: bytes) -> tuple[str, str]:
    """(error, cause) of a failed invocation, as a Task state reports them: the error type, and the payload, whose JSON
    Step Functions writes anew, without spaces (recorded from AWS)."""
    text = payload.decode("utf-8", "replace")
    try:
        told = json.loads(text)
        kind = told.get("errorType")
    except (ValueError, AttributeError):
        kind = None
    if kind:
        return str(kind), dumps(told)
    cause = "The cause could not be determined because Lambda did not return an error type."
    return "Lambda.Unknown", f"{cause} Returned payload: {text}"


def _payload(given: Any) -> bytes:
    """The event's bytes; nothing is an empty object, as on AWS."""
    if given is None:
        return b"{}"
    data = given.encode() if isinstance(given, str) else given if isinstance(given, bytes) else given.read()
    return bytes(data) or b"{}"


def _stamp(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{milliseconds:03d}+0000"


def _marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _marked(marker: Any) -> str:
    try:
        return base64.urlsafe_b64decode(str(marker).encode()).decode() if marker else ""
    except ValueError:
        raise ServiceError("InvalidParameterValueException", f"Invalid Marker: {marker}") from None
