"""A script that processes data in AWS's TensorFlow container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkProcessor. Touches: the image table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from stepmill.sagemaker.processing import FrameworkProcessor, Tags
from stepmill.sagemaker.tensorflow.estimator import TensorFlow


class TensorFlowProcessor(FrameworkProcessor):
    """A FrameworkProcessor for TensorFlow. framework_version, py_version: such as "2.19.0" and "py312".

    Arguments not named here mean what they mean in FrameworkProcessor.
    """

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
            TensorFlow,
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
