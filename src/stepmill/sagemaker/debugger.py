"""What SageMaker Debugger saves, judges and profiles of a training job, and where TensorBoard's data go.

In: the arguments of the SageMaker SDK 2 classes of the same names.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stepmill.sagemaker.built import given


class CollectionConfig:
    """A collection of tensors SageMaker Debugger saves. name: its name; parameters: `{name: text}`."""

    def __init__(self, name: Any, parameters: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.parameters = parameters


class DebuggerHookConfig:
    """What SageMaker Debugger saves, and where (`DebugHookConfig`); recorded, no effect on this machine.

    s3_output_path: None means the job's own. container_local_output_path: a path in the container. hook_parameters:
    `{name: text}`. collection_configs: CollectionConfigs.
    """

    def __init__(
        self,
        s3_output_path: Any = None,
        container_local_output_path: Any = None,
        hook_parameters: Mapping[str, Any] | None = None,
        collection_configs: Sequence[Any] | None = None,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path
        self.hook_parameters = hook_parameters
        self.collection_configs = collection_configs


class TensorBoardOutputConfig:
    """Where TensorBoard's data go. s3_output_path: an `s3://` prefix. container_local_output_path: where the script
    writes them, `/opt/ml/output/tensorboard` when left out. Recorded, no effect on this machine.
    """

    def __init__(self, s3_output_path: Any, container_local_output_path: Any = None) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path

    def _to_request_dict(self) -> dict[str, Any]:
        return {"S3OutputPath": self.s3_output_path, **given(LocalPath=self.container_local_output_path)}


class ProfilerConfig:
    """How the machine is watched while it trains. Recorded, no effect on this machine.

    s3_output_path: an `s3://` prefix. system_monitor_interval_millis: 100, 200, 500, 1000, 5000 or 60000 milliseconds.
    profile_params: an object with `profiling_parameters`. disable_profiler: True means that nothing is watched.
    """

    def __init__(
        self,
        s3_output_path: Any = None,
        system_monitor_interval_millis: Any = None,
        *,
        profile_params: Any = None,
        disable_profiler: Any = False,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.system_monitor_interval_millis = system_monitor_interval_millis
        self.profile_params = profile_params
        self.disable_profiler = disable_profiler

    def _to_request_dict(self) -> dict[str, Any]:
        return {
            **given(S3OutputPath=self.s3_output_path if self.disable_profiler is False else None),
            "DisableProfiler": self.disable_profiler,
            **given(
                ProfilingIntervalInMilliseconds=self.system_monitor_interval_millis,
                ProfilingParameters=getattr(self.profile_params, "profiling_parameters", None),
            ),
        }


class Rule:
    """A rule that judges the tensors that were saved. Made by `Rule.custom`; recorded, no effect on this machine.

    name: its name. image_uri: the container that judges. instance_type, volume_size_in_gb: its machine.
    rule_parameters: `{name: text}`. s3_output_path: where it writes. container_local_output_path: the same, inside.
    """

    def __init__(
        self,
        name: Any,
        image_uri: Any,
        instance_type: Any = None,
        volume_size_in_gb: Any = None,
        rule_parameters: Mapping[str, Any] | None = None,
        s3_output_path: Any = None,
        container_local_output_path: Any = None,
    ) -> None:
        self.name = name
        self.image_uri = image_uri
        self.instance_type = instance_type
        self.volume_size_in_gb = volume_size_in_gb
        self.rule_parameters = dict(rule_parameters or {})
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path

    @classmethod
    def custom(
        cls,
        name: Any,
        image_uri: Any,
        instance_type: Any,
        volume_size_in_gb: Any,
        source: Any = None,
        rule_to_invoke: Any = None,
        container_local_output_path: Any = None,
        s3_output_path: Any = None,
        other_trials_s3_input_paths: Sequence[Any] | None = None,
        rule_parameters: Mapping[str, Any] | None = None,
    ) -> Rule:
        """A rule of your own. source, rule_to_invoke: the `s3://` URI of its Python file and the class in it, both or
        neither. other_trials_s3_input_paths: where other jobs' tensors lie. The other arguments: as in Rule. Raises
        ValueError.
        """
        if (source is None) != (rule_to_invoke is None):
            raise ValueError("Rule.custom: source= and rule_to_invoke= are given one without the other; give both")
        trials = {f"other_trial_{n}": path for n, path in enumerate(other_trials_s3_input_paths or ())}
        said = given(source_s3_uri=source, rule_to_invoke=rule_to_invoke)
        parameters = {**trials, **said, **(rule_parameters or {})}
        return cls(
            name, image_uri, instance_type, volume_size_in_gb, parameters, s3_output_path, container_local_output_path
        )

    def to_debugger_rule_config_dict(self) -> dict[str, Any]:
        """The rule as the request has it."""
        return given(
            RuleConfigurationName=self.name,
            RuleEvaluatorImage=self.image_uri,
            InstanceType=self.instance_type,
            VolumeSizeInGB=self.volume_size_in_gb,
            LocalPath=self.container_local_output_path,
            S3OutputPath=self.s3_output_path,
            RuleParameters=self.rule_parameters or None,
        )
