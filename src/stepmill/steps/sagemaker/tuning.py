"""The step that is a hyperparameter tuning job.

In: a tuner and its data. Out: a state that tunes, and which of its training jobs was best. Touches: the scripts named,
to see that they parse.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.placeholders import remembered
from stepmill.sagemaker.requests import Built, Place, tuned, tuning_request
from stepmill.steps.scripts import script

from .step import JobStep


class TuningStep(JobStep):
    """A hyperparameter tuning job: training jobs that look for the best hyperparameters.

    Args:
        state_id: the state's name.
        tuner: a `HyperparameterTuner`, ours or `sagemaker` 2's.
        job_name: at most 32 characters; left out, every attempt of every execution gets a name of its own.
        data: as in a TrainingStep; of a tuner of several estimators `{name: data}`, by the estimators' names.
        wait_for_completion: whether the state waits for the job's end.
        tags: `{key: value}`, or SageMaker's list; instead of the tuner's.
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    _action = "createHyperParameterTuningJob"
    _longest = 32

    def __init__(
        self,
        state_id: str,
        tuner: Any,
        job_name: Any = None,
        data: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, job_name, wait_for_completion, **fields)
        self.tuner, self._data, self._tags = tuner, data, tags

    def described(self) -> Sequence[Any]:
        """The tuner's estimators."""
        return [each.estimator for each in tuned(self.tuner)] if hasattr(self.tuner, "max_parallel_jobs") else []

    def _base(self) -> Any:
        return getattr(self.tuner, "base_tuning_job_name", None)

    def _paths(self) -> list[Any]:
        return [
            getattr(each, "source_dir", None) or getattr(each, "entry_point", None)
            for each in self.described()
        ]  # fmt: skip

    def _build(self, place: Place, parameters: Any) -> Built:
        return tuning_request(
            self.tuner,
            place=place,
            data=self._data,
            tags=self._tags,
            explicit_job_name=self.job_name is not None,
            parameters=parameters,
        )

    def _scripts(self, base: Path) -> Sequence[Path]:
        found = [
            script(base, getattr(each, "source_dir", None), getattr(each, "entry_point", None))
            for each in self.described()
        ]
        return [file for file in found if file is not None]

    @property
    def name(self) -> Placeholder:
        """The job's name."""
        return remembered(self.state_id, "result", "HyperParameterTuningJobName")

    @property
    def best_training_job(self) -> Placeholder:
        """The name of the best training job; `sagemaker:describeTrainingJob` says where its model is."""
        return remembered(self.state_id, "result", "BestTrainingJob", "TrainingJobName")

    @property
    def best_hyperparameters(self) -> Placeholder:
        """The tuned hyperparameters of the best training job, texts by name: `step.best_hyperparameters["lr"]`."""
        return remembered(self.state_id, "result", "BestTrainingJob", "TunedHyperParameters")

    @property
    def best_objective(self) -> Placeholder:
        """The objective's value in the best training job, a number."""
        metric = "FinalHyperParameterTuningJobObjectiveMetric"
        return remembered(self.state_id, "result", "BestTrainingJob", metric, "Value")
