"""The step that is a training job.

In: an estimator, its data and hyperparameters. Out: a state that trains, where its model went and how good it is.
Touches: the script named, to see that it parses.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Ref
from stepmill.inputs.placeholders import remembered
from stepmill.inputs.rendering import Language, refuse
from stepmill.sagemaker.requests import Built, Place, training_request
from stepmill.steps.build import Build
from stepmill.steps.scripts import script
from stepmill.steps.values import one_of

from .step import JobStep


class TrainingStep(JobStep):
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
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    _action = "createTrainingJob"

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
        super().__init__(state_id, job_name, wait_for_completion, **fields)
        self.estimator = estimator
        self._said = {
            "data": data,
            "hyperparameters": hyperparameters,
            "mini_batch_size": mini_batch_size,
            "experiment_config": experiment_config,
            "tags": tags,
            "output_data_config_path": output_data_config_path,
        }

    def described(self) -> Sequence[Any]:
        """The estimator."""
        return [self.estimator]

    def _base(self) -> Any:
        return getattr(self.estimator, "base_job_name", None)

    def _paths(self) -> list[Any]:
        return [getattr(self.estimator, "source_dir", None) or getattr(self.estimator, "entry_point", None)]

    def _build(self, place: Place, parameters: Any) -> Built:
        return training_request(
            self.estimator,
            place=place,
            explicit_job_name=self.job_name is not None,
            parameters=parameters,
            **self._said,
        )

    def _scripts(self, base: Path) -> Sequence[Path]:
        file = script(base, getattr(self.estimator, "source_dir", None), getattr(self.estimator, "entry_point", None))
        return [] if file is None else [file]

    @property
    def model(self) -> Placeholder:
        """Where the model went: the `s3://` URI of `model.tar.gz`."""
        return remembered(self.state_id, "model")

    @property
    def metrics(self) -> Placeholder:
        """The last value of each metric: `step.metrics["accuracy"]`, a number."""
        return remembered(self.state_id, "metrics")

    def get_expected_model(self, model_name: Any = None) -> Any:
        """The model this step trains, for a ModelStep that comes next: its data is read from that state's input.

        model_name: the model's name; left out, the job's name when that was given.

        Raises:
            TypeError: the estimator cannot say what serves its model.
        """
        if not callable(getattr(self.estimator, "create_model", None)):
            raise TypeError(
                f"{self.state_id!r}: {type(self.estimator).__name__} cannot say what serves its model; "
                "give a ModelStep a Model(image_uri=..., model_data=train.model)"
            )
        model = served(self.estimator)
        model.name = self.job_name if model_name is None else model_name
        if (environment := getattr(self.estimator, "environment", None)) is not None:
            model.env = environment
        model.model_data = self.output()["ModelArtifacts"]["S3ModelArtifacts"]
        return model

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse a metric this step does not define, or whose place in the list JSONPath cannot know."""
        super().check_read(ref, build, language)
        if ref.kind != "metrics":
            return
        names = [
            str(m.get("Name")) for m in build.request.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
        ]
        one_of(ref, self.state_id, "metric", "metrics", names)
        if language == "JSONPath" and len(names) > 1:
            refuse(
                "jsonpath.metric",
                f"{self.state_id!r} defines {len(names)} metrics, and JSONPath can only take one by its position, "
                "which SageMaker does not promise",
                'use JSONata (query_language="JSONata"), or judge by a report that the evaluation writes',
            )


def served(estimator: Any) -> Any:
    """The model that an estimator, ours or sagemaker 2's, trains; where its data lies is for the caller to say."""
    estimator = copy.copy(estimator)
    if getattr(estimator, "_current_job_name", "") is None:  # sagemaker 2 makes a URI of both, replaced by the caller
        estimator._current_job_name = "job"
        estimator.output_path = estimator.output_path or "s3://bucket"
    model = estimator.create_model()
    if getattr(model, "entry_point", None) is not None and getattr(model, "source_dir", None) is None:
        model.source_dir = getattr(estimator, "source_dir", None)  # sagemaker 2 knows it after an upload only
    return model
