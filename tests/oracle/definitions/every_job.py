"""Every step of SageMaker, twice: once with all that is said in numbers, once with all that is said by paths."""

from .every_service import EVERYTHING

OBJECTS = """
from sagemaker.model import Model
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.transformer import Transformer
from sagemaker.tuner import CategoricalParameter, ContinuousParameter, HyperparameterTuner, IntegerParameter
run = ExecutionInput(schema={"job": str, "uri": str, "experiment": dict, "tags": list, "params": dict})
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    hyperparameters={"epochs": 3, "optimizer": "adam"}, sagemaker_session=session,
    metric_definitions=[{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+)"}],
)
tuner = HyperparameterTuner(
    estimator, "accuracy", {"rate": ContinuousParameter(0.001, 0.1), "depth": IntegerParameter(2, 8),
                            "optimizer": CategoricalParameter(["adam", "sgd"])},
    [{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+)"}], max_jobs=8, max_parallel_jobs=2, objective_type="Maximize",
)
processor = Processor(image_uri=image, role=role, instance_count=1, instance_type="ml.m5.large",
                      sagemaker_session=session)
transformer = Transformer("digits", 1, "ml.m5.large", output_path="s3://b/scores", sagemaker_session=session)
model = Model(image_uri=image, model_data="s3://b/model.tar.gz", role=role, name="digits", env={"A": "b"},
              sagemaker_session=session)
"""


def twice(first: str, second: str) -> str:
    return f"""{EVERYTHING}{OBJECTS}
first = {first}
second = {second}
definition = Chain([first, second])
"""


DEFINITIONS = {
    "ProcessingStep with everything": twice(
        """ProcessingStep(
    "By numbers", processor=processor, job_name=run["job"],
    inputs=[ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out", output_name="out")],
    experiment_config=run["experiment"], container_arguments=["--a", "1"], container_entrypoint=["python3", "x.py"],
    kms_key_id="key", wait_for_completion=True, tags=run["tags"], **numbers,
    parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 600}, "Environment": {"A": "b"}})""",
        """ProcessingStep(
    "By paths", processor, "fixed",
    [ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in")],
    [ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out", output_name="out")],
    wait_for_completion=False, tags={"a": "b"}, experiment_config={"ExperimentName": "e"}, **paths)""",
    ),
    "TrainingStep with everything": twice(
        """TrainingStep(
    "By numbers", estimator=estimator, job_name=run["job"], data=run["uri"],
    hyperparameters={"epochs": "5", "rate": "1"}, experiment_config=run["experiment"], wait_for_completion=True,
    tags=run["tags"], output_data_config_path=run["uri"], mini_batch_size=None, **numbers,
    parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 600}, "Environment": {"A": run["uri"]}})""",
        """TrainingStep("By paths", estimator, "fixed", {"train": "s3://b/train"}, run["params"],
    experiment_config={"TrialName": "t"}, wait_for_completion=False, tags={"a": "b"},
    output_data_config_path="s3://b/elsewhere", **paths)""",
    ),
    "TransformStep with everything": twice(
        """TransformStep(
    "By numbers", transformer=transformer, job_name=run["job"], model_name="digits", data="s3://b/in",
    data_type="S3Prefix", content_type="text/csv", compression_type="Gzip", split_type="Line",
    experiment_config=run["experiment"], wait_for_completion=True, tags=run["tags"], input_filter="$[1:]",
    output_filter="$[0]", join_source="Input", **numbers, parameters={"MaxPayloadInMB": 20})""",
        """TransformStep("By paths", transformer, "fixed", run["job"], "s3://b/manifest", "ManifestFile",
    wait_for_completion=False, tags={"a": "b"}, experiment_config={"TrialName": "t"}, **paths)""",
    ),
    "TuningStep with everything": twice(
        """TuningStep(
    "By numbers", tuner=tuner, job_name=run["job"], data={"train": TrainingInput("s3://b/train")},
    wait_for_completion=True, tags=run["tags"], **numbers,
    parameters={"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxNumberOfTrainingJobs": 4}}})""",
        """TuningStep("By paths", tuner, "fixed", {"train": "s3://b/train"}, wait_for_completion=False,
    tags={"a": "b"}, **paths)""",
    ),
    "ModelStep with everything": twice(
        """ModelStep("By numbers", model=model, model_name=run["job"], instance_type="ml.c4.xlarge", tags=run["tags"],
    **numbers, parameters={"EnableNetworkIsolation": True})""",
        """ModelStep("By paths", model, tags={"a": "b"}, **paths)""",
    ),
    "EndpointConfigStep with everything": twice(
        """EndpointConfigStep(
    "By numbers", endpoint_config_name=run["job"], model_name=run["job"], initial_instance_count=2,
    instance_type="ml.m5.large", variant_name="main", tags={"a": "b"}, **numbers,
    data_capture_config=DataCaptureConfig(enable_capture=True, sampling_percentage=20, destination_s3_uri="s3://b/c",
                                          sagemaker_session=session))""",
        """EndpointConfigStep("By paths", "config", "digits", 1, "ml.m5.large", **paths)""",
    ),
    "EndpointStep with everything": twice(
        """EndpointStep("By numbers", endpoint_name=run["job"], endpoint_config_name=run["job"], tags={"a": "b"},
    update=False, **numbers)""",
        """EndpointStep("By paths", "digits", "config", update=True, **paths)""",
    ),
}
