"""AWS Lambda: functions kept by name, their code by content, invoked in warm workers.

In: Lambda requests as boto3 spells them. Out: responses; a payload is bytes. Touches: history (what a function is),
objects (its zip), the folder of unpacked code, and the worker host through functions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepmill.clock import Clock
from stepmill.functions import Function, Functions, HostError, PayloadTooLarge
from stepmill.history.log import History, Record
from stepmill.objects.archives import BadArchive, Limits, extract
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import NoSuchBucket, NoSuchKey
from stepmill.services.operations import Response, ServiceError, operation
from stepmill.services.surroundings import Surroundings

_UNPACKED_LIMIT = 250 * 1024 * 1024  # AWS: a deployment package is at most 250 MB, unzipped
_DEFAULT_TIMEOUT = 3  # seconds, AWS's default
_LOST = b'{"errorMessage":"the worker host ended while the function ran; its result is lost"}'


class Lambda:
    """The functions of one account and region."""

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
    ) -> None:
        """`code` is the folder in which code lies unpacked, by its content."""
        self._history = history
        self._functions = functions
        self._objects = objects
        self._clock = clock
        self._surroundings = surroundings
        self._code = code
        self._scope = f"arn:aws:lambda:{region}:{account}:function"

    @operation("CreateFunction", "FunctionName", "Role", "Code")
    def create_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a function from a zip (`Code.ZipFile` bytes, or `Code.S3Bucket` and `S3Key`)."""
        name = self._name(request)
        if self._history.record("lambda", "function", name) is not None:
            raise ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)
        return self._keep(name, {}, request, request["Code"])

    @operation("UpdateFunctionCode", "FunctionName")
    def update_function_code(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function other code."""
        name = self._name(request)
        return self._keep(name, self._found(name), {}, request)

    @operation("UpdateFunctionConfiguration", "FunctionName")
    def update_function_configuration(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function another handler, timeout, memory or environment."""
        name = self._name(request)
        return self._keep(name, self._found(name), request, None)

    @operation("GetFunction", "FunctionName")
    def get_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a function is. Values of its environment are given as AWS gives them."""
        return {"Configuration": self._found(self._name(request))}

    @operation("ListFunctions")
    def list_functions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every function."""
        return {"Functions": [body for _, body in self._history.records("lambda", "function")]}

    @operation("DeleteFunction", "FunctionName")
    def delete_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a function."""
        name = self._name(request)
        self._found(name)
        self._history.put(Record("lambda", "function", name, None))
        return {}

    @operation("Invoke", "FunctionName")
    def invoke(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Call a function and wait for it. `Payload` is bytes or text; a function's own failure is a response with
        FunctionError, as on AWS. When the host died with the call in it, that is such a failure too, without an error
        type: whether the function ran is not known, and it is not called twice.
        """
        name = self._name(request)
        found = self._found(name, self._qualifier(request))
        if (kind := request.get("InvocationType", "RequestResponse")) != "RequestResponse":
            message = f"InvocationType {kind} does not run on this machine yet; use RequestResponse"
            raise ServiceError("InvalidParameterValueException", message)
        payload = request.get("Payload", b"{}")
        try:
            json.loads(payload)
        except ValueError as fault:
            message = f"Could not parse request body into json: {fault}"
            raise ServiceError("InvalidRequestContentException", message) from None
        python = self._surroundings.function_python(name)
        function = Function(
            name=name,
            arn=found["FunctionArn"],
            handler=found["Handler"],
            code=self._code / found["CodeSha256"],
            timeout=float(found["Timeout"]),
            memory=int(found["MemorySize"]),
            environment=found["Environment"]["Variables"],
            python=python,
        )
        try:
            outcome = self._functions.invoke(
                function,
                payload.encode() if isinstance(payload, str) else payload,
                token=token or f"invoke-{os.urandom(8).hex()}",
                environ=self._surroundings.environ(token, python),
                secrets=self._surroundings.secrets(token),
            )
        except PayloadTooLarge as refusal:
            raise ServiceError("RequestTooLargeException", str(refusal), 413) from None
        except HostError as fault:
            raise ServiceError("ServiceException", str(fault), 500) from None
        answer = _LOST if outcome.status == "unknown" else outcome.payload
        response: Response = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": answer}
        if outcome.status != "succeeded":
            response["FunctionError"] = "Unhandled"
        if request.get("LogType") == "Tail":
            response["LogResult"] = base64.b64encode(outcome.log.encode()[-4096:]).decode()
        return response

    def _name(self, request: Mapping[str, Any]) -> str:
        return self._parts(request)[0]

    def _qualifier(self, request: Mapping[str, Any]) -> str:
        return str(request.get("Qualifier") or self._parts(request)[1] or "$LATEST")

    def _parts(self, request: Mapping[str, Any]) -> tuple[str, str]:
        """Name and qualifier of `name`, `name:qualifier`, a partial ARN or a whole one."""
        text = str(request["FunctionName"])
        name, _, qualifier = text.rpartition("function:")[2].partition(":")
        return name, qualifier

    def _found(self, name: str, qualifier: str = "") -> dict[str, Any]:
        found = self._history.record("lambda", "function", name)
        if found is None or qualifier not in ("", "$LATEST"):
            whole = f"{self._scope}:{name}{qualifier and ':'}{qualifier}"
            raise ServiceError("ResourceNotFoundException", f"Function not found: {whole}", 404)
        return found

    def _keep(
        self, name: str, before: Mapping[str, Any], settings: Mapping[str, Any], code: Mapping[str, Any] | None
    ) -> Response:
        body = {
            "FunctionName": name,
            "FunctionArn": f"{self._scope}:{name}",
            "Runtime": settings.get("Runtime", before.get("Runtime", "python3.12")),
            "Role": settings.get("Role", before.get("Role", "")),
            "Handler": settings.get("Handler", before.get("Handler", "")),
            "Timeout": settings.get("Timeout", before.get("Timeout", _DEFAULT_TIMEOUT)),
            "MemorySize": settings.get("MemorySize", before.get("MemorySize", 128)),
            "Environment": settings.get("Environment", before.get("Environment", {"Variables": {}})),
            "CodeSha256": self._unpack(code) if code is not None else before["CodeSha256"],
            "Version": "$LATEST",
            "LastModified": self._clock.now(),
        }
        self._history.put(Record("lambda", "function", name, body))
        return dict(body)

    def _unpack(self, code: Mapping[str, Any]) -> str:
        data = code.get("ZipFile")
        if data is None:
            if not code.get("S3Bucket") or not code.get("S3Key"):
                raise ServiceError("InvalidParameterValueException", "Please provide a source for function code.")
            try:
                data = self._objects.get(code["S3Bucket"], code["S3Key"])
            except (NoSuchKey, NoSuchBucket):
                where = f"s3://{code['S3Bucket']}/{code['S3Key']}"
                raise ServiceError("InvalidParameterValueException", f"there is no function code at {where}") from None
        digest = hashlib.sha256(data).hexdigest()
        folder = self._code / digest
        if folder.is_dir():
            return digest
        self._code.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._code) as scratch:
            package, fresh = Path(scratch) / "package.zip", Path(scratch) / "code"
            package.write_bytes(data)
            try:
                extract(package, fresh, limits=Limits(size=_UNPACKED_LIMIT))
                fresh.rename(folder)
            except (OSError, BadArchive) as fault:
                if not folder.is_dir():  # another thread may have unpacked the same code first
                    message = f"Could not unzip uploaded file: {fault}"
                    raise ServiceError("InvalidParameterValueException", message) from None
        return digest


def error_of(payload: bytes) -> tuple[str, str]:
    """(error, cause) of a failed invocation, as a Task state reports them: the error type, and the payload's text."""
    text = payload.decode("utf-8", "replace")
    try:
        kind = json.loads(text).get("errorType")
    except (ValueError, AttributeError):
        kind = None
    if kind:
        return str(kind), text
    cause = "The cause could not be determined because Lambda did not return an error type."
    return "Lambda.Unknown", f"{cause} Returned payload: {text}"
