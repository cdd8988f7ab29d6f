"""What the estimators of all frameworks share.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: an Estimator that knows its image and how to start
the framework's processes. Touches: nothing until its image is looked up.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from stepmill.nearest import did_you_mean
from stepmill.sagemaker import distribution as distributions
from stepmill.sagemaker.built import is_placeholder
from stepmill.sagemaker.estimator import Estimator
from stepmill.sagemaker.image_uris import get_training_image_uri
from stepmill.sagemaker.model import FrameworkModel, Model
from stepmill.sagemaker.session import region_of


def check_image(
    what: str,
    version: Any,
    python: Any,
    image_uri: Any,
    requirements: Any,
    dockerfile: Any,
    name: str = "framework_version",
) -> None:
    """Raise ValueError unless it is said once what the image is.

    what: the class. version, python: what it is looked up by; python is None where there is one Python only, and ""
    where it is missing. image_uri, requirements, dockerfile: the other ways. name: of the version's argument.
    """
    made = [
        f"{way}=" for way, value in (("requirements", requirements), ("dockerfile", dockerfile)) if value is not None
    ]
    if made and version is not None:
        raise ValueError(f"{what}: {name}= and {made[0]} both say what the image is; keep one of them")
    if made or image_uri is not None:
        return
    missing = [f"{name}="] if version is None else []
    missing += ["py_version="] if python == "" else []
    if missing:
        raise ValueError(
            f"{what}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, by which the image is "
            "looked up; or give image_uri=, or requirements= to have one made"
        )


class Framework(Estimator):
    """A script of yours in a container that AWS publishes for a framework.

    entry_point: the script, a path, inside source_dir when that is given. source_dir: a folder, stored by its content,
    or the `s3://` URI of a `sourcedir.tar.gz`. hyperparameters: `{name: value}`, sent JSON-encoded, as the training
    toolkit reads them. container_log_level: a number of Python's logging. dependencies: more files and folders to pack
    beside the script. image_uri: instead of the published image. enable_network_isolation: the container may reach
    nothing but its data; the script comes as a channel then. checkpoint_s3_uri, checkpoint_local_path,
    enable_sagemaker_metrics: as in Estimator. code_location, git_config: refused when compiled. options: the other
    arguments of Estimator, such as role, instance_type and requirements. Raises TypeError for an argument nobody knows.

    The image is looked up in the table of `stepmill.sagemaker.image_uris`, in the region of sagemaker_session.
    """

    _framework_name: ClassVar[str] = ""
    framework_version: Any = None
    py_version: Any = None
    distribution: Mapping[str, Any]

    def __init__(
        self,
        entry_point: Any = None,
        source_dir: Any = None,
        hyperparameters: Any = None,
        container_log_level: Any = 20,
        code_location: Any = None,
        image_uri: Any = None,
        dependencies: Sequence[Any] | None = None,
        enable_network_isolation: Any = None,
        git_config: Mapping[str, str] | None = None,
        checkpoint_s3_uri: Any = None,
        checkpoint_local_path: Any = None,
        enable_sagemaker_metrics: Any = None,
        **options: Any,
    ) -> None:
        for name in options:
            if name not in _OPTIONS:
                hint = did_you_mean(name, _OPTIONS, "see Estimator for what there is")
                raise TypeError(f"{type(self).__name__} has no argument {name!r}; {hint}")
        super().__init__(
            entry_point=entry_point,
            source_dir=source_dir,
            hyperparameters=hyperparameters,
            container_log_level=container_log_level,
            code_location=code_location,
            image_uri=image_uri,
            dependencies=dependencies,
            enable_network_isolation=enable_network_isolation,
            git_config=git_config,
            checkpoint_s3_uri=checkpoint_s3_uri,
            checkpoint_local_path=checkpoint_local_path,
            enable_sagemaker_metrics=enable_sagemaker_metrics,
            **options,
        )

    def training_image_uri(self, region: str | None = None) -> str:
        """The image it trains in. region: the session's when left out. Raises ImageUnknown, a ValueError."""
        return get_training_image_uri(
            region or region_of(self.sagemaker_session),
            self._framework_name,
            framework_version=self.framework_version,
            py_version=self.py_version,
            image_uri=self.image_uri,
            distribution=getattr(self, "distribution", None),
            tensorflow_version=getattr(self, "tensorflow_version", None),
            pytorch_version=getattr(self, "pytorch_version", None),
            instance_type=self._machine(),
        )

    def launch_hyperparameters(self) -> dict[str, Any]:
        """How the toolkit starts several processes; nothing unless distribution= was given."""
        named = getattr(self, "distribution", {})
        return distributions.launch(named, self._framework_name, self.instance_type) if named else {}

    def _machine(self) -> Any:
        """The machine that decides which image it is: of several groups, the first one with GPUs."""
        if self.instance_type is not None or not self.instance_groups:
            return None if is_placeholder(self.instance_type) else self.instance_type
        kinds = [getattr(group, "instance_type", None) for group in self.instance_groups]
        return next((kind for kind in kinds if str(kind).startswith(("ml.g", "ml.p"))), kinds[0])

    def create_model(  # type: ignore[override]
        self,
        model_server_workers: Any = None,
        role: Any = None,
        vpc_config_override: Any = "VPC_CONFIG_DEFAULT",
        entry_point: Any = None,
        source_dir: Any = None,
        dependencies: Sequence[Any] | None = None,
        **options: Any,
    ) -> Model:
        """The framework's model of what this estimator trains; its model_data is not known yet.

        model_server_workers: processes of the server. role, entry_point, source_dir, dependencies: the estimator's when
        left out. vpc_config_override: instead of its subnets and security groups. options: other arguments of it.
        """
        return self._model(
            {
                "model_server_workers": model_server_workers,
                "entry_point": entry_point or self.entry_point,
                "source_dir": source_dir or self.source_dir,
                "dependencies": dependencies or self.dependencies,
                **self._shared(role, vpc_config_override),
                **options,
            }
        )

    def transformer(self, instance_count: Any, instance_type: Any, *, model_name: Any = None, **options: Any) -> Any:
        """A Transformer as in Estimator; its variables are none, and not left to the model, when env= is left out."""
        return super().transformer(instance_count, instance_type, model_name=model_name, **{"env": {}, **options})

    def _shared(self, role: Any, vpc_config: Any) -> dict[str, Any]:
        """What a model has of its estimator, whatever the framework."""
        base = super().create_model(role=role, vpc_config_override=vpc_config)
        made = {} if base.image_uri is not None else {"requirements": self.requirements, "dockerfile": self.dockerfile}
        return {
            "role": base.role,
            "image_uri": base.image_uri,
            "vpc_config": base.vpc_config,
            "sagemaker_session": self.sagemaker_session,
            "enable_network_isolation": self.enable_network_isolation(),
            "container_log_level": self.container_log_level,
            **made,
        }

    def _model(self, options: dict[str, Any]) -> Model:
        """The framework's kind of model, of this estimator's versions."""
        return FrameworkModel(**{name: value for name, value in options.items() if name != "model_server_workers"})


_OPTIONS = tuple(name for name in inspect.signature(Estimator.__init__).parameters if name != "self")


def versions_at_least(version: Any, *least: int) -> bool:
    """Whether a version such as "1.15.5" is at least that one."""
    found = [part for part in str(version).replace("-", ".").split(".") if part.isdigit()]
    return version is not None and [int(part) for part in found] >= list(least)


def refuse_compiler(what: str, compiler_config: Any) -> None:
    """Raise ValueError when the Training Compiler is asked for. what: the class that was given it."""
    if compiler_config is not None:
        raise ValueError(
            f"{what}: compiler_config= is not supported; AWS makes no new images with the SageMaker Training Compiler, "
            "so leave it out"
        )
