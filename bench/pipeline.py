"""The three jobs of digits and nothing else, so that what is timed is the price of a job."""

from stepmill.sagemaker import Estimator, ScriptProcessor
from stepmill.steps import Chain, ProcessingStep, TrainingStep
from stepmill.workflow import Workflow

preprocess = ProcessingStep(
    "Preprocess",
    ScriptProcessor(),
    code="preprocess.py",
    inputs={"input": "s3://stepmill-local/bench-input/"},
    outputs=["train", "test"],
)
train = TrainingStep(
    "Train",
    Estimator(entry_point="train.py"),
    data={"train": preprocess.outputs["train"]},
    hyperparameters={"learning_rate": 0.01, "epochs": 20},
)
evaluate = ProcessingStep(
    "Evaluate",
    ScriptProcessor(),
    code="evaluate.py",
    inputs={"model": train.model, "test": preprocess.outputs["test"]},
    outputs=["evaluation"],
)
workflow = Workflow("bench", definition=Chain([preprocess, train, evaluate]), query_language="JSONata")
