"""XGBoost on SageMaker, under the names of the SageMaker Python SDK 2.

In: versions, scripts, machines. Out: descriptions of jobs and models. Touches: nothing but the table of images.
"""

from __future__ import annotations

from stepmill.sagemaker.xgboost.estimator import XGBoost
from stepmill.sagemaker.xgboost.model import XGBoostModel
from stepmill.sagemaker.xgboost.processing import XGBoostProcessor

__all__ = ["XGBoost", "XGBoostModel", "XGBoostProcessor"]
