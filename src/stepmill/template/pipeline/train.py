"""Train a model and deploy it.

In: an estimator, its data, a bucket. Out: a Workflow of four states. Touches: what its Workflow touches.
"""

from __future__ import annotations

from typing import Any

from stepmill.steps import Chain, EndpointConfigStep, EndpointStep, ModelStep, TrainingStep
from stepmill.workflow import Execution, Workflow

from .common import StepId, WorkflowTemplate, deploy_as, from_input, input_of, stamp, train_into


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
        self.input_template = from_input(self.definition)
        workflow = Workflow(self.pipeline_name, self.definition, role, client=client)
        super().__init__(s3_bucket, workflow, role, client, **options)

    def build_workflow_definition(self) -> Chain:
        """The four steps, each with a request of its own."""
        name, machine = self.pipeline_name, self.estimator.instance_type
        model = self.estimator.create_model()
        model.model_data = f"s3://{self.s3_bucket}/{name}/models/model.tar.gz"
        return Chain(
            [
                TrainingStep(StepId.Train.value, self.estimator, f"{name}-estimator-source", self.inputs),
                ModelStep(StepId.CreateModel.value, model, name, instance_type=machine),
                EndpointConfigStep(
                    StepId.ConfigureEndpoint.value, name, name, self.estimator.instance_count, machine
                ),
                EndpointStep(StepId.Deploy.value, name, name),
            ]
        )  # fmt: skip

    def execute(  # type: ignore[override]  # the old SDK's signature
        self, job_name: str | None = None, hyperparameters: dict[str, Any] | None = None
    ) -> Execution:
        """Start an execution.

        job_name: of the execution, the model and the endpoint, and after `estimator-` of the training job; left out,
        `training-pipeline-<time>`. hyperparameters: instead of the estimator's; sent as text.
        """
        inputs, job_name = input_of(self.input_template), job_name or f"training-pipeline-{stamp()}"
        training, model = inputs[StepId.Train.value], inputs[StepId.CreateModel.value]
        if hyperparameters is not None:
            training["HyperParameters"] = {key: str(value) for key, value in hyperparameters.items()}
        place = f"s3://{self.s3_bucket}/{self.workflow.name}/models"
        model["PrimaryContainer"]["ModelDataUrl"] = train_into(training, place, f"estimator-{job_name}")
        model["ModelName"] = job_name
        deploy_as(inputs, job_name)
        return self.workflow.execute(inputs=inputs, name=job_name)
