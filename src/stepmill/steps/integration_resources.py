"""How a Task waits for the service it calls, and the ARNs that say so.

In: a service, an operation, a pattern. Out: a Resource ARN. Touches: nothing.
"""

from __future__ import annotations

from enum import Enum


class IntegrationPattern(Enum):
    """The three ways of the Step Functions guide: ask and go on, wait for the work's end, wait for a task token."""

    WaitForTaskToken = "waitForTaskToken"
    WaitForCompletion = "sync"
    CallAndContinue = ""
