"""What the ready-made pipelines share: every request comes whole from the execution's input.

In: steps. Out: the same steps, their requests taken from `$$.Execution.Input`, and the input to give. Touches: the
clock, for names; the code and data files that the steps name; what a pipeline's Workflow touches.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from stepmill.clock import SystemClock
from stepmill.steps import Chain, Task
from stepmill.steps import compile as compile_steps
from stepmill.steps.sagemaker.training import served
from stepmill.workflow import Execution, Workflow
from stepmill.workflow.pictures import Picture

from .requests import RequestsFromInput, refuse_run_time_values

# CreateTrainingJob, CreateModel, CreateEndpoint: names in the SageMaker API reference
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_LONGEST = 63
_TOOLKITS = "sagemaker_"  # what hyperparameters of the training toolkit begin with


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

    def execute(self, **options: Any) -> Execution:
        """Start an execution.

        Raises:
            NotImplementedError: of this base.
        """
        raise NotImplementedError


def stamp() -> str:
    """The time of this machine as it stands in names: 2026-11-27-04-58-00."""
    return datetime.fromtimestamp(SystemClock().now()).strftime("%Y-%m-%d-%H-%M-%S")


def written_to(estimator: Any, what: str, bucket: str) -> Any:
    """The estimator as a pipeline trains it: where nothing says where its output goes, to the default bucket of its
    session, else to the pipeline's.

    Raises:
        TypeError: it is no estimator; `what` is the argument it was given as.
    """
    if not (hasattr(estimator, "create_model") and hasattr(estimator, "output_path")):
        raise TypeError(f"{what}= is a {type(estimator).__name__}; give an Estimator, ours or sagemaker 2's")
    made = copy.copy(estimator)
    if made.output_path is None:
        session = getattr(made, "sagemaker_session", None)
        named = None if session is None else session.default_bucket()
        made.output_path = f"s3://{bucket if named in (None, '${Bucket}') else named}/"
    return made


def model_of(estimator: Any, place: str) -> Any:
    """The model of an estimator, with a URI that every execution replaces. place: below which it lies."""
    model = served(estimator)
    model.model_data = f"{place}/model.tar.gz"
    return model


def from_input(name: str, definition: Chain, role: str | None, client: Any) -> tuple[dict[str, Any], Workflow]:
    """Let every Task take its request from the execution's input, field by field.

    Out: those requests, by state; and the Workflow, called `name`, with that role and client.

    Raises:
        InvalidDefinition: with everything that is wrong with the requests.
    """
    described = compile_steps(name, definition)
    states = json.loads(described.template)["States"]
    template: dict[str, Any] = {}
    for step in definition.steps:
        if isinstance(step, Task):
            request = states[step.state_id]["Parameters"]
            template[step.state_id] = request
            step.update_parameters({f"{key}.$": f"$$.Execution.Input['{step.state_id}'].{key}" for key in request})
    refuse_run_time_values(template, described.manifest)
    return template, RequestsFromInput(described, name, definition, role, client=client)


def named(job_name: str | None, kind: str, *prefixes: str) -> str:
    """The name of an execution: as given, or `<kind>-<time>`. prefixes: what stands before it in names of jobs.

    Raises:
        ValueError: SageMaker would refuse one of the names.
    """
    if job_name is None:
        return f"{kind}-{stamp()}"
    longest = max(prefixes, key=len)
    if not _NAME.fullmatch(job_name) or len(longest + job_name) > _LONGEST:
        raise ValueError(
            f"job_name={job_name!r} cannot be: SageMaker's names are letters, digits and dashes between them, at most "
            f"{_LONGEST}, and jobs are called {longest}<job_name>; give at most {_LONGEST - len(longest)}"
        )
    return job_name


def hyperparameters_into(request: dict[str, Any], values: Mapping[str, Any] | None, job_name: str) -> None:
    """Replace the hyperparameters of a training job, but not what names its script; tell the script its job's name.

    Raises:
        ValueError: there are values, and the definition reads none, because the estimator has none.
    """
    if "HyperParameters" not in request:
        if values:
            raise ValueError(
                "hyperparameters= are given and the estimator has none, so the definition does not ask for any; "
                "give the estimator hyperparameters= that these can replace"
            )
        return
    if values is not None:
        own = {key: value for key, value in request["HyperParameters"].items() if key.startswith(_TOOLKITS)}
        request["HyperParameters"] = own | {key: str(value) for key, value in values.items()}
    tell_job_name(request, job_name)


def tell_job_name(request: dict[str, Any], job_name: str) -> None:
    """Tell a framework's script the name of its job, where a request tells it one."""
    if f"{_TOOLKITS}job_name" in request.get("HyperParameters", {}):
        request["HyperParameters"][f"{_TOOLKITS}job_name"] = json.dumps(job_name)


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
