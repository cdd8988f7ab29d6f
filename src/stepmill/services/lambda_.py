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

    @operation("CreateFunction")
    def create_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a function from a zip (`Code.ZipFile` bytes, or `Code.S3Bucket` and `S3Key`)."""
        name = request["FunctionName"]
        if self._history.record("lambda", "function", name) is not None:
            raise ServiceError("ResourceConflictException", f"Function already exist: {name}", 409)
        return self._keep(name, {}, request, request["Code"])

    @operation("UpdateFunctionCode")
    def update_function_code(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function other code."""
        name = self._name(request)
        return self._keep(name, self._found(name), {}, request)

    @operation("UpdateFunctionConfiguration")
    def update_function_configuration(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Give a function another handler, timeout, memory or environment."""
        name = self._name(request)
        return self._keep(name, self._found(name), request, None)

    @operation("GetFunction")
    def get_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a function is. Values of its environment are given as AWS gives them."""
        return {"Configuration": self._found(self._name(request))}

    @operation("ListFunctions")
    def list_functions(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every function."""
        return {"Functions": [body for _, body in self._history.records("lambda", "function")]}

    @operation("DeleteFunction")
    def delete_function(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget a function."""
        name = self._name(request)
        self._found(name)
        self._history.put(Record("lambda", "function", name, None))
        return {}

    @operation("Invoke")
    def invoke(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Call a function and wait for it. `Payload` is bytes or text; a function's own failure is a response with
        FunctionError, as on AWS. When the host died with the call in it, `Lambda.Unknown` is raised: whether the
        function ran is not known, and it is not called twice.
        """
        name = self._name(request)
        found = self._found(name)
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
        if outcome.status == "unknown":
            raise ServiceError("Unknown", "the worker host ended while the function ran; its result is lost", 500)
        response: Response = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": outcome.payload}
        if outcome.status == "failed":
            response["FunctionError"] = "Unhandled"
        if request.get("LogType") == "Tail":
            response["LogResult"] = base64.b64encode(outcome.log.encode()[-4096:]).decode()
        return response

    def _name(self, request: Mapping[str, Any]) -> str:
        name = str(request["FunctionName"])
        return name.split(":function:", 1)[1].split(":", 1)[0] if name.startswith("arn:") else name.split(":", 1)[0]

    def _found(self, name: str) -> dict[str, Any]:
        found = self._history.record("lambda", "function", name)
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Function not found: {self._scope}:{name}", 404)
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
    return str(kind or "Lambda.Unknown"), text
