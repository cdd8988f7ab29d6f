"""A PyTorch model and the container that serves it.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkModel. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.model import FrameworkModel
from stepmill.sagemaker.session import region_of


class PyTorchModel(FrameworkModel):
    """A model served by AWS's PyTorch container.

    model_data, role, entry_point, image_uri, predictor_cls: as in FrameworkModel. framework_version, py_version: such
    as "2.6.0" and "py312"; needed unless image_uri, requirements or dockerfile is given. model_server_workers:
    processes of the server. options: the other arguments of FrameworkModel and Model. Raises ValueError.
    """

    def __init__(
        self,
        model_data: Any = None,
        role: Any = None,
        entry_point: Any = None,
        framework_version: str | None = None,
        py_version: str | None = None,
        image_uri: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        model_server_workers: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("PyTorchModel", framework_version, py_version or "", image_uri, *made)
        super().__init__(model_data, image_uri, role, entry_point, predictor_cls=predictor_cls, **options)
        self.framework_version = framework_version
        self.py_version = py_version
        self.model_server_workers = model_server_workers

    def serving_image_uri(
        self, region_name: str | None = None, instance_type: Any = None, accelerator_type: str | None = None
    ) -> Any:
        """The image that serves it. region_name: the session's when left out. instance_type: the machine it will run
        on, which the step's `instance_type=` says. accelerator_type: `ml.eia…`.

        Raises ImageUnknown, a ValueError.
        """
        if self.image_uri is not None:
            return self.image_uri
        return retrieve(
            "pytorch",
            region_name or region_of(self.sagemaker_session),
            version=self.framework_version,
            py_version=self.py_version,
            instance_type=instance_type,
            accelerator_type=accelerator_type,
            image_scope="inference",
        )
