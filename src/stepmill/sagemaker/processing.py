"""Descriptions of processing jobs: what runs, what it reads, what it writes.

In: the arguments of the SageMaker SDK 2 classes of the same names, and Stepmill's `requirements=` and `dockerfile=`.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built,
so that all problems of a pipeline are told together.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar

Tags = Sequence[Mapping[str, Any]] | Mapping[str, Any]


class Processor:
    """A container that processes data (`CreateProcessingJob`).

    role: None means the role the stage generates. image_uri: None means an image made of `requirements` (a list of pip
    requirement lines, or the path of a requirements file) or of `dockerfile` (a path), or plain Python when neither is
    given; at most one of the three. entrypoint: the command line, a list. volume_size_in_gb: 1 to 16384.
    max_runtime_in_seconds: 1 to 777600; None means SageMaker's own day. env: up to 100 entries, values of up to 256
    characters. Arguments not named here mean what they mean in SageMaker's SDK. Nothing is checked here: faults are
    told when the pipeline is compiled.
    """

    def __init__(
        self,
        role: Any = None,
        image_uri: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        entrypoint: Sequence[Any] | None = None,
        volume_size_in_gb: Any = 30,
        volume_kms_key: Any = None,
        output_kms_key: Any = None,
        max_runtime_in_seconds: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        env: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        network_config: Any = None,
        *,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        self.role = role
        self.image_uri = image_uri
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.entrypoint = entrypoint
        self.volume_size_in_gb = volume_size_in_gb
        self.volume_kms_key = volume_kms_key
        self.output_kms_key = output_kms_key
        self.max_runtime_in_seconds = max_runtime_in_seconds
        self.base_job_name = base_job_name
        self.sagemaker_session = sagemaker_session
        self.env = env
        self.tags = tags
        self.network_config = network_config
        self.requirements = requirements
        self.dockerfile = dockerfile


class ScriptProcessor(Processor):
    """A Processor that runs a script of yours: `command` (`["python3"]` when left out) and then the script's path.

    Arguments not named here mean what they mean in Processor and in SageMaker's SDK.
    """

    def __init__(
        self,
        role: Any = None,
        image_uri: Any = None,
        command: Sequence[Any] | None = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        volume_size_in_gb: Any = 30,
        volume_kms_key: Any = None,
        output_kms_key: Any = None,
        max_runtime_in_seconds: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        env: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        network_config: Any = None,
        *,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            role=role,
            image_uri=image_uri,
            instance_count=instance_count,
            instance_type=instance_type,
            volume_size_in_gb=volume_size_in_gb,
            volume_kms_key=volume_kms_key,
            output_kms_key=output_kms_key,
            max_runtime_in_seconds=max_runtime_in_seconds,
            base_job_name=base_job_name,
            sagemaker_session=sagemaker_session,
            env=env,
            tags=tags,
            network_config=network_config,
            requirements=requirements,
            dockerfile=dockerfile,
        )
        self.command = command


class FrameworkProcessor(ScriptProcessor):
    """A ScriptProcessor in the container that AWS publishes for a framework.

    estimator_cls: the framework's estimator, such as `SKLearn` or `PyTorch`, whose training image it is.
    framework_version, py_version: what the image is looked up by. image_uri: instead of looking it up. command: what
    runs the script, `["python"]` when left out. code_location: refused when compiled, as code lies under a name made of
    its content. requirements, dockerfile: an image of your own instead of framework_version. Arguments not named here
    mean what they mean in ScriptProcessor.

    The step's `source_dir=` is unpacked as it is, its `requirements.txt` installed when the job starts, and the script
    started in that folder. Raises ValueError; ImageUnknown, one too, for an image that is not published.
    """

    def __init__(
        self,
        estimator_cls: type,
        framework_version: str | None = None,
        role: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        py_version: str | None = "py3",
        image_uri: Any = None,
        command: Sequence[Any] | None = None,
        volume_size_in_gb: Any = 30,
        volume_kms_key: Any = None,
        output_kms_key: Any = None,
        code_location: str | None = None,
        max_runtime_in_seconds: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        env: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        network_config: Any = None,
        *,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            role=role,
            image_uri=image_uri,
            command=command or ["python"],
            instance_count=instance_count,
            instance_type=instance_type,
            volume_size_in_gb=volume_size_in_gb,
            volume_kms_key=volume_kms_key,
            output_kms_key=output_kms_key,
            max_runtime_in_seconds=max_runtime_in_seconds,
            base_job_name=base_job_name,
            sagemaker_session=sagemaker_session,
            env=env,
            tags=tags,
            network_config=network_config,
            requirements=requirements,
            dockerfile=dockerfile,
        )
        self.estimator_cls = estimator_cls
        self.framework_version = framework_version
        self.py_version = py_version
        self.code_location = code_location
        if image_uri is None:
            self.image_uri = self._published_image()

    def _versions(self) -> dict[str, Any]:
        """What the estimator is told, to find its image."""
        return {"framework_version": self.framework_version, "py_version": self.py_version}

    def _published_image(self) -> Any:
        """The image that is looked up; None when one is made of requirements or a Dockerfile."""
        made = self.requirements is not None or self.dockerfile is not None
        estimator = self.estimator_cls(
            **self._versions(),
            requirements=self.requirements,
            dockerfile=self.dockerfile,
            instance_type=self.instance_type,
            sagemaker_session=self.sagemaker_session,
        )
        return None if made else estimator.training_image_uri()


class ProcessorOf(FrameworkProcessor):
    """A FrameworkProcessor whose class says the framework: subclasses name its estimator as `framework`.

    Arguments not named here mean what they mean in FrameworkProcessor.
    """

    framework: ClassVar[type]

    def __init__(
        self,
        framework_version: str | None = None,
        role: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        py_version: str | None = "py3",
        image_uri: Any = None,
        command: Sequence[Any] | None = None,
        volume_size_in_gb: Any = 30,
        volume_kms_key: Any = None,
        output_kms_key: Any = None,
        code_location: str | None = None,
        max_runtime_in_seconds: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        env: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        network_config: Any = None,
        *,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            self.framework,
            framework_version,
            role,
            instance_count,
            instance_type,
            py_version,
            image_uri,
            command,
            volume_size_in_gb,
            volume_kms_key,
            output_kms_key,
            code_location,
            max_runtime_in_seconds,
            base_job_name,
            sagemaker_session,
            env,
            tags,
            network_config,
            requirements=requirements,
            dockerfile=dockerfile,
        )


class ProcessingInput:
    """One input of a processing job.

    source: an `s3://` URI, or a local file or folder, which is stored by content. destination: an absolute path below
    `/opt/ml/processing/`. s3_input: an object with `s3_uri`, `local_path`, `s3_data_type`, `s3_input_mode`,
    `s3_data_distribution_type` and `s3_compression_type`, instead of the arguments. dataset_definition: an object with
    `_to_request_dict`, or the request's own dict (not run on this machine). input_name: left out, `input-1` and so on.
    app_managed: the script fetches it, nobody else. Arguments not named here mean what they mean in SageMaker's SDK.
    """

    def __init__(
        self,
        source: Any = None,
        destination: Any = None,
        input_name: Any = None,
        s3_data_type: Any = "S3Prefix",
        s3_input_mode: Any = "File",
        s3_data_distribution_type: Any = "FullyReplicated",
        s3_compression_type: Any = "None",
        s3_input: Any = None,
        dataset_definition: Any = None,
        app_managed: Any = False,
    ) -> None:
        self.source = source
        self.destination = destination
        self.input_name = input_name
        self.s3_data_type = s3_data_type
        self.s3_input_mode = s3_input_mode
        self.s3_data_distribution_type = s3_data_distribution_type
        self.s3_compression_type = s3_compression_type
        self.s3_input = s3_input
        self.dataset_definition = dataset_definition
        self.app_managed = app_managed


class ProcessingOutput:
    """One output of a processing job.

    source: the folder in the container, below `/opt/ml/processing/`. destination: an `s3://` URI; None means a prefix
    of this execution and job, as with `outputs=["name"]`. output_name: left out, `output-1` and so on.
    s3_upload_mode: `EndOfJob` or `Continuous`; on this machine both are at the job's end. app_managed: the script
    uploads it, nobody else. feature_store_output: a feature group's name, or an object with `feature_group_name` (not
    run on this machine).
    """

    def __init__(
        self,
        source: Any = None,
        destination: Any = None,
        output_name: Any = None,
        s3_upload_mode: Any = "EndOfJob",
        app_managed: Any = False,
        feature_store_output: Any = None,
    ) -> None:
        self.source = source
        self.destination = destination
        self.output_name = output_name
        self.s3_upload_mode = s3_upload_mode
        self.app_managed = app_managed
        self.feature_store_output = feature_store_output


class FeatureStoreOutput:
    """Where an app-managed output goes in the Feature Store. feature_group_name: the feature group's name."""

    def __init__(self, feature_group_name: Any = None) -> None:
        self.feature_group_name = feature_group_name
