"""What the steps that call one fixed operation of a service share: how they wait, and the Resource that says so.

In: a service and an operation, said by the class. Out: states. Touches: nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from .integration_resources import IntegrationPattern, called, is_integration_pattern_valid
from .state import Task

_WAIT, _GO_ON, _TOKEN = (
    IntegrationPattern.WaitForCompletion,
    IntegrationPattern.CallAndContinue,
    IntegrationPattern.WaitForTaskToken,
)


class ServiceStep(Task):
    """A call of one operation. Subclasses name it: `service` as Step Functions spells it, `api`, a member of its
    enumeration, and the `patterns` it has."""

    allowed = Task.allowed - {"resource"}
    service: str
    api: Enum
    patterns: tuple[IntegrationPattern, ...] = (_WAIT, _GO_ON)
    pattern: IntegrationPattern = _GO_ON

    def __init__(self, state_id: str, **fields: Any) -> None:
        """Call the operation and go on.

        Args:
            state_id: the state's name.
            fields: retry, catch, and the fields of `Task` except resource; the request is `parameters=`.
        """
        super().__init__(state_id, **fields)

    def version(self) -> int | None:
        """Of the integration, where there are several."""
        return None

    def _called(self) -> str:
        return called(self.service, self.api.value, self.pattern, self.version())


class WaitingStep(ServiceStep):
    """A call whose work takes a while."""

    def __init__(self, state_id: str, wait_for_completion: bool = True, **fields: Any) -> None:
        """Call the operation.

        Args:
            state_id: the state's name.
            wait_for_completion: whether the state waits for the work's end.
            fields: retry, catch, and the fields of `Task` except resource; the request is `parameters=`.
        """
        super().__init__(state_id, **fields)
        self.pattern = _WAIT if wait_for_completion else _GO_ON


class CallbackStep(ServiceStep):
    """A call that may carry a task token to somebody."""

    def __init__(self, state_id: str, wait_for_callback: bool = False, **fields: Any) -> None:
        """Call the operation.

        Args:
            state_id: the state's name.
            wait_for_callback: wait until somebody sends the task token back (not run on this machine).
            fields: retry, catch, and the fields of `Task` except resource; the request is `parameters=`.
        """
        super().__init__(state_id, **fields)
        self.pattern = _TOKEN if wait_for_callback else _GO_ON


class PatternStep(ServiceStep):
    """A call that says how it waits by an IntegrationPattern."""

    def __init__(self, state_id: str, integration_pattern: IntegrationPattern = _WAIT, **fields: Any) -> None:
        """Call the operation.

        Args:
            state_id: the state's name.
            integration_pattern: how the state waits.
            fields: retry, catch, and the fields of `Task` except resource; the request is `parameters=`.

        Raises:
            TypeError: it is no IntegrationPattern.
            ValueError: the service does not have it.
        """
        super().__init__(state_id, **fields)
        is_integration_pattern_valid(integration_pattern, self.patterns)
        self.pattern = integration_pattern
