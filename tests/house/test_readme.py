"""What the READMEs show is what works: their pipelines compile, and the English one runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "examples" / "digits"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)


def pipeline(page: str) -> str:
    (block,) = blocks(page, "python")
    return block


@pytest.fixture
def project(tmp_path):
    """A folder with the scripts of the example, and a store of its own."""
    for name in ("preprocess.py", "train.py", "evaluate.py", "make_data.py"):
        shutil.copy(DIGITS / name, tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.stepmill]\n")
    return tmp_path


def stepmill(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stepmill", *words],
        check=False,
        cwd=project,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_the_readmes_pipeline_is_without_fault(project, page):
    (project / "pipeline.py").write_text(pipeline(page), encoding="utf-8")
    done = stepmill(project, "check", "pipeline.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.slow
def test_the_readmes_pipeline_runs_to_its_gate(project):
    (project / "pipeline.py").write_text(pipeline("README.md"), encoding="utf-8")
    subprocess.run([sys.executable, "make_data.py", "input.zip"], cwd=project, check=True)
    stepmill(project, "cp", "input.zip", "s3://stepmill-local/digits-input/input.zip")
    done = stepmill(project, "run", "pipeline.py", "--set", "epochs=8")
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = project.glob(".stepmill/objects/stepmill-local/digits/*/*/output/evaluation/evaluation.json")
    assert json.loads(report.read_text())["accuracy"] >= 0.9
    refused = stepmill(project, "run", "pipeline.py", "--set", "epochs=8", "--set", "min_accuracy=0.9999")
    assert refused.returncode == 3, refused.stdout + refused.stderr


def test_both_readmes_show_the_same_commands():
    assert blocks("README.md", "sh") == blocks("README.ja.md", "sh")


def test_the_python_in_the_docs_parses():
    for page in ROOT.joinpath("docs").rglob("*.md"):
        for block in blocks(str(page.relative_to(ROOT)), "python"):
            compile(block, str(page), "exec")
