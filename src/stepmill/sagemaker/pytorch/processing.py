"""A script that processes data in AWS's PyTorch container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkProcessor. Touches: the image table.
"""

from __future__ import annotations

from stepmill.sagemaker.processing import ProcessorOf
from stepmill.sagemaker.pytorch.estimator import PyTorch


class PyTorchProcessor(ProcessorOf):
    """A FrameworkProcessor for PyTorch. framework_version, py_version: such as "2.8.0" and "py312".

    Arguments not named here mean what they mean in FrameworkProcessor.
    """

    framework = PyTorch
