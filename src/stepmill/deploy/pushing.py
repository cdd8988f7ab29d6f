"""Builds images and pushes them to the stage's repository.

In: what was built, the names of images. Out: images in ECR. Touches: docker or podman, or CodeBuild.

With docker or podman at hand the image is built here; without, CodeBuild builds it from the uploaded context.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepmill.deploy import naming
from stepmill.deploy.aws.account import here
from stepmill.deploy.aws.stacks import DeployFailed
from stepmill.deploy.images import context, context_key, packed
from stepmill.deploy.plan import Plan, concrete, image_there
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import ImageSource

_ENGINES: Final = ("docker", "podman")
_WAIT: Final = 5.0  # seconds between two looks at a build


def builder(stage: Stage) -> str:
    """Who builds the images of a stage: docker, podman, codebuild, or none where jobs run without images."""
    if stage.builder != "auto":
        return stage.builder
    if stage.endpoint is not None and here(stage.endpoint):
        return "none"
    return next((engine for engine in _ENGINES if _answers(engine)), "codebuild")


def push(account: Account, plan: Plan, say: Callable[[str], None]) -> None:
    """Build and push the images that a plan says are missing. Raises DeployRefused and DeployFailed."""
    stage = plan.built.stage
    by = builder(stage) if plan.images else "none"
    for name in plan.images:
        made = plan.built.images[name]
        uri = concrete(naming.image(plan.built.bundle, name, stage), plan.identity, stage.region)
        if by == "none":
            say(f"{name}: not built, since the stage {stage.name} runs jobs without images")
            continue
        say(f"building {uri} with {by}")
        if by == "codebuild":
            _codebuild(account, plan, made, uri, say)
        else:
            _engine(account, by, made, stage, uri)
        if not image_there(account, plan.built, name):
            raise DeployFailed(f"{by} built {uri}, but the repository does not have it")


def _answers(engine: str) -> bool:
    path = shutil.which(engine)
    if path is None:
        return False
    done = subprocess.run([path, "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _engine(account: Account, engine: str, made: ImageSource, stage: Stage, uri: str) -> None:
    path = shutil.which(engine)
    if path is None:
        raise DeployRefused(f'stage {stage.name}: builder = "{engine}", but there is no {engine} on this machine')
    (data,) = account.call("ecr", "GetAuthorizationToken", {})["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    registry = uri.partition("/")[0]
    _run([path, "login", "--username", user, "--password-stdin", registry], "logging in to the registry", password)
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in context(made, stage).items():
            target = Path(scratch) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        _run([path, "build", "--platform", "linux/amd64", "--tag", uri, scratch], f"building {uri}")
    _run([path, "push", uri], f"pushing {uri}")


def _run(words: list[str], what: str, given: str | None = None) -> None:
    done = subprocess.run(
        words,
        input=given or "",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )
    if done.returncode:
        last = "\n    ".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise DeployFailed(f"{what} failed ({Path(words[0]).name} ended with {done.returncode}):\n    {last}")


def _codebuild(account: Account, plan: Plan, made: ImageSource, uri: str, say: Callable[[str], None]) -> None:
    stage = plan.built.stage
    key = context_key(made, stage)
    account.call("s3", "PutObject", {"Bucket": plan.bucket, "Key": key, "Body": packed(made, stage)})
    variables = {"CONTEXT": f"s3://{plan.bucket}/{key}", "IMAGE": uri}
    request = {
        "projectName": f"stepmill-{stage.name}",
        "environmentVariablesOverride": [
            {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
        ],
    }
    build = account.call("codebuild", "StartBuild", request)["build"]
    phase = ""
    while True:
        (build,) = account.call("codebuild", "BatchGetBuilds", {"ids": [build["id"]]})["builds"]
        if build.get("currentPhase", "") != phase:
            phase = build.get("currentPhase", "")
            say(f"CodeBuild: {phase.lower().replace('_', ' ')}")
        if build["buildStatus"] != "IN_PROGRESS":
            break
        threading.Event().wait(_WAIT)
    if build["buildStatus"] != "SUCCEEDED":
        logs = build.get("logs", {}).get("deepLink", "")
        why = [
            f"{each['phaseType']}: {context['message']}"
            for each in build.get("phases", ())
            for context in each.get("contexts", ())
            if context.get("message")
        ]
        raise DeployFailed(
            f"CodeBuild could not build {uri} ({build['buildStatus']}):\n    " + "\n    ".join([*why, logs])
        )
