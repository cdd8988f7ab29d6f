"""An XGBoost script that trains.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a Framework. Touches: the table of images.
"""

from __future__ import annotations

from typing import Any, ClassVar

from stepmill.sagemaker.framework import Framework, check_image
from stepmill.sagemaker.image_uris import retrieve
from stepmill.sagemaker.session import region_of
from stepmill.sagemaker.xgboost.model import XGBoostModel


class XGBoost(Framework):
    """A script in AWS's XGBoost container. XGBoost as a built-in algorithm, without a script, is an Estimator with
    `image_uris.retrieve("xgboost", …)`.

    entry_point, source_dir, hyperparameters, image_uri: as in Framework. framework_version: such as "1.7-1"; needed
    unless image_uri, requirements or dockerfile is given. py_version: "py3", there is no other. image_uri_region: where
    the image is pulled, instead of the session's region. options: the other arguments of Framework and Estimator.
    Raises ValueError (ImageUnknown for an image that is not published) and TypeError.
    """

    _framework_name: ClassVar[str] = "xgboost"

    def __init__(
        self,
        entry_point: Any = None,
        framework_version: str | None = None,
        source_dir: Any = None,
        hyperparameters: Any = None,
        py_version: str = "py3",
        image_uri: Any = None,
        image_uri_region: str | None = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("XGBoost", framework_version, None, image_uri, *made)
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
                image_scope="training",
            )

    def _model(self, options: dict[str, Any]) -> XGBoostModel:
        return XGBoostModel(framework_version=self.framework_version, **options)
