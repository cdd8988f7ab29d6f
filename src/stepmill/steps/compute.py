"""Steps that compute: Lambda, Glue, Batch and ECS.

In: the service's own request as `parameters=`. Out: states that call it. Touches: nothing.
"""

from __future__ import annotations

from enum import Enum

from .lambda_ import LambdaStep
from .service_call import WaitingStep

__all__ = [
    "BatchApi",
    "BatchSubmitJobStep",
    "EcsApi",
    "EcsRunTaskStep",
    "GlueApi",
    "GlueStartJobRunStep",
    "LambdaApi",
    "LambdaStep",
]


class LambdaApi(Enum):
    """What is called of Lambda."""

    Invoke = "invoke"


class GlueApi(Enum):
    """What is called of Glue."""

    StartJobRun = "startJobRun"


class EcsApi(Enum):
    """What is called of ECS."""

    RunTask = "runTask"


class BatchApi(Enum):
    """What is called of Batch."""

    SubmitJob = "submitJob"


class GlueStartJobRunStep(WaitingStep):
    """Starts a run of a Glue job (`glue:startJobRun`): `parameters={"JobName": …, "Arguments": {…}}`."""

    service, api = "glue", GlueApi.StartJobRun


class BatchSubmitJobStep(WaitingStep):
    """Submits a job to Batch (`batch:submitJob`): `parameters={"JobName": …, "JobQueue": …, "JobDefinition": …}`."""

    service, api = "batch", BatchApi.SubmitJob


class EcsRunTaskStep(WaitingStep):
    """Runs a task on ECS or Fargate (`ecs:runTask`): `parameters={"Cluster": …, "TaskDefinition": …}`."""

    service, api = "ecs", EcsApi.RunTask
