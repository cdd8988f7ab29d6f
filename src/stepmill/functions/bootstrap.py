"""The first lines of a worker: hands over to AWS's runtime interface client, or is one where that is not installed.

In: a handler's name, `AWS_LAMBDA_RUNTIME_API`. Out: answers on the runtime API. Touches: what the function touches.
It runs under the function's interpreter, which has nothing of ours installed: only the standard library, and nothing
imported that a function could notice. Errors are worded as AWS's client words them.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_HEADER_LIMIT = 1 << 20


class Fault(Exception):
    """A failure that Lambda itself names."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = list(trace)


class Context:
    """The second argument of a handler (Lambda developer guide, "Using the Lambda context object")."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.client_context = None
        self.identity = None
        self.tenant_id = None
        self._deadline = int(headers.get("lambda-runtime-deadline-ms", "0"))

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        import time

        return max(0, self._deadline - int(time.time() * 1000))


class Api:
    """The runtime API over one connection."""

    def __init__(self, address: str, secret: str) -> None:
        import socket

        host, _, port = address.partition(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._secret = secret

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[dict[str, str], bytes]:
        """Headers with lower-case names, and the body."""
        head = (
            f"{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: lambda\r\nX-Stepmill-Secret: {self._secret}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        if not self._file.readline(_HEADER_LIMIT):
            sys.exit(0)  # the host is gone
        headers = {}
        while (line := self._file.readline(_HEADER_LIMIT)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers, self._file.read(int(headers.get("content-length", "0")))


def load(handler: str) -> Callable[[Any, Context], Any]:
    """The function that `module.function` names. Raises Fault."""
    import importlib

    module_name, dot, name = handler.rpartition(".")
    if not dot:
        why = "not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {why}")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        words = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", words, [where]) from None
    try:
        function: Callable[[Any, Context], Any] = getattr(module, name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'") from None
    return function


def error_of(error: Exception, request_id: str) -> bytes:
    """AWS's error object, and the same in words on stdout, where Lambda's log shows it."""
    import json
    import traceback

    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
        kind, trace = type(error).__name__, traceback.format_list(frames)
    lines = [f"[ERROR] {kind}: {error}", "Traceback (most recent call last):"]
    print("\r".join(lines + [line for part in trace for line in part.splitlines()]), flush=True)  # noqa: T201
    body = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def set_up_logging(current: dict[str, str]) -> None:
    """Records of the root logger go to stdout in the line format of Lambda, with the request's id."""
    import logging
    import time

    def mark(record: logging.LogRecord) -> bool:
        record.aws_request_id = current.get("lambda-runtime-aws-request-id", "")
        return True

    form = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    form.converter = time.gmtime
    target = logging.StreamHandler(sys.stdout)
    target.setFormatter(form)
    target.addFilter(mark)
    logging.getLogger().addHandler(target)


def run(handler: str) -> None:
    """Serve events for ever."""
    import io
    import json

    # Unbuffered: what a function printed is in the log even if it is killed the next moment.
    for name, handle in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(handle, "wb", closefd=False)
        setattr(sys, name, io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True))
    current: dict[str, str] = {}
    set_up_logging(current)

    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"], os.environ.pop("_STEPMILL_SECRET", ""))
    try:
        function = load(handler)
    except Exception as error:  # noqa: BLE001 - whatever the user's module raises is the answer
        api.ask("POST", "init/error", error_of(error, ""))
        sys.exit(1)
    while True:
        headers, event = api.ask("GET", "invocation/next")
        current.update(headers)
        request_id = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        try:
            try:
                given = json.loads(event)
            except ValueError as error:
                raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
            answer = function(given, Context(headers))
            try:
                body = answer if isinstance(answer, bytes) else json.dumps(answer, default=plain).encode()
            except Exception as error:  # noqa: BLE001 - any object may refuse in its own way
                raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
        except Exception as error:  # noqa: BLE001 - whatever the user's function raises is the answer
            api.ask("POST", f"invocation/{request_id}/error", error_of(error, request_id))
        else:
            api.ask("POST", f"invocation/{request_id}/response", body)


def plain(value: object) -> Any:
    """Decimals are numbers to AWS; everything else unknown to JSON is refused."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def main(handler: str) -> None:
    """Run the handler's events with AWS's client if this interpreter has it and it may be used."""
    os.environ["AWS_EXECUTION_ENV"] = "AWS_Lambda_python{}.{}".format(*sys.version_info)
    sys.path[0] = os.getcwd()  # noqa: PTH109 - where the function lies, instead of where this file does
    if not os.environ.get("_STEPMILL_SECRET"):
        os.environ.pop("_STEPMILL_SECRET", None)
        try:
            from awslambdaric.__main__ import main as aws
            from awslambdaric.lambda_runtime_client import runtime_client
        except ImportError:
            runtime_client = None
        if runtime_client is not None:
            aws(["awslambdaric", handler])
            return
    run(handler)


if __name__ == "__main__":
    main(sys.argv[1])
