"""PyTorch on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions, scripts, machines. Out: descriptions of jobs and models. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.pytorch.estimator import PyTorch
from stepmill.sagemaker.pytorch.model import PyTorchModel
from stepmill.sagemaker.pytorch.processing import PyTorchProcessor

__all__ = ["PyTorch", "PyTorchModel", "PyTorchProcessor"]
