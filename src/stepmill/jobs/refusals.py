"""What of a request cannot be had on one machine, and what has no effect on one.

In: a job's request. Out: sentences, each with the name of its field. Touches: nothing.
Here belongs what runs here and what does not; what SageMaker itself would refuse is the shapes table's.
"""

from __future__ import annotations

import re

from . import contract, toolkit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contract import Request


def refusals(kind: str, request: Request) -> list[str]:
    """What of a request cannot be had on one machine, each by the name of its field; empty when it can run.

    These are meant to be said before anything starts: by the check of a pipeline and by the local service.
    """
    found: list[str] = []
    if kind == "training":
        resources = request.get("ResourceConfig") or {}
        if resources.get("InstanceGroups"):
            found.append("ResourceConfig.InstanceGroups: heterogeneous clusters are not run on one machine")
        algorithm = request.get("AlgorithmSpecification") or {}
        if algorithm.get("AlgorithmName"):
            found.append(f"AlgorithmSpecification.AlgorithmName: {algorithm['AlgorithmName']} runs on AWS only")
        for channel in request.get("InputDataConfig") or []:
            found += _channel_refusals(channel, algorithm.get("TrainingInputMode") or "File")
        for definition in algorithm.get("MetricDefinitions") or []:
            found += _metric_refusals(definition)
    else:
        resources = (request.get("ProcessingResources") or {}).get("ClusterConfig") or {}
        for one in request.get("ProcessingInputs") or []:
            where = f"ProcessingInputs[{one.get('InputName')}]"
            if one.get("DatasetDefinition"):
                found.append(f"{where}.DatasetDefinition: Athena and Redshift are not reachable from here")
            source = one.get("S3Input") or {}
            found += _source_refusals(f"{where}.S3Input", source, source.get("S3InputMode") or "File")
        for one in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []:
            if one.get("FeatureStoreOutput"):
                found.append(
                    f"ProcessingOutputConfig.Outputs[{one.get('OutputName')}].FeatureStoreOutput: not run here"
                )
    if int(resources.get("InstanceCount") or 1) > 1:
        found.append(f"InstanceCount {resources['InstanceCount']}: this machine is one instance; use 1")
    return found + toolkit.refusal(kind, request)


def _channel_refusals(channel: Request, default: str) -> list[str]:
    where = f"InputDataConfig[{channel.get('ChannelName')}]"
    data = channel.get("DataSource") or {}
    if data.get("FileSystemDataSource"):
        return [f"{where}.DataSource.FileSystemDataSource: EFS and FSx are not mounted here; use an S3DataSource"]
    source = dict(data.get("S3DataSource") or {}) | {"S3CompressionType": channel.get("CompressionType")}
    if channel.get("RecordWrapperType") not in (None, "None"):
        return [f"{where}.RecordWrapperType {channel['RecordWrapperType']}: belongs to Pipe mode; only File runs here"]
    return _source_refusals(where, source, channel.get("InputMode") or default)


def _source_refusals(where: str, source: Request, mode: str) -> list[str]:
    found = []
    if mode != "File":
        found.append(f"{where}: input mode {mode} does not run here yet; use File")
    if source.get("S3DataType") not in (None, "S3Prefix", "ManifestFile"):
        found.append(f"{where}: S3DataType {source['S3DataType']} does not run here yet; use S3Prefix or ManifestFile")
    if source.get("S3CompressionType") not in (None, "None"):
        found.append(f"{where}: compression {source['S3CompressionType']} belongs to Pipe mode; only File runs here")
    return found


def _metric_refusals(definition: Request) -> list[str]:
    name = f"MetricDefinitions[{definition.get('Name')}].Regex"
    try:
        pattern = re.compile(str(definition.get("Regex", "")))
    except re.error as problem:
        return [f"{name}: {problem}"]
    return [] if pattern.groups else [f"{name}: has no group ( ) to take the value from"]


def notes(kind: str, request: Request) -> list[str]:
    """What of a request is accepted but has no effect on one machine: to be said once, not to stop anything."""
    found = []
    if any(one["S3Output"].get("S3UploadMode") == "Continuous" for one in contract.outputs(request)):
        found.append("S3UploadMode Continuous: outputs are uploaded at the end of the job here")
    names = ["ExperimentConfig", "VpcConfig"]
    if kind == "training":
        names += ["DebugHookConfig", "DebugRuleConfigurations", "ProfilerConfig", "TensorBoardOutputConfig"]
        names += ["RetryStrategy", "MlflowConfig"]
        if request.get("EnableManagedSpotTraining"):
            found.append("EnableManagedSpotTraining: nobody interrupts a job here")
    if (request.get("NetworkConfig") or {}).get("VpcConfig"):
        found.append("NetworkConfig.VpcConfig has no effect here")
    return found + [f"{name} has no effect here" for name in names if request.get(name)]
