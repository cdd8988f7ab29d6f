"""Builds `CreateEndpointConfig`, `CreateEndpoint` and `UpdateEndpoint` requests.

In: what a step says, a Place. Out: Built. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.sagemaker.built import Built, Place, first, given, request_dict, tag_list
from stepmill.sagemaker.limits import complete, named


def endpoint_config_request(
    *,
    place: Place,
    model_name: Any,
    initial_instance_count: Any,
    instance_type: Any,
    variant_name: Any,
    data_capture_config: Any = None,
    tags: Any = None,
    parameters: Any = None,
) -> Built:
    """The `CreateEndpointConfig` request with one production variant.

    data_capture_config: a DataCaptureConfig, ours or sagemaker 2's, or as the request has it. parameters: joined to the
    request, object by object, and stronger than it; `ProductionVariants` in it replaces the one made here.
    """
    built = Built()
    built.request["EndpointConfigName"] = place.job_name
    missing = given(model_name=model_name, instance_type=instance_type)
    own = "ProductionVariants" not in named(parameters)
    for name, hint in (
        ("model_name", "say model_name=, such as .name of a ModelStep"),
        ("instance_type", 'say the machines: initial_instance_count=1, instance_type="ml.m5.large"'),
    ):
        if own and name not in missing:
            built.complain(f"{name.replace('_', '-')}-missing", f"the endpoint configuration has no {name}=", hint)
    if own:
        built.request["ProductionVariants"] = [
            given(
                InitialInstanceCount=initial_instance_count,
                InstanceType=instance_type,
                ModelName=model_name,
                VariantName=variant_name,
            )
        ]
    built.request |= given(DataCaptureConfig=request_dict(data_capture_config))
    if (all_tags := first(tags)) is not None:
        built.request["Tags"] = tag_list(all_tags)
    return complete("CreateEndpointConfig", built, parameters)


def endpoint_request(
    *, place: Place, endpoint_config_name: Any, update: bool, tags: Any = None, parameters: Any = None
) -> Built:
    """The `CreateEndpoint` or `UpdateEndpoint` request.

    tags: `{key: value}` or SageMaker's list, of a new endpoint. parameters: as in endpoint_config_request.
    """
    built = Built()
    missing = endpoint_config_name is None and "EndpointConfigName" not in named(parameters)
    if missing:
        hint = "say endpoint_config_name=, such as .name of an EndpointConfigStep"
        built.complain("endpoint-config-missing", "no endpoint configuration is named", hint)
    built.request |= given(EndpointConfigName=endpoint_config_name, EndpointName=place.job_name)
    if (all_tags := first(tags)) is not None:
        if update:
            hint = "UpdateEndpoint takes none; give them to the endpoint configuration, or when it is created"
            built.complain("tags-of-an-update", "tags= are given with update=True", hint)
        else:
            built.request["Tags"] = tag_list(all_tags)
    return built if missing else complete("UpdateEndpoint" if update else "CreateEndpoint", built, parameters)
