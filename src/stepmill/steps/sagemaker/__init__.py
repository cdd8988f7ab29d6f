"""The steps that ask SageMaker for something, in the old SDK's module.

In: nothing. Out: their names. Touches: nothing.
"""

from __future__ import annotations

from enum import Enum

from .endpoint import EndpointConfigStep, EndpointStep, wait_for_endpoint
from .model import ModelPackageStep, ModelStep
from .processing import ProcessingStep
from .training import TrainingStep
from .transform import TransformStep
from .tuning import TuningStep

__all__ = [
    "EndpointConfigStep",
    "EndpointStep",
    "ModelPackageStep",
    "ModelStep",
    "ProcessingStep",
    "SageMakerApi",
    "TrainingStep",
    "TransformStep",
    "TuningStep",
    "wait_for_endpoint",
]


class SageMakerApi(Enum):
    """What is called of SageMaker."""

    CreateTrainingJob = "createTrainingJob"
    CreateTransformJob = "createTransformJob"
    CreateModel = "createModel"
    CreateEndpointConfig = "createEndpointConfig"
    UpdateEndpoint = "updateEndpoint"
    CreateEndpoint = "createEndpoint"
    CreateHyperParameterTuningJob = "createHyperParameterTuningJob"
    CreateProcessingJob = "createProcessingJob"
