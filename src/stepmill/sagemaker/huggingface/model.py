"""A Hugging Face model and the container that serves it.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a FrameworkModel. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepmill.sagemaker.framework import check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.model import FrameworkModel
from stepmill.sagemaker.session import region_of


class HuggingFaceModel(FrameworkModel):
    """A model served by AWS's Hugging Face container.

    role, model_data, entry_point, image_uri, predictor_cls: as in FrameworkModel. transformers_version, py_version:
    such as "4.49.0" and "py312"; needed unless image_uri, requirements or dockerfile is given, with pytorch_version or
    tensorflow_version. model_server_workers: processes of the server. options: the other arguments of FrameworkModel
    and Model. Raises ValueError.
    """

    def __init__(
        self,
        role: Any = None,
        model_data: Any = None,
        entry_point: Any = None,
        transformers_version: str | None = None,
        tensorflow_version: str | None = None,
        pytorch_version: str | None = None,
        py_version: str | None = None,
        image_uri: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        model_server_workers: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        what = "HuggingFaceModel"
        check_image(what, transformers_version, py_version or "", image_uri, *made, name="transformers_version")
        check_base(what, transformers_version, image_uri, pytorch_version, tensorflow_version)
        super().__init__(model_data, image_uri, role, entry_point, predictor_cls=predictor_cls, **options)
        self.framework_version = transformers_version
        self.tensorflow_version = tensorflow_version
        self.pytorch_version = pytorch_version
        self.py_version = py_version
        self.model_server_workers = model_server_workers

    def serving_image_uri(
        self,
        region_name: str | None = None,
        instance_type: Any = None,
        accelerator_type: str | None = None,
        inference_tool: str | None = None,
    ) -> Any:
        """The image that serves it. region_name: the session's when left out. instance_type: the machine it will run
        on, which the step's `instance_type=` says. accelerator_type: `ml.eia…`. inference_tool: `neuron`.

        Raises ImageUnknown, a ValueError.
        """
        if self.image_uri is not None:
            return self.image_uri
        torch = f"pytorch{self.pytorch_version}"
        return retrieve(
            "huggingface",
            region_name or region_of(self.sagemaker_session),
            version=self.framework_version,
            py_version=self.py_version,
            instance_type=instance_type,
            accelerator_type=accelerator_type,
            image_scope="inference",
            base_framework_version=torch if self.tensorflow_version is None else f"tensorflow{self.tensorflow_version}",
            inference_tool=inference_tool,
        )


def check_base(what: str, transformers: Any, image_uri: Any, pytorch: Any, tensorflow: Any) -> None:
    """Raise ValueError unless one framework below Transformers is named. what: the class; the others: its versions."""
    if pytorch is not None and tensorflow is not None:
        raise ValueError(f"{what}: pytorch_version= and tensorflow_version= are both given; keep one of them")
    if transformers is not None and image_uri is None and pytorch is None and tensorflow is None:
        raise ValueError(f"{what}: say pytorch_version= or tensorflow_version=, which the image is based on")
