"""SageMaker's own descriptions of jobs, and the requests they become.

In: processors, estimators, inputs and outputs, as a user of the SageMaker Python SDK 2 writes them. Out: request JSON.
Touches: the user's code and data files, to name them by content.

Here: words and requests of SageMaker. Never: running a job, states, buckets that exist.
"""

from __future__ import annotations

from stepmill.sagemaker import image_uris
from stepmill.sagemaker.debugger import (
    CollectionConfig,
    DebuggerHookConfig,
    ProfilerConfig,
    Rule,
    TensorBoardOutputConfig,
)
from stepmill.sagemaker.estimator import Estimator
from stepmill.sagemaker.framework import Framework
from stepmill.sagemaker.inputs import FileSystemInput, ShuffleConfig, TrainingInput
from stepmill.sagemaker.instance_group import InstanceGroup
from stepmill.sagemaker.model import FrameworkModel, Model, ModelPackage
from stepmill.sagemaker.model_monitor import DataCaptureConfig
from stepmill.sagemaker.network import NetworkConfig
from stepmill.sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from stepmill.sagemaker.pipeline import PipelineModel
from stepmill.sagemaker.processing import (
    FeatureStoreOutput,
    FrameworkProcessor,
    ProcessingInput,
    ProcessingOutput,
    Processor,
    ScriptProcessor,
)
from stepmill.sagemaker.session import Session, get_execution_role
from stepmill.sagemaker.transformer import Transformer
from stepmill.sagemaker.tuner import HyperparameterTuner, WarmStartConfig, WarmStartTypes

__all__ = [
    "CategoricalParameter",
    "CollectionConfig",
    "ContinuousParameter",
    "DataCaptureConfig",
    "DebuggerHookConfig",
    "Estimator",
    "FeatureStoreOutput",
    "FileSystemInput",
    "Framework",
    "FrameworkModel",
    "FrameworkProcessor",
    "HyperparameterTuner",
    "InstanceGroup",
    "IntegerParameter",
    "Model",
    "ModelPackage",
    "NetworkConfig",
    "PipelineModel",
    "ProcessingInput",
    "ProcessingOutput",
    "Processor",
    "ProfilerConfig",
    "Rule",
    "ScriptProcessor",
    "Session",
    "ShuffleConfig",
    "TensorBoardOutputConfig",
    "TrainingInput",
    "Transformer",
    "WarmStartConfig",
    "WarmStartTypes",
    "get_execution_role",
    "image_uris",
]
