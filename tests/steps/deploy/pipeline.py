"""Tune, keep the best model, score with it, register it and serve it: every step of SageMaker beyond the jobs."""

from stepmill.inputs import ExecutionInput
from stepmill.sagemaker import (
    ContinuousParameter,
    DataCaptureConfig,
    Estimator,
    HyperparameterTuner,
    IntegerParameter,
    Model,
    PipelineModel,
    Transformer,
)
from stepmill.steps import (
    Chain,
    EndpointConfigStep,
    EndpointStep,
    LambdaStep,
    ModelPackageStep,
    ModelStep,
    Task,
    TransformStep,
    TuningStep,
    wait_for_endpoint,
)

run = ExecutionInput({"data": "s3://my-data/digits/", "highest_rate": 0.1, "endpoint": "digits"})
estimator = Estimator(
    image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/digits:1",
    hyperparameters={"epochs": 3, "rate": 0.01},
    metric_definitions={"accuracy": "accuracy: ([0-9.]+)"},
)
ranges = {"rate": ContinuousParameter(0.001, run["highest_rate"], "Logarithmic"), "layers": IntegerParameter(1, 4)}
tune = TuningStep("Tune", HyperparameterTuner(estimator, "accuracy", ranges, max_jobs=8), data={"train": run["data"]})
best = Task(
    "Best",
    resource="arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob",
    parameters={"TrainingJobName": tune.best_training_job},
)
clean = Model(requirements=["numpy"], env={"MODE": "clean"})
answer = Model(image_uri=estimator.image_uri, model_data=best.result["ModelArtifacts"]["S3ModelArtifacts"])
save = ModelStep("Save", PipelineModel([clean, answer]))
score = TransformStep(
    "Score",
    Transformer(accept="text/csv", assemble_with="Line"),
    model_name=save.name,
    data=run["data"],
    split_type="Line",
    join_source="Input",
)
register = ModelPackageStep(
    "Register",
    answer,
    "digits",
    content_types=["text/csv"],
    response_types=["text/csv"],
    inference_instances=["ml.m5.large"],
    model_metrics=f"{score.s3_output_path}/report.json",
    customer_metadata_properties={"accuracy": f"{tune.best_objective}"},
)
configure = EndpointConfigStep(
    "Configure", model_name=save.name, instance_type="ml.m5.large", data_capture_config=DataCaptureConfig(True)
)
deploy = EndpointStep("Deploy", run["endpoint"], configure.name)
tell = LambdaStep(
    "Tell",
    function="arn:aws:lambda:us-east-1:123456789012:function:tell",
    payload={"version": register.arn, "endpoint": deploy.arn, "rate": tune.best_hyperparameters["rate"]},
)
definition = Chain(
    [tune, best, save, score, register, configure, deploy, wait_for_endpoint("Serve", deploy.name), tell]
)
