from stepmill.inputs import CaughtError, ExecutionInput, either
from stepmill.sagemaker import Estimator, ScriptProcessor
from stepmill.steps import Catch, Chain, Choice, Fail, LambdaStep, ProcessingStep, S3GetObjectStep, TrainingStep

run = ExecutionInput(
    {"DataUpdate": True, "InputData": "s3://my-data/digits/", "learning_rate": 0.01, "epochs": 20, "min_accuracy": 0.9}
)
error = CaughtError()
machine = {"requirements": ["numpy", "scikit-learn"], "instance_type": "ml.m5.large"}


def notify(state_id, text):
    return LambdaStep(state_id, function="functions.py:notify", payload={"text": text})


preprocess = ProcessingStep(
    "Preprocess",
    ScriptProcessor(**machine),
    code="preprocess.py",
    inputs={"input": run["InputData"]},
    outputs=["train", "test"],
    container_arguments=["--learning-rate", run["learning_rate"]],
)
latest = LambdaStep("Latest data", function="functions.py:latest_data", payload={"bucket": "${Bucket}"})
train = TrainingStep(
    "Train",
    Estimator(
        entry_point="train.py",
        use_spot_instances=True,
        max_run=3600,
        max_wait=7200,
        metric_definitions={"accuracy": r"accuracy: ([0-9.]+)"},
        **machine,
    ),
    data={"train": either(preprocess.outputs["train"], latest.payload["train"])},
    hyperparameters={"learning_rate": run["learning_rate"], "epochs": run["epochs"]},
)
evaluate = ProcessingStep(
    "Evaluate",
    ScriptProcessor(**machine),
    code="evaluate.py",
    inputs={"model": train.model, "test": either(preprocess.outputs["test"], latest.payload["test"])},
    outputs=["evaluation"],
)
report = S3GetObjectStep("Read report", f"{evaluate.outputs['evaluation']}/evaluation.json")
export = LambdaStep("Export experiments", function="functions.py:export_experiments", payload={"bucket": "${Bucket}"})
accuracy = report.json["accuracy"]

verdict = f"accuracy {accuracy} is below {run['min_accuracy']}"
rejected = Chain([notify("Tell rejection", verdict), Fail("Rejected", error="GateRejected", cause=verdict)])
failed = Chain(
    [
        notify("Tell failure", f"{error['State']} failed: {error['Error']}"),
        Fail("Failed", error="PipelineFailed", cause=f"{error['State']}: {error['Error']}: {error['Cause']}"),
    ]
)
good = Chain([export, notify("Tell success", f"digits: accuracy {accuracy}")])

new_data = Choice("New data?", choices=[(run["DataUpdate"], preprocess)], default=latest)
gate = Choice("Good enough?", choices=[(accuracy >= run["min_accuracy"], good)], default=rejected)
preprocess.next(train)
latest.next(train)
Chain([train, evaluate, report, gate])
for step in (preprocess, latest, train, evaluate, report, export):
    step.add_catch(Catch(error_equals=["States.ALL"], next_step=failed))
definition = new_data
