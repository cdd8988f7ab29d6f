"""What SageMaker promises inside an instance: the files below `/opt/ml` and the variables of the environment.

In: a job's request and name. Out: a folder tree with the contract's files, an environment. Touches: the job's own tree;
it counts processors and GPUs.
Sources: "How Amazon SageMaker AI Provides Training Information", "Build Your Own Processing Container", and the
SageMaker training toolkit's `environment.py` and `mapping.py` (reference/sagemaker.md 1.2, 2.2, 3.1).
"""

from __future__ import annotations

import json
import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Request = Mapping[str, Any]

HOST = "algo-1"
GROUP = "homogeneousCluster"
ACCOUNT = "000000000000"
DEFAULT_RUNTIME = 86400
"""Seconds a job may run when its request does not say (both kinds)."""


def name_of(kind: str, request: Request) -> str:
    """The job's name in its request."""
    return str(request["TrainingJobName" if kind == "training" else "ProcessingJobName"])


def arn_of(kind: str, request: Request, region: str) -> str:
    """The job's ARN; its account is that of the request's role."""
    role = str(request.get("RoleArn", "")).split(":")
    account = role[4] if len(role) > 4 and re.fullmatch("[0-9]{12}", role[4]) else ACCOUNT
    return f"arn:aws:sagemaker:{region}:{account}:{kind}-job/{name_of(kind, request)}"


def max_runtime(request: Request) -> int:
    """Seconds after which the job is stopped."""
    return int((request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or DEFAULT_RUNTIME)


def lay(tree: str, kind: str, request: Request, region: str) -> None:
    """Makes the folders and files that are there before the job's program starts, except its data and code."""
    if kind == "training":
        for folder in ("input/config", "input/data", "model", "code", "output/data", "checkpoints"):
            os.makedirs(f"{tree}/{folder}", exist_ok=True)
        for name, value in (
            ("hyperparameters", dict(request.get("HyperParameters") or {})),
            ("inputdataconfig", input_data_config(request)),
            ("resourceconfig", resource_config(kind, request)),
        ):
            _write(f"{tree}/input/config/{name}.json", value)
        return
    for folder in ("config", "output", "processing"):
        os.makedirs(f"{tree}/{folder}", exist_ok=True)
    _write(f"{tree}/config/processingjobconfig.json", processing_job_config(request, region))
    _write(f"{tree}/config/resourceconfig.json", resource_config(kind, request))
    for output in outputs(request):
        os.makedirs(tree + below(output["S3Output"]["LocalPath"]), exist_ok=True)


def below(path: str) -> str:
    """A path of the request below `/opt/ml`, as `/…`; raises ValueError when it lies elsewhere."""
    normal = os.path.normpath(path)
    if not normal.startswith("/opt/ml/"):
        raise ValueError(f"LocalPath {path} is not below /opt/ml/")
    return normal[len("/opt/ml") :]


def isolated(request: Request) -> bool:
    """Whether the job is to have no network (EnableNetworkIsolation, which the two kinds keep in different places)."""
    return bool((request.get("NetworkConfig") or request).get("EnableNetworkIsolation"))


def inputs(request: Request) -> list[dict[str, Any]]:
    """The inputs of a processing job that the platform brings: neither `AppManaged` nor without `S3Input`."""
    return [one for one in request.get("ProcessingInputs") or [] if one.get("S3Input") and not one.get("AppManaged")]


def outputs(request: Request) -> list[dict[str, Any]]:
    """The outputs of a processing job that the platform takes away."""
    config = request.get("ProcessingOutputConfig") or {}
    return [
        one
        for one in config.get("Outputs") or []
        if (one.get("S3Output") or {}).get("LocalPath") and not one.get("AppManaged")
    ]


def resource_config(kind: str, request: Request) -> dict[str, Any]:
    """`resourceconfig.json`."""
    config: dict[str, Any] = {"current_host": HOST, "hosts": [HOST]}
    if kind == "training":
        instance = str((request.get("ResourceConfig") or {}).get("InstanceType", "local"))
    else:
        cluster = (request.get("ProcessingResources") or {}).get("ClusterConfig") or {}
        instance = str(cluster.get("InstanceType", "local"))
    group = {"instance_group_name": GROUP, "instance_type": instance, "hosts": [HOST]}
    return config | {
        "network_interface_name": "eth0",
        "current_instance_type": instance,
        "current_group_name": GROUP,
        "instance_groups": [group],
    }


def input_data_config(request: Request) -> dict[str, Any]:
    """`inputdataconfig.json`: per channel, with `S3DistributionType` (not `S3DataDistributionType`) as on AWS."""
    default = (request.get("AlgorithmSpecification") or {}).get("TrainingInputMode") or "File"
    channels: dict[str, Any] = {}
    for channel in request.get("InputDataConfig") or []:
        source = (channel.get("DataSource") or {}).get("S3DataSource") or {}
        entry = {"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}
        channels[channel["ChannelName"]] = entry | {
            "TrainingInputMode": channel.get("InputMode") or default,
            "S3DistributionType": source.get("S3DataDistributionType") or "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType") or "None",
        }
    return channels


def processing_job_config(request: Request, region: str) -> dict[str, Any]:
    """`processingjobconfig.json`: the whole request as the service sees it, defaults filled in."""
    app = request.get("AppSpecification") or {}
    config = dict(request.get("ProcessingOutputConfig") or {})
    cluster = dict((request.get("ProcessingResources") or {}).get("ClusterConfig") or {})
    filled = []
    for given in request.get("ProcessingInputs") or []:
        one = dict(given)
        if one.get("S3Input"):
            defaults = {"S3DataDistributionType": "FullyReplicated", "S3InputMode": "File", "S3CompressionType": "None"}
            one["S3Input"] = defaults | one["S3Input"] | {"S3DownloadMode": "StartOfJob"}
        filled.append(one)
    return {
        "ProcessingJobArn": arn_of("processing", request, region),
        "ProcessingJobName": request["ProcessingJobName"],
        "AppSpecification": {
            "ImageUri": app.get("ImageUri"),
            "ContainerEntrypoint": app.get("ContainerEntrypoint"),
            "ContainerArguments": app.get("ContainerArguments"),
        },
        "Environment": dict(request.get("Environment") or {}),
        "ProcessingInputs": filled,
        "ProcessingOutputConfig": {"Outputs": config.get("Outputs") or [], "KmsKeyId": config.get("KmsKeyId")},
        "ProcessingResources": {"ClusterConfig": cluster | {"VolumeKmsKeyId": cluster.get("VolumeKmsKeyId")}},
        "RoleArn": request.get("RoleArn"),
        "StoppingCondition": {"MaxRuntimeInSeconds": max_runtime(request)},
    }


def environment(kind: str, request: Request, base: Mapping[str, str], region: str, python: str) -> dict[str, str]:
    """What every job of SageMaker has, on top of the clean `base`. The toolkit's `SM_*` come from `toolkit`."""
    made = dict(base)
    folder = python.rpartition("/")[0]
    if folder:
        path = [part for part in made.get("PATH", os.defpath).split(os.pathsep) if part and part != folder]
        made["PATH"] = os.pathsep.join([folder, *path])
    made.setdefault("AWS_REGION", region)
    made.setdefault("AWS_DEFAULT_REGION", region)
    made |= {str(key): str(value) for key, value in (request.get("Environment") or {}).items()}
    if kind == "training":
        made["TRAINING_JOB_NAME"] = name_of(kind, request)
        made["TRAINING_JOB_ARN"] = arn_of(kind, request, region)
    return made


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def gpus() -> int:
    """How many NVIDIA GPUs this machine shows: its device files, and under WSL (which has none) `nvidia-smi -L`."""
    try:
        found = sum(1 for name in os.listdir("/dev") if re.fullmatch("nvidia[0-9]+", name))
    except OSError:
        return 0
    if found or not os.path.exists("/dev/dxg"):
        return found
    import subprocess

    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(1 for line in said.splitlines() if line.startswith(b"GPU "))


def _write(path: str, value: object) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)
