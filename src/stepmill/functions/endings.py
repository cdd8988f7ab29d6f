"""How an invocation ends, in AWS's words.

In: what the worker did. Out: the payload, and the line for the log. Touches: nothing.
The wordings are those of Lambda's own runtime (RAPID), as seen in answers of real functions; recorded 2026-11.
"""

from __future__ import annotations

import json
import signal

from stepmill.functions.logs import TASK

PAYLOAD_LIMIT = 6_291_456
"""Bytes of a synchronous invocation's payload (Lambda quotas)."""
RESPONSE_LIMIT = 6_291_556
"""Bytes of a synchronous invocation's response (Lambda quotas: 6 MB, and 100 bytes that AWS's own message tells of)."""

_SIGNALS = {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}


class Ending:
    """`status` succeeded or failed, `payload`, the `error` type if one, the `line` the platform adds to the log, and
    whether the worker can be used again (`reusable`)."""

    __slots__ = ("error", "line", "payload", "reusable", "status")

    def __init__(self, status: str, payload: bytes, *, error: str = "", line: str = "", reusable: bool = False) -> None:
        self.status = status
        self.payload = payload
        self.error = error
        self.line = line
        self.reusable = reusable


def answered(body: bytes) -> Ending:
    """The handler returned."""
    if len(body) > RESPONSE_LIMIT:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        return _failed("Function.ResponseSizeTooLarge", message, message)
    return Ending("succeeded", body, reusable=True)


def raised(body: bytes, code: str, *, reusable: bool) -> Ending:
    """The handler, or loading it (`reusable` false), raised: the runtime client's own payload.

    Its stack trace says `/var/task`, where code lies on AWS, and not where it lies on this machine.
    """
    body = body.replace(json.dumps(code)[1:-1].encode(), TASK.encode())
    try:
        error = str(json.loads(body).get("errorType", ""))
    except (ValueError, AttributeError, RecursionError):
        error = "Runtime.Unknown"
    return Ending("failed", body, error=error, reusable=reusable)


def timed_out(request_id: str, timeout: float, stamp: str) -> Ending:
    """The handler took longer than the function's timeout."""
    message = f"Task timed out after {timeout:.2f} seconds"
    return _failed("Sandbox.Timedout", f"RequestId: {request_id} Error: {message}", f"{stamp} {request_id} {message}")


def exited(request_id: str, code: int) -> Ending:
    """The worker process ended by itself; `code` as subprocess gives it, negative for a signal."""
    if code < 0:
        reason = f"Runtime exited with error: signal: {_SIGNALS.get(-code) or _describe(-code)}"
    elif code:
        reason = f"Runtime exited with error: exit status {code}"
    else:
        reason = "Runtime exited without providing a reason"
    line = f"RequestId: {request_id} Error: {reason}"
    return _failed("Runtime.ExitError", line, line)


def not_started(request_id: str, why: str) -> Ending:
    """There is no process to speak of: no interpreter, no code folder."""
    line = f"RequestId: {request_id} Error: {why}"
    return _failed("Runtime.InvalidEntrypoint", line, line)


def _failed(error: str, message: str, line: str) -> Ending:
    payload = json.dumps({"errorType": error, "errorMessage": message}, ensure_ascii=False, separators=(",", ":"))
    return Ending("failed", payload.encode(errors="replace"), error=error, line=line)


def _describe(number: int) -> str:
    return (signal.strsignal(number) or f"signal {number}").lower()
