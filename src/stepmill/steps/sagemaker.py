"""The steps that ask SageMaker for something, in the old SDK's module.

In: nothing. Out: their names. Touches: nothing.
"""

from __future__ import annotations

from .endpoint import EndpointConfigStep, EndpointStep, wait_for_endpoint
from .model import ModelPackageStep, ModelStep
from .processing import ProcessingStep
from .sagemaker_step import SageMakerApi
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
