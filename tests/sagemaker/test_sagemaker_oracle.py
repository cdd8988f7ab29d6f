"""With the old arguments our requests are those that stepfunctions 2.3.0 and sagemaker 2 make.

STEPMILL_ORACLE_PYTHON names an interpreter that has both; without it ours are compared with the recorded ones.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jlens
import oracle_cases
import pytest

import stepmill.sagemaker
from stepmill.sagemaker.requests import Place, processing_request, training_request

HERE = Path(__file__).parent
RECORDED = HERE / "oracle_requests.json"
CASES = {**oracle_cases.PROCESSING, **oracle_cases.TRAINING}


def ours(name: str, names: dict[str, Any] | None = None) -> Any:
    place = Place(bucket="bucket", prefix="w/e", job_name="the-job")
    steps = {
        "processing": lambda it, **more: processing_request(it, place=place, explicit_job_name=True, **more),
        "training": lambda it, **more: training_request(it, place=place, explicit_job_name=True, **more),
    }
    built = eval(CASES[name], {**vars(stepmill.sagemaker), **steps, **(names or {})})
    assert built.problems == []
    assert built.assets == []
    return built.request


@pytest.mark.parametrize("name", CASES)
def test_old_arguments_give_the_request_the_old_sdk_was_recorded_to_make(name: str) -> None:
    assert ours(name) == json.loads(RECORDED.read_text("utf-8"))[name]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    python = os.environ.get("STEPMILL_ORACLE_PYTHON")
    if not python:
        pytest.skip("STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0 and sagemaker below 3")
    target = tmp_path_factory.mktemp("oracle") / "requests.json"
    sources = Path(stepmill.sagemaker.__file__).parents[2]
    subprocess.run(
        [python, str(HERE / "oracle_program.py"), str(target), str(sources)], check=True, capture_output=True
    )
    return json.loads(target.read_text("utf-8"))


@pytest.mark.slow
def test_the_recorded_requests_are_what_the_old_sdk_makes_today(asked: Any) -> None:
    assert asked["theirs"] == json.loads(RECORDED.read_text("utf-8"))


@pytest.mark.slow
def test_objects_of_sagemaker_2_give_the_same_requests_as_ours(asked: Any) -> None:
    assert asked["mixed"] == asked["theirs"]


@pytest.mark.slow
def test_a_real_ModelTrainer_is_read(asked: Any) -> None:
    request = asked["trainer"]
    assert request["HyperParameters"]["a"] == "1"
    assert request["HyperParameters"]["sagemaker_program"] == '"oracle_program.py"'
    assert request["Tags"] == [{"Key": "k", "Value": "v"}]
    assert request["EnableManagedSpotTraining"] is True
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/train"


@pytest.mark.slow
def test_record_sets_of_amazon_s_own_algorithms_are_channels_as_there(tmp_path: Path) -> None:
    python = os.environ.get("STEPMILL_ORACLE_PYTHON")
    if not python:
        pytest.skip("STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0 and sagemaker below 3")
    target = tmp_path / "requests.json"
    folders = [Path(stepmill.sagemaker.__file__).parents[2], HERE.parent / "oracle", Path(jlens.__file__).parents[1]]
    command = [python, str(HERE / "oracle_records.py"), str(target), *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = json.loads(target.read_text("utf-8"))
    assert asked["ours"] == asked["theirs"]
