"""How a Task waits for the service it calls, and the ARNs that say so.

In: a service, an operation, a pattern. Out: a Resource ARN. Touches: the settings, for the partition.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Any

from stepmill.stage import load_settings, partition


class IntegrationPattern(Enum):
    """The three ways of the Step Functions guide: ask and go on, wait for the work's end, wait for a task token."""

    WaitForTaskToken = "waitForTaskToken"
    WaitForCompletion = "sync"
    CallAndContinue = ""


def called(service: str, api: str, pattern: IntegrationPattern, version: int | None = None) -> str:
    """What stands in a Resource after the partition: `batch:submitJob.sync`, `states:startExecution.sync:2`."""
    return f"{service}:{api}{f'.{pattern.value}' if pattern.value else ''}{f':{version}' if version else ''}"


def get_service_integration_arn(
    service: str,
    api: Enum,
    integration_pattern: IntegrationPattern = IntegrationPattern.CallAndContinue,
    version: int | None = None,
) -> str:
    """The Resource of a Task that calls a service, in the partition of the settings' region.

    Args:
        service: as Step Functions spells it, such as `dynamodb`.
        api: a member of an enumeration whose value is the operation, such as `DynamoDBApi.GetItem`.
        integration_pattern: how the state waits.
        version: of the integration, for those that have several.
    """
    return (
        f"arn:{partition(load_settings().region)}:states:::{called(service, api.value, integration_pattern, version)}"
    )


def is_integration_pattern_valid(
    integration_pattern: Any, supported_integration_patterns: Collection[IntegrationPattern]
) -> None:
    """Refuse a pattern that a service does not have.

    Args:
        integration_pattern: what was given.
        supported_integration_patterns: what the service has.

    Raises:
        TypeError: it is no IntegrationPattern.
        ValueError: the service does not have it; says which it has.
    """
    known = ", ".join(f"IntegrationPattern.{each.name}" for each in supported_integration_patterns)
    if not isinstance(integration_pattern, IntegrationPattern):
        raise TypeError(f"integration_pattern is {known}, not {integration_pattern!r}")
    if integration_pattern not in supported_integration_patterns:
        raise ValueError(f"integration_pattern {integration_pattern.name} is not what this service has: take {known}")
