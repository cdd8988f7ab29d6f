"""What a pipeline needs on this machine is made before it starts."""

from __future__ import annotations

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
