"""A script that processes data in AWS's XGBoost container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkProcessor. Touches: the image table.
"""

from __future__ import annotations

from stepmill.sagemaker.processing import ProcessorOf
from stepmill.sagemaker.xgboost.estimator import XGBoost


class XGBoostProcessor(ProcessorOf):
    """A FrameworkProcessor for XGBoost. framework_version, py_version: such as "1.7-1" and "py3".

    Arguments not named here mean what they mean in FrameworkProcessor.
    """

    framework = XGBoost
