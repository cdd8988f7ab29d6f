"""Pipelines and stages that exports are tried with."""

from __future__ import annotations

import contextlib
import runpy
import textwrap
from pathlib import Path

from stepmill.deploy.build import Built, build
from stepmill.deploy.stages import Stage

SMALL = """
    from stepmill.steps import Chain, LambdaStep, S3GetObjectStep
    from stepmill.workflow import Workflow

    read = S3GetObjectStep("Read", "s3://${Bucket}/in/numbers.json")
    tell = LambdaStep("Tell", function="functions.py:tell", payload={"numbers": read.json["numbers"]})
    workflow = Workflow("small", definition=Chain([read, tell]), query_language="JSONata")
"""
EVERYTHING = """
    from stepmill.inputs import ExecutionInput
    from stepmill.sagemaker import Estimator, ScriptProcessor
    from stepmill.steps import ActivityStep, Chain, LambdaStep, Pass, ProcessingStep, TrainingStep
    from stepmill.workflow import Workflow

    run = ExecutionInput({"epochs": 3})
    prepare = ProcessingStep("Prepare", ScriptProcessor(requirements=["numpy"]), code="functions.py",
                             inputs={"raw": "raw/"}, outputs=["train"])
    train = TrainingStep("Train", Estimator(entry_point="functions.py", requirements=["numpy", "scipy"]),
                         data={"train": prepare.outputs["train"]}, hyperparameters={"epochs": run["epochs"]})
    label = ActivityStep("Label", "label")
    odd = Pass("Odd", result={"text": "100 %{ of ${ and \\\\ and \\"quoted\\""})
    tell = LambdaStep("Tell", function="functions.py:tell", payload={"model": train.model},
                      environment={"MODE": "100%{x} ${HOME}"},
                      permissions=[{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::${Bucket}/raw/*"}])
    workflow = Workflow("everything", definition=Chain([prepare, train, label, odd, tell]), query_language="JSONata",
                        schedule="cron(0 3 * * ? *)", time_zone="Asia/Tokyo", new_data="s3://${Bucket}/incoming/")
"""
DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
ROLE, KEY = "arn:aws:iam::123456789012:role/ours", "arn:aws:kms:us-east-1:123456789012:key/1-2-3"
PLAIN = Stage(name="dev", region="us-east-1")
NETWORK = Stage(
    name="prod",
    region="us-east-1",
    expected_account="123456789012",
    kms_key=KEY,
    subnets=("subnet-0a1b2c3d",),
    security_groups=("sg-0a1b2c3d",),
    read=("s3://theirs/data/",),
    email="team@example.com",
    log_level="ALL",
    deployment="canary",
    alarms=("arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow",),
    tags={"cost centre": "42", "Owner": "ml"},
    boundary="arn:aws:iam::123456789012:policy/fence",
)
EXISTING = Stage(
    name="brought",
    region="us-east-1",
    bucket="their-bucket",
    repository="their/images",
    machine_role=ROLE,
    job_role=ROLE,
    function_role=ROLE,
    topic="arn:aws:sns:us-east-1:123456789012:theirs",
    images={"TrainImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/their:1"},
    schedule=False,
    log_level="OFF",
    tracing=False,
)
STAGES = {"plain": PLAIN, "network": NETWORK, "existing": EXISTING}
CASES = (*STAGES, "digits")


def case(name: str, root: Path) -> Built:
    """A pipeline with everything in it for one of the stages, or the example for a plain one."""
    if name in STAGES:
        return built(root, EVERYTHING, STAGES[name])
    with contextlib.chdir(DIGITS):
        bundle = runpy.run_path("pipeline.py")["workflow"].bundle()
    return build(bundle, PLAIN, root / "cache")


def built(root: Path, pipeline: str = SMALL, stage: Stage = PLAIN) -> Built:
    """A pipeline, written into a folder and built for a stage."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "pipeline.py").write_text(textwrap.dedent(pipeline), encoding="utf-8")
    (root / "functions.py").write_text("def tell(event, context):\n    return event\n", encoding="utf-8")
    (root / "raw").mkdir(exist_ok=True)
    (root / "raw" / "numbers.txt").write_text("1 2 3\n", encoding="utf-8")
    with contextlib.chdir(root):
        bundle = runpy.run_path("pipeline.py")["workflow"].bundle()
    return build(bundle, stage, root / "cache")
