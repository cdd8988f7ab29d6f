"""The steps that deploy a model, and the states that wait until it serves.

In: names and machines. Out: states that configure, create or update an endpoint, and a chain that waits for it.
Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Ref
from stepmill.sagemaker.requests import Built, Place, endpoint_config_request, endpoint_request
from stepmill.steps.build import Build
from stepmill.steps.choice import Choice
from stepmill.steps.flow import Chain
from stepmill.steps.plain import Fail, Wait
from stepmill.steps.state import Task

from .step import NamedStep

_ON_THE_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


class EndpointConfigStep(NamedStep):
    """Makes an endpoint configuration with one production variant.

    Args:
        state_id: the state's name.
        endpoint_config_name: left out, every attempt of every execution gets a name of its own.
        model_name: the model's name, such as `save.name` of a ModelStep.
        initial_instance_count: how many machines.
        instance_type: which machines.
        variant_name: the variant's name.
        data_capture_config: a `DataCaptureConfig`, ours or `sagemaker` 2's, or as the request has it.
        tags: `{key: value}`, or SageMaker's list.
        fields: parameters, joined to the request object by object and stronger than it (`ProductionVariants` in it
            replaces the one variant); retry, catch, and the fields of `Task` except resource and arguments.
    """

    _names = "endpoint_config_name"
    _arn = "EndpointConfigArn"

    def __init__(
        self,
        state_id: str,
        endpoint_config_name: Any = None,
        model_name: Any = None,
        initial_instance_count: Any = 1,
        instance_type: Any = None,
        variant_name: Any = "AllTraffic",
        data_capture_config: Any = None,
        tags: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, endpoint_config_name, **fields)
        self._said = {
            "model_name": model_name,
            "initial_instance_count": initial_instance_count,
            "instance_type": instance_type,
            "variant_name": variant_name,
            "data_capture_config": data_capture_config,
            "tags": tags,
        }

    def _called(self) -> str:
        return "sagemaker:createEndpointConfig"

    def _build(self, place: Place, parameters: Any) -> Built:
        return endpoint_config_request(place=place, parameters=parameters, **self._said)


class EndpointStep(NamedStep):
    """Creates or updates an endpoint, and does not wait for it; `wait_for_endpoint` does.

    Args:
        state_id: the state's name.
        endpoint_name: the endpoint's name; left out, every attempt of every execution makes one of its own.
        endpoint_config_name: its configuration's name, such as `configure.name` of an EndpointConfigStep.
        tags: `{key: value}`, or SageMaker's list; of a new endpoint.
        update: whether the endpoint exists and gets this configuration.
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.

    Raises:
        ValueError: update=True without a name.
    """

    _names = "endpoint_name"
    _arn = "EndpointArn"

    def __init__(
        self,
        state_id: str,
        endpoint_name: Any = None,
        endpoint_config_name: Any = None,
        tags: Any = None,
        update: bool = False,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, endpoint_name, **fields)
        if update and endpoint_name is None:
            raise ValueError(f"{state_id!r} updates an endpoint, so it needs endpoint_name=, the name it has")
        self.endpoint_config_name, self.update, self._tags = endpoint_config_name, update, tags

    def _called(self) -> str:
        return f"sagemaker:{'updateEndpoint' if self.update else 'createEndpoint'}"

    def _build(self, place: Place, parameters: Any) -> Built:
        return endpoint_request(
            place=place,
            endpoint_config_name=self.endpoint_config_name,
            update=self.update,
            tags=self._tags,
            parameters=parameters,
        )


class _EndpointStatus(Task):
    """Asks how an endpoint is, and hands its input on."""

    def __init__(self, state_id: str, endpoint_name: Any) -> None:
        super().__init__(state_id)
        self.endpoint_name = endpoint_name

    def build(self, build: Build) -> dict[str, Any]:
        """`sagemaker:describeEndpoint`, of which only what is asked for is remembered."""
        kept = {"Output": "{% $states.input %}"} if build.language == "JSONata" else {"ResultPath": None}
        parameters = {"EndpointName": self.endpoint_name}
        resource = build.resource("aws-sdk:sagemaker:describeEndpoint")
        return {"Resource": resource, **super().build(build), **kept, "Parameters": parameters}


def wait_for_endpoint(state_id: str, endpoint_name: Any, seconds: Any = 60) -> Chain:
    """States that wait until an endpoint is InService: Step Functions does not wait for endpoints itself.

    They ask `DescribeEndpoint`; while the endpoint is being made or changed they wait and ask again; any other status
    than `InService` ends the execution with the error `EndpointFailed` and the answer as its cause, `FailureReason` in
    it. What follows this chain gets the input that came in.

    Args:
        state_id: the name of the state that asks; the others are named after it.
        endpoint_name: such as `deploy.name` of an EndpointStep.
        seconds: how long it waits between two questions.
    """
    ask = _EndpointStatus(state_id, endpoint_name)
    answer = Placeholder(Ref("step", (), state_id, "result", type="dict"))  # so it becomes a text as JSON
    status = ask.result["EndpointStatus"]
    again = Wait(f"{state_id}: not yet", seconds=seconds)
    failed = Fail(f"{state_id}: failed", error="EndpointFailed", cause=f"{answer}")
    under_way = status == _ON_THE_WAY[0]
    for each in _ON_THE_WAY[1:]:
        under_way = under_way | (status == each)
    decide = Choice(f"{state_id}: in service?", choices=[(under_way, again), (status != "InService", failed)])
    again.next(ask)
    return Chain([ask, decide])
