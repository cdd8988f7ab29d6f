"""Processing, training and transform jobs: every argument of their steps, and `parameters=` joined to requests."""

ABSENT = "«absent»"

PROCESSOR = """
processor = ScriptProcessor(
    command=["python3"], image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge",
    sagemaker_session=session,
)
ins = [ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in")]
outs = [ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out", output_name="out")]
"""

ESTIMATOR = """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    hyperparameters={"epochs": 3, "optimizer": "adam"}, sagemaker_session=session,
)
"""

TRANSFORMER = """
from sagemaker.transformer import Transformer
transformer = Transformer(
    model_name="digits", instance_count=1, instance_type="ml.m5.large", output_path="s3://b/answers",
    sagemaker_session=session,
)
"""

DEFINITIONS = {
    "processing with every argument by keyword": PROCESSOR
    + """
definition = ProcessingStep(
    state_id="clean", processor=processor, job_name="clean-1", inputs=ins, outputs=outs,
    experiment_config={"ExperimentName": "digits", "TrialName": "one", "TrialComponentDisplayName": "clean"},
    container_arguments=["--limit", "100"], container_entrypoint=["python3", "/opt/ml/processing/code/clean.py"],
    kms_key_id="alias/outputs", wait_for_completion=True, tags={"team": "vision", "cost": "42"},
    comment="cleans", timeout_seconds=3600, heartbeat_seconds=60, input_path="$.data", output_path="$.done",
    result_path="$.done.job",
)
""",
    "processing that nobody waits for": PROCESSOR
    + """
definition = ProcessingStep("clean", processor, "clean-1", inputs=ins, outputs=outs,
                            container_entrypoint=["python3", "clean.py"], wait_for_completion=False)
""",
    "processing by placeholders": PROCESSOR
    + """
run = ExecutionInput(schema={"job": str, "experiment": dict, "arguments": list, "entrypoint": list, "key": str,
                             "tags": list})
definition = ProcessingStep(
    "clean", processor=processor, job_name=run["job"], inputs=ins, outputs=outs, experiment_config=run["experiment"],
    container_arguments=run["arguments"], container_entrypoint=run["entrypoint"], kms_key_id=run["key"],
    tags=run["tags"],
)
""",
    "processing with parameters that win": PROCESSOR
    + """
run = ExecutionInput(schema={"machines": int, "type": str, "bucket": str})
definition = ProcessingStep(
    "clean", processor=processor, job_name="clean-1", inputs=ins, outputs=outs,
    container_entrypoint=["python3", "clean.py"],
    parameters={
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": run["machines"], "InstanceType": run["type"]}},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ProcessingJobName": "clean-2",
        "Environment": {"BUCKET": run["bucket"]},
    },
)
""",
    "processing with parts of an experiment at run time": PROCESSOR
    + """
run = ExecutionInput(schema={"experiment": str, "trial": str})
definition = ProcessingStep(
    "clean", processor=processor, job_name="clean-1", inputs=ins, outputs=outs,
    container_entrypoint=["python3", "clean.py"],
    experiment_config={"ExperimentName": run["experiment"], "TrialName": run["trial"]},
)
""",
    "processing after a state that names the job": PROCESSOR
    + """
name = Pass("name", result={"job": "clean-7"}, output_schema={"job": str})
clean = ProcessingStep("clean", processor=processor, job_name=name.output()["job"], inputs=ins, outputs=outs,
                       container_entrypoint=["python3", "clean.py"])
definition = Chain([name, clean])
""",
    "a plain processor": """
processor = Processor(
    image_uri=image, role=role, instance_count=2, instance_type="ml.m5.xlarge",
    volume_size_in_gb=40, max_runtime_in_seconds=1800, env={"MODE": "fast"}, sagemaker_session=session,
)
definition = ProcessingStep("work", processor=processor, job_name="work-1", tags={"team": "vision"},
                            container_entrypoint=["work"], inputs=[
    ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in", s3_input_mode="Pipe",
                    s3_data_type="ManifestFile")])
""",
    "training with every argument by keyword": ESTIMATOR
    + """
definition = TrainingStep(
    state_id="train", estimator=estimator, job_name="train-1",
    data={"train": TrainingInput(s3_data="s3://b/train", content_type="text/csv"), "test": "s3://b/test"},
    hyperparameters={"epochs": "9", "dropout": "0.5"},
    experiment_config={"ExperimentName": "digits", "TrialName": "one"}, wait_for_completion=True,
    tags={"team": "vision"}, output_data_config_path="s3://b/elsewhere", comment="trains", timeout_seconds=7200,
    heartbeat_seconds=60, input_path="$.data", output_path="$.done", result_path="$.done.job",
)
""",
    "training whose output path is a placeholder and tags are too": ESTIMATOR
    + """
run = ExecutionInput(schema={"out": str, "tags": list, "experiment": dict, "job": str})
definition = TrainingStep(
    "train", estimator=estimator, job_name=run["job"], data="s3://b/train", output_data_config_path=run["out"],
    tags=run["tags"], experiment_config=run["experiment"],
)
""",
    "training with a batch size": ESTIMATOR
    + """
definition = TrainingStep("train", estimator, "train-1", data="s3://b/train", mini_batch_size=100)
""",
    "training data as one input": ESTIMATOR
    + """
definition = TrainingStep("train", estimator, "train-1", TrainingInput(
    s3_data="s3://b/train", distribution="ShardedByS3Key", compression="Gzip", content_type="text/csv",
    record_wrapping="RecordIO", s3_data_type="ManifestFile", input_mode="Pipe"))
""",
    "training data as a placeholder": ESTIMATOR
    + """
run = ExecutionInput(schema={"data": str})
definition = TrainingStep("train", estimator, "train-1", data=run["data"])
""",
    "training without data": ESTIMATOR + """definition = TrainingStep("train", estimator, job_name="train-1")""",
    "training hyperparameters as one placeholder": ESTIMATOR
    + """
run = ExecutionInput(schema={"hyperparameters": dict})
definition = TrainingStep("train", estimator, "train-1", data="s3://b/train", hyperparameters=run["hyperparameters"])
""",
    "training hyperparameters joined with a placeholder": ESTIMATOR
    + """
run = ExecutionInput(schema={"optimizer": str})
definition = TrainingStep("train", estimator, "train-1", data="s3://b/train", hyperparameters={
    "optimizer": run["optimizer"], "momentum": "0.9"})
""",
    "training with parameters that win": ESTIMATOR
    + """
run = ExecutionInput(schema={"type": str, "seconds": int, "image": str})
definition = TrainingStep(
    "train", estimator=estimator, job_name="train-1", data="s3://b/train",
    parameters={
        "ResourceConfig": {"InstanceType": run["type"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": run["seconds"]},
        "AlgorithmSpecification": {"TrainingImage": run["image"]},
        "HyperParameters": {"epochs": "1"},
        "Environment": {"MODE": "fast"},
    },
)
""",
    "training with debugging": """
from sagemaker.debugger import CollectionConfig, DebuggerHookConfig
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    sagemaker_session=session, debugger_hook_config=DebuggerHookConfig(
        s3_output_path="s3://b/debug", hook_parameters={"save_interval": "10"},
        collection_configs=[CollectionConfig(name="losses", parameters={"save_interval": "5"})]),
)
definition = TrainingStep("train", estimator=estimator, job_name="train-1", data="s3://b/train")
""",
    "training without debugging in a VPC on spot machines": """
estimator = Estimator(
    image_uri=image, role=role, instance_count=2, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    sagemaker_session=session, debugger_hook_config=False, subnets=["subnet-1"], security_group_ids=["sg-1"],
    use_spot_instances=True, max_run=60, max_wait=120, checkpoint_s3_uri="s3://b/checkpoints",
    checkpoint_local_path="/opt/ml/checkpoints", volume_size=50, volume_kms_key="volumes", output_kms_key="outputs",
    input_mode="Pipe", tags=[{"Key": "from", "Value": "estimator"}], max_retry_attempts=None,
)
definition = TrainingStep("train", estimator=estimator, job_name="train-1", data="s3://b/train")
""",
    "a training whose parameters are replaced": ESTIMATOR
    + """
definition = TrainingStep("train", estimator, "train-1", data="s3://b/train")
definition.update_parameters({"TrainingJobName.$": "$.name", "RoleArn": role, "OutputDataConfig": {
    "S3OutputPath.$": "$.out"}})
""",
    "transform with every argument by keyword": TRANSFORMER
    + """
definition = TransformStep(
    state_id="score", transformer=transformer, job_name="score-1", model_name="digits-2", data="s3://b/in",
    data_type="S3Prefix", content_type="text/csv", compression_type="Gzip", split_type="Line",
    experiment_config={"ExperimentName": "digits", "TrialName": "one"}, wait_for_completion=True,
    tags={"team": "vision"}, input_filter="$[1:]", output_filter="$[0,-1]", join_source="Input", comment="scores",
    timeout_seconds=3600, heartbeat_seconds=60, input_path="$.data", output_path="$.done", result_path="$.done.job",
)
""",
    "transform by placeholders": TRANSFORMER
    + """
run = ExecutionInput(schema={"job": str, "model": str, "data": str, "type": str, "content": str, "compression": str,
                             "split": str, "experiment": dict, "tags": list, "in": str, "out": str, "join": str})
definition = TransformStep(
    "score", transformer, job_name=run["job"], model_name=run["model"], data=run["data"], data_type=run["type"],
    content_type=run["content"], compression_type=run["compression"], split_type=run["split"],
    experiment_config=run["experiment"], tags=run["tags"], input_filter=run["in"], output_filter=run["out"],
    join_source=run["join"],
)
""",
    "transform that nobody waits for": TRANSFORMER
    + """
definition = TransformStep("score", transformer, "score-1", "digits", "s3://b/in", wait_for_completion=False)
""",
    "transform with parameters that win": TRANSFORMER
    + """
run = ExecutionInput(schema={"type": str, "out": str})
definition = TransformStep(
    "score", transformer, "score-1", "digits", "s3://b/in",
    parameters={"TransformResources": {"InstanceType": run["type"]}, "TransformOutput": {"S3OutputPath": run["out"]},
                "ModelClientConfig": {"InvocationsMaxRetries": 1}},
)
""",
    "a transformer with everything": """
from sagemaker.transformer import Transformer
transformer = Transformer(
    model_name="digits", instance_count=2, instance_type="ml.m5.xlarge", strategy="MultiRecord", assemble_with="Line",
    output_path="s3://b/answers", output_kms_key="outputs", accept="text/csv", max_concurrent_transforms=4,
    max_payload=6, tags=[{"Key": "from", "Value": "transformer"}], env={"MODE": "fast"},
    base_transform_job_name="scores", sagemaker_session=session, volume_kms_key="volumes",
)
definition = TransformStep("score", transformer=transformer, job_name="score-1", model_name="digits", data="s3://b/in",
                           data_type="ManifestFile")
""",
    "a transform that writes to the session's bucket": """
from sagemaker.transformer import Transformer
transformer = Transformer(model_name="digits", instance_count=1, instance_type="ml.m5.large",
                          sagemaker_session=session)
definition = TransformStep("score", transformer, "score-1", "digits", "s3://b/in")
""",
    "a transform of what was trained": ESTIMATOR
    + """
run = ExecutionInput(schema={"job": str, "out": str})
train = TrainingStep("train", estimator=estimator, job_name=run["job"], data="s3://b/train")
save = ModelStep("save", model=train.get_expected_model(), model_name=run["job"])
score = TransformStep(
    "score", transformer=estimator.transformer(instance_count=1, instance_type="ml.m5.large", max_payload=20,
                                               output_path="s3://b/answers"),
    job_name=run["job"], model_name=run["job"], data="s3://b/in", content_type="text/csv",
)
definition = Chain([train, save, score])
""",
}

_HYPERPARAMETERS = "/States/train/Parameters/HyperParameters"
DIFFERENCES = {
    "a plain processor": (
        "a processing step without inputs or outputs",
        {"/States/work/Parameters/ProcessingOutputConfig": ABSENT},
    ),
    "training hyperparameters joined with a placeholder": (
        "an estimator's hyperparameters that are no text",
        {f"{_HYPERPARAMETERS}/epochs": "3"},
    ),
    "training with a batch size": (
        "`mini_batch_size` of an estimator that is not Amazon's own",
        {f"{_HYPERPARAMETERS}/mini_batch_size": "100"},
    ),
}
