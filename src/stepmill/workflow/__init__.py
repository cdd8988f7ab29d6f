"""What a user holds: a Workflow, and the Executions it starts.

In: a definition written with `stepmill.steps`, or ASL as it is. Out: a state machine and its executions, on the stage
they talk to. Touches: nothing itself; the local stage through `stepmill.local`, another through the client given.
"""

from __future__ import annotations

from .execution import Execution, ExecutionStatus
from .lists import Html
from .loading import loading
from .workflow import Workflow

__all__ = ["Execution", "ExecutionStatus", "Html", "Workflow", "loading"]
