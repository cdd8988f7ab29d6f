"""A scikit-learn script that trains.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a Framework. Touches: the table of images.
"""

from __future__ import annotations

from typing import Any, ClassVar

from stepmill.sagemaker.framework import Framework, check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.session import region_of
from stepmill.sagemaker.sklearn.model import SKLearnModel


class SKLearn(Framework):
    """A script in AWS's scikit-learn container.

    entry_point, source_dir, hyperparameters, image_uri: as in Framework. framework_version: such as "1.4-2"; needed
    unless image_uri, requirements or dockerfile is given. py_version: "py3", there is no other. image_uri_region: where
    the image is pulled, instead of the session's region. options: the other arguments of Framework and Estimator;
    instance_count is 1. Raises ValueError (ImageUnknown for an image that is not published) and TypeError.
    """

    _framework_name: ClassVar[str] = "sklearn"

    def __init__(
        self,
        entry_point: Any = None,
        framework_version: str | None = None,
        py_version: str = "py3",
        source_dir: Any = None,
        hyperparameters: Any = None,
        image_uri: Any = None,
        image_uri_region: str | None = None,
        **options: Any,
    ) -> None:
        check_image(
            "SKLearn", framework_version, None, image_uri, options.get("requirements"), options.get("dockerfile")
        )
        if py_version not in ("py3", None):
            raise ValueError(f"SKLearn: py_version={py_version!r}; AWS's scikit-learn images have Python 3 only: 'py3'")
        if options.get("instance_count") not in (None, 1):
            raise ValueError("SKLearn: instance_count= is 1; scikit-learn does not train on several machines")
        super().__init__(entry_point, source_dir, hyperparameters, image_uri=image_uri, **options)
        self.framework_version = framework_version
        self.py_version = py_version
        if image_uri is None and framework_version is not None:
            self.image_uri = retrieve(
                self._framework_name,
                image_uri_region or region_of(self.sagemaker_session),
                version=framework_version,
                py_version=py_version,
                instance_type=self._machine(),
            )

    def _model(self, options: dict[str, Any]) -> SKLearnModel:
        return SKLearnModel(framework_version=self.framework_version, **options)
