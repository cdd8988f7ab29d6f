"""A pipeline of the Step Functions Data Science SDK runs here when the packages in its imports are renamed."""

from __future__ import annotations

import re

from projects import Project

OLD = """
    from stepfunctions.steps import Chain, ProcessingStep
    from stepfunctions.workflow import Workflow
    from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor

    processor = ScriptProcessor(
        command=["python3"],
        image_uri="123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/preprocess:latest",
        role="arn:aws:iam::123456789012:role/service-role/SageMakerRole",
        instance_count=1,
        instance_type="ml.m5.xlarge",
    )
    step = ProcessingStep(
        "Preprocess",
        processor=processor,
        job_name="preprocess-1",
        inputs=[
            ProcessingInput(source="s3://my-data/in", destination="/opt/ml/processing/input", input_name="input-1"),
            ProcessingInput(source="s3://my-data/code/preprocess.py", destination="/opt/ml/processing/code",
                            input_name="code"),
        ],
        outputs=[ProcessingOutput(source="/opt/ml/processing/train", destination="s3://my-data/out/train",
                                  output_name="train")],
        container_entrypoint=["python3", "/opt/ml/processing/code/preprocess.py"],
    )
    workflow = Workflow(name="my-workflow", definition=Chain([step]),
                        role="arn:aws:iam::123456789012:role/StepFunctionsRole")
    if __name__ == "__main__":
        workflow.create()
        execution = workflow.execute(inputs={})
        print(execution.get_output(wait=True))
"""


def test_it_runs_and_what_is_not_simulated_is_said_once(project: Project) -> None:
    text = OLD.replace("from stepfunctions.", "from stepmill.").replace("from sagemaker.", "from stepmill.sagemaker.")
    project.write("pipeline.py", text)
    project.write("in.txt", "一 二\n")
    project.write(
        "preprocess.py",
        """
        from pathlib import Path
        text = Path("/opt/ml/processing/input/in.txt").read_text()
        Path("/opt/ml/processing/train/out.txt").write_text(text.upper())
        """,
    )
    project.stepmill("cp", "in.txt", "s3://my-data/in/in.txt")
    project.stepmill("cp", "preprocess.py", "s3://my-data/code/preprocess.py")
    first = project.stepmill("run", "pipeline.py")
    assert "note: ml.m5.xlarge is not simulated" in first.stderr
    assert "note: the image 123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/preprocess:latest is not run here: its " \
           "jobs run in Stepmill's own environment" in first.stderr  # fmt: skip
    assert first.stderr.count("note: ") == 2
    assert project.stepmill("cp", "s3://my-data/out/train/out.txt", "-").stdout == "一 二\n"
    # an execution that nobody named has a name that is short and stands in the order of time
    assert re.match(r"✔ my-workflow \d{8}-\d{6}-[0-9a-f]{4}  SUCCEEDED", first.stdout)
    assert f"store   {project.root / '.stepmill'}\n" in first.stdout
    # a job's own name is taken for good, as on AWS; the second run says so and repeats no note
    second = project.stepmill("run", "pipeline.py", code=4)
    assert "note: " not in second.stderr
    assert re.search("preprocess-1(.|\n)*already exist", second.stdout)
