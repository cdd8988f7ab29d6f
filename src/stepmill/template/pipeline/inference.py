"""Train a preprocessor and a model on what it makes of the data, and deploy both as one.

In: two estimators, their data, a bucket. Out: a Workflow of seven states. Touches: what its Workflow touches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.pipeline import PipelineModel
from stepmill.steps import Chain, EndpointConfigStep, EndpointStep, ModelStep, TrainingStep, TransformStep
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
    tell_job_name,
    train_into,
    written_to,
)


class InferencePipeline(WorkflowTemplate):
    """Trains a preprocessor, transforms the data with it, trains an estimator on that, and deploys both one after the
    other behind one endpoint.

    Args:
        preprocessor: the estimator whose model transforms the data.
        estimator: the estimator that is trained on what comes out.
        inputs: the training data by channel; the channel `train` is transformed.
        s3_bucket: everything is written below `s3://<s3_bucket>/<pipeline_name>/`.
        role: ARN of the state machine's role.
        client: a boto3 `stepfunctions` client; without one the workflow talks to its stage.
        options: pipeline_name, the workflow's name (left out, `inference-pipeline-<time>`); compression_type and
            content_type of the data that is transformed.
    """

    def __init__(
        self,
        preprocessor: Any,
        estimator: Any,
        inputs: Any,
        s3_bucket: str,
        role: str,
        client: Any = None,
        **options: Any,
    ) -> None:
        self.preprocessor, self.estimator, self.inputs = preprocessor, estimator, inputs
        self.s3_bucket = s3_bucket
        self.compression_type = options.pop("compression_type", None)
        self.content_type = options.pop("content_type", None)
        self.pipeline_name = options.pop("pipeline_name", None) or f"inference-pipeline-{stamp()}"
        self.definition = self.build_workflow_definition()
        self.input_template, workflow = from_input(self.pipeline_name, self.definition, role, client)
        super().__init__(s3_bucket, workflow, role, client, **options)

    def build_workflow_definition(self) -> Chain:
        """The seven steps, each with a request of its own."""
        name, place = self.pipeline_name, f"s3://{self.s3_bucket}/{self.pipeline_name}"
        first = written_to(self.preprocessor, "preprocessor", self.s3_bucket)
        second = written_to(self.estimator, "estimator", self.s3_bucket)
        models = [model_of(each, f"{place}/models") for each in (first, second)]
        transformer = first.transformer(
            instance_count=first.instance_count, instance_type=first.instance_type, max_payload=20
        )
        transformer.output_path = transformer.output_path or place
        return Chain(
            [
                TrainingStep(StepId.TrainPreprocessor.value, first, "preprocessor-source", self.inputs),
                ModelStep(
                    StepId.CreatePreprocessorModel.value, models[0], name, instance_type=first.instance_type
                ),
                TransformStep(
                    StepId.TransformInput.value, transformer, name, name, _data(self.inputs),
                    content_type=self.content_type, compression_type=self.compression_type,
                ),
                TrainingStep(StepId.Train.value, second, "estimator-source", self.inputs),
                ModelStep(
                    StepId.CreatePipelineModel.value, PipelineModel(models, second.role), "pipeline-model",
                    instance_type=second.instance_type,
                ),
                EndpointConfigStep(
                    StepId.ConfigureEndpoint.value, name, name, second.instance_count, second.instance_type
                ),
                EndpointStep(StepId.Deploy.value, name, name),
            ]
        )  # fmt: skip

    def pipeline_model_config(self, instance_type: Any, pipeline_model: Any) -> dict[str, Any]:
        """The request that makes both models one: their containers for a machine, and the role of `pipeline_model`."""
        return {
            "ModelName": "pipeline-model",
            "Containers": pipeline_model.pipeline_container_def(instance_type),
            "ExecutionRoleArn": pipeline_model.role,
        }

    def replace_sagemaker_job_name(self, config: dict[str, Any], job_name: str) -> None:
        """Tell a framework's script the name of its job, where the request `config` tells it one."""
        tell_job_name(config, job_name)

    def execute(  # type: ignore[override]  # the old SDK's signature
        self, job_name: str | None = None, hyperparameters: dict[str, Any] | None = None
    ) -> Execution:
        """Start an execution.

        job_name: of the execution, the model and the endpoint, and after `preprocessor-` and `estimator-` of the jobs;
        left out, `inference-pipeline-<time>`. hyperparameters: of the estimator, instead of its own, sent as text; what
        names its script stays.

        Raises:
            ValueError: a job cannot be named so, or the estimator has no hyperparameters that these could replace.
            InvalidDefinition: with a client, when the requests name what only a stage has, such as code to store.
        """
        job_name = named(job_name, "inference-pipeline", "preprocessor-", "estimator-")
        inputs = input_of(self.input_template)
        before, transform, training = (
            inputs[each.value] for each in (StepId.TrainPreprocessor, StepId.TransformInput, StepId.Train)
        )
        model, whole = inputs[StepId.CreatePreprocessorModel.value], inputs[StepId.CreatePipelineModel.value]
        root = f"s3://{self.s3_bucket}/{self.workflow.name}"
        first = train_into(before, f"{root}/models", f"preprocessor-{job_name}")
        second = train_into(training, f"{root}/models", f"estimator-{job_name}")
        tell_job_name(before, before["TrainingJobName"])
        hyperparameters_into(training, hyperparameters, training["TrainingJobName"])
        for request in (before, training):
            if "DebugHookConfig" in request:
                request["DebugHookConfig"]["S3OutputPath"] = f"{root}/models/debug"
        model["PrimaryContainer"]["ModelDataUrl"] = whole["Containers"][0]["ModelDataUrl"] = first
        whole["Containers"][1]["ModelDataUrl"] = second
        model["ModelName"] = transform["ModelName"] = transform["TransformJobName"] = before["TrainingJobName"]
        transformed = f"{root}/preprocessor-transform-{job_name}/transform"
        transform["TransformOutput"]["S3OutputPath"] = transformed
        source = {"S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix", "S3Uri": transformed}
        training["InputDataConfig"] = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
        whole["ModelName"] = job_name
        deploy_as(inputs, job_name)
        return self.workflow.execute(inputs=inputs, name=job_name)


def _data(inputs: Any) -> Any:
    """The data that is transformed: the channel `train`, as a URI, a path or a run-time value."""
    if not isinstance(inputs, Mapping) or "train" not in inputs:
        raise ValueError(f"inputs= needs the channel train, whose data is transformed: {{'train': …}}, not {inputs!r}")
    source = getattr(inputs["train"], "config", {}).get("DataSource", {}).get("S3DataSource", {})
    return source.get("S3Uri", inputs["train"])
