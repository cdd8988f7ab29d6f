"""Builds `CreateTrainingJob` requests.

In: an estimator, channels, hyperparameters, a Place. Out: Built. Touches: the code and data files named, to pack them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.built import (
    Built,
    Place,
    as_text,
    attribute,
    first,
    given,
    image_uri,
    is_classic,
    is_isolated,
    is_placeholder,
    job_tags,
    request_dict,
    shown,
    texts,
)
from stepmill.sagemaker.channels import channels, feature_dim
from stepmill.sagemaker.hyperparameters import training_code, training_hyperparameters
from stepmill.sagemaker.limits import check_metrics, check_spot, complete
from stepmill.sagemaker.session import region_of
from stepmill.sagemaker.trainer import from_model_trainer, is_model_trainer

# Regions where SageMaker has no Debugger, as the SageMaker Python SDK 2.257 knows them.
_WITHOUT_DEBUGGER = ("ap-south-2", "ap-southeast-3", "ap-southeast-4", "eu-central-2", "eu-south-2", "me-central-1",
                     "us-gov-east-1", "us-iso-east-1", "us-isob-east-1")  # fmt: skip


def training_request(
    estimator: Any,
    *,
    place: Place,
    data: Any = None,
    hyperparameters: Any = None,
    mini_batch_size: Any = None,
    experiment_config: Any = None,
    tags: Any = None,
    output_data_config_path: Any = None,
    explicit_job_name: bool = False,
    parameters: Any = None,
) -> Built:
    """The `CreateTrainingJob` request of an estimator: ours, sagemaker 2's, or a ModelTrainer.

    Arguments: as in training_fields; parameters: joined to the request, object by object, and stronger than it.
    """
    built = training_fields(
        estimator,
        place=place,
        data=data,
        hyperparameters=hyperparameters,
        mini_batch_size=mini_batch_size,
        experiment_config=experiment_config,
        tags=tags,
        output_data_config_path=output_data_config_path,
        explicit_job_name=explicit_job_name,
    )
    return complete("CreateTrainingJob", built, parameters) if built.request else built


def training_fields(
    estimator: Any,
    *,
    place: Place,
    data: Any = None,
    hyperparameters: Any = None,
    mini_batch_size: Any = None,
    experiment_config: Any = None,
    tags: Any = None,
    output_data_config_path: Any = None,
    explicit_job_name: bool = False,
) -> Built:
    """The fields of a training job, not yet compared with SageMaker's shapes.

    data: one channel named `training`, or `{channel: value}`; a value is an `s3://` URI, a local path (stored by
    content), a run-time value or a TrainingInput. hyperparameters: added to the estimator's and stronger than they; one
    run-time value stands for all of them and is passed on untouched, so its values must be strings already.
    RecordSets of sagemaker 2's own algorithms are channels by themselves, and say `feature_dim`.
    The script of `entry_point=` travels as `sourcedir.tar.gz`, named by the hyperparameters `sagemaker_program` and
    `sagemaker_submit_directory`, which SageMaker's training toolkit reads; beside one run-time value for all
    hyperparameters they are the toolkit's environment variables instead.

    When the job name, the image and the role are all given, the output path is the bucket itself and a
    `DebugHookConfig` is sent unless `debugger_hook_config=False`, as stepfunctions 2.3.0 does; else the output path is
    the execution's prefix and the hook is sent only when asked for. What that library drops without a word
    (environment, retries, isolation, encryption, a checkpoint URI without a local path) is sent.
    """
    built = Built()
    if is_model_trainer(estimator):
        estimator, own = from_model_trainer(estimator, built)
        data, explicit_job_name = own if data is None else data, False
    if not (hasattr(estimator, "max_run") and hasattr(estimator, "instance_type")):
        processor = hasattr(estimator, "max_runtime_in_seconds")
        hint = "a ProcessingStep takes it" if processor else "give an Estimator or a ModelTrainer"
        built.complain("not-an-estimator", f"{shown(estimator)} is no estimator", hint)
        return built
    request = built.request
    classic = is_classic(estimator, explicit_job_name)
    request["TrainingJobName"] = place.job_name
    request["AlgorithmSpecification"] = _algorithm(estimator, place, built)
    code = training_code(estimator, place, built)
    output_path = attribute(estimator, "output_path")
    if output_path is None:
        output_path = f"s3://{place.bucket}/" if classic else f"s3://{place.bucket}/{place.prefix}"
    values = training_hyperparameters(
        estimator, hyperparameters, mini_batch_size, code, built, place, output_path, classic
    )
    if isinstance(values, dict) and (width := feature_dim(data)) is not None:
        values.setdefault("feature_dim", as_text(width))
    if first(values) is not None:
        request["HyperParameters"] = values
    read = channels(estimator, data, code, place, built)
    if read:
        request["InputDataConfig"] = read
    request["OutputDataConfig"] = {
        "S3OutputPath": output_path if output_data_config_path is None else output_data_config_path,
        **given(
            KmsKeyId=attribute(estimator, "output_kms_key"),
            CompressionType="NONE" if attribute(estimator, "disable_output_compression") is True else None,
        ),
    }
    request["ResourceConfig"] = _resources(estimator, built)
    max_run, max_wait = attribute(estimator, "max_run", 86400), attribute(estimator, "max_wait")
    spot = attribute(estimator, "use_spot_instances", False)
    max_wait = check_spot(spot, max_run, max_wait, built)
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": max_run, **given(MaxWaitTimeInSeconds=max_wait)}
    if first(spot) is not None:
        request["EnableManagedSpotTraining"] = spot
    role = attribute(estimator, "role")
    request["RoleArn"] = place.role if role is None else role
    request |= _options(estimator, place, built)
    if code.environment and is_placeholder(request.get("Environment")):
        hint = "give one of them as a dict"
        built.complain("all-at-run-time", "hyperparameters and environment are both one run-time value", hint)
    elif code.environment:
        request["Environment"] = {**request.get("Environment", {}), **code.environment}
    request |= _debugger(estimator, output_path, classic)
    if experiment_config is not None:
        request["ExperimentConfig"] = experiment_config
    if (all_tags := job_tags(first(tags, attribute(estimator, "tags")), role, place)) is not None:
        request["Tags"] = all_tags
    return built


def _algorithm(estimator: Any, place: Place, built: Built) -> dict[str, Any]:
    metrics = attribute(estimator, "metric_definitions")
    if isinstance(metrics, Mapping):
        metrics = [{"Name": name, "Regex": regex} for name, regex in metrics.items()]
    check_metrics(metrics, built)
    access = attribute(estimator, "training_repository_access_mode")
    provider = attribute(estimator, "training_repository_credentials_provider_arn")
    image_config = given(
        TrainingRepositoryAccessMode=access,
        TrainingRepositoryAuthConfig=None
        if provider is None
        else {"TrainingRepositoryCredentialsProviderArn": provider},
    )
    return {
        "TrainingImage": image_uri(estimator, place, built),
        "TrainingInputMode": attribute(estimator, "input_mode", "File"),
        **given(
            MetricDefinitions=metrics,
            EnableSageMakerMetricsTimeSeries=attribute(estimator, "enable_sagemaker_metrics"),
            ContainerEntrypoint=texts(attribute(estimator, "container_entry_point")),
            ContainerArguments=texts(attribute(estimator, "container_arguments")),
            TrainingImageConfig=image_config or None,
        ),
    }


def _resources(estimator: Any, built: Built) -> dict[str, Any]:
    groups = attribute(estimator, "instance_groups")
    also = [name for name in ("instance_type", "instance_count") if attribute(estimator, name) is not None]
    if groups is not None and also:
        what = " and ".join(f"{name}=" for name in also)
        built.complain("machines-twice", f"instance_groups= is given beside {what}", "the groups say both")
    machines = (
        given(InstanceCount=attribute(estimator, "instance_count"), InstanceType=attribute(estimator, "instance_type"))
        if groups is None
        else {"InstanceGroups": [request_dict(group) for group in groups]}
    )
    return {
        **machines,
        "VolumeSizeInGB": attribute(estimator, "volume_size", 30),
        **given(
            VolumeKmsKeyId=attribute(estimator, "volume_kms_key"),
            KeepAlivePeriodInSeconds=attribute(estimator, "keep_alive_period_in_seconds"),
            TrainingPlanArn=attribute(estimator, "training_plan"),
            InstancePlacementConfig=attribute(estimator, "instance_placement_config"),
        ),
    }


def _options(estimator: Any, place: Place, built: Built) -> dict[str, Any]:
    subnets, groups = attribute(estimator, "subnets"), attribute(estimator, "security_group_ids")
    if (subnets is None) != (groups is None):
        built.complain(
            "half-a-vpc", "subnets= and security_group_ids= are given one without the other", "SageMaker needs both"
        )
    uri, path = attribute(estimator, "checkpoint_s3_uri"), attribute(estimator, "checkpoint_local_path")
    if uri is True:
        uri = f"s3://{place.bucket}/{place.prefix}/checkpoints/{place.slug}"
    if path is not None and uri is None:
        built.complain(
            "checkpoint-nowhere", "checkpoint_local_path= is given without a URI", "add checkpoint_s3_uri=True"
        )
    environment = attribute(estimator, "environment")
    if isinstance(environment, Mapping):
        environment = {str(name): as_text(value) for name, value in environment.items()}
    return given(
        CheckpointConfig=None if uri is None else {"S3Uri": uri, **given(LocalPath=path)},
        VpcConfig=None if subnets is None or groups is None else {"Subnets": subnets, "SecurityGroupIds": groups},
        Environment=first(environment),
        EnableNetworkIsolation=first(is_isolated(estimator)),
        EnableInterContainerTrafficEncryption=first(attribute(estimator, "encrypt_inter_container_traffic")),
        RetryStrategy=_one("MaximumRetryAttempts", attribute(estimator, "max_retry_attempts")),
        InfraCheckConfig=_one("EnableInfraCheck", _flag(estimator, "enable_infra_check")),
        RemoteDebugConfig=_one("EnableRemoteDebug", _flag(estimator, "enable_remote_debug")),
        SessionChainingConfig=_one("EnableSessionTagChaining", _flag(estimator, "enable_session_tag_chaining")),
    )


def _flag(estimator: Any, name: str) -> Any:
    # sagemaker 2 keeps some of these behind methods (`get_remote_debug_config`) and under a leading underscore.
    value = attribute(estimator, name)
    return attribute(estimator, f"_{name}") if value is None or callable(value) else value


def _one(field: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {field: value}


def _debugger(estimator: Any, output_path: Any, classic: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    hook = attribute(estimator, "debugger_hook_config")
    rules = attribute(estimator, "rules")
    if hook is True or (hook is None and (classic or rules) and _can_hook(estimator)):
        fields["DebugHookConfig"] = {"S3OutputPath": output_path}
    elif hook is not None and hook is not False:
        fields["DebugHookConfig"] = _hook(hook, output_path)
    if rules is not None:
        fields["DebugRuleConfigurations"] = [_rule(rule) for rule in rules]
    for field, name in (
        ("TensorBoardOutputConfig", "tensorboard_output_config"),
        ("ProfilerConfig", "profiler_config"),
    ):
        if (config := attribute(estimator, name)) is not None:
            fields[field] = request_dict(config)
    if attribute(estimator, "disable_profiler") is True:
        fields.setdefault("ProfilerConfig", {"DisableProfiler": True})
    return fields


def _can_hook(estimator: Any) -> bool:
    """Whether Debugger saves anything without being asked: where it exists, and not of what it cannot follow."""
    framework = attribute(estimator, "_framework_name")
    if framework is None:
        return True
    servers = (attribute(estimator, "distribution", {}).get("parameter_server") or {}).get("enabled")
    kept = attribute(estimator, "checkpoint_s3_uri") is not None and attribute(estimator, "checkpoint_local_path")
    return not (
        region_of(attribute(estimator, "sagemaker_session")) in _WITHOUT_DEBUGGER
        or (framework == "tensorflow" and servers)
        or (framework in ("pytorch", "tensorflow") and kept is not None and kept is not False)
    )


def _hook(hook: Any, output_path: Any) -> Any:
    if isinstance(hook, Mapping):
        return hook
    collections = attribute(hook, "collection_configs")
    return {
        "S3OutputPath": first(attribute(hook, "s3_output_path"), output_path),
        **given(
            LocalPath=attribute(hook, "container_local_output_path"),
            HookParameters=attribute(hook, "hook_parameters"),
            CollectionConfigurations=None
            if collections is None
            else [{"CollectionName": each.name, **given(CollectionParameters=each.parameters)} for each in collections],
        ),
    }


def _rule(rule: Any) -> Any:
    convert = getattr(rule, "to_debugger_rule_config_dict", None)
    return convert() if callable(convert) else rule
