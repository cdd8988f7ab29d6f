"""A store with jobs in it, for the tests of this room."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from stepmill.jobs.job import Job, Jobs, Kind
from stepmill.objects import archives
from stepmill.objects.folder import FolderStore
from stepmill.stage import clean_environment

BUCKET = "stepmill-local"
ROLE = "arn:aws:iam::000000000000:role/StepmillLocal"


class Desk:
    """Puts objects, builds requests, runs jobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = FolderStore(root / "objects")
        self.store.create_bucket(BUCKET)
        self.jobs = Jobs(root / "jobs", root / "objects")
        self.environ = clean_environment(os.environ, sys.executable, "us-east-1")

    def put(self, key: str, text: str | bytes) -> str:
        self.store.put(BUCKET, key, text.encode() if isinstance(text, str) else text)
        return f"s3://{BUCKET}/{key}"

    def get(self, key: str) -> str:
        return self.store.get(BUCKET, key).decode()

    def keys(self, prefix: str = "") -> list[str]:
        return [info.key for info in self.store.list(BUCKET, prefix)]

    def unpacked(self, url: str) -> dict[str, str]:
        bucket, key = url[5:].split("/", 1)
        found = {}
        for member in archives.members(self.store.path(bucket, key)):
            pieces: list[bytes] = []
            if not member.is_folder:
                member.copy(pieces.append)
                found[member.name] = b"".join(pieces).decode()
        return found

    def processing(
        self,
        name: str,
        *command: str,
        inputs: dict[str, tuple[str, str]] | None = None,
        outputs: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
        seconds: int | None = None,
    ) -> dict[str, Any]:
        """inputs: name → (url, LocalPath); outputs: name → LocalPath, stored under s3://…/out/<job>/<name>."""
        request: dict[str, Any] = {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": {"ImageUri": "python:3", "ContainerEntrypoint": list(command)},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
            },
            "ProcessingInputs": [
                {
                    "InputName": key,
                    "S3Input": {"S3Uri": url, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"},
                }
                for key, (url, path) in (inputs or {}).items()
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": key,
                        "S3Output": {
                            "S3Uri": f"s3://{BUCKET}/out/{name}/{key}",
                            "LocalPath": path,
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for key, path in (outputs or {}).items()
                ]
            },
        }
        if environment:
            request["Environment"] = environment
        if seconds:
            request["StoppingCondition"] = {"MaxRuntimeInSeconds": seconds}
        return request

    def training(
        self,
        name: str,
        *command: str,
        code: dict[str, str] | None = None,
        program: str = "train.py",
        channels: dict[str, str] | None = None,
        hyperparameters: dict[str, str] | None = None,
        metrics: dict[str, str] | None = None,
        seconds: int = 60,
        **more: Any,
    ) -> dict[str, Any]:
        """With `command` as ContainerEntrypoint, or with `code` (file → text) run by the toolkit's rules."""
        given = dict(hyperparameters or {})
        algorithm: dict[str, Any] = {"TrainingImage": "python:3", "TrainingInputMode": "File"}
        if command:
            algorithm["ContainerEntrypoint"] = list(command)
        if code is not None:
            folder = self.root / "packing" / name
            folder.mkdir(parents=True)
            for path, text in code.items():
                (folder / path).write_text(text)
            archives.pack(folder, self.root / f"{name}.tar.gz")
            self.store.put_file(BUCKET, f"code/{name}/sourcedir.tar.gz", self.root / f"{name}.tar.gz")
            given["sagemaker_program"] = f'"{program}"'
            given["sagemaker_submit_directory"] = f'"s3://{BUCKET}/code/{name}/sourcedir.tar.gz"'
        if metrics:
            algorithm["MetricDefinitions"] = [{"Name": key, "Regex": regex} for key, regex in metrics.items()]
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": algorithm,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            "HyperParameters": given,
            "InputDataConfig": [
                {
                    "ChannelName": channel,
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": url,
                            "S3DataDistributionType": "FullyReplicated",
                        }
                    },
                }
                for channel, url in (channels or {}).items()
            ],
            **more,
        }

    def start(self, request: dict[str, Any], *, token: str = "", grace: float = 1.0, **more: Any) -> Job:
        kind: Kind = "training" if "TrainingJobName" in request else "processing"
        name = request.get("TrainingJobName") or request["ProcessingJobName"]
        environ = self.environ | more.pop("environ", {})
        return self.jobs.create(
            kind, request, token=token or f"act-of-{name}", python=sys.executable, grace=grace, environ=environ, **more
        )

    def run(self, request: dict[str, Any], **more: Any) -> Job:
        job = self.start(request, **more)
        assert job.wait(20), f"{job} does not end: {self.said(job)}"
        return job

    def said(self, job: Job) -> str:
        return job.log.read_text() if job.log.exists() else ""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
