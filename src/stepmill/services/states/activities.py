"""Activities: names under which workers outside ask for work.

In: requests as boto3 spells them; the acts that executions ask of activities. Out: responses with times in seconds;
signals. Touches: history, where activities are kept. What waits for a worker is on record with its execution, and is
offered again by whoever recovers it.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

import re
import threading
from collections import deque
from typing import Any, Final

from stepmill.asl.text import dumps
from stepmill.clock import Clock
from stepmill.engine.signals import Act, Begun
from stepmill.history.log import History, Record
from stepmill.services.operations import Response, ServiceError, invalid, operation, unmet
from stepmill.services.states.about import machine_tags
from stepmill.services.states.names import checked, resource
from stepmill.services.states.pages import page
from stepmill.services.states.tokens import Told

_POLL: Final = 60.0
"""Seconds that GetActivityTask waits for a task (API reference)."""
_WORKER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,80}")


class Activities:
    """The activities of one account and region. `poll` is how long a worker is kept waiting, in seconds."""

    def __init__(self, history: History, told: Told, clock: Clock, *, region: str, account: str) -> None:
        self._history = history
        self._told = told
        self._clock = clock
        self._scope = f"arn:aws:states:{region}:{account}:activity"
        self._changed = threading.Condition()
        self._offered: dict[str, deque[Act]] = {}
        self._closed = False
        self.poll = _POLL

    @operation("CreateActivity", "name")
    def create_activity(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make an activity. The same name again finds the first one."""
        name = checked(request["name"])
        arn = f"{self._scope}:{name}"
        with self._changed:
            found = self._history.record("states", "activity", name)
            if found is None:
                found = {"arn": arn, "name": name, "created": self._clock.now()}
                if request.get("tags"):
                    found["tags"] = machine_tags(request["tags"])
                self._history.put(Record("states", "activity", name, found))
        return {"activityArn": arn, "creationDate": found["created"]}

    @operation("DescribeActivity", "activityArn")
    def describe_activity(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """An activity."""
        found = self._found(request["activityArn"])
        return {
            "activityArn": found["arn"],
            "name": found["name"],
            "creationDate": found["created"],
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
        }

    @operation("ListActivities")
    def list_activities(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every activity, newest first."""
        rows = [
            {"activityArn": found["arn"], "name": found["name"], "creationDate": found["created"]}
            for _, found in self._history.records("states", "activity")
        ]
        return page("activities", rows, request, "activityArn")

    @operation("DeleteActivity", "activityArn")
    def delete_activity(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Forget an activity; one that is not there is no error, as on AWS. Who waits for its tasks is told so."""
        name = resource(request["activityArn"], "activity")
        with self._changed:
            self._history.put(Record("states", "activity", name, None))
            self._changed.notify_all()
        return {}

    @operation("GetActivityTask", "activityArn")
    def get_activity_task(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The oldest task that waits for a worker, with its input and the token to send back; nothing when none came
        within a minute. The answer comes when it is on disk that somebody has the task."""
        arn, worker = request["activityArn"], request.get("workerName")
        if worker is not None and not _WORKER.fullmatch(str(worker)):
            raise invalid(unmet(worker, "workerName", "have length less than or equal to 80"))
        self._found(arn)
        act = self._next(arn)
        while act is not None:
            if self._told.tell(Begun(act, worker)):
                return {"taskToken": act.token, "input": dumps(act.parameters)}
            act = self._next(arn)  # its execution ended in this moment
        return {}

    def is_there(self, arn: str) -> bool:
        """Whether an activity exists."""
        found = self._history.record("states", "activity", arn.rpartition(":")[2])
        return found is not None and found["arn"] == arn

    def offer(self, act: Act) -> None:
        """Have a worker take `act`, unless one has it."""
        if act.submitted:
            return
        with self._changed:
            self._offered.setdefault(act.resource, deque()).append(act)
            self._changed.notify_all()

    def withdraw(self, act: Act) -> None:
        """Nobody waits for `act` any more."""
        with self._changed:
            offered = self._offered.get(act.resource, deque())
            self._offered[act.resource] = deque(one for one in offered if one.name != act.name)

    def close(self) -> None:
        """Keep no worker waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self, arn: str) -> Act | None:
        with self._changed:

            def waiting() -> bool:
                if self._closed:
                    return True
                self._found(arn)
                return bool(self._offered.get(arn))

            self._changed.wait_for(waiting, self.poll)
            offered = self._offered.get(arn)
            return offered.popleft() if offered and not self._closed else None

    def _found(self, arn: str) -> dict[str, Any]:
        found = self._history.record("states", "activity", resource(arn, "activity"))
        if found is None or found["arn"] != arn:
            raise ServiceError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        return found
