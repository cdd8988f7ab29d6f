"""TensorFlow on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions, scripts, machines. Out: descriptions of jobs and models. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.tensorflow.estimator import TensorFlow
from stepmill.sagemaker.tensorflow.model import TensorFlowModel
from stepmill.sagemaker.tensorflow.processing import TensorFlowProcessor

__all__ = ["TensorFlow", "TensorFlowModel", "TensorFlowProcessor"]
