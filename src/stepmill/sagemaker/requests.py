"""The builders of requests, in one place.

In: descriptions and a Place. Out: Built. Touches: the code and data files named, to pack them.

Run-time values stay what they are, except where SageMaker wants text: hyperparameters, arguments and environment hold
strings only, and a Placeholder there becomes a string that is one token.
"""

from __future__ import annotations

from stepmill.sagemaker.built import Built, Complaint, Place
from stepmill.sagemaker.endpoint_request import endpoint_config_request, endpoint_request
from stepmill.sagemaker.model_request import model_request, models_of, package_request
from stepmill.sagemaker.processing_request import processing_request
from stepmill.sagemaker.training_request import training_request
from stepmill.sagemaker.transform_request import transform_request
from stepmill.sagemaker.tuner import tuned
from stepmill.sagemaker.tuning_request import tuning_request

__all__ = [
    "Built",
    "Complaint",
    "Place",
    "endpoint_config_request",
    "endpoint_request",
    "model_request",
    "models_of",
    "package_request",
    "processing_request",
    "training_request",
    "transform_request",
    "tuned",
    "tuning_request",
]
