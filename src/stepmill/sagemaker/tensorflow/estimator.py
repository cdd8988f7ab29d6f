"""A TensorFlow script that trains.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: a Framework. Touches: the table of images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from stepmill.sagemaker import distribution as distributions
from stepmill.sagemaker.framework import Framework, check_image, refuse_compiler, versions_at_least
from stepmill.sagemaker.model import Model
from stepmill.sagemaker.tensorflow.model import TensorFlowModel


class TensorFlow(Framework):
    """A script in AWS's TensorFlow container.

    py_version, framework_version: such as "py312" and "2.19.0"; needed unless image_uri, requirements or dockerfile is
    given. model_dir: an `s3://` prefix the script is told by `--model_dir`; left out, one below the job's output (with
    mpi `/opt/ml/model`); False, it is not told. image_uri: as in Framework. distribution: `{"parameter_server":
    {"enabled": True}}`, or `mpi`, `smdistributed`, `multi_worker_mirrored_strategy` (from 2.9 on). compiler_config:
    refused, as AWS makes no new such images. options: the other arguments of Framework and Estimator, with entry_point;
    enable_sagemaker_metrics is True from 1.15 on. Raises ValueError and TypeError; an image that is not published is
    told when the pipeline is compiled.
    """

    _framework_name: ClassVar[str] = "tensorflow"

    def __init__(
        self,
        py_version: str | None = None,
        framework_version: str | None = None,
        model_dir: Any = None,
        image_uri: Any = None,
        distribution: Mapping[str, Any] | None = None,
        compiler_config: Any = None,
        **options: Any,
    ) -> None:
        made = options.get("requirements"), options.get("dockerfile")
        check_image("TensorFlow", framework_version, py_version or "", image_uri, *made)
        refuse_compiler("TensorFlow", compiler_config)
        if py_version == "py2" and versions_at_least(framework_version, 2, 1, 2):
            raise ValueError(f"TensorFlow: {framework_version} has no Python 2 image; give py_version='py3…'")
        if framework_version is not None and image_uri is None and not versions_at_least(framework_version, 1, 11):
            raise ValueError(
                f"TensorFlow: the images of {framework_version} do not run scripts (script mode came with 1.11); "
                "give image_uri= and model_dir=False, or a newer version"
            )
        if versions_at_least(framework_version, 1, 15):
            options.setdefault("enable_sagemaker_metrics", True)
        super().__init__(image_uri=image_uri, **options)
        self.framework_version = framework_version
        self.py_version = py_version
        self.model_dir = model_dir
        self.distribution = distributions.checked(
            distribution, self._framework_name, self.entry_point, self.instance_groups
        )
        mirrored = (distribution or {}).get("multi_worker_mirrored_strategy", {}).get("enabled")
        if mirrored and framework_version is not None and not versions_at_least(framework_version, 2, 9):
            raise ValueError(f"TensorFlow: multi_worker_mirrored_strategy needs 2.9 or newer, not {framework_version}")
        if mirrored and {"smdistributed", "parameter_server"} & set(self.distribution):
            raise ValueError("TensorFlow: multi_worker_mirrored_strategy cannot be joined to another way; keep one")

    def create_model(  # type: ignore[override]
        self,
        role: Any = None,
        vpc_config_override: Any = "VPC_CONFIG_DEFAULT",
        entry_point: Any = None,
        source_dir: Any = None,
        dependencies: Sequence[Any] | None = None,
        **options: Any,
    ) -> Model:
        """A TensorFlowModel of what this estimator trains; its model_data is not known yet.

        role: the estimator's when left out. vpc_config_override: instead of its subnets and security groups.
        entry_point, source_dir, dependencies: an inference script; none when left out, as TensorFlow Serving needs
        none. options: other arguments of the model.
        """
        script = {"entry_point": entry_point, "source_dir": source_dir, "dependencies": dependencies}
        shared = self._shared(role, vpc_config_override)
        if shared["container_log_level"] == 20:  # what nobody asked for is left to the server
            del shared["container_log_level"]
        return self._model({**script, **shared, **options})

    def _model(self, options: dict[str, Any]) -> TensorFlowModel:
        return TensorFlowModel(framework_version=self.framework_version, **options)
