"""What trains.

In: the arguments of the SageMaker SDK 2 class of the same name, and Stepmill's `requirements=` and
`dockerfile=`.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from stepmill.sagemaker.checkpoint import CheckpointConfig
from stepmill.sagemaker.model import Model
from stepmill.sagemaker.processing import Tags


class Estimator:
    """A container that trains a model (`CreateTrainingJob`).

    role, image_uri, requirements, dockerfile: as in Processor. entry_point: the script, a path, inside source_dir when
    that is given. hyperparameters: sent as text, JSON-encoded when there is an entry_point (as SageMaker's training
    toolkit reads them), else by `str`. metric_definitions: `{name: regex}` or SageMaker's list. max_run: seconds,
    86400 when left out. max_wait: seconds, for spot only; 2 x max_run when left out. checkpoint_s3_uri: True means a
    prefix of the execution that every attempt of the job shares. checkpoint_config: a CheckpointConfig, which says that
    and checkpoint_local_path. environment: up to 100 entries, values of up to 512 characters.
    Arguments not named here mean what they mean in SageMaker's SDK.
    """

    def __init__(
        self,
        image_uri: Any = None,
        role: Any = None,
        instance_count: Any = None,
        instance_type: Any = None,
        keep_alive_period_in_seconds: Any = None,
        volume_size: Any = 30,
        volume_kms_key: Any = None,
        max_run: Any = 24 * 60 * 60,
        input_mode: Any = "File",
        output_path: Any = None,
        output_kms_key: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        hyperparameters: Any = None,
        tags: Tags | None = None,
        subnets: Sequence[Any] | None = None,
        security_group_ids: Sequence[Any] | None = None,
        model_uri: Any = None,
        model_channel_name: Any = "model",
        metric_definitions: Mapping[str, str] | Sequence[Mapping[str, Any]] | None = None,
        encrypt_inter_container_traffic: Any = None,
        use_spot_instances: Any = False,
        max_wait: Any = None,
        checkpoint_s3_uri: Any = None,
        checkpoint_local_path: Any = None,
        enable_network_isolation: Any = None,
        rules: Sequence[Any] | None = None,
        debugger_hook_config: Any = None,
        tensorboard_output_config: Any = None,
        enable_sagemaker_metrics: Any = None,
        profiler_config: Any = None,
        disable_profiler: bool = False,
        environment: Mapping[str, Any] | None = None,
        max_retry_attempts: Any = None,
        source_dir: Any = None,
        git_config: Mapping[str, str] | None = None,
        container_log_level: Any = 20,
        code_location: Any = None,
        entry_point: Any = None,
        dependencies: Sequence[Any] | None = None,
        instance_groups: Sequence[Any] | None = None,
        training_repository_access_mode: Any = None,
        training_repository_credentials_provider_arn: Any = None,
        container_entry_point: Sequence[Any] | None = None,
        container_arguments: Sequence[Any] | None = None,
        disable_output_compression: bool = False,
        enable_infra_check: Any = None,
        enable_remote_debug: Any = None,
        enable_session_tag_chaining: Any = None,
        training_plan: Any = None,
        instance_placement_config: Mapping[str, Any] | None = None,
        *,
        checkpoint_config: CheckpointConfig | None = None,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        self.image_uri = image_uri
        self.role = role
        one_kind = instance_groups is None
        self.instance_count = 1 if instance_count is None and one_kind else instance_count
        self.instance_type = "ml.m5.large" if instance_type is None and one_kind else instance_type
        self.keep_alive_period_in_seconds = keep_alive_period_in_seconds
        self.volume_size = volume_size
        self.volume_kms_key = volume_kms_key
        self.max_run = max_run
        self.input_mode = input_mode
        self.output_path = output_path
        self.output_kms_key = output_kms_key
        self.base_job_name = base_job_name
        self.sagemaker_session = sagemaker_session
        self._hyperparameters = dict(hyperparameters) if isinstance(hyperparameters, Mapping) else hyperparameters
        self.tags = tags
        self.subnets = subnets
        self.security_group_ids = security_group_ids
        self.model_uri = model_uri
        self.model_channel_name = model_channel_name
        self.metric_definitions = metric_definitions
        self.encrypt_inter_container_traffic = encrypt_inter_container_traffic
        self.use_spot_instances = use_spot_instances
        self.max_wait = max_wait
        if checkpoint_config is not None:
            if checkpoint_s3_uri is not None or checkpoint_local_path is not None:
                raise ValueError(
                    "checkpoint_config= says what checkpoint_s3_uri= and checkpoint_local_path= say: give one"
                )
            checkpoint_s3_uri, checkpoint_local_path = checkpoint_config.s3_uri, checkpoint_config.local_path
        self.checkpoint_s3_uri = checkpoint_s3_uri
        self.checkpoint_local_path = checkpoint_local_path
        self._enable_network_isolation = enable_network_isolation
        self.rules = rules
        self.debugger_hook_config = debugger_hook_config
        self.tensorboard_output_config = tensorboard_output_config
        self.enable_sagemaker_metrics = enable_sagemaker_metrics
        self.profiler_config = profiler_config
        self.disable_profiler = disable_profiler
        self.environment = environment
        self.max_retry_attempts = max_retry_attempts
        self.source_dir = source_dir
        self.git_config = git_config
        self.container_log_level = container_log_level
        self.code_location = code_location
        self.entry_point = entry_point
        self.dependencies = list(dependencies or ())
        self.instance_groups = instance_groups
        self.training_repository_access_mode = training_repository_access_mode
        self.training_repository_credentials_provider_arn = training_repository_credentials_provider_arn
        self.container_entry_point = container_entry_point
        self.container_arguments = container_arguments
        self.disable_output_compression = disable_output_compression
        self.enable_infra_check = enable_infra_check
        self.enable_remote_debug = enable_remote_debug
        self.enable_session_tag_chaining = enable_session_tag_chaining
        self.training_plan = training_plan
        self.instance_placement_config = instance_placement_config
        self.requirements = requirements
        self.dockerfile = dockerfile

    def hyperparameters(self) -> Any:
        """The hyperparameters as given, not yet text."""
        return self._hyperparameters

    def set_hyperparameters(self, **values: Any) -> None:
        """Add hyperparameters, or replace those of the same names."""
        self._hyperparameters = {**(self._hyperparameters or {}), **values}

    def launch_hyperparameters(self) -> dict[str, Any]:
        """What the container is told beside the hyperparameters, for example how to start distributed training."""
        return {}

    def enable_network_isolation(self) -> Any:
        """Whether the container may reach nothing but its data."""
        return False if self._enable_network_isolation is None else self._enable_network_isolation

    def create_model(
        self,
        role: Any = None,
        image_uri: Any = None,
        predictor_cls: Any = None,
        vpc_config_override: Any = "VPC_CONFIG_DEFAULT",
        **options: Any,
    ) -> Model:
        """A Model of what this estimator trains, served by the image it trains with; its model_data is not known yet.

        role, image_uri: the estimator's when left out. vpc_config_override: instead of the estimator's subnets and
        security groups. predictor_cls: accepted, no effect. options: the other arguments of Model.
        """
        vpc = vpc_config_override
        if vpc == "VPC_CONFIG_DEFAULT":
            both = self.subnets is not None and self.security_group_ids is not None
            vpc = {"Subnets": self.subnets, "SecurityGroupIds": self.security_group_ids} if both else None
        image = self.image_uri if image_uri is None else image_uri
        made = {} if image is not None else {"requirements": self.requirements, "dockerfile": self.dockerfile}
        options = {"enable_network_isolation": self.enable_network_isolation(), **made, **options}
        return Model(
            image_uri=image,
            role=self.role if role is None else role,
            predictor_cls=predictor_cls,
            vpc_config=vpc,
            sagemaker_session=self.sagemaker_session,
            **options,
        )

    def transformer(self, instance_count: Any, instance_type: Any, *, model_name: Any = None, **options: Any) -> Any:
        """A Transformer of a model of what this estimator trains; options: the other arguments of Transformer.

        model_name: the model's name; a TransformStep's `model_name=` says it as well.
        """
        from stepmill.sagemaker.transformer import Transformer

        for unused in ("role", "vpc_config_override", "enable_network_isolation"):  # of the model, not of the job
            options.pop(unused, None)
        own = {
            "tags": self.tags,
            "base_transform_job_name": self.base_job_name,
            "sagemaker_session": self.sagemaker_session,
        }
        return Transformer(model_name, instance_count, instance_type, **{**own, **options})
