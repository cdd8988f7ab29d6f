"""Workflows under the old SDK's module path.

In: `from stepmill.workflow.stepfunctions import ExecutionStatus`. Out: the classes of `stepmill.workflow`. Touches:
nothing.
"""

from __future__ import annotations

from .execution import Execution, ExecutionStatus
from .lists import EventsList, ExecutionsList, WorkflowList
from .workflow import Workflow

__all__ = ["EventsList", "Execution", "ExecutionStatus", "ExecutionsList", "Workflow", "WorkflowList"]
