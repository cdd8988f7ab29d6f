"""Lists that a notebook shows as tables, and the HTML it shows.

In: what Step Functions lists. Out: the same as a Python list, and as HTML. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Html:
    """A piece of HTML that a notebook shows as it is; it needs no network. `data` is its text."""

    def __init__(self, data: str) -> None:
        self.data = data

    def _repr_html_(self) -> str:
        return self.data

    def __str__(self) -> str:
        return self.data


class EventsList(list[dict[str, Any]]):
    """Events of one execution, as `Execution.list_events` gives them."""

    def to_html(self) -> str:
        """The events as an HTML table."""
        from stepmill.console.html import events_table

        return events_table(self)

    def _repr_html_(self) -> str:
        return self.to_html()


class WorkflowList(list[dict[str, Any]]):
    """State machines, as `Workflow.list_workflows` gives them."""

    def to_html(self) -> str:
        """The state machines as an HTML table."""
        from stepmill.console.html import workflows_table

        return workflows_table(self)

    def _repr_html_(self) -> str:
        return self.to_html()


class ExecutionsList(list[Any]):
    """Executions of one state machine, as `Workflow.list_executions` gives them."""

    def to_html(self) -> str:
        """The executions as an HTML table."""
        from stepmill.console.html import executions_table

        return executions_table([_row(execution) for execution in self])

    def _repr_html_(self) -> str:
        return self.to_html()


def _row(execution: Any) -> Mapping[str, Any]:
    return {
        "name": execution.name,
        "status": execution.listed_status or execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "executionArn": execution.execution_arn,
    }
