"""Digits: choose the data, train, evaluate, record the experiment, pass the quality gate, tell Slack.

The first time, `make demo` does all of this; by hand, in this folder:

    python make_data.py input.zip
    stepmill cp input.zip s3://stepmill-local/digits-input/input.zip
    stepmill run pipeline.py
    stepmill run pipeline.py --set DataUpdate=false
"""

from stepmill.callbacks import slack
from stepmill.inputs import CaughtError, ExecutionInput, either
from stepmill.sagemaker import Estimator, ScriptProcessor
from stepmill.steps import Catch, Chain, Choice, Fail, LambdaStep, ProcessingStep, S3GetObjectStep, Task, TrainingStep
from stepmill.workflow import Workflow

run = ExecutionInput(
    {
        "DataUpdate": True,
        "InputData": "s3://${Bucket}/digits-input/",
        "learning_rate": 0.01,
        "epochs": 20,
        "min_accuracy": 0.9,
    }
)
error = CaughtError()
machine = {"requirements": ["numpy", "scikit-learn"], "instance_type": "ml.m5.large"}


def notify(state_id, text, **fields):
    payload = {"text": text}
    return LambdaStep(state_id, function="functions.py:notify", payload=payload, dependencies=[slack], **fields)


# Data: new, or the newest that an earlier run prepared.
preprocess = ProcessingStep(
    "Preprocess",
    ScriptProcessor(**machine),
    code="preprocess.py",
    inputs={"input": run["InputData"]},
    outputs=["train", "test"],
)
past = Task(
    "Past data",
    resource="arn:aws:states:::aws-sdk:s3:listObjectsV2",
    parameters={"Bucket": "${Bucket}", "Prefix": "digits/", "MaxKeys": 700},
)
latest = LambdaStep(
    "Latest data",
    function="functions.py:latest_data",
    payload={"bucket": "${Bucket}", "listing": past.output()},
)
train_data = either(preprocess.outputs["train"], latest.payload["train"])
test_data = either(preprocess.outputs["test"], latest.payload["test"])

# Model: trained on spot instances, which may be taken away, hence the checkpoints; judged by a job of its own.
train = TrainingStep(
    "Train",
    Estimator(
        entry_point="train.py",
        use_spot_instances=True,
        checkpoint_s3_uri=True,
        max_run=3600,
        max_wait=7200,
        metric_definitions={"loss": r"loss: ([0-9.]+)", "accuracy": r"accuracy: ([0-9.]+)"},
        **machine,
    ),
    data={"train": train_data},
    hyperparameters={"learning_rate": run["learning_rate"], "epochs": run["epochs"]},
)
evaluate = ProcessingStep(
    "Evaluate",
    ScriptProcessor(**machine),
    code="evaluate.py",
    inputs={"model": train.model, "test": test_data},
    outputs=["evaluation"],
)
report = S3GetObjectStep("Read report", f"{evaluate.outputs['evaluation']}/evaluation.json")
accuracy = report.json["accuracy"]


# Record: every experiment is one row for the dashboard, whether its model is good enough or not.
def export(state_id, csv):
    row = {
        "job": train.result["TrainingJobName"],
        "accuracy": accuracy,
        "min_accuracy": run["min_accuracy"],
        "learning_rate": run["learning_rate"],
        "epochs": run["epochs"],
        "train": train_data,
        "model": train.model,
    }
    return LambdaStep(state_id, function="functions.py:export_experiments", payload={"csv": csv, "experiment": row})


so_far = S3GetObjectStep("Experiments so far", "s3://${Bucket}/digits/experiments.csv")
longer = export("Export experiments", so_far.result["Body"])
first = export("Export first experiment", "")
record = Task(
    "Write experiments",
    resource="arn:aws:states:::aws-sdk:s3:putObject",
    parameters={
        "Bucket": "${Bucket}",
        "Key": "digits/experiments.csv",
        "Body": either(longer.payload["csv"], first.payload["csv"]),
    },
)

# Endings. What the last state puts out is what the execution does.
accepted = f"accuracy {accuracy} is at least {run['min_accuracy']}"
good = notify(
    "Tell success",
    f"digits: {accepted}",
    output={"verdict": accepted, "accuracy": accuracy, "model": train.model},
)
verdict = f"accuracy {accuracy} is below {run['min_accuracy']}"
rejected = Chain(
    [notify("Tell rejection", f"digits: {verdict}"), Fail("Rejected", error="GateRejected", cause=verdict)]
)
cause = f"{error['State']}: {error['Error']}: {error['Cause']}"
failed = Chain(
    [
        notify("Tell failure", f"digits: {error['State']} failed: {error['Error']}"),
        Fail("Failed", error="PipelineFailed", cause=cause),
    ]
)

new_data = Choice("New data?", choices=[(run["DataUpdate"], preprocess)], default=past)
gate = Choice("Good enough?", choices=[(accuracy >= run["min_accuracy"], good)], default=rejected)
preprocess.next(train)
Chain([past, latest, train, evaluate, report, so_far, longer, record, gate])
first.next(record)
so_far.add_catch(Catch(error_equals=["S3.NoSuchKeyException"], next_step=first))
for step in (preprocess, past, latest, train, evaluate, report, so_far, longer, first, record):
    step.add_catch(Catch(error_equals=["States.ALL"], next_step=failed))

workflow = Workflow("digits", definition=new_data, query_language="JSONata")
