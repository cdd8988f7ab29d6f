"""SageMaker's own descriptions of jobs, and the requests they become.

In: processors, estimators, inputs and outputs, as a user of the SageMaker Python SDK 2 writes them. Out: request JSON.
Touches: the user's code and data files, to name them by content.

Here: words and requests of SageMaker. Never: running a job, states, buckets that exist.
"""

from __future__ import annotations

from stepmill.sagemaker import image_uris
from stepmill.sagemaker.checkpoint import CheckpointConfig
from stepmill.sagemaker.debugger import (
    CollectionConfig,
    DebuggerHookConfig,
    ProfilerConfig,
    Rule,
    TensorBoardOutputConfig,
)
from stepmill.sagemaker.estimator import Estimator
from stepmill.sagemaker.framework import Framework
from stepmill.sagemaker.huggingface import HuggingFace, HuggingFaceModel, HuggingFaceProcessor
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
from stepmill.sagemaker.pytorch import PyTorch, PyTorchModel, PyTorchProcessor
from stepmill.sagemaker.session import Session, get_execution_role
from stepmill.sagemaker.sklearn import SKLearn, SKLearnModel, SKLearnProcessor
from stepmill.sagemaker.spark import PySparkProcessor, SparkJarProcessor
from stepmill.sagemaker.tensorflow import TensorFlow, TensorFlowModel, TensorFlowProcessor
from stepmill.sagemaker.transformer import Transformer
from stepmill.sagemaker.tuner import HyperparameterTuner, WarmStartConfig, WarmStartTypes
from stepmill.sagemaker.xgboost import XGBoost, XGBoostModel, XGBoostProcessor

__all__ = [
    "CategoricalParameter",
    "CheckpointConfig",
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
    "HuggingFace",
    "HuggingFaceModel",
    "HuggingFaceProcessor",
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
    "PySparkProcessor",
    "PyTorch",
    "PyTorchModel",
    "PyTorchProcessor",
    "Rule",
    "SKLearn",
    "SKLearnModel",
    "SKLearnProcessor",
    "ScriptProcessor",
    "Session",
    "ShuffleConfig",
    "SparkJarProcessor",
    "TensorBoardOutputConfig",
    "TensorFlow",
    "TensorFlowModel",
    "TensorFlowProcessor",
    "TrainingInput",
    "Transformer",
    "WarmStartConfig",
    "WarmStartTypes",
    "XGBoost",
    "XGBoostModel",
    "XGBoostProcessor",
    "get_execution_role",
    "image_uris",
]
