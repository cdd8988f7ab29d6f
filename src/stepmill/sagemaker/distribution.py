"""How a framework's training toolkit is told to start several processes.

In: `distribution=` as a user of the SageMaker Python SDK 2 writes it. Out: hyperparameters by name, or a ValueError.
Touches: nothing. Whether a version of a framework can do it is left to SageMaker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stepmill.nearest import did_you_mean
from stepmill.sagemaker.built import is_placeholder

KNOWN = {
    "tensorflow": ("parameter_server", "mpi", "smdistributed", "multi_worker_mirrored_strategy"),
    "pytorch": ("torch_distributed", "pytorchddp", "smdistributed", "mpi", "parameter_server"),
    "huggingface": ("torch_distributed", "pytorchddp", "smdistributed", "mpi", "parameter_server"),
}
_SMDISTRIBUTED = ("dataparallel", "modelparallel")


def checked(distribution: Any, framework: str, entry_point: Any, groups: Sequence[Any] | None) -> dict[str, Any]:
    """A distribution that can be; instance groups by their names. Raises TypeError and ValueError."""
    if distribution is None:
        return {}
    if not isinstance(distribution, Mapping):
        raise TypeError(f'distribution={distribution!r} is no dict; give {{"mpi": {{"enabled": True}}}}')
    known = KNOWN[framework]
    for name, how in distribution.items():
        if name == "instance_groups":
            continue
        if name not in known:
            hint = did_you_mean(str(name), known, f"there are: {', '.join(known)}")
            raise ValueError(f"distribution= has {name!r}, which {framework} does not know; {hint}")
        if not isinstance(how, Mapping):
            raise TypeError(f'distribution={{"{name}": {how!r}}} is no dict; give {{"{name}": {{"enabled": True}}}}')
    result = dict(distribution)
    smdistributed = result.get("smdistributed", {})
    for name in smdistributed:
        if name not in _SMDISTRIBUTED:
            hint = did_you_mean(str(name), _SMDISTRIBUTED, f"there are: {', '.join(_SMDISTRIBUTED)}")
            raise ValueError(f"smdistributed has {name!r}; {hint}")
    if len(smdistributed) > 1:
        raise ValueError("smdistributed is dataparallel or modelparallel, not both; keep one of them")
    if "pytorchddp" in result:
        if smdistributed:
            raise ValueError("distribution= has pytorchddp and smdistributed; keep one of them")
        if framework == "pytorch":
            result["smdistributed"] = {"dataparallel": result.pop("pytorchddp")}
    if _on(result, "torch_distributed") and isinstance(entry_point, str) and not entry_point.endswith(".py"):
        raise ValueError(f"entry_point={entry_point!r}: torch_distributed starts Python programs only (.py)")
    result |= _groups(result, groups)
    return result


def _groups(distribution: Mapping[str, Any], groups: Sequence[Any] | None) -> dict[str, Any]:
    chosen = list(distribution.get("instance_groups") or ())
    if chosen and groups is None:
        raise ValueError("distribution= names instance_groups, and the estimator has none; add instance_groups=")
    if groups is not None and not chosen:
        if len(groups) > 1:
            raise ValueError(
                'the estimator has several instance_groups; say one: distribution={"instance_groups": […]}'
            )
        chosen = list(groups)
    return {"instance_groups": [getattr(group, "instance_group_name", group) for group in chosen]} if chosen else {}


def _on(distribution: Mapping[str, Any], name: str) -> Any:
    return distribution.get(name, {}).get("enabled", False)


def launch(distribution: Mapping[str, Any], framework: str, instance_type: Any) -> dict[str, Any]:
    """The hyperparameters that a training toolkit reads, not yet text. instance_type: None with instance groups."""
    machine = {} if instance_type is None else {"sagemaker_instance_type": instance_type}
    torch = _on(distribution, "torch_distributed") and framework in ("pytorch", "huggingface")
    if framework == "huggingface" and _on(distribution, "pytorchddp"):
        return {"sagemaker_pytorch_ddp_enabled": True, **machine}
    if torch and ("smdistributed" not in distribution or framework == "huggingface"):
        return {"sagemaker_torch_distributed_enabled": True, **machine}
    said: dict[str, Any] = {}
    if "instance_groups" in distribution:
        said["sagemaker_distribution_instance_groups"] = distribution["instance_groups"]
    if "parameter_server" in distribution:
        said["sagemaker_parameter_server_enabled"] = _on(distribution, "parameter_server")
    if "mpi" in distribution:
        mpi = distribution["mpi"]
        said["sagemaker_mpi_enabled"] = mpi.get("enabled", False)
        if is_placeholder(mpi.get("processes_per_host")) or mpi.get("processes_per_host"):
            said["sagemaker_mpi_num_of_processes_per_host"] = mpi["processes_per_host"]
        said["sagemaker_mpi_custom_mpi_options"] = mpi.get("custom_mpi_options", "")
    if "smdistributed" in distribution:
        said |= _smdistributed(distribution["smdistributed"], instance_type)
    if "multi_worker_mirrored_strategy" in distribution:
        said["sagemaker_multi_worker_mirrored_strategy_enabled"] = _on(distribution, "multi_worker_mirrored_strategy")
    if torch:
        said |= {"sagemaker_torch_distributed_enabled": True, **machine}
    return said


def _smdistributed(how: Mapping[str, Any], instance_type: Any) -> dict[str, Any]:
    said: dict[str, Any] = {}
    model, data = how.get("modelparallel", {}), how.get("dataparallel", {})
    if model.get("enabled", False) is True and model.get("parameters"):
        said["mp_parameters"] = dict(model["parameters"])
    on = data.get("enabled", False)
    said |= {"sagemaker_distributed_dataparallel_enabled": on, "sagemaker_instance_type": instance_type}
    if on:
        said["sagemaker_distributed_dataparallel_custom_mpi_options"] = data.get("custom_mpi_options", "")
    return said
