"""A PyTorch script that trains.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a Framework. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from stepmill.sagemaker import distribution as distributions
from stepmill.sagemaker.framework import Framework, check_image, refuse_compiler, versions_at_least
from stepmill.sagemaker.pytorch.model import PyTorchModel


class PyTorch(Framework):
    """A script in AWS's PyTorch container.

    entry_point, source_dir, hyperparameters, image_uri: as in Framework. framework_version, py_version: such as "2.8.0"
    and "py312"; needed unless image_uri, requirements or dockerfile is given. distribution: `{"torch_distributed":
    {"enabled": True}}`, or `smdistributed`, `pytorchddp`, `mpi` with its `processes_per_host` and `custom_mpi_options`.
    compiler_config: refused, as AWS makes no new such images. options: the other arguments of Framework and Estimator;
    enable_sagemaker_metrics is True from 1.3 on. Raises ValueError and TypeError; an unknown image is told
    when the pipeline is compiled.
    """

    _framework_name: ClassVar[str] = "pytorch"

    def __init__(
        self,
        entry_point: Any = None,
        framework_version: str | None = None,
        py_version: str | None = None,
        source_dir: Any = None,
        hyperparameters: Any = None,
        image_uri: Any = None,
        distribution: Mapping[str, Any] | None = None,
        compiler_config: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("PyTorch", framework_version, py_version or "", image_uri, *made)
        refuse_compiler("PyTorch", compiler_config)
        if versions_at_least(framework_version, 1, 3):
            options.setdefault("enable_sagemaker_metrics", True)
        super().__init__(entry_point, source_dir, hyperparameters, image_uri=image_uri, **options)
        self.framework_version = framework_version
        self.py_version = py_version
        self.distribution = distributions.checked(distribution, self._framework_name, entry_point, self.instance_groups)

    def _model(self, options: dict[str, Any]) -> PyTorchModel:
        return PyTorchModel(framework_version=self.framework_version, py_version=self.py_version, **options)
