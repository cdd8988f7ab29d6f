"""An XGBoost model and the container that serves it.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkModel. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.model import FrameworkModel
from stepmill.sagemaker.session import region_of


class XGBoostModel(FrameworkModel):
    """A model served by AWS's XGBoost container.

    model_data, role, entry_point, image_uri, predictor_cls: as in FrameworkModel. framework_version: such as "1.7-1";
    needed unless image_uri, requirements or dockerfile is given. py_version: "py3". model_server_workers: processes of
    the server. options: the other arguments of FrameworkModel and Model. Raises ValueError.
    """

    def __init__(
        self,
        model_data: Any = None,
        role: Any = None,
        entry_point: Any = None,
        framework_version: str | None = None,
        image_uri: Any = None,
        py_version: str = "py3",
        predictor_cls: Callable[..., Any] | None = None,
        model_server_workers: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("XGBoostModel", framework_version, None, image_uri, *made)
        super().__init__(model_data, image_uri, role, entry_point, predictor_cls=predictor_cls, **options)
        self.framework_version = framework_version
        self.py_version = py_version
        self.model_server_workers = model_server_workers

    def serving_image_uri(self, region_name: str | None = None, instance_type: Any = None) -> Any:
        """The image that serves it. region_name: the session's when left out. instance_type: tells Graviton machines.

        Raises ImageUnknown, a ValueError.
        """
        if self.image_uri is not None:
            return self.image_uri
        region = region_name or region_of(self.sagemaker_session)
        return retrieve("xgboost", region, version=self.framework_version, instance_type=instance_type)
