"""One run of a state machine.

In: an execution's ARN, and who answers for it. Out: what became of it, as values, tables and pictures. Touches: nothing
itself; it asks the store of this machine, or the client it was given.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from .calls import dated, over, pages
from .lists import EventsList, Html
from .pictures import Picture, progress

if TYPE_CHECKING:
    from stepmill.local import Local

    from .definition import DefinitionText

_LOOK = 1.0  # seconds between two questions to AWS


class ExecutionStatus(Enum):
    """What an execution can be, in AWS's words."""

    Running = "RUNNING"
    Succeeded = "SUCCEEDED"
    Failed = "FAILED"
    TimedOut = "TIMED_OUT"
    Aborted = "ABORTED"


class Holder(Protocol):
    """What an execution needs of the Workflow it is a run of."""

    @property
    def client(self) -> Any:
        """The client it talks to; None for the store."""
        ...

    @property
    def local(self) -> Local:
        """The store it lives in, without a client."""
        ...

    @property
    def definition(self) -> DefinitionText:
        """What is run."""
        ...


class Execution:
    """One run of a state machine, as `Workflow.execute` and `list_executions` give it.

    Args:
        workflow: the Workflow it is a run of.
        execution_arn: its ARN.
        start_date: when it started.
        status: what it was when it was listed. The property `status` asks anew.
        client: a boto3 `stepfunctions` client; the workflow's when left out, and its store when that has none.
        name: the last part of its ARN when left out.
        stop_date: when it ended, if it has.

    Every method asks anew and raises ServiceError (or boto3's ClientError) with AWS's code when it is refused.
    """

    def __init__(
        self,
        workflow: Holder,
        execution_arn: str,
        start_date: datetime | None = None,
        status: ExecutionStatus | str | None = None,
        client: Any = None,
        name: str | None = None,
        stop_date: datetime | None = None,
    ) -> None:
        self.workflow = workflow
        self.execution_arn = execution_arn
        self.start_date = start_date
        self.listed_status = status.value if isinstance(status, ExecutionStatus) else status
        self.client = workflow.client if client is None else client
        self.name = name or execution_arn.rpartition(":")[2]
        self.stop_date = stop_date

    def __repr__(self) -> str:
        return f"Execution(execution_arn={self.execution_arn!r}, name={self.name!r})"

    def _repr_html_(self) -> str:
        from stepmill.console.html import link

        return link("Execution", self.execution_arn, local=self.client is None)

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.client is not None:
            return over(self.client)(operation, request)
        answer: dict[str, Any] = dated(self.workflow.local.call("states", operation, request))
        return answer

    @property
    def arn(self) -> str:
        """Its ARN, the same as `execution_arn`."""
        return self.execution_arn

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED, asked for now."""
        return str(self.describe()["status"])

    def describe(self) -> dict[str, Any]:
        """DescribeExecution's answer; its times are datetimes with a time zone, as boto3's are."""
        return self._call("DescribeExecution", {"executionArn": self.execution_arn})

    def get_input(self) -> Any:
        """The execution's input."""
        given = self.describe().get("input")
        return None if given is None else json.loads(given)

    def get_output(self, wait: bool = False) -> Any:
        """The execution's output; None while it runs (`wait=True` waits for its end) and when it failed."""
        if wait:
            self.wait()
        output = self.describe().get("output")
        return None if output is None else json.loads(output)

    def list_events(self, max_items: int = 100, reverse_order: bool = False, html: bool = False) -> Any:
        """The first `max_items` events in AWS's words, the last ones with `reverse_order`; with `html` as a table."""
        request = {"executionArn": self.execution_arn, "reverseOrder": reverse_order}
        events = EventsList(pages(self._call, "GetExecutionHistory", "events", request, max_items))
        return Html(events.to_html()) if html else events

    def render_progress(self, portrait: bool = False, max_events: int = 25000, live: bool = False) -> Picture:
        """The graph of the execution, each state with what became of it, as a notebook shows it; drawn here.

        Args:
            portrait: from top to bottom; left out, from left to right.
            max_events: how much of the history is read.
            live: the picture is drawn anew as long as the execution runs, and the call returns at its end.
        """
        return progress(self, portrait=portrait, max_events=max_events, live=live)

    def stop(self, cause: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Abort the execution; the job it waits for is stopped with its grace. Out: `{"stopDate": datetime}`.

        cause, error: what the execution's end says. One that has ended already stays as it is.
        """
        given = {key: value for key, value in (("cause", cause), ("error", error)) if value is not None}
        return self._call("StopExecution", {"executionArn": self.execution_arn, **given})

    def redrive(self) -> dict[str, Any]:
        """Go on with an execution that failed, timed out or was stopped, where it was: what succeeded is not run again.
        Out: `{"redriveDate": datetime}`.

        An execution that runs, that succeeded or that ended more than 14 days ago is refused: on this machine with
        ServiceError, on AWS with boto3's own exception, both with the code ExecutionNotRedrivable.
        """
        return self._call("RedriveExecution", {"executionArn": self.execution_arn})

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end. False when `timeout` seconds passed first; without one it waits for ever.

        An execution of this machine wakes whoever waits; one on AWS is asked for once a second.
        """
        if self.client is None:
            return self.workflow.local.wait(self.execution_arn, timeout)
        until = None if timeout is None else time.monotonic() + timeout
        while self.status == ExecutionStatus.Running.value:
            left = _LOOK if until is None else min(_LOOK, until - time.monotonic())
            if left <= 0:
                return False
            time.sleep(left)
        return True
