"""Task tokens that are sent back: success, failure, heartbeat.

In: requests as boto3 spells them. Out: responses. Touches: the engine, which is told.

What is acknowledged is on disk: the answer comes when the outcome has been committed.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from typing import Any, Final

from stepmill.engine.data import too_large
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act, Beat, Begun, Failed, Finished
from stepmill.engine.tokens import LIMIT, act_of
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet

_LOOK: Final = 0.5  # seconds between looks whether somebody else settled it
_ERROR, _CAUSE = 256, 32_768  # characters (API reference, SendTaskFailure)


class Told:
    """Tells the engine of acts, and waits until that is on disk. `settled` is for the engine to call."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._waiting: dict[str, list[threading.Event]] = {}
        self._lock = threading.Lock()

    def tell(self, signal: Begun | Finished | Failed) -> bool:
        """Whether the act was still waited for, and now has this on disk."""
        engine, name = self._engine(), signal.act.name
        done = threading.Event()
        with self._lock:
            self._waiting.setdefault(name, []).append(done)
        try:
            if engine.act(name) is None:
                return False
            engine.tell(signal)
            while not done.wait(_LOOK):
                engine.wait_idle(0)  # raises what ended the engine
                if engine.act(name) is None:
                    return done.is_set()
            return True
        finally:
            with self._lock:
                self._waiting[name].remove(done)
                if not self._waiting[name]:
                    del self._waiting[name]

    def settled(self, act: Act) -> None:
        """What was told of `act` is committed."""
        with self._lock:
            for done in self._waiting.get(act.name, ()):
                done.set()


class Tokens:
    """Answers whoever has a task token."""

    def __init__(self, engine: Callable[[], Engine], told: Told) -> None:
        self._engine = engine
        self._told = told

    @operation("SendTaskSuccess", "taskToken", "output")
    def send_task_success(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The work is done; `output` is JSON, of at most 256 KiB."""
        text = str(request["output"])
        try:
            output = json.loads(text)
        except ValueError:
            raise ServiceError("InvalidOutput", f"Invalid Output: '{text[:200]}'") from None
        if too_large(text):
            raise invalid(
                "Value at 'output' failed to satisfy constraint: Member must have length less than or equal to 262144"
            )
        return self._tell(Finished(self._act(request["taskToken"]), output))

    @operation("SendTaskFailure", "taskToken")
    def send_task_failure(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The work failed, with an error and a cause for Retry and Catch to see."""
        problems = [
            unmet(request[member], member, f"have length less than or equal to {limit}")
            for member, limit in (("error", _ERROR), ("cause", _CAUSE))
            if len(request.get(member) or "") > limit
        ]
        if problems:
            raise invalid(*problems)
        return self._tell(Failed(self._act(request["taskToken"]), request.get("error"), request.get("cause")))

    @operation("SendTaskHeartbeat", "taskToken")
    def send_task_heartbeat(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The work goes on: the time of HeartbeatSeconds begins anew. Heartbeats leave nothing in the history."""
        self._engine().tell(Beat(self._act(request["taskToken"])))
        return {}

    def _act(self, token: Any) -> Act:
        if len(str(token)) > LIMIT:
            raise invalid(
                f"Value at 'taskToken' failed to satisfy constraint: Member must have length less than or "
                f"equal to {LIMIT}"
            )
        name = act_of(str(token))
        if name is None:
            raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")
        act = self._engine().act(name)
        if act is None or act.token is None or not hmac.compare_digest(act.token, str(token)):
            raise _gone()
        return act

    def _tell(self, signal: Finished | Failed) -> Response:
        if not self._told.tell(signal):
            raise _gone()
        return {}


def _gone() -> ServiceError:
    """Sent back already, timed out, or its execution has ended: AWS says the same of all three."""
    return ServiceError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
