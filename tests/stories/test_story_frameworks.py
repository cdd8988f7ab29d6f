"""A framework's processor runs its script here as its container does on AWS."""

from __future__ import annotations

import pytest

from projects import Project

PIPELINE = """
    from stepmill.inputs import ExecutionInput
    from stepmill.sagemaker.processing import FrameworkProcessor
    from stepmill.sagemaker.sklearn import SKLearn
    from stepmill.steps import Chain, ProcessingStep
    from stepmill.workflow import Workflow

    run = ExecutionInput({"python": "python", "ratio": 0.5})
    step = ProcessingStep(
        "Split", FrameworkProcessor(SKLearn, "1.2-1", command=[run["python"], "-u"]), code="main.py", source_dir="src",
        outputs={"out": "s3://stepmill-local/out"}, container_arguments=["--ratio", run["ratio"]])
    workflow = Workflow("frameworks", definition=Chain([step]), query_language=LANGUAGE)
"""


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_the_script_starts_beside_its_files_with_its_arguments(project: Project, language: str) -> None:
    project.write("pipeline.py", PIPELINE.replace("LANGUAGE", repr(language)))
    project.write("src/words.txt", "beside\n")
    project.write(
        "src/main.py",
        """
        import pathlib, sys
        text = pathlib.Path("words.txt").read_text() + " ".join(sys.argv)
        pathlib.Path("/opt/ml/processing/out/said.txt").write_text(text)
        """,
    )
    project.stepmill("run", "pipeline.py")
    assert project.stepmill("cp", "s3://stepmill-local/out/said.txt", "-").stdout == "beside\nmain.py --ratio 0.5"
