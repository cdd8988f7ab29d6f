"""A script that processes data in AWS's TensorFlow container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkProcessor. Touches: the image table.
"""

from __future__ import annotations

from stepmill.sagemaker.processing import ProcessorOf
from stepmill.sagemaker.tensorflow.estimator import TensorFlow


class TensorFlowProcessor(ProcessorOf):
    """A FrameworkProcessor for TensorFlow. framework_version, py_version: such as "2.19.0" and "py312".

    Arguments not named here mean what they mean in FrameworkProcessor.
    """

    framework = TensorFlow
