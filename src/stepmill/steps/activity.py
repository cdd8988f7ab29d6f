"""A step whose work is done by a worker of one's own, who asks Step Functions for it.

In: an activity and what the worker is given. Out: a state that waits for the worker. Touches: nothing.
"""

from __future__ import annotations

import re
from typing import Any

from .build import Build
from .state import Task

_NAME = re.compile(r"(arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:activity:)?[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}")


class ActivityStep(Task):
    """Waits until a worker, who got the task by GetActivityTask, has done it (not run on this machine).

    Args:
        state_id: the state's name.
        activity: the activity's name, 1 to 80 characters, in the account and region of the stage; or its ARN,
            `arn:aws:states:us-east-1:123456789012:activity:label`.
        payload: what the worker is given, an object; run-time values anywhere in it. None: the state's input.
        fields: retry, catch, and the fields of `Task` except resource. Without timeout_seconds= or heartbeat_seconds=
            a worker that never answers is waited for, for a year.

    Raises:
        ValueError: the activity is neither a name nor such an ARN.
        TypeError: payload and parameters= or arguments= are both given.
    """

    allowed = Task.allowed - {"resource"}

    def __init__(self, state_id: str, activity: str, *, payload: Any = None, **fields: Any) -> None:
        super().__init__(state_id, **fields)
        if not isinstance(activity, str) or not _NAME.fullmatch(activity):
            raise ValueError(
                f"the activity of {state_id!r} is a name of 1 to 80 characters or an ARN such as "
                f"arn:aws:states:us-east-1:123456789012:activity:label, not {activity!r}"
            )
        if payload is not None and ("parameters" in self.given or "arguments" in self.given):
            raise TypeError(f"ActivityStep {state_id!r} has both payload= and parameters=; give one of them")
        self.activity, self.payload = activity, payload

    def build(self, build: Build) -> dict[str, Any]:
        """The activity's ARN and what its worker is given."""
        arn = self.activity if self.activity.startswith("arn:") else build.ledger.activity(self.activity)
        fields = {"Resource": arn, **super().build(build)}
        if self.payload is not None:
            fields["Parameters"] = self.payload
        return fields
