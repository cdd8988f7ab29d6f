"""A script that trains with Hugging Face Transformers.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a Framework. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stepmill.sagemaker import distribution as distributions
from stepmill.sagemaker.framework import Framework, check_image, refuse_compiler
from stepmill.sagemaker.huggingface.model import HuggingFaceModel, check_base


class HuggingFace(Framework):
    """A script in AWS's Hugging Face container.

    py_version, transformers_version: such as "py312" and "4.56.2"; needed unless image_uri, requirements or dockerfile
    is given, with pytorch_version or tensorflow_version, of as many parts ("4.28" and "2.0", or "4.28.1" and "2.0.0").
    entry_point, source_dir, hyperparameters, image_uri: as in Framework. distribution: as in PyTorch. compiler_config:
    refused, as AWS makes no new such images. options: the other arguments of Framework and Estimator;
    enable_sagemaker_metrics is True when left out. Raises ValueError and TypeError; an image that is not published is
    told when the pipeline is compiled.
    """

    _framework_name: ClassVar[str] = "huggingface"

    def __init__(
        self,
        py_version: str | None = None,
        entry_point: Any = None,
        transformers_version: str | None = None,
        tensorflow_version: str | None = None,
        pytorch_version: str | None = None,
        source_dir: Any = None,
        hyperparameters: Any = None,
        image_uri: Any = None,
        distribution: Mapping[str, Any] | None = None,
        compiler_config: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        what = "HuggingFace"
        check_image(what, transformers_version, py_version or "", image_uri, *made, name="transformers_version")
        check_base(what, transformers_version, image_uri, pytorch_version, tensorflow_version)
        base = pytorch_version if tensorflow_version is None else tensorflow_version
        if transformers_version and base and image_uri is None and transformers_version.count(".") != base.count("."):
            raise ValueError(
                f"{what}: transformers_version={transformers_version!r} and {base!r} have not as many parts; "
                "AWS's tags have both short or both whole"
            )
        refuse_compiler(what, compiler_config)
        options.setdefault("enable_sagemaker_metrics", True)
        super().__init__(entry_point, source_dir, hyperparameters, image_uri=image_uri, **options)
        self.framework_version = transformers_version
        self.py_version = py_version
        self.tensorflow_version = tensorflow_version
        self.pytorch_version = pytorch_version
        self.distribution = distributions.checked(distribution, self._framework_name, entry_point, self.instance_groups)

    def _model(self, options: dict[str, Any]) -> HuggingFaceModel:
        return HuggingFaceModel(
            transformers_version=self.framework_version,
            tensorflow_version=self.tensorflow_version,
            pytorch_version=self.pytorch_version,
            py_version=self.py_version,
            **options,
        )
