"""What the ready-made pipelines share: every request comes whole from the execution's input.

In: a chain of steps. Out: the same chain, its requests taken from `$$.Execution.Input`, and the input to give. Touches:
the clock, for names; what a pipeline's Workflow touches.
"""

from __future__ import annotations

import copy
from datetime import datetime
from enum import Enum
from typing import Any

from stepmill.clock import SystemClock
from stepmill.steps import Chain, Graph, Task
from stepmill.workflow import Workflow
from stepmill.workflow.pictures import Picture


class StepId(Enum):
    """The states of the ready-made pipelines, and the keys of their input."""

    Train = "Training"
    CreateModel = "Create Model"
    ConfigureEndpoint = "Configure Endpoint"
    Deploy = "Deploy"
    TrainPreprocessor = "Train Preprocessor"
    CreatePreprocessorModel = "Create Preprocessor Model"
    TransformInput = "Transform Input"
    CreatePipelineModel = "Create Pipeline Model"


class WorkflowTemplate:
    """A Workflow that is ready-made.

    Args:
        s3_bucket: the bucket that models are written to.
        workflow: the Workflow.
        role: ARN of the state machine's role.
        client: the boto3 client the workflow has; None without one.
        options: for subclasses; there are none here.
    """

    def __init__(self, s3_bucket: str, workflow: Workflow, role: str | None, client: Any, **options: Any) -> None:
        if options:
            raise TypeError(f"{type(self).__name__} has no argument {next(iter(options))!r}")
        self.s3_bucket, self.workflow, self.role, self.client = s3_bucket, workflow, role, client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(s3_bucket={self.s3_bucket!r}, workflow={self.workflow!r}, role={self.role!r})"

    def render_graph(self, portrait: bool = False) -> Picture:
        """The graph, as `Workflow.render_graph` draws it; `portrait` from top to bottom."""
        return self.workflow.render_graph(portrait=portrait)

    def get_workflow(self) -> Workflow:
        """The Workflow."""
        return self.workflow

    def build_workflow_definition(self) -> Chain:
        """The steps, each with a request of its own.

        Raises:
            NotImplementedError: of this base.
        """
        raise NotImplementedError

    def create(self) -> str:
        """Make the state machine. Out: its ARN."""
        return self.workflow.create()

    def execute(self, **options: Any) -> Any:
        """Start an execution.

        Raises:
            NotImplementedError: of this base.
        """
        raise NotImplementedError


def stamp() -> str:
    """The time of this machine as it stands in names: 2026-11-27-04-58-00."""
    return datetime.fromtimestamp(SystemClock().now()).strftime("%Y-%m-%d-%H-%M-%S")


def from_input(definition: Chain) -> dict[str, Any]:
    """Let every Task take its request from the execution's input, field by field. Out: those requests, by state.

    Raises:
        InvalidDefinition: with everything that is wrong with the requests.
    """
    states = Graph(definition).states
    template: dict[str, Any] = {}
    for step in definition.steps:
        if isinstance(step, Task):
            request = states[step.state_id]["Parameters"]
            template[step.state_id] = request
            step.update_parameters({f"{key}.$": f"$$.Execution.Input['{step.state_id}'].{key}" for key in request})
    return template


def input_of(template: dict[str, Any]) -> dict[str, Any]:
    """An input to fill in, of its own for every execution."""
    return copy.deepcopy(template)


def train_into(request: dict[str, Any], place: str, job_name: str) -> str:
    """Name a training job and say where its model goes. Out: the URI the model will have."""
    request["TrainingJobName"] = job_name
    request["OutputDataConfig"]["S3OutputPath"] = place
    return f"{place}/{job_name}/output/model.tar.gz"


def deploy_as(inputs: dict[str, Any], name: str) -> None:
    """Name the endpoint, its configuration and the model it serves."""
    configuration, endpoint = inputs[StepId.ConfigureEndpoint.value], inputs[StepId.Deploy.value]
    configuration["EndpointConfigName"] = endpoint["EndpointConfigName"] = endpoint["EndpointName"] = name
    for variant in configuration["ProductionVariants"]:
        variant["ModelName"] = name
