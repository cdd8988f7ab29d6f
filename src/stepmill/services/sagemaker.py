"""Amazon SageMaker's processing and training jobs, answered here.

In: SageMaker requests as boto3 spells them. Out: responses with times in seconds, and the results Step Functions makes
of ended jobs. Touches: the job folders, through jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.engine.signals import Act
from stepmill.jobs.environments import EnvironmentFailed
from stepmill.jobs.job import Job, JobExists, Jobs, JobState, Kind
from stepmill.jobs.refusals import refusals
from stepmill.services.job_lists import listed
from stepmill.services.operations import Response, ServiceError, operation
from stepmill.services.rights import Rights
from stepmill.services.surroundings import Surroundings

_WORD = {"training": "TrainingJob", "processing": "ProcessingJob"}
_PATH = {"training": "training-job", "processing": "processing-job"}
# Step Functions gives times in milliseconds and the tags as a map (reference: "Result of .sync").
_TIMES = (
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "ProcessingStartTime",
    "ProcessingEndTime",
    "LastModifiedTime",
)


class SageMaker:
    """The jobs of one account and region."""

    def __init__(
        self,
        jobs: Jobs,
        surroundings: Surroundings,
        *,
        region: str,
        account: str,
        grace: float,
        rights: Rights | None = None,
    ) -> None:
        """`grace` is the seconds between SIGTERM and SIGKILL (SageMaker: 120)."""
        self._jobs = jobs
        self._surroundings = surroundings
        self._rights = rights
        self._scope = f"arn:aws:sagemaker:{region}:{account}"
        self._grace = grace

    @operation("CreateTrainingJob")
    def create_training_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start a training job. The same token again finds the job it started."""
        return self._create("training", request, token)

    @operation("CreateProcessingJob")
    def create_processing_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Start a processing job. The same token again finds the job it started."""
        return self._create("processing", request, token)

    @operation("DescribeTrainingJob", "TrainingJobName")
    def describe_training_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a training job was asked and what became of it."""
        return self._describe(self._named("training", request))

    @operation("DescribeProcessingJob", "ProcessingJobName")
    def describe_processing_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What a processing job was asked and what became of it."""
        return self._describe(self._named("processing", request))

    @operation("StopTrainingJob", "TrainingJobName")
    def stop_training_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """SIGTERM, the grace, SIGKILL."""
        return self._stop(self._named("training", request))

    @operation("StopProcessingJob", "ProcessingJobName")
    def stop_processing_job(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """SIGTERM, the grace, SIGKILL."""
        return self._stop(self._named("processing", request))

    @operation("ListTrainingJobs")
    def list_training_jobs(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Training jobs, newest first."""
        return self._list("training", request)

    @operation("ListProcessingJobs")
    def list_processing_jobs(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Processing jobs, newest first."""
        return self._list("processing", request)

    # what a Task state needs of a job it started

    def job_of(self, kind: Kind, act: Act) -> Job | None:
        """The job that this very act started, or None."""
        name = act.parameters.get(f"{_WORD[kind]}Name") if isinstance(act.parameters, dict) else None
        job = self._jobs.find(kind, name) if isinstance(name, str) else None
        return job if job is not None and job.token == act.name else None

    def result(self, kind: Kind, act: Act) -> tuple[str, Response]:
        """Wait for the job of an act. Out: its status, and the result as Step Functions' `.sync` gives it."""
        job = self.job_of(kind, act)
        assert job is not None, "an act waits for the job that it created"
        job.wait()
        described = self._describe(job)
        tags = job.request.get("Tags") or []
        result = {
            key: round(value * 1000) if key in _TIMES and value is not None else value
            for key, value in described.items()
            if value is not None
        }
        for field, stamps in (
            ("SecondaryStatusTransitions", ("StartTime", "EndTime")),
            ("FinalMetricDataList", ("Timestamp",)),
        ):
            for row in result.get(field, ()):
                row.update({stamp: round(row[stamp] * 1000) for stamp in stamps if row.get(stamp) is not None})
        return described[f"{_WORD[job.kind]}Status"], result | {"Tags": {tag["Key"]: tag["Value"] for tag in tags}}

    # one path for both kinds

    def _create(self, kind: Kind, request: dict[str, Any], token: str | None) -> Response:
        from stepmill.sagemaker.rules import refusal  # a table of all shapes, which a server needs with its first job

        word = _WORD[kind]
        if message := refusal(f"Create{word}", request):
            raise ServiceError("ValidationException", message)
        if here := refusals(kind, request):
            raise ServiceError("ValidationException", f"this machine cannot run the job: {'; '.join(here)}")
        if self._rights is not None:
            self._rights.job(kind, request)
        name = request[f"{word}Name"]
        try:
            python = self._surroundings.job_python(request)
            self._jobs.create(
                kind,
                request,
                token=token or f"{kind}:{name}",
                python=python,
                grace=self._grace,
                environ=self._surroundings.environ(token, python),
                secrets=self._surroundings.secrets(token),
            )
        except JobExists:
            arn = self._arn(kind, name)
            raise ServiceError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, and a "
                f"{_PATH[kind].replace('-', ' ')} with this name already exists ({arn})",
            ) from None
        except EnvironmentFailed as fault:
            raise ServiceError("ValidationException", f"this machine cannot run the job: {fault}") from None
        return {f"{word}Arn": self._arn(kind, name)}

    def _arn(self, kind: Kind, name: str) -> str:
        return f"{self._scope}:{_PATH[kind]}/{name}"

    def _named(self, kind: Kind, request: Mapping[str, Any]) -> Job:
        name = str(request[f"{_WORD[kind]}Name"])
        job = self._jobs.find(kind, name)
        if job is None:
            # Not the ResourceNotFound of the model: so the service answers (aws/aws-sdk#165).
            found = {"training": "Requested resource not found."}
            message = found.get(kind, f"Could not find requested job with name: {name}")
            raise ServiceError("ValidationException", message)
        return job

    def _stop(self, job: Job) -> Response:
        status = job.state().status
        if status not in ("InProgress", "Stopping"):
            # Worded by the service itself, of a training job (awslabs/benchmark-ai#928).
            said = f"The request was rejected because the {job.kind} job is in status {status}."
            raise ServiceError("ValidationException", said)
        job.stop()
        return {}

    def _list(self, kind: Kind, request: Mapping[str, Any]) -> Response:
        word = _WORD[kind]
        rows: list[Response] = []
        for job in self._jobs.list(kind):  # newest first
            state = job.state()
            row = {
                f"{word}Name": job.name,
                f"{word}Arn": self._arn(kind, job.name),
                f"{word}Status": state.status,
                "CreationTime": state.created,
                f"{word[:-3]}EndTime": state.ended,
                "LastModifiedTime": _modified(state),
            }
            if kind == "training":
                row["SecondaryStatus"] = state.secondary
            else:
                row |= {"FailureReason": state.failure_reason or None, "ExitMessage": state.exit_message or None}
            rows.append({key: value for key, value in row.items() if value is not None})
        return listed(word, rows, request)

    def _describe(self, job: Job) -> Response:
        state = job.state()
        word = _WORD[job.kind]
        response: Response = {
            **{key: value for key, value in job.request.items() if key != "Tags"},  # ListTags has them
            f"{word}Arn": self._arn(job.kind, job.name),
            f"{word}Status": state.status,
            "CreationTime": state.created,
            f"{word[:-3]}StartTime": state.started,
            f"{word[:-3]}EndTime": state.ended,
            "LastModifiedTime": _modified(state),
            "FailureReason": state.failure_reason or None,
        }
        if job.kind == "processing":
            response["ExitMessage"] = state.exit_message or None
        else:
            response |= _training(state)
        return {key: value for key, value in response.items() if value is not None}


def _modified(state: JobState) -> float:
    return state.ended or (state.transitions[-1].at if state.transitions else None) or state.started or state.created


def _training(state: JobState) -> Response:
    ends = [after.at for after in state.transitions[1:]] + [state.ended] * bool(state.transitions)
    return {
        "SecondaryStatus": state.secondary,
        "SecondaryStatusTransitions": [
            {"Status": entered.status, "StartTime": entered.at, "StatusMessage": entered.message}
            | ({} if left is None else {"EndTime": left})
            for entered, left in zip(state.transitions, ends, strict=True)
        ],
        "ModelArtifacts": {"S3ModelArtifacts": state.model} if state.model else None,
        "FinalMetricDataList": [
            {"MetricName": name, "Value": value, "Timestamp": at} for name, value, at in state.metrics
        ]
        or None,
        "TrainingTimeInSeconds": state.billable,
        "BillableTimeInSeconds": state.billable,
    }
