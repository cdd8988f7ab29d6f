"""Tuning jobs: one estimator and several, every range, every argument of the step."""

TUNER = """
from sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.tuner import HyperparameterTuner, WarmStartConfig, WarmStartTypes
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    hyperparameters={"epochs": 3, "optimizer": "adam", "lr": 0.1}, sagemaker_session=session,
)
metrics = [{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+)"}]
ranges = {
    "lr": ContinuousParameter(0.001, 0.1, scaling_type="Logarithmic"), "layers": IntegerParameter(1, 4),
    "optimizer": CategoricalParameter(["adam", "sgd"]),
}
tuner = HyperparameterTuner(
    estimator=estimator, objective_metric_name="accuracy", hyperparameter_ranges=ranges, metric_definitions=metrics,
    strategy="Bayesian", objective_type="Maximize", max_jobs=8, max_parallel_jobs=2,
    tags=[{"Key": "from", "Value": "tuner"}], base_tuning_job_name="digits", early_stopping_type="Auto",
)
"""

DEFINITIONS = {
    "tuning with every argument by keyword": TUNER
    + """
definition = TuningStep(
    state_id="tune", tuner=tuner, job_name="tune-1",
    data={"train": TrainingInput(s3_data="s3://b/train"), "test": "s3://b/test"}, wait_for_completion=True,
    tags={"team": "vision"}, comment="tunes", timeout_seconds=7200, heartbeat_seconds=60, input_path="$.data",
    output_path="$.done", result_path="$.done.job",
)
""",
    "tuning that nobody waits for": TUNER
    + """definition = TuningStep("tune", tuner, "tune-1", "s3://b/train", wait_for_completion=False)""",
    "tuning by placeholders": TUNER
    + """
run = ExecutionInput(schema={"job": str, "tags": list})
definition = TuningStep("tune", tuner=tuner, job_name=run["job"], data="s3://b/train", tags=run["tags"])
""",
    "tuning with parameters that win": TUNER
    + """
run = ExecutionInput(schema={"jobs": int, "type": str})
definition = TuningStep(
    "tune", tuner=tuner, job_name="tune-1", data="s3://b/train",
    parameters={
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": run["jobs"]}},
        "TrainingJobDefinition": {"ResourceConfig": {"InstanceType": run["type"]},
                                  "StaticHyperParameters": {"epochs": "9"}},
    },
)
""",
    "tuning for the least, from earlier jobs": TUNER
    + """
tuner = HyperparameterTuner(
    estimator, "loss", {"lr": ContinuousParameter(0.001, 0.1)}, strategy="Random", objective_type="Minimize",
    metric_definitions=[{"Name": "loss", "Regex": "loss: ([0-9.]+)"}], max_jobs=4,
    warm_start_config=WarmStartConfig(WarmStartTypes.TRANSFER_LEARNING, parents={"tune-0"}),
)
definition = TuningStep("tune", tuner, "tune-1", TrainingInput(s3_data="s3://b/train", content_type="text/csv"))
""",
    "tuning on spot machines in a VPC": TUNER
    + """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    sagemaker_session=session, use_spot_instances=True, max_run=60, max_wait=120, subnets=["subnet-1"],
    security_group_ids=["sg-1"], checkpoint_s3_uri="s3://b/checkpoints", checkpoint_local_path="/opt/ml/checkpoints",
)
tuner = HyperparameterTuner(estimator, "accuracy", {"layers": IntegerParameter(1, 4, "Linear")}, metrics, max_jobs=3)
definition = TuningStep("tune", tuner, "tune-1", {"train": "s3://b/train"})
""",
    "tuning and what comes of it": TUNER
    + """
tune = TuningStep("tune", tuner, "tune-1", "s3://b/train")
tell = LambdaStep("tell", parameters={"FunctionName": "tell", "Payload": {
    "best": tune.output()["BestTrainingJob"]["TrainingJobName"]}})
definition = Chain([tune, tell])
""",
}
