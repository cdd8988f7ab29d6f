"""A TensorFlow model and the container that serves it.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkModel. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.model import FrameworkModel
from stepmill.sagemaker.session import region_of

_LEVELS = {10: "debug", 20: "info", 30: "warn", 40: "error", 50: "crit"}
_SERVED_BY = {"2.12.0": "2.12.1", "2.16.2": "2.16.1"}  # versions that AWS has an image to train with only


class TensorFlowModel(FrameworkModel):
    """A model served by AWS's TensorFlow Serving container.

    model_data, role, entry_point, image_uri, predictor_cls: as in FrameworkModel. framework_version: such as "2.19.0";
    needed unless image_uri, requirements or dockerfile is given. container_log_level: a number of Python's logging,
    told to the server as `SAGEMAKER_TFS_NGINX_LOGLEVEL`. options: the other arguments of FrameworkModel and Model.
    Raises ValueError.
    """

    def __init__(
        self,
        model_data: Any = None,
        role: Any = None,
        entry_point: Any = None,
        image_uri: Any = None,
        framework_version: str | None = None,
        container_log_level: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("TensorFlowModel", framework_version, None, image_uri, *made)
        if container_log_level is not None and container_log_level not in _LEVELS:
            levels = ", ".join(map(str, _LEVELS))
            raise ValueError(f"TensorFlowModel: container_log_level={container_log_level!r} is none of {levels}")
        if container_log_level is not None:
            options["env"] = {
                **(options.get("env") or {}),
                "SAGEMAKER_TFS_NGINX_LOGLEVEL": _LEVELS[container_log_level],
            }
        super().__init__(model_data, image_uri, role, entry_point, predictor_cls=predictor_cls, **options)
        self.framework_version = framework_version

    def serving_image_uri(
        self, region_name: str | None = None, instance_type: Any = None, accelerator_type: str | None = None
    ) -> Any:
        """The image that serves it. region_name: the session's when left out. instance_type: the machine it will run
        on, which the step's `instance_type=` says. accelerator_type: `ml.eia…`.

        Raises ImageUnknown, a ValueError.
        """
        if self.image_uri is not None:
            return self.image_uri
        version = self.framework_version or ""
        return retrieve(
            "tensorflow",
            region_name or region_of(self.sagemaker_session),
            version=_SERVED_BY.get(version, version),
            instance_type=instance_type,
            accelerator_type=accelerator_type,
            image_scope="inference",
        )
