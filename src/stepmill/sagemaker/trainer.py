"""Reads sagemaker 3's ModelTrainer as an Estimator.

In: an object with a ModelTrainer's attributes. Out: an Estimator and channels, with problems for what has no such form.
Touches: nothing.

A ModelTrainer ships shell drivers of its own to start a script; here the script travels as the training toolkit wants
it (reference/sagemaker.md §3.3), so that one road leads through every image.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from stepmill.sagemaker.built import Built, attribute, given, is_placeholder
from stepmill.sagemaker.estimator import Estimator

_NOTHING = SimpleNamespace()


def is_model_trainer(thing: Any) -> bool:
    """Whether this is a ModelTrainer, by duck type."""
    return all(hasattr(thing, name) for name in ("source_code", "compute", "training_image", "stopping_condition"))


def from_model_trainer(trainer: Any, built: Built) -> tuple[Estimator, Any]:
    """The same job as an Estimator, and its channels as `data=` takes them (None when it has none)."""

    def part(name: str) -> Any:
        return attribute(trainer, name, _NOTHING)

    code, compute, network = part("source_code"), part("compute"), part("networking")
    stopping, output, checkpoint = part("stopping_condition"), part("output_data_config"), part("checkpoint_config")
    _refuse(trainer, code, built)
    hyperparameters = attribute(trainer, "hyperparameters")
    if isinstance(hyperparameters, str):
        built.complain("bad-hyperparameters", "the trainer's hyperparameters are a file's name", "read it into a dict")
        hyperparameters = None
    metrics = attribute(trainer, "_metric_definitions")
    options: dict[str, Any] = {
        "image_uri": attribute(trainer, "training_image"),
        "role": attribute(trainer, "role"),
        "base_job_name": attribute(trainer, "base_job_name"),
        "entry_point": attribute(code, "entry_script"),
        "source_dir": attribute(code, "source_dir"),
        "instance_count": attribute(compute, "instance_count"),
        "instance_type": attribute(compute, "instance_type"),
        "volume_size": attribute(compute, "volume_size_in_gb"),
        "volume_kms_key": attribute(compute, "volume_kms_key_id"),
        "keep_alive_period_in_seconds": attribute(compute, "keep_alive_period_in_seconds"),
        "training_plan": attribute(compute, "training_plan_arn"),
        "use_spot_instances": attribute(compute, "enable_managed_spot_training"),
        "instance_groups": plain(attribute(compute, "instance_groups")),
        "subnets": attribute(network, "subnets"),
        "security_group_ids": attribute(network, "security_group_ids"),
        "enable_network_isolation": attribute(network, "enable_network_isolation"),
        "encrypt_inter_container_traffic": attribute(network, "enable_inter_container_traffic_encryption"),
        "max_run": attribute(stopping, "max_runtime_in_seconds"),
        "max_wait": attribute(stopping, "max_wait_time_in_seconds"),
        "output_path": attribute(output, "s3_output_path"),
        "output_kms_key": attribute(output, "kms_key_id"),
        "disable_output_compression": True if attribute(output, "compression_type") == "NONE" else None,
        "checkpoint_s3_uri": attribute(checkpoint, "s3_uri"),
        "checkpoint_local_path": attribute(checkpoint, "local_path"),
        "input_mode": attribute(trainer, "training_input_mode"),
        "environment": attribute(trainer, "environment"),
        "hyperparameters": hyperparameters,
        "tags": plain(attribute(trainer, "tags")),
        "metric_definitions": plain(metrics),
        "max_retry_attempts": attribute(attribute(trainer, "_retry_strategy"), "maximum_retry_attempts"),
        "tensorboard_output_config": plain(attribute(trainer, "_tensorboard_output_config")),
        "enable_infra_check": attribute(attribute(trainer, "_infra_check_config"), "enable_infra_check"),
        "enable_remote_debug": attribute(attribute(trainer, "_remote_debug_config"), "enable_remote_debug"),
        "enable_session_tag_chaining": attribute(
            attribute(trainer, "_session_chaining_config"), "enable_session_tag_chaining"
        ),
    }
    channels = attribute(trainer, "input_data_config")
    data = None if not channels else {attribute(each, "channel_name"): _source(each) for each in channels}
    return Estimator(**given(**options)), data


def _refuse(trainer: Any, code: Any, built: Built) -> None:
    for holder, name, hint in (
        (code, "command", "give entry_script= instead"),
        (trainer, "distributed", "start the workers in the script, or write an Estimator"),
        (trainer, "algorithm_name", "give training_image= instead"),
        (trainer, "training_image_config", "write an Estimator with training_repository_access_mode="),
    ):
        if attribute(holder, name) is not None:
            built.complain(f"no-{name.replace('_', '-')}", f"a ModelTrainer's {name}= is not supported", hint)
    requirements = attribute(code, "requirements")
    if requirements not in (None, "requirements.txt"):
        built.complain(
            "no-requirements-path",
            f"a ModelTrainer's requirements={requirements!r} is not supported",
            "the training toolkit installs requirements.txt at the root of source_dir",
        )


def _source(channel: Any) -> Any:
    source = attribute(channel, "data_source")
    if isinstance(source, str) or is_placeholder(source):
        return source
    if not (hasattr(source, "s3_data_source") or hasattr(source, "file_system_data_source")):
        kind = "FileSystemDataSource" if hasattr(source, "file_system_id") else "S3DataSource"
        said = given(ContentType=attribute(channel, "content_type"))
        return SimpleNamespace(config={"DataSource": {kind: plain(source)}, **said})
    fields = {name: value for name, value in plain(channel).items() if name != "ChannelName"}
    return SimpleNamespace(config=fields)


def plain(thing: Any) -> Any:
    """An object of sagemaker-core as the request has it: `s3_uri` becomes `S3Uri`, what nobody set is left out."""
    if isinstance(thing, (list, tuple)):
        return [plain(each) for each in thing]
    if thing is None or isinstance(thing, (str, int, float, Mapping)) or is_placeholder(thing):
        return thing
    fields = {name: attribute(thing, name) for name in vars(thing) if not name.startswith("_")}
    return {
        "".join(part.capitalize() for part in name.split("_")): plain(value)
        for name, value in fields.items()
        if value is not None
    }
