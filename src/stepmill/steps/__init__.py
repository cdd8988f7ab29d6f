"""Steps: Python in, Bundle out.

In: the words of Amazon States Language and of the old Data Science SDK. Out: plain ASL and what it needs around it.
Touches: the code and data files a pipeline names.

Here: what a pipeline says and how it is written down. Never: running it, or asking AWS anything.
"""

from __future__ import annotations

from .activity import ActivityStep
from .aws_sdk import AwsSdkStep
from .bundle import Bundle, FunctionSource, ImageSource, Manifest
from .choice import Choice, ChoiceRule
from .compiler import compile
from .distributed import ItemBatcher, ItemReader, ResultWriter
from .flow import Catch, Chain, Parallel, Retry
from .http import HttpStep
from .lambda_ import LambdaStep
from .map import Map
from .s3 import S3GetObjectStep
from .sagemaker import ProcessingStep, TrainingStep
from .state import Fail, Pass, State, Succeed, Task, Wait

__all__ = [
    "ActivityStep",
    "AwsSdkStep",
    "Bundle",
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "Fail",
    "FunctionSource",
    "HttpStep",
    "ImageSource",
    "ItemBatcher",
    "ItemReader",
    "LambdaStep",
    "Manifest",
    "Map",
    "Parallel",
    "Pass",
    "ProcessingStep",
    "ResultWriter",
    "Retry",
    "S3GetObjectStep",
    "State",
    "Succeed",
    "Task",
    "TrainingStep",
    "Wait",
    "compile",
]
