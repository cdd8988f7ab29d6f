"""Spark applications that process data in AWS's Spark container.

In: the arguments of the SageMaker SDK 2 classes of the same names. Out: ScriptProcessors. Touches: the image table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.processing import ScriptProcessor, Tags
from stepmill.sagemaker.session import region_of


class PySparkProcessor(ScriptProcessor):
    """A Python script that `smspark-submit` runs; not run on this machine, where there is no Spark.

    framework_version: such as "3.5"; needed unless image_uri is given. py_version, container_version: such as "py39"
    and "1", both or neither; the newest image when left out. configuration_location, dependency_location: kept as they
    are given; what is to be submitted beside the script is an input and part of the step's container_entrypoint.
    Arguments not named here mean what they mean in ScriptProcessor. Raises ValueError; ImageUnknown, one too, for an
    image that is not published.
    """

    def __init__(
        self,
        role: Any = None,
        instance_type: Any = "ml.m5.large",
        instance_count: Any = 1,
        framework_version: str | None = None,
        py_version: str | None = None,
        container_version: str | None = None,
        image_uri: Any = None,
        volume_size_in_gb: Any = 30,
        volume_kms_key: Any = None,
        output_kms_key: Any = None,
        configuration_location: str | None = None,
        dependency_location: str | None = None,
        max_runtime_in_seconds: Any = None,
        base_job_name: str | None = None,
        sagemaker_session: Any = None,
        env: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        network_config: Any = None,
    ) -> None:
        what = type(self).__name__
        check_image(what, framework_version, None, image_uri, None, None)
        if image_uri is None:
            if (py_version is None) != (container_version is None):
                raise ValueError(f"{what}: py_version= and container_version= are given one without the other")
            image_uri = retrieve(
                "spark",
                region_of(sagemaker_session),
                version=framework_version,
                py_version=py_version,
                instance_type=instance_type if isinstance(instance_type, str) else None,
                container_version=container_version and f"v{container_version}",
            )
        super().__init__(
            role=role,
            image_uri=image_uri,
            command=["smspark-submit"],
            instance_count=instance_count,
            instance_type=instance_type,
            volume_size_in_gb=volume_size_in_gb,
            volume_kms_key=volume_kms_key,
            output_kms_key=output_kms_key,
            max_runtime_in_seconds=max_runtime_in_seconds,
            base_job_name=base_job_name,
            sagemaker_session=sagemaker_session,
            env={} if env is None else env,
            tags=tags,
            network_config=network_config,
        )
        self.configuration_location = configuration_location
        self.dependency_location = dependency_location


class SparkJarProcessor(PySparkProcessor):
    """A jar that `smspark-submit` runs: its class is part of the step's `container_entrypoint=["smspark-submit",
    "--class", "org.example.Main", "/opt/ml/processing/input/code/app.jar"]`. Arguments
    mean what they mean in PySparkProcessor.
    """
