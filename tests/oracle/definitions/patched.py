"""Requests that programs changed after their steps were made: the way out where the old SDK lacked an argument."""

TRAIN = """
estimator = Estimator(
    image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://b/model",
    hyperparameters={"epochs": 3},
)
run = ExecutionInput(schema={"job": str, "epochs": int, "bucket": str})
train = TrainingStep("Train", estimator=estimator, job_name=run["job"], data={"train": TrainingInput("s3://b/train")},
                     tags={"team": "digits"})
"""

DEFINITIONS = {
    "a training request with more in it": TRAIN
    + """
train.fields["parameters"]["Environment"] = {"MODE": "fast"}
train.fields["parameters"]["RetryStrategy"] = {"MaximumRetryAttempts": 3}
train.fields["parameters"]["Tags"].append({"Key": "stage", "Value": "test"})
train.fields["comment"] = "patched"
definition = train
""",
    "a training request with other values": TRAIN
    + """
request = train.parameters
request["ResourceConfig"]["InstanceCount"] = 4
request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
request["OutputDataConfig"]["S3OutputPath"] = run["bucket"]
del request["StoppingCondition"]
train.update_parameters(request)
definition = train
""",
    "a request made anew from the old one": TRAIN
    + """
train.update_parameters({**train.parameters, "EnableManagedSpotTraining": True,
                         "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}})
definition = train
""",
    "a processing request with more in it": """
processor = ScriptProcessor(command=["python3"], image_uri=image, role=role, instance_count=1,
                            instance_type="ml.m5.xlarge")
run = ExecutionInput(schema={"job": str, "day": str})
step = ProcessingStep(
    "Process", processor=processor, job_name=run["job"], container_arguments=["--all"],
    inputs=[ProcessingInput(source="s3://b/in", destination="/opt/ml/processing/in", input_name="in")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out", output_name="out")],
)
step.parameters["Environment"] = {"DAY": run["day"]}
step.parameters["ProcessingInputs"][0]["S3Input"]["S3DataType"] = "ManifestFile"
step.parameters["ProcessingOutputConfig"]["Outputs"].append({"OutputName": "more", "S3Output": {
    "S3Uri": "s3://b/more", "LocalPath": "/opt/ml/processing/more", "S3UploadMode": "EndOfJob"}})
definition = step
""",
    "model and transform requests with more in them": """
from sagemaker.model import Model
from sagemaker.transformer import Transformer
run = ExecutionInput(schema={"model": str, "job": str})
model = ModelStep("Create", model=Model(image_uri=image, model_data="s3://b/model.tar.gz", role=role),
                  model_name=run["model"])
model.fields["parameters"]["PrimaryContainer"]["Environment"]["WORKERS"] = "2"
transform = TransformStep("Transform", job_name=run["job"], model_name=run["model"], data="s3://b/in",
                          transformer=Transformer("m", 1, "ml.m5.xlarge", output_path="s3://b/out"))
transform.fields["parameters"]["DataProcessing"] = {"JoinSource": "Input"}
transform.fields["parameters"]["TransformOutput"]["Accept"] = "text/csv"
definition = Chain([model, transform])
""",
}
