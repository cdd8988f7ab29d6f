"""Steps: Python in, Bundle out.

In: the words of Amazon States Language and of the old Data Science SDK. Out: plain ASL and what it needs around it.
Touches: the code and data files a pipeline names.

Here: what a pipeline says and how it is written down. Never: running it, or asking AWS anything.
"""

from __future__ import annotations

from .bundle import Bundle, FunctionSource, ImageSource, Manifest
from .choice import Choice, ChoiceRule
from .compiler import compile
from .flow import Catch, Chain, Parallel, Retry
from .lambda_ import LambdaStep
from .map import Map
from .s3 import S3GetObjectStep
from .sagemaker import (
    EndpointConfigStep,
    EndpointStep,
    ModelPackageStep,
    ModelStep,
    ProcessingStep,
    TrainingStep,
    TransformStep,
    TuningStep,
    wait_for_endpoint,
)
from .state import Fail, Pass, State, Succeed, Task, Wait

__all__ = [
    "Bundle",
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "EndpointConfigStep",
    "EndpointStep",
    "Fail",
    "FunctionSource",
    "ImageSource",
    "LambdaStep",
    "Manifest",
    "Map",
    "ModelPackageStep",
    "ModelStep",
    "Parallel",
    "Pass",
    "ProcessingStep",
    "Retry",
    "S3GetObjectStep",
    "State",
    "Succeed",
    "Task",
    "TrainingStep",
    "TransformStep",
    "TuningStep",
    "Wait",
    "compile",
    "wait_for_endpoint",
]
