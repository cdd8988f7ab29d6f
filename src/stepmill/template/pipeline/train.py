"""Train a model and deploy it.

In: an estimator, its data, a bucket. Out: a Workflow of four states. Touches: what its Workflow touches.
"""

from __future__ import annotations

from typing import Any

from stepmill.steps import Chain, EndpointConfigStep, EndpointStep, ModelStep, TrainingStep
from stepmill.workflow import Execution

from .common import (
    StepId,
    WorkflowTemplate,
    deploy_as,
    from_input,
    hyperparameters_into,
    input_of,
    model_of,
    named,
    stamp,
    train_into,
    written_to,
)


class TrainingPipeline(WorkflowTemplate):
    """Trains an estimator, makes a model of it, configures an endpoint and deploys it.

    Args:
        estimator: an `Estimator`, ours or `sagemaker` 2's, with image, role and machine.
        role: ARN of the state machine's role.
        inputs: the training data, as in TrainingStep.
        s3_bucket: models are written to `s3://<s3_bucket>/<pipeline_name>/models/<job name>/`.
        client: a boto3 `stepfunctions` client; without one the workflow talks to its stage.
        options: pipeline_name, the workflow's name; left out, `training-pipeline-<time>`.
    """

    def __init__(
        self, estimator: Any, role: str, inputs: Any, s3_bucket: str, client: Any = None, **options: Any
    ) -> None:
        self.estimator, self.inputs, self.s3_bucket = estimator, inputs, s3_bucket
        self.pipeline_name = options.pop("pipeline_name", None) or f"training-pipeline-{stamp()}"
        self.definition = self.build_workflow_definition()
        self.input_template, workflow = from_input(self.pipeline_name, self.definition, role, client)
        super().__init__(s3_bucket, workflow, role, client, **options)

    def build_workflow_definition(self) -> Chain:
        """The four steps, each with a request of its own."""
        name, estimator = self.pipeline_name, written_to(self.estimator, "estimator", self.s3_bucket)
        machine, model = estimator.instance_type, model_of(estimator, f"s3://{self.s3_bucket}/{name}/models")
        return Chain(
            [
                TrainingStep(StepId.Train.value, estimator, "estimator-source", self.inputs),
                ModelStep(StepId.CreateModel.value, model, name, instance_type=machine),
                EndpointConfigStep(StepId.ConfigureEndpoint.value, name, name, estimator.instance_count, machine),
                EndpointStep(StepId.Deploy.value, name, name),
            ]
        )

    def execute(  # type: ignore[override]  # the old SDK's signature
        self, job_name: str | None = None, hyperparameters: dict[str, Any] | None = None
    ) -> Execution:
        """Start an execution.

        job_name: of the execution, the model and the endpoint, and after `estimator-` of the training job; left out,
        `training-pipeline-<time>`. hyperparameters: instead of the estimator's, sent as text; what names its script
        stays.

        Raises:
            ValueError: a job cannot be named so, or the estimator has no hyperparameters that these could replace.
            InvalidDefinition: with a client, when the requests name what only a stage has, such as code to store.
        """
        job_name = named(job_name, "training-pipeline", "estimator-")
        inputs = input_of(self.input_template)
        training, model = inputs[StepId.Train.value], inputs[StepId.CreateModel.value]
        place = f"s3://{self.s3_bucket}/{self.workflow.name}/models"
        model["PrimaryContainer"]["ModelDataUrl"] = train_into(training, place, f"estimator-{job_name}")
        hyperparameters_into(training, hyperparameters, training["TrainingJobName"])
        model["ModelName"] = job_name
        deploy_as(inputs, job_name)
        return self.workflow.execute(inputs=inputs, name=job_name)
