"""A script that processes data in AWS's Hugging Face container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkProcessor. Touches: the image table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from stepmill.sagemaker.huggingface.estimator import HuggingFace
from stepmill.sagemaker.processing import FrameworkProcessor, Tags


class HuggingFaceProcessor(FrameworkProcessor):
    """A FrameworkProcessor for Hugging Face Transformers.

    transformers_version, tensorflow_version, pytorch_version, py_version: as in HuggingFace. AWS has these training
    images for GPUs only, so instance_type names such a machine. Arguments not named here mean what they mean in
    FrameworkProcessor.
    """

    def __init__(
        self,
        role: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        transformers_version: str | None = None,
        tensorflow_version: str | None = None,
        pytorch_version: str | None = None,
        py_version: str | None = "py36",
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
        self.tensorflow_version = tensorflow_version
        self.pytorch_version = pytorch_version
        super().__init__(
            HuggingFace,
            transformers_version,
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

    def _versions(self) -> dict[str, Any]:
        return {
            "transformers_version": self.framework_version,
            "tensorflow_version": self.tensorflow_version,
            "pytorch_version": self.pytorch_version,
            "py_version": self.py_version,
        }
