"""Models and the step that creates them."""

MODEL = """
from sagemaker.model import FrameworkModel, Model
from sagemaker.pipeline import PipelineModel
model = Model(
    image_uri=image, model_data="s3://b/model.tar.gz", role=role, env={"MODE": "fast"}, name="digits",
    sagemaker_session=session,
)
"""

TRAIN = """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    sagemaker_session=session,
)
run = ExecutionInput(schema={"job": str, "model": str})
train = TrainingStep("train", estimator=estimator, job_name=run["job"], data="s3://b/train")
"""

DEFINITIONS = {
    "a model with every argument by keyword": MODEL
    + """
definition = ModelStep(
    state_id="save", model=model, model_name="digits-2", instance_type="ml.m5.large", tags={"team": "vision"},
    comment="saves", timeout_seconds=60, heartbeat_seconds=30, input_path="$.data", output_path="$.done",
    result_path="$.done.model",
)
""",
    "a model under its own name": MODEL + """definition = ModelStep("save", model)""",
    "a model by placeholders": MODEL
    + """
run = ExecutionInput(schema={"name": str, "tags": list})
definition = ModelStep("save", model=model, model_name=run["name"], tags=run["tags"])
""",
    "a model of data known at run time": """
from sagemaker.model import Model
run = ExecutionInput(schema={"data": str, "image": str, "name": str, "mode": str})
model = Model(image_uri=image, model_data=run["data"], role=role, name=run["name"], env={"MODE": run["mode"]},
              sagemaker_session=session)
definition = ModelStep("save", model=model)
""",
    "a model with parameters that win": MODEL
    + """
run = ExecutionInput(schema={"data": str})
definition = ModelStep(
    "save", model=model, model_name="digits-2",
    parameters={"PrimaryContainer": {"ModelDataUrl": run["data"], "Mode": "SingleModel",
                                     "Environment": {"MODE": "slow", "MORE": "yes"}},
                "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}},
)
""",
    "a framework model": MODEL
    + """
framework = FrameworkModel(
    model_data="s3://b/model.tar.gz", image_uri=image, role=role, entry_point="serve.py",
    source_dir="s3://b/code/sourcedir.tar.gz", env={"MODE": "fast"}, name="digits", container_log_level=10,
    sagemaker_session=session, vpc_config={"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
)
definition = ModelStep("save", model=framework, instance_type="ml.m5.large", tags={"team": "vision"})
""",
    "a framework model without a script under another name": MODEL
    + """
run = ExecutionInput(schema={"name": str})
framework = FrameworkModel(model_data="s3://b/model.tar.gz", image_uri=image, role=role, name="digits",
                           sagemaker_session=session)
definition = ModelStep("save", model=framework, model_name=run["name"])
""",
    "the model of a training": TRAIN
    + """
save = ModelStep("save", model=train.get_expected_model(model_name="digits"))
definition = Chain([train, save])
""",
    "the model of a training under the job's name": TRAIN
    + """
save = ModelStep("save", model=train.get_expected_model(), instance_type="ml.m5.large")
definition = Chain([train, save])
""",
    "the model of a training under a name known at run time": TRAIN
    + """
save = ModelStep("save", model=train.get_expected_model(), model_name=run["model"])
definition = Chain([train, save])
""",
    "the model of a training with an environment": """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/models",
    sagemaker_session=session,
)
train = TrainingStep("train", estimator=estimator, job_name="train-1", data="s3://b/train")
model = train.get_expected_model(model_name="digits")
model.env = {"MODE": "fast"}
definition = Chain([train, ModelStep("save", model=model)])
""",
    "a model that waits for nothing and retries": MODEL
    + """
definition = ModelStep("save", model=model, model_name="digits-2")
definition.add_retry(Retry(error_equals=["SageMaker.AmazonSageMakerException"], interval_seconds=5, max_attempts=3))
definition.add_catch(Catch(error_equals=["States.ALL"], next_step=Fail("failed", error="E", cause="c")))
""",
}
