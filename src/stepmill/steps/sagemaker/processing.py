"""The step that is a processing job.

In: a processor and what it reads and writes. Out: a state that runs it, and where its outputs went. Touches: the
script named, to see that it parses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Ref
from stepmill.inputs.placeholders import remembered
from stepmill.inputs.rendering import Language
from stepmill.sagemaker.requests import Built, Place, processing_request
from stepmill.steps.build import Build
from stepmill.steps.scripts import script
from stepmill.steps.values import one_of

from .step import JobStep


class ProcessingStep(JobStep):
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
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    _action = "createProcessingJob"

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
        super().__init__(state_id, job_name, wait_for_completion, **fields)
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

    def described(self) -> Sequence[Any]:
        """The processor."""
        return [self.processor]

    def _base(self) -> Any:
        return getattr(self.processor, "base_job_name", None)

    def _paths(self) -> list[Any]:
        return [self.source_dir if self.source_dir is not None else self.code]

    def _build(self, place: Place, parameters: Any) -> Built:
        return processing_request(
            self.processor,
            place=place,
            code=self.code,
            source_dir=self.source_dir,
            explicit_job_name=self.job_name is not None,
            parameters=parameters,
            **self._said,
        )

    def _scripts(self, base: Path) -> Sequence[Path]:
        file = script(base, self.source_dir, self.code)
        return [] if file is None else [file]

    @property
    def outputs(self) -> Placeholder:
        """Where each output went, an `s3://` prefix: `step.outputs["train"]`."""
        return remembered(self.state_id, "outputs")

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse an output this step does not have."""
        super().check_read(ref, build, language)
        if ref.kind == "outputs":
            one_of(ref, self.state_id, "output", "outputs", build.outputs)
