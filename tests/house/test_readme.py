"""What the READMEs show is what works: their pipelines are without fault, and the English one runs."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("preprocess.py", "train.py", "evaluate.py", "make_data.py")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.fixture
def beside_the_scripts(project):
    """A project with the scripts of the example, waiting for a pipeline."""
    for name in SCRIPTS:
        shutil.copy(ROOT / "examples" / "digits" / name, project.root)
    return project


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readmes_pipeline_is_without_fault(beside_the_scripts, page):
    (pipeline,) = blocks(ROOT / page, "python")
    beside_the_scripts.write("pipeline.py", pipeline)
    beside_the_scripts.stepmill("check", "pipeline.py")


@pytest.mark.slow
def test_the_readmes_pipeline_runs_to_its_gate(beside_the_scripts):
    project = beside_the_scripts
    project.write("pipeline.py", blocks(ROOT / "README.md", "python")[0])
    subprocess.run([sys.executable, "make_data.py", "input.zip"], cwd=project.root, check=True)
    project.stepmill("cp", "input.zip", "s3://stepmill-local/digits-input/input.zip")
    project.stepmill("run", "pipeline.py", "--set", "epochs=8")
    (report,) = project.root.glob(".stepmill/objects/stepmill-local/digits/*/*/output/evaluation/evaluation.json")
    assert json.loads(report.read_text())["accuracy"] >= 0.9
    project.stepmill("run", "pipeline.py", "--set", "epochs=8", "--set", "min_accuracy=0.9999", code=3)


def test_both_readmes_show_the_same_commands():
    assert blocks(ROOT / "README.md", "sh") == blocks(ROOT / "README.ja.md", "sh")


def test_the_python_in_the_docs_parses():
    for page in ROOT.joinpath("docs").rglob("*.md"):
        for block in blocks(page, "python"):
            compile(block, str(page), "exec")
