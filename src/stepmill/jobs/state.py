"""What is known of a job: the value that everything which shows or judges one is made of.

In: nothing. Out: `JobState`. Touches: nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple


class Transition(NamedTuple):
    """A status a job entered, when (seconds since 1970), and a sentence about it."""

    status: str
    at: float
    message: str


@dataclass(frozen=True)
class JobState:
    """What is known of a job now. Times are seconds since 1970; what did not happen is None.

    `status` is InProgress, Stopping, Completed, Failed or Stopped; `secondary` is SageMaker's SecondaryStatus, which it
    shows for training jobs only. `reason` tells why the job ended as it did, in a sentence, for people.
    """

    status: str
    secondary: str
    created: float
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    failure_reason: str | None = None
    exit_message: str | None = None
    model: str | None = None
    sandbox: str | None = None
    metrics: tuple[tuple[str, float, float], ...] = ()
    transitions: tuple[Transition, ...] = field(default=())

    @property
    def billable(self) -> int | None:
        """Whole seconds from start to end, rounded up (SageMaker: BillableTimeInSeconds on one instance)."""
        return None if self.started is None or self.ended is None else math.ceil(max(0.0, self.ended - self.started))

    @property
    def reason(self) -> str:
        """Why the job failed or was stopped; empty for one that did neither."""
        if self.failure_reason:
            return self.failure_reason
        if self.status == "Stopped" and self.transitions:
            return self.transitions[-1].message
        return ""
