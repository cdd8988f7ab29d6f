"""What a pipeline needs on this machine is made before it starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from projects import Project


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_all_hyperparameters_may_be_one_value_of_the_executions_input(tmp_path: Path, language: str) -> None:
    made = Project(tmp_path)
    made.write("train.py", "import os, sys; print('given', sys.argv[1:])")
    made.write(
        "pipeline.py",
        f"""
        from stepmill import Estimator, ExecutionInput, TrainingStep, Workflow
        run = ExecutionInput({{"params": dict}})
        train = TrainingStep("Train", Estimator(entry_point="train.py"), hyperparameters=run["params"])
        workflow = Workflow("whole", definition=train, query_language="{language}")
        """,
    )
    made.stepmill("run", "pipeline.py", "--set", 'params={"epochs": "3"}')
    assert "given ['--epochs', '3']" in made.stepmill("logs").stdout


APP = {"ImageUri": "python", "ContainerEntrypoint": ["python3", "-c", "print('given', 6 * 7)"]}
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
REQUEST = {"ProcessingJobName": "job", "RoleArn": "arn:aws:iam::123456789012:role/r"}
RESOURCES = {"ClusterConfig": CLUSTER}


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({"Parameters": {**REQUEST, "ProcessingResources": RESOURCES, "AppSpecification.$": "$.app"}}, {"app": APP}),
        (
            {"QueryLanguage": "JSONata", "Arguments": "{% $states.input.job %}"},
            {"job": {**REQUEST, "ProcessingResources": RESOURCES, "AppSpecification": APP}},
        ),
    ],
    ids=["its program", "the whole request"],
)
def test_a_job_that_only_the_input_describes_runs(tmp_path: Path, fields: dict[str, object], given: object) -> None:
    made = Project(tmp_path)
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "End": True, **fields}
    made.write("definition.json", json.dumps({"StartAt": "Work", "States": {"Work": state}}))
    made.write("input.json", json.dumps(given))
    made.stepmill("run", "definition.json", "--input", "input.json")
    assert "given 42" in made.stepmill("logs").stdout
