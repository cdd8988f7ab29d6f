"""Steps: Python in, Bundle out.

In: the words of Amazon States Language and of the old Data Science SDK. Out: plain ASL and what it needs around it.
Touches: the code and data files a pipeline names.

Here: what a pipeline says and how it is written down. Never: running it, or asking AWS anything.
"""

from __future__ import annotations

from .activity import ActivityStep
from .aws_sdk import AwsSdkStep
from .bundle import (
    Bundle,
    FunctionSource,
    ImageSource,
    Manifest,
)
from .choice import Choice
from .choice_rule import ChoiceRule
from .compiling.compiler import compile
from .compute import BatchSubmitJobStep, EcsRunTaskStep, GlueStartJobRunStep
from .definition import FrozenGraph, Graph
from .distributed import ItemBatcher, ItemReader, ResultWriter
from .flow import (
    Catch,
    Chain,
    Parallel,
    Retry,
)
from .http import HttpStep
from .integration_resources import IntegrationPattern
from .lambda_ import LambdaStep
from .map import Map
from .plain import Fail, Pass, Succeed, Wait
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
from .service import (
    DynamoDBDeleteItemStep,
    DynamoDBGetItemStep,
    DynamoDBPutItemStep,
    DynamoDBUpdateItemStep,
    EksCallStep,
    EksCreateClusterStep,
    EksCreateFargateProfileStep,
    EksCreateNodegroupStep,
    EksDeleteClusterStep,
    EksDeleteFargateProfileStep,
    EksDeleteNodegroupStep,
    EksRunJobStep,
    EmrAddStepStep,
    EmrCancelStepStep,
    EmrCreateClusterStep,
    EmrModifyInstanceFleetByNameStep,
    EmrModifyInstanceGroupByNameStep,
    EmrSetClusterTerminationProtectionStep,
    EmrTerminateClusterStep,
    EventBridgePutEventsStep,
    GlueDataBrewStartJobRunStep,
    SnsPublishStep,
    SqsSendMessageStep,
    StepFunctionsStartExecutionStep,
)
from .state import State, Task

__all__ = [
    "ActivityStep",
    "AwsSdkStep",
    "BatchSubmitJobStep",
    "Bundle",
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "DynamoDBDeleteItemStep",
    "DynamoDBGetItemStep",
    "DynamoDBPutItemStep",
    "DynamoDBUpdateItemStep",
    "EcsRunTaskStep",
    "EksCallStep",
    "EksCreateClusterStep",
    "EksCreateFargateProfileStep",
    "EksCreateNodegroupStep",
    "EksDeleteClusterStep",
    "EksDeleteFargateProfileStep",
    "EksDeleteNodegroupStep",
    "EksRunJobStep",
    "EmrAddStepStep",
    "EmrCancelStepStep",
    "EmrCreateClusterStep",
    "EmrModifyInstanceFleetByNameStep",
    "EmrModifyInstanceGroupByNameStep",
    "EmrSetClusterTerminationProtectionStep",
    "EmrTerminateClusterStep",
    "EndpointConfigStep",
    "EndpointStep",
    "EventBridgePutEventsStep",
    "Fail",
    "FrozenGraph",
    "FunctionSource",
    "GlueDataBrewStartJobRunStep",
    "GlueStartJobRunStep",
    "Graph",
    "HttpStep",
    "ImageSource",
    "IntegrationPattern",
    "ItemBatcher",
    "ItemReader",
    "LambdaStep",
    "Manifest",
    "Map",
    "ModelPackageStep",
    "ModelStep",
    "Parallel",
    "Pass",
    "ProcessingStep",
    "ResultWriter",
    "Retry",
    "S3GetObjectStep",
    "SnsPublishStep",
    "SqsSendMessageStep",
    "State",
    "StepFunctionsStartExecutionStep",
    "Succeed",
    "Task",
    "TrainingStep",
    "TransformStep",
    "TuningStep",
    "Wait",
    "compile",
    "wait_for_endpoint",
]
