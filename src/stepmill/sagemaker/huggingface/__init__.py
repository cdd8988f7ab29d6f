"""Hugging Face Transformers on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions, scripts, machines. Out: descriptions of jobs and models. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.huggingface.estimator import HuggingFace
from stepmill.sagemaker.huggingface.model import HuggingFaceModel
from stepmill.sagemaker.huggingface.processing import HuggingFaceProcessor

__all__ = ["HuggingFace", "HuggingFaceModel", "HuggingFaceProcessor"]
