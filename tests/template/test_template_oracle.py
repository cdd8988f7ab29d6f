"""The ready-made pipelines are the old SDK's: the same definition, and the same input for every execution."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jlens
import pytest
import ready_made

from stepmill import steps
from stepmill.asl.problems import InvalidDefinition
from stepmill.inputs import ExecutionInput
from stepmill.local import Local
from stepmill.sagemaker import Estimator, TrainingInput
from stepmill.template import InferencePipeline, TrainingPipeline

HERE = Path(__file__).parent
RECORDED = HERE / "ready_made.json"
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")
oracle = pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")


def recorded() -> dict[str, Any]:
    return dict(json.loads(RECORDED.read_text("utf-8")))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("ours") / "ours.json"
    ready_made.main("stepmill", "stepmill.sagemaker", str(target))
    return dict(json.loads(target.read_text("utf-8")))


def with_differences(theirs: dict[str, Any]) -> dict[str, Any]:
    """The record, with what is other here (docs/parity.md): a script is told the name that its job has."""
    told = theirs["script"][1][2]["Training"]["HyperParameters"]
    assert told["sagemaker_job_name"] == '"scripted/estimator-source"'
    told["sagemaker_job_name"] = '"estimator-monday"'
    return theirs


@pytest.mark.parametrize("pipeline", recorded())
def test_a_client_is_asked_for_the_same(ours: dict[str, Any], pipeline: str) -> None:
    assert ours[pipeline] == with_differences(recorded())[pipeline]


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


def estimator(**more: Any) -> Estimator:
    return Estimator(image_uri=ready_made.IMAGE, role=ready_made.JOBS, output_path="s3://models/out", **more)


def started(pipeline: Any, client: ready_made.Client, **options: Any) -> dict[str, Any]:
    pipeline.create()
    pipeline.execute("monday", **options)
    return dict(client.asked[-1][2])


def test_hyperparameters_of_an_execution_leave_the_script_its_name() -> None:
    client = ready_made.Client()
    script = estimator(entry_point="train.py", source_dir="s3://code/sourcedir.tar.gz", hyperparameters={"epochs": 3})
    pipeline = InferencePipeline(
        estimator(), script, {"train": TrainingInput("s3://data/train")}, "models", ready_made.ROLE, client
    )
    given = started(pipeline, client, hyperparameters={"depth": 4})
    assert given["Training"]["HyperParameters"] == {
        "depth": "4", "sagemaker_container_log_level": "20", "sagemaker_job_name": '"estimator-monday"',
        "sagemaker_region": '"us-east-1"', "sagemaker_program": '"train.py"', "sagemaker_submit_directory": '"s3://code/sourcedir.tar.gz"',
    }  # fmt: skip
    assert given["Transform Input"]["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/train"


def test_hyperparameters_that_nobody_would_read_are_refused() -> None:
    client = ready_made.Client()
    pipeline = TrainingPipeline(estimator(), ready_made.ROLE, "s3://data/train", "models", client)
    with pytest.raises(ValueError, match="the estimator has none"):
        started(pipeline, client, hyperparameters={"depth": 4})


@pytest.mark.parametrize("name", ["a/b", "-a", "a_b", "a" * 54])
def test_a_name_that_sagemaker_would_refuse_starts_nothing(name: str) -> None:
    client = ready_made.Client()
    pipeline = TrainingPipeline(estimator(), ready_made.ROLE, "s3://data/train", "models", client)
    with pytest.raises(ValueError, match="job_name="):
        pipeline.execute(name)
    assert client.asked == []


def test_what_only_a_stage_has_is_kept_for_it_and_refused_with_a_client(tmp_path: Path, local: Local) -> None:
    (tmp_path / "train.py").write_text("print(1)")
    script = Estimator(image_uri=ready_made.IMAGE, entry_point=str(tmp_path / "train.py"))
    pipeline = TrainingPipeline(script, None, {"train": "s3://data/train"}, "models", pipeline_name="scripted")
    assert [asset.key.rpartition("/")[2] for asset in pipeline.workflow.bundle().manifest.assets] == [
        "sourcedir.tar.gz"
    ]
    filled = json.dumps(pipeline.workflow.use(local).filled(pipeline.input_template))
    assert "${" not in filled
    assert "s3://stepmill-local/stepmill/code/" in filled
    client = ready_made.Client()
    pipeline = TrainingPipeline(script, ready_made.ROLE, {"train": "s3://data/train"}, "models", client)
    for verb in (pipeline.create, pipeline.execute):
        with pytest.raises(InvalidDefinition, match=r"'Training' still asks for \$\{Bucket\}"):
            verb()
    assert client.asked == []


def test_what_only_the_run_knows_cannot_stand_in_an_input() -> None:
    given = ExecutionInput(schema={"data": str, "epochs": int})
    with pytest.raises(InvalidDefinition) as refused:
        TrainingPipeline(
            estimator(hyperparameters={"epochs": given["epochs"]}), ready_made.ROLE, {"train": given["data"]}, "models"
        )
    said = [problem.message.partition(" is known")[0] for problem in refused.value.problems]
    assert said == [
        "'Training': HyperParameters.epochs", "'Training': InputDataConfig.0.DataSource.S3DataSource.S3Uri",
    ]  # fmt: skip


def test_what_is_no_estimator_or_has_no_data_to_transform_is_told() -> None:
    with pytest.raises(TypeError, match="estimator= is a str; give an Estimator"):
        TrainingPipeline("digits", ready_made.ROLE, "s3://data/train", "models")
    with pytest.raises(ValueError, match="needs the channel train"):
        InferencePipeline(estimator(), estimator(), "s3://data/train", "models", ready_made.ROLE)


def run(target: Path, *packages: str) -> dict[str, Any]:
    """The program's answers, by an interpreter that has the old SDKs; ours is found beside them."""
    folders = [HERE.parent / "oracle", Path(steps.__file__).parents[2], Path(jlens.__file__).parents[1]]
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(target.parent), "AWS_ACCESS_KEY_ID": "x",
                   "AWS_SECRET_ACCESS_KEY": "x", "FOLDERS": os.pathsep.join(map(str, folders))}  # fmt: skip
    # ours last: packages of this environment are for another Python
    code = "import os, runpy, sys; sys.path += os.environ['FOLDERS'].split(os.pathsep); sys.argv[:] = sys.argv[1:]; "
    command = [PYTHON, "-c", code + "runpy.run_path(sys.argv[0], run_name='__main__')", HERE / "ready_made.py"]
    done = subprocess.run([*command, *packages, target], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(target.read_text("utf-8")))


@pytest.mark.slow
@oracle
def test_the_record_is_what_the_old_sdk_does_today(tmp_path: Path) -> None:
    assert run(tmp_path / "theirs.json", "stepfunctions", "sagemaker") == recorded()


@pytest.mark.slow
@oracle
def test_sagemaker_2_s_own_estimators_give_the_same(tmp_path: Path) -> None:
    assert run(tmp_path / "mixed.json", "stepmill", "sagemaker") == with_differences(recorded())
