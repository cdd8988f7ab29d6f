"""The ready-made pipelines over a client that records, run with the old SDKs and with ours.

In: the packages' names and the file to write. Out: JSON: by pipeline, what a client was asked. Touches: nothing else.
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

ROLE = "arn:aws:iam::123456789012:role/machine"
JOBS = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits:1"


class Client:
    """boto3's `stepfunctions` client as far as a pipeline uses it."""

    _client_config = SimpleNamespace(user_agent="")
    exceptions = SimpleNamespace(StateMachineAlreadyExists=KeyError)

    def __init__(self):
        self.asked = []

    def create_state_machine(self, **request):
        self.asked.append(["create", request["name"], json.loads(request["definition"])])
        return {"stateMachineArn": f"arn:aws:states:us-east-1:123456789012:stateMachine:{request['name']}"}

    def start_execution(self, **request):
        self.asked.append(["start", request["name"], json.loads(request["input"])])
        return {"executionArn": f"arn:aws:states:us-east-1:123456789012:execution:p:{request['name']}", "startDate": 0}


def main(steps_package, sagemaker_package, target):
    template = importlib.import_module(f"{steps_package}.template")
    estimators, inputs, sklearn = (
        importlib.import_module(f"{sagemaker_package}.{part}") for part in ("estimator", "inputs", "sklearn.estimator")
    )
    from oracle_session import session

    def estimator(**more):
        return estimators.Estimator(
            image_uri=IMAGE, role=JOBS, instance_count=1, instance_type="ml.m5.xlarge", output_path="s3://models/out",
            sagemaker_session=session, **more,
        )  # fmt: skip

    def script(**more):
        return sklearn.SKLearn(
            "train.py", source_dir="s3://code/sourcedir.tar.gz", framework_version="1.2-1", role=JOBS,
            instance_type="ml.c5.xlarge", sagemaker_session=session, **more,
        )  # fmt: skip

    found = {}
    client = Client()
    pipeline = template.TrainingPipeline(
        estimator=estimator(hyperparameters={"epochs": "3"}), role=ROLE, inputs="s3://data/train", s3_bucket="models",
        client=client, pipeline_name="digits",
    )  # fmt: skip
    pipeline.create()
    pipeline.execute(job_name="monday")
    pipeline.execute(job_name="tuesday", hyperparameters={"epochs": 5})
    found["training"] = client.asked
    client = Client()
    pipeline = template.InferencePipeline(
        preprocessor=estimator(hyperparameters={"columns": "7"}), estimator=estimator(hyperparameters={"depth": "3"}),
        inputs={"train": "s3://data/train"}, s3_bucket="models", role=ROLE, client=client, pipeline_name="scoring",
        compression_type="Gzip", content_type="text/csv",
    )  # fmt: skip
    pipeline.create()
    pipeline.execute(job_name="monday", hyperparameters={"depth": "4"})
    found["inference"] = client.asked
    client = Client()
    pipeline = template.TrainingPipeline(
        estimators.Estimator(IMAGE, JOBS, 2, "ml.m5.xlarge", sagemaker_session=session, debugger_hook_config=False,
                             tags=[{"Key": "team", "Value": "vision"}]),
        ROLE, {"train": inputs.TrainingInput("s3://data/train", content_type="text/csv")}, "models", client,
        pipeline_name="bare",
    )  # fmt: skip
    pipeline.create()
    pipeline.execute("monday")
    found["bare"] = client.asked
    client = Client()
    pipeline = template.TrainingPipeline(
        script(), ROLE, {"train": "s3://data/train"}, "models", client, pipeline_name="scripted"
    )
    pipeline.create()
    pipeline.execute("monday")
    found["script"] = client.asked
    client = Client()
    pipeline = template.InferencePipeline(
        script(), script(hyperparameters={"depth": 3}), {"train": "s3://data/train"}, "models", ROLE, client,
        pipeline_name="scripted",
    )  # fmt: skip
    pipeline.create()
    pipeline.execute("monday")
    found["two scripts"] = client.asked
    Path(target).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
