"""The builders of requests, in one place.

In: descriptions and a Place. Out: Built. Touches: the code and data files named, to pack them.

Run-time values stay what they are, except where SageMaker wants text: hyperparameters, arguments and environment hold
strings only, and a Placeholder there becomes a string that is one token.
"""

from __future__ import annotations

from stepmill.sagemaker.built import Built, Complaint, Place
from stepmill.sagemaker.processing_request import processing_request
from stepmill.sagemaker.training_request import training_request

__all__ = ["Built", "Complaint", "Place", "processing_request", "training_request"]
