"""scikit-learn on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions, scripts, machines. Out: descriptions of jobs and models. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.sklearn.estimator import SKLearn
from stepmill.sagemaker.sklearn.model import SKLearnModel
from stepmill.sagemaker.sklearn.processing import SKLearnProcessor

__all__ = ["SKLearn", "SKLearnModel", "SKLearnProcessor"]
