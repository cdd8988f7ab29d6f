"""The ready-made pipelines are the old SDK's: the same definition, and the same input for every execution."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import ready_made

from stepmill.asl.problems import InvalidDefinition
from stepmill.sagemaker import Estimator
from stepmill.template import TrainingPipeline

HERE = Path(__file__).parent
RECORDED = HERE / "ready_made.json"
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")


def recorded() -> dict[str, Any]:
    return dict(json.loads(RECORDED.read_text("utf-8")))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("ours") / "ours.json"
    ready_made.main("stepmill", "stepmill.sagemaker", str(target))
    return dict(json.loads(target.read_text("utf-8")))


@pytest.mark.parametrize("pipeline", recorded())
@pytest.mark.parametrize("index", range(3))
def test_a_client_is_asked_for_the_same(ours: dict[str, Any], pipeline: str, index: int) -> None:
    assert ours[pipeline][index : index + 1] == recorded()[pipeline][index : index + 1]


def test_one_execution_leaves_nothing_behind_for_the_next(ours: dict[str, Any]) -> None:
    _, monday, tuesday = ours["training"]
    assert monday[2]["Training"]["HyperParameters"] == {"epochs": "3"}
    assert "monday" not in json.dumps(tuesday)


def test_a_pipeline_without_a_name_gets_one_with_the_time_and_wrong_arguments_are_told() -> None:
    estimator = Estimator(image_uri=ready_made.IMAGE, role=ready_made.JOBS)
    made = TrainingPipeline(estimator, ready_made.ROLE, "s3://data/train", "models")
    assert made.get_workflow().name.startswith("training-pipeline-20")
    assert "Deploy" in str(made.render_graph())
    with pytest.raises(TypeError, match="no argument 'pipline_name'"):
        TrainingPipeline(estimator, ready_made.ROLE, "s3://data/train", "models", pipline_name="x")
    with pytest.raises(InvalidDefinition, match="InstanceType"):
        wrong = Estimator(image_uri=ready_made.IMAGE, role=ready_made.JOBS, instance_type="ml.nothing")
        TrainingPipeline(wrong, ready_made.ROLE, "s3://data/train", "models")


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
def test_the_record_is_what_the_old_sdk_does_today(tmp_path: Path) -> None:
    target = tmp_path / "theirs.json"
    program = [PYTHON, HERE / "ready_made.py", "stepfunctions", "sagemaker", target]
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "x",
                   "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": str(HERE.parent / "oracle")}  # fmt: skip
    subprocess.run(program, check=True, capture_output=True, env=environment)
    assert json.loads(target.read_text("utf-8")) == recorded()
