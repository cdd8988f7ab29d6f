"""Builds `CreateModel` and `CreateModelPackage` requests.

In: models, a Place. Out: Built. Touches: the inference scripts named, to pack them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stepmill.sagemaker.built import (
    Built,
    Place,
    as_text,
    attribute,
    first,
    given,
    is_isolated,
    is_placeholder,
    request_dict,
    shown,
    tag_list,
)
from stepmill.sagemaker.hyperparameters import training_code
from stepmill.sagemaker.limits import complete, named
from stepmill.sagemaker.model import FrameworkModel, model_location
from stepmill.sagemaker.session import region_of

_PACKAGED = ("Image", "ModelDataUrl", "ModelDataSource", "Environment", "AdditionalModelDataSources")


def models_of(model: Any) -> list[Any]:
    """The models in a PipelineModel, or the one model."""
    several = attribute(model, "models")
    return list(several) if isinstance(several, list | tuple) else [model]


def model_request(
    model: Any,
    *,
    place: Place,
    instance_type: Any = None,
    tags: Any = None,
    parameters: Any = None,
) -> Built:
    """The `CreateModel` request of a Model, a PipelineModel or a ModelPackage: ours or sagemaker 2's.

    instance_type: the machine it will run on, for framework models that look their image up. tags: `{key: value}` or
    SageMaker's list. parameters: joined to the request, object by object, and stronger than it.

    What stepfunctions 2.3.0 drops of a plain Model without a word (isolation, the VPC, the inference script, the
    image's configuration) is sent.
    """
    built = Built()
    models = models_of(model)
    if not _are_models(model, models, built):
        return built
    request = built.request
    request["ModelName"] = place.job_name
    role = attribute(model, "role")
    request["ExecutionRoleArn"] = place.role if role is None else role
    found = [container(each, image, place, instance_type, built) for each, image in _with_images(models, place)]
    if models == [model]:
        request["PrimaryContainer"] = found[0]
    else:
        request["Containers"] = found
    request |= given(VpcConfig=attribute(model, "vpc_config"), EnableNetworkIsolation=first(is_isolated(model)))
    if (all_tags := first(tags)) is not None:
        request["Tags"] = tag_list(all_tags)
    complete("CreateModel", built, parameters)
    if {"PrimaryContainer", "Containers"} <= named(request):
        hint = "say the containers in one way: a PipelineModel is made of several models"
        built.complain("containers-twice", "the request has PrimaryContainer and Containers, and takes one", hint)
    return built


def package_request(
    model: Any,
    *,
    place: Place,
    group: Any,
    about: Mapping[str, Any],
    supported: Mapping[str, Any],
    framework: Mapping[str, Any],
    instance_type: Any = None,
    metrics: Any = None,
    tags: Any = None,
    parameters: Any = None,
) -> Built:
    """The `CreateModelPackage` request that registers a Model or a PipelineModel.

    group: the group's name or ARN; the registry numbers the versions in it. about, supported, framework: fields of the
    request, of its InferenceSpecification, and of each container; None is left out. metrics: `ModelMetrics` as the
    request has it, an object with `_to_request_dict`, or the `s3://` URI of a report, which becomes the statistics of
    the model's quality.
    """
    built = Built()
    models = models_of(model)
    if not _are_models(model, models, built):
        return built
    for each in models:
        if attribute(each, "model_package_arn") is not None:
            hint = "say ModelApprovalStatus by updateModelPackage to change one"
            built.complain("model-registered", "the model is a model package already", hint)
            return built
    found = [container(each, image, place, instance_type, built) for each, image in _with_images(models, place)]
    extra = given(**framework)
    containers = [{**{name: each[name] for name in _PACKAGED if name in each}, **extra} for each in found]
    if group is not None and tags is not None:
        built.complain(
            "tags-of-a-version",
            "tags= are given for a version of a model package group",
            "a version has the tags of its group; tag the group",
        )
    built.request |= {
        **given(ModelPackageGroupName=group, **about),
        "InferenceSpecification": {"Containers": containers, **given(**supported)},
        **given(ModelMetrics=_metrics(metrics), Tags=tag_list(tags)),
    }
    return complete("CreateModelPackage", built, parameters)


def _metrics(metrics: Any) -> Any:
    if isinstance(metrics, str) or is_placeholder(metrics):
        return {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": metrics}}}
    return request_dict(metrics)


def _with_images(models: Sequence[Any], place: Place) -> list[tuple[Any, str]]:
    images = place.images or (place.image,) * len(models)
    return list(zip(models, images, strict=True))


def _are_models(model: Any, models: Sequence[Any], built: Built) -> bool:
    wrong = next((each for each in models if not hasattr(each, "model_data") or hasattr(each, "max_run")), None)
    if wrong is None and models:
        return True
    if hasattr(wrong, "max_run"):
        hint = "give train.get_expected_model(), or Model(image_uri=..., model_data=train.model)"
    else:
        hint = "give a Model or a PipelineModel"
    what = shown(model) if wrong is None else shown(wrong)
    built.complain("not-a-model", f"{what} is no model" if models else "the PipelineModel has no models", hint)
    return False


def container(model: Any, made: str, place: Place, instance_type: Any, built: Built) -> dict[str, Any]:
    """One container of a model; made: the image that is made for it."""
    package = attribute(model, "model_package_arn")
    if package is not None:
        return {"ModelPackageName": package}
    environment = attribute(model, "env", {})
    if isinstance(environment, Mapping):
        environment = {str(name): as_text(value) for name, value in environment.items()}
    script = _script(model, place, built)
    if script and is_placeholder(environment):
        built.complain("all-at-run-time", "env= is one run-time value beside entry_point=", "give env= as a dict")
    elif script:
        environment = {**environment, **script}
    data = attribute(model, "model_data")
    return given(
        Image=_image(model, made, instance_type, built),
        Environment=environment,
        **model_location(data),
        ImageConfig=attribute(model, "image_config"),
        AdditionalModelDataSources=attribute(model, "additional_model_data_sources"),
    )


def _image(model: Any, made: str, instance_type: Any, built: Built) -> Any:
    uri = attribute(model, "image_uri")
    own = [f"{name}=" for name in ("image_uri", "requirements", "dockerfile") if attribute(model, name) is not None]
    if len(own) > 1:
        built.complain("image-twice", f"{' and '.join(own)} both say what the image is", "keep one of them")
    if uri is not None or own:
        return made if uri is None else uri
    find = getattr(model, "serving_image_uri", None)
    if callable(find):
        try:
            uri = find(region_of(attribute(model, "sagemaker_session")), instance_type)
        except Exception as error:  # noqa: BLE001  # another library's look-up, which may fail in any way
            built.complain("image-unknown", f"the model's image could not be looked up: {error}", "pass image_uri=")
            return None
    if uri is None:
        built.complain("image-missing", "the model has no image", "say image_uri=, the container that serves it")
    return uri


def _script(model: Any, place: Place, built: Built) -> dict[str, str]:
    """The variables that tell AWS's inference toolkit which script to run. Framework models always have them."""
    framework = isinstance(model, FrameworkModel) or any(
        kind.__name__ == "FrameworkModel" for kind in type(model).__mro__
    )
    code = training_code(model, place, built, "inference")
    if code.program is None and not framework:
        return {}
    workers = attribute(model, "model_server_workers")
    directory = "/opt/ml/model/code" if code.program is not None and first(is_isolated(model)) is True else code.uri
    return {
        "SAGEMAKER_PROGRAM": code.program or "",
        "SAGEMAKER_SUBMIT_DIRECTORY": directory,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": as_text(attribute(model, "container_log_level", 20)),
        "SAGEMAKER_REGION": region_of(attribute(model, "sagemaker_session")),
        **({} if workers is None else {"SAGEMAKER_MODEL_SERVER_WORKERS": as_text(workers)}),
    }
