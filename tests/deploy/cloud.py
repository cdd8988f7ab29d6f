"""What the tests of deployments have in common: a workflow, stages, servers that stand for AWS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from projects import Project
from stepmill.deploy.build import Built, build
from stepmill.deploy.stages import Stage
from stepmill.sagemaker import Estimator, ScriptProcessor
from stepmill.steps import Chain, LambdaStep, ProcessingStep, TrainingStep
from stepmill.workflow import Workflow

MOTO = os.environ.get("STEPMILL_MOTO", "")
EVERYTHING = Stage(
    name="prod",
    region="eu-west-1",
    kms_key="arn:aws:kms:eu-west-1:123456789012:key/1111aaaa-22bb-33cc-44dd-5555eeee6666",
    subnets=("subnet-0a1b2c3d",),
    security_groups=("sg-0a1b2c3d",),
    read=("s3://lake/raw/",),
    email="team@example.org",
    schedule="rate(1 day)",
    time_zone="Europe/Paris",
    log_level="ALL",
    deployment="canary",
    alarms=("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:latency",),
    tags={"team": "ml"},
    boundary="arn:aws:iam::123456789012:policy/boundary",
)
"""A stage in which everything is switched on."""
OWN = Stage(
    name="own",
    region="us-east-1",
    bucket="our-bucket",
    machine_role="arn:aws:iam::123456789012:role/machine",
    job_role="arn:aws:iam::123456789012:role/jobs",
    function_role="arn:aws:iam::123456789012:role/functions",
    repository="our-images",
    topic="arn:aws:sns:us-east-1:123456789012:ours",
    log_level="OFF",
    tracing=False,
)
"""A stage that has everything already."""
DEV = Stage(name="dev", region="us-east-1")


def tiny(project: Project, **more: Any) -> Workflow:
    """Three steps over the files of `project.tiny()`, compiled here."""
    project.tiny()
    root = project.root
    prepare = ProcessingStep(
        "Prepare",
        ScriptProcessor(requirements=["numpy"], instance_type="ml.m5.large"),
        code=str(root / "prepare.py"),
        inputs={"raw": "s3://${Bucket}/raw/"},
        outputs=["train"],
    )
    train = TrainingStep(
        "Train",
        Estimator(entry_point=str(root / "train.py"), requirements=["numpy"], instance_type="ml.m5.large"),
        data={"train": prepare.outputs["train"]},
        hyperparameters={"epochs": 3},
    )
    tell = LambdaStep("Tell", function=f"{root / 'functions.py'}:tell", payload={"model": train.model})
    return Workflow("tiny", definition=Chain([prepare, train, tell]), query_language="JSONata", **more)


def built(workflow: Workflow, stage: Stage, cache: Path) -> Built:
    return build(workflow.bundle(), stage, cache)


def resources(made: Built) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.app.text)["Resources"]
    return found


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def moto(root: Path, **environ: str) -> Iterator[str]:
    """moto's own server, in an environment and a process of its own; its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (root / "moto.log").open("wb") as log:
        server = subprocess.Popen(
            [f"{MOTO}/moto_server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(root), **environ},
        )
        try:
            answers(address + "/moto-api/data.json", server)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def answers(address: str, server: subprocess.Popen[bytes]) -> None:
    """Come back when a server answers."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert server.poll() is None and time.monotonic() < until, f"nothing answers at {address}"
            time.sleep(0.05)


def stage_file(project: Project, **settings: Any) -> None:
    """Give a project the stage `dev` with these settings."""
    lines = ["[tool.stepmill.stages.dev]", 'region = "us-east-1"']
    for key, value in settings.items():
        said = json.dumps(value) if not isinstance(value, dict) else _table(value)
        lines.append(f"{key} = {said}")
    old = (project.root / "pyproject.toml").read_text().partition("[tool.stepmill.stages.dev]")[0]
    project.write("pyproject.toml", old + "\n".join(lines) + "\n")


def _table(value: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key} = {json.dumps(item)}" for key, item in value.items()) + "}"


KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
"""Credentials that a server of moto's takes."""
PYTHON = sys.executable


@contextmanager
def served(root: Path, *words: str) -> Iterator[dict[str, str]]:
    """`stepmill serve` over a store of its own, in a process of its own; the variables that point there."""
    command = [PYTHON, "-m", "stepmill", "--store", str(root / ".stepmill")]
    with (root / "serve.log").open("wb") as log:
        serve = [*command, "serve", "--port", "0", "--json", *words]
        server = subprocess.Popen(serve, cwd=root, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert server.stdout is not None
            assert server.stdout.readline(), (root / "serve.log").read_text()
            said = subprocess.run([*command, "env", "--json"], check=True, capture_output=True, text=True, cwd=root)
            yield json.loads(said.stdout)
        finally:
            server.terminate()
            server.wait(30)
            assert server.stdout is not None
            server.stdout.close()
