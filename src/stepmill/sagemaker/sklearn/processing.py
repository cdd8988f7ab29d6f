"""A script that processes data in AWS's scikit-learn container.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a ScriptProcessor. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.processing import ScriptProcessor, Tags
from stepmill.sagemaker.session import region_of


class SKLearnProcessor(ScriptProcessor):
    """A ScriptProcessor in AWS's scikit-learn container.

    framework_version: such as "1.4-2"; needed unless requirements or dockerfile is given. Arguments not named here
    mean what they mean in ScriptProcessor. Raises ValueError; ImageUnknown, one too, for an image that is
    not published.
    """

    def __init__(
        self,
        framework_version: str | None = None,
        role: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        command: Sequence[Any] | None = None,
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
        check_image("SKLearnProcessor", framework_version, None, None, requirements, dockerfile)
        image = None
        if framework_version is not None:
            machine = instance_type if isinstance(instance_type, str) else None
            image = retrieve("sklearn", region_of(sagemaker_session), framework_version, instance_type=machine)
        super().__init__(
            role=role,
            image_uri=image,
            command=command,
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
