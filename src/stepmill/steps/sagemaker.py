"""Steps that are SageMaker jobs.

In: a processor or an estimator and what it reads and writes. Out: states that call SageMaker, and the values their
jobs leave behind. Touches: the scripts named, to see that they parse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Ref
from stepmill.inputs.placeholders import remembered
from stepmill.inputs.rendering import Language, refuse
from stepmill.nearest import did_you_mean
from stepmill.sagemaker.requests import Built, Place, processing_request, training_request

from .build import Build
from .scripts import check_script, script
from .state import Task

_FIELDS = Task.fields - {"resource", "parameters", "arguments"}


class _JobStep(Task):
    """What both kinds of jobs share."""

    fields = _FIELDS
    _resource = ""

    def __init__(self, state_id: str, description: Any, job_name: Any, wait: bool, **fields: Any) -> None:
        super().__init__(state_id, **fields)
        self.description, self.job_name, self.wait_for_completion = description, job_name, wait

    def _paths(self) -> list[Any]:
        raise NotImplementedError

    def _build(self, place: Place) -> Built:
        raise NotImplementedError

    def _script(self, base: Path) -> Path | None:
        raise NotImplementedError

    def build(self, build: Build) -> dict[str, Any]:
        """The request as the state's parameters."""
        d = self.description
        place = build.place(self.job_name, d, *self._paths(), getattr(d, "requirements", None))
        built = self._build(place)
        for code, message, hint in built.problems:
            build.problem(code, f"{self.state_id!r}: {message}", hint)
        if (file := self._script(place.base or Path())) is not None:
            check_script(file, build.used, build.problem)
        build.ledger.keep(built.assets)
        build.outputs, build.request = built.outputs, built.request
        if self.job_name is not None and self.retries:
            fixed = isinstance(self.job_name, str) and "\ue000" not in self.job_name
            said = f"the job name {self.job_name!r}" if fixed else "a job name of its own"
            build.notice(
                f"{self.state_id!r} has a Retry and {said}: the second attempt ends in "
                "ResourceInUse, which hides the first error. Leave job_name out and every attempt gets its own"
            )
        resource = build.resource(f"sagemaker:{self._resource}{'.sync' if self.wait_for_completion else ''}")
        return {"Resource": resource, **super().build(build), "Parameters": built.request}

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse to read what this job does not leave behind."""
        if not self.wait_for_completion and ref.kind != "result":
            refuse(
                "value.not-waited",
                f"{self.state_id!r} does not wait for its job, which has no result yet when the next state starts",
                "leave wait_for_completion=False out",
            )


class ProcessingStep(_JobStep):
    """A processing job.

    Args:
        state_id: the state's name.
        processor: a `ScriptProcessor` or `Processor`, ours or `sagemaker` 2's.
        job_name: left out, every attempt of every execution gets a name of its own.
        inputs: ProcessingInputs, or `{name: URI, local path or run-time value}`, read at `/opt/ml/processing/<name>`.
        outputs: names or ProcessingOutputs; a name is written at `/opt/ml/processing/<name>`.
        experiment_config: as in the request; sent only when given.
        container_arguments: the script's arguments; run-time values among them arrive as text.
        container_entrypoint: the command line, instead of the processor's.
        kms_key_id: the key outputs are encrypted with.
        wait_for_completion: whether the state waits for the job's end.
        tags: `{key: value}`, or SageMaker's list.
        code: a script to run, a path or an `s3://` URI.
        source_dir: the folder the script is in.
        fields: retry, catch, and the fields of `Task` except resource and parameters.
    """

    _resource = "createProcessingJob"

    def __init__(
        self,
        state_id: str,
        processor: Any,
        job_name: Any = None,
        inputs: Any = None,
        outputs: Any = None,
        experiment_config: Any = None,
        container_arguments: Any = None,
        container_entrypoint: Any = None,
        kms_key_id: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        *,
        code: Any = None,
        source_dir: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, processor, job_name, wait_for_completion, **fields)
        self.processor, self.code, self.source_dir = processor, code, source_dir
        self._said = {
            "inputs": inputs,
            "outputs": outputs,
            "experiment_config": experiment_config,
            "container_arguments": container_arguments,
            "container_entrypoint": container_entrypoint,
            "kms_key_id": kms_key_id,
            "tags": tags,
        }

    def _paths(self) -> list[Any]:
        return [self.source_dir if self.source_dir is not None else self.code]

    def _build(self, place: Place) -> Built:
        return processing_request(
            self.processor,
            place=place,
            code=self.code,
            source_dir=self.source_dir,
            explicit_job_name=self.job_name is not None,
            **self._said,
        )

    def _script(self, base: Path) -> Path | None:
        return script(base, self.source_dir, self.code)

    @property
    def outputs(self) -> Placeholder:
        """Where each output went, an `s3://` prefix: `step.outputs["train"]`."""
        return remembered(self.state_id, "outputs")

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse an output this step does not have."""
        super().check_read(ref, build, language)
        if ref.kind == "outputs":
            _one_of(ref, self.state_id, "output", "outputs", build.outputs)


class TrainingStep(_JobStep):
    """A training job.

    Args:
        state_id: the state's name.
        estimator: an `Estimator`, ours or `sagemaker` 2's.
        job_name: left out, every attempt of every execution gets a name of its own.
        data: a URI, a local path, a run-time value or a TrainingInput for the channel `training`, or a dict of these
            by channel.
        hyperparameters: added to the estimator's and stronger than they; run-time values arrive as text. One run-time
            value stands for all of them.
        mini_batch_size: for SageMaker's own algorithms.
        experiment_config: as in the request; sent only when given.
        wait_for_completion: whether the state waits for the job's end.
        tags: `{key: value}`, or SageMaker's list.
        output_data_config_path: where the model goes, instead of the execution's own prefix.
        fields: retry, catch, and the fields of `Task` except resource and parameters.
    """

    _resource = "createTrainingJob"

    def __init__(
        self,
        state_id: str,
        estimator: Any,
        job_name: Any = None,
        data: Any = None,
        hyperparameters: Any = None,
        mini_batch_size: Any = None,
        experiment_config: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        output_data_config_path: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, estimator, job_name, wait_for_completion, **fields)
        self.estimator = estimator
        self._said = {
            "data": data,
            "hyperparameters": hyperparameters,
            "mini_batch_size": mini_batch_size,
            "experiment_config": experiment_config,
            "tags": tags,
            "output_data_config_path": output_data_config_path,
        }

    def _paths(self) -> list[Any]:
        return [getattr(self.estimator, "source_dir", None) or getattr(self.estimator, "entry_point", None)]

    def _build(self, place: Place) -> Built:
        return training_request(self.estimator, place=place, explicit_job_name=self.job_name is not None, **self._said)

    def _script(self, base: Path) -> Path | None:
        return script(base, getattr(self.estimator, "source_dir", None), getattr(self.estimator, "entry_point", None))

    @property
    def model(self) -> Placeholder:
        """Where the model went: the `s3://` URI of `model.tar.gz`."""
        return remembered(self.state_id, "model")

    @property
    def metrics(self) -> Placeholder:
        """The last value of each metric: `step.metrics["accuracy"]`, a number."""
        return remembered(self.state_id, "metrics")

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse a metric this step does not define, or whose place in the list JSONPath cannot know."""
        super().check_read(ref, build, language)
        if ref.kind != "metrics":
            return
        names = [
            str(m.get("Name")) for m in build.request.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
        ]
        _one_of(ref, self.state_id, "metric", "metrics", names)
        if language == "JSONPath" and len(names) > 1:
            refuse(
                "jsonpath.metric",
                f"{self.state_id!r} defines {len(names)} metrics, and JSONPath can only take one by its position, "
                "which SageMaker does not promise",
                'use JSONata (query_language="JSONata"), or judge by a report that the evaluation writes',
            )


def _one_of(ref: Ref, step: str, what: str, attribute: str, known: Any) -> None:
    if not ref.keys:
        refuse("value.unnamed", f"{step!r} has several {attribute}: say which one", f"step.{attribute}[name]")
    if ref.keys[0] not in known:
        hint = did_you_mean(str(ref.keys[0]), known, f"it has {', '.join(known) or 'none'}")
        refuse(f"value.{what}", f"{step!r} has no {what} {ref.keys[0]!r}", hint)
    if len(ref.keys) > 1:
        refuse("value.deeper", f"the {what} {ref.keys[0]!r} of {step!r} is one value; there is nothing inside it")
