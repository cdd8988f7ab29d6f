"""A trained model and the container that serves it.

In: the arguments of the SageMaker SDK 2 classes of the same names, and Stepmill's `requirements=` and `dockerfile=`.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

from stepmill.sagemaker.built import given, is_placeholder
from stepmill.sagemaker.session import region_of


class Model:
    """A model and the container that serves it (`CreateModel`).

    image_uri, requirements, dockerfile: as in Processor, except that there is no plain Python to fall back on.
    model_data: the `s3://` URI of `model.tar.gz`, such as `train.model`, or a `ModelDataSource` as the request has it.
    env: the container's variables. name: the model's name; left out, the step makes one. vpc_config: `{"Subnets": […],
    "SecurityGroupIds": […]}`. entry_point: the inference script, inside source_dir when that is given; it is packed
    with dependencies and named by `SAGEMAKER_PROGRAM` and `SAGEMAKER_SUBMIT_DIRECTORY`, which AWS's inference toolkit
    reads; an isolated container cannot fetch it, so there it must lie in the model's `code/`. image_config: where the
    image is pulled from, as the request has it. container_log_level: a number of Python's logging. predictor_cls,
    model_kms_key, resources: accepted, no effect. Arguments not named here mean what they mean in SageMaker's SDK.
    """

    def __init__(
        self,
        image_uri: Any = None,
        model_data: Any = None,
        role: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        env: Mapping[str, Any] | None = None,
        name: Any = None,
        vpc_config: Any = None,
        sagemaker_session: Any = None,
        enable_network_isolation: Any = None,
        model_kms_key: Any = None,
        image_config: Any = None,
        source_dir: Any = None,
        code_location: Any = None,
        entry_point: Any = None,
        container_log_level: Any = 20,
        dependencies: Sequence[Any] | None = None,
        git_config: Mapping[str, str] | None = None,
        resources: Any = None,
        additional_model_data_sources: Any = None,
        model_reference_arn: Any = None,
        *,
        requirements: Sequence[str] | str | PathLike[str] | None = None,
        dockerfile: str | PathLike[str] | None = None,
    ) -> None:
        self.image_uri = image_uri
        self.model_data = model_data
        self.role = role
        self.predictor_cls = predictor_cls
        self.env: Any = {} if env is None else env
        self.name = name
        self.vpc_config = vpc_config
        self.sagemaker_session = sagemaker_session
        self._enable_network_isolation = enable_network_isolation
        self.model_kms_key = model_kms_key
        self.image_config = image_config
        self.source_dir = source_dir
        self.code_location = code_location
        self.entry_point = entry_point
        self.container_log_level = container_log_level
        self.dependencies = list(dependencies or ())
        self.git_config = git_config
        self.resources = resources
        self.additional_model_data_sources = additional_model_data_sources
        self.model_reference_arn = model_reference_arn
        self.requirements = requirements
        self.dockerfile = dockerfile

    def enable_network_isolation(self) -> Any:
        """Whether the container may reach nothing outside."""
        return False if self._enable_network_isolation is None else self._enable_network_isolation

    def serving_image_uri(self, region_name: str | None = None, instance_type: Any = None) -> Any:
        """The image that serves this model on that kind of machine, or None. Framework models look it up.

        region_name: the region the image is pulled in. instance_type: what tells a processor from a GPU.
        """
        return self.image_uri

    def prepare_container_def(self, instance_type: Any = None, *ignored: Any, **also_ignored: Any) -> dict[str, Any]:
        """The container as `CreateModel` has it, without the inference script, which is packed when compiling.

        instance_type: the machine it will run on, for models that look their image up. The other arguments are
        SageMaker's SDK's, for accelerators and licences; they have no effect.
        """
        region = region_of(self.sagemaker_session)
        image = self.serving_image_uri(region, instance_type) if self.image_uri is None else self.image_uri
        return given(Image=image, Environment=self.env, **model_location(self.model_data))

    def transformer(self, instance_count: Any, instance_type: Any, **options: Any) -> Any:
        """A Transformer of this model, by its name. options: the other arguments of Transformer."""
        from stepmill.sagemaker.transformer import Transformer

        options = {"sagemaker_session": self.sagemaker_session, **options}
        return Transformer(self.name, instance_count, instance_type, **options)


class FrameworkModel(Model):
    """A model served by one of AWS's framework containers, which is told at every start which script to run.

    model_data, image_uri, role, entry_point, source_dir, predictor_cls, env, name, container_log_level, code_location,
    sagemaker_session, dependencies, git_config: as in Model, in the order of SageMaker's SDK 2. options: vpc_config,
    enable_network_isolation, model_kms_key, image_config, requirements, dockerfile and what else Model takes.
    """

    def __init__(
        self,
        model_data: Any = None,
        image_uri: Any = None,
        role: Any = None,
        entry_point: Any = None,
        source_dir: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        env: Mapping[str, Any] | None = None,
        name: Any = None,
        container_log_level: Any = 20,
        code_location: Any = None,
        sagemaker_session: Any = None,
        dependencies: Sequence[Any] | None = None,
        git_config: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            image_uri=image_uri,
            model_data=model_data,
            role=role,
            predictor_cls=predictor_cls,
            env=env,
            name=name,
            sagemaker_session=sagemaker_session,
            source_dir=source_dir,
            code_location=code_location,
            entry_point=entry_point,
            container_log_level=container_log_level,
            dependencies=dependencies,
            git_config=git_config,
            **options,
        )


class ModelPackage(Model):
    """A model of the registry or of the Marketplace.

    role: as in Model. model_package_arn: the package's ARN, such as `register.arn` of a ModelPackageStep. model_data,
    algorithm_arn: accepted, no effect. options: the other arguments of Model.
    """

    def __init__(
        self, role: Any = None, model_data: Any = None, algorithm_arn: Any = None, model_package_arn: Any = None,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(role=role, model_data=model_data, **options)
        self.algorithm_arn = algorithm_arn
        self.model_package_arn = model_package_arn


def model_location(data: Any) -> dict[str, Any]:
    """Where a model lies, as a container has it: `ModelDataUrl`, or `ModelDataSource` for what is given as one."""
    if data is None or (isinstance(data, Mapping) and not is_placeholder(data)):
        return given(ModelDataSource=data)
    return {"ModelDataUrl": data}
