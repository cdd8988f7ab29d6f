"""What searches for the best hyperparameters.

In: the arguments of the SageMaker SDK 2 classes of the same names. Out: attributes of the same names, read by the
builders. Touches: nothing; faults are told when the pipeline is compiled, except for what cannot be one tuner at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from stepmill.nearest import did_you_mean
from stepmill.sagemaker.built import attribute, given
from stepmill.sagemaker.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from stepmill.sagemaker.processing import Tags

__all__ = [
    "CategoricalParameter",
    "ContinuousParameter",
    "HyperbandStrategyConfig",
    "HyperparameterTuner",
    "InstanceConfig",
    "IntegerParameter",
    "StrategyConfig",
    "TuningJobCompletionCriteriaConfig",
    "WarmStartConfig",
    "WarmStartTypes",
]


class WarmStartTypes(Enum):
    """What a tuning job takes over from earlier ones: their results as they are, or for other data or another image."""

    IDENTICAL_DATA_AND_ALGORITHM = "IdenticalDataAndAlgorithm"
    TRANSFER_LEARNING = "TransferLearning"


class WarmStartConfig:
    """Earlier tuning jobs to learn from (`WarmStartConfig`).

    warm_start_type: a WarmStartTypes. parents: 1 to 5 names of tuning jobs, such as `.name` of a TuningStep.

    Raises:
        ValueError: another type, or no parents.
    """

    def __init__(self, warm_start_type: WarmStartTypes, parents: Collection[Any]) -> None:
        if warm_start_type not in list(WarmStartTypes):
            known = [str(each) for each in WarmStartTypes]
            raise ValueError(f"{warm_start_type!r} is no type of a warm start; there are {', '.join(known)}")
        if not parents:
            raise ValueError("a warm start needs parents=, the names of earlier tuning jobs")
        self.type = warm_start_type
        self.parents = list(dict.fromkeys([parents] if isinstance(parents, str) else parents))

    def to_input_req(self) -> dict[str, Any]:
        """As the request has it."""
        names = [{"HyperParameterTuningJobName": parent} for parent in self.parents]
        return {"WarmStartType": self.type.value, "ParentHyperParameterTuningJobs": names}


class HyperbandStrategyConfig:
    """How far Hyperband trains: between min_resource and max_resource units, such as epochs."""

    def __init__(self, max_resource: Any, min_resource: Any) -> None:
        self.max_resource = max_resource
        self.min_resource = min_resource

    def to_input_req(self) -> dict[str, Any]:
        """As the request has it."""
        return {"MinResource": self.min_resource, "MaxResource": self.max_resource}


class StrategyConfig:
    """The settings of a strategy. hyperband_strategy_config: a HyperbandStrategyConfig."""

    def __init__(self, hyperband_strategy_config: HyperbandStrategyConfig) -> None:
        self.hyperband_strategy_config = hyperband_strategy_config

    def to_input_req(self) -> dict[str, Any]:
        """As the request has it."""
        return {"HyperbandStrategyConfig": self.hyperband_strategy_config.to_input_req()}


class TuningJobCompletionCriteriaConfig:
    """When a tuning job ends before max_jobs.

    max_number_of_training_jobs_not_improving: after so many jobs in a row that are no better (3 and more).
    complete_on_convergence: True ends it when SageMaker sees that nothing better comes. target_objective_metric_value:
    ends it when the objective is this good.
    """

    def __init__(
        self,
        max_number_of_training_jobs_not_improving: Any = None,
        complete_on_convergence: bool | None = None,
        target_objective_metric_value: Any = None,
    ) -> None:
        self.max_number_of_training_jobs_not_improving = max_number_of_training_jobs_not_improving
        self.complete_on_convergence = complete_on_convergence
        self.target_objective_metric_value = target_objective_metric_value

    def to_input_req(self) -> dict[str, Any]:
        """As the request has it."""
        most, ends = self.max_number_of_training_jobs_not_improving, self.complete_on_convergence
        switch = "Enabled" if ends else "Disabled"
        return given(
            BestObjectiveNotImproving=None if most is None else {"MaxNumberOfTrainingJobsNotImproving": most},
            TargetObjectiveMetricValue=self.target_objective_metric_value,
            ConvergenceDetected=None if ends is None else {"CompleteOnConvergence": switch},
        )


class InstanceConfig:
    """One choice of machines for the training jobs of a tuning job.

    instance_count, instance_type, volume_size: as in Estimator; GB.
    """

    def __init__(self, instance_count: Any = None, instance_type: Any = None, volume_size: Any = 30) -> None:
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.volume_size = volume_size

    def to_input_req(self) -> dict[str, Any]:
        """As the request has it."""
        return {
            "InstanceCount": self.instance_count,
            "InstanceType": self.instance_type,
            "VolumeSizeInGB": self.volume_size,
        }


class HyperparameterTuner:
    """Training jobs that look for the best hyperparameters (`CreateHyperParameterTuningJob`).

    estimator: an Estimator; of its hyperparameters those with a range are tuned. objective_metric_name: the metric
    that judges, one of metric_definitions (`{name: regex}` or SageMaker's list; left out, the estimator's).
    hyperparameter_ranges: `{name: IntegerParameter, ContinuousParameter or CategoricalParameter}`. strategy:
    `Bayesian`, `Random`, `Hyperband` or `Grid`. objective_type: `Maximize` or `Minimize`. max_jobs: how many training
    jobs, 1 when left out, except for Grid; max_parallel_jobs: how many at once. max_runtime_in_seconds: of the whole
    tuning job. tags: `{key: value}`, or SageMaker's list. base_tuning_job_name: what names of jobs begin with, which
    have at most 32 characters in all. warm_start_config, strategy_config, completion_criteria_config: objects of this
    module. early_stopping_type: `Auto` or `Off`. estimator_name: makes it a tuner of several estimators, as `create`
    does. random_seed: makes two searches alike. autotune: SageMaker chooses the ranges of the hyperparameters that
    have none, except for hyperparameters_to_keep_static, a list of names.

    Raises:
        ValueError: there is nothing to tune, or what stays static is said without autotune.
    """

    def __init__(
        self,
        estimator: Any,
        objective_metric_name: Any,
        hyperparameter_ranges: Mapping[str, Any] | None = None,
        metric_definitions: Mapping[str, str] | Sequence[Mapping[str, Any]] | None = None,
        strategy: Any = "Bayesian",
        objective_type: Any = "Maximize",
        max_jobs: Any = None,
        max_parallel_jobs: Any = 1,
        max_runtime_in_seconds: Any = None,
        tags: Tags | None = None,
        base_tuning_job_name: str | None = None,
        warm_start_config: Any = None,
        strategy_config: Any = None,
        completion_criteria_config: Any = None,
        early_stopping_type: Any = "Off",
        estimator_name: str | None = None,
        random_seed: Any = None,
        autotune: bool = False,
        hyperparameters_to_keep_static: Sequence[str] | None = None,
    ) -> None:
        _check(hyperparameter_ranges, autotune, hyperparameters_to_keep_static)
        one = estimator_name is None
        self.estimator = estimator if one else None
        self.objective_metric_name = objective_metric_name if one else None
        self._hyperparameter_ranges = hyperparameter_ranges if one else None
        self.metric_definitions = metric_definitions if one else None
        self.hyperparameters_to_keep_static = hyperparameters_to_keep_static if one else None
        self.estimator_dict: dict[str, Any] | None = None
        self.instance_configs: Any = None
        self.instance_configs_dict: Any = None
        self.strategy = strategy
        self.objective_type = objective_type
        self.max_jobs = 1 if max_jobs is None and strategy != "Grid" else max_jobs
        self.max_parallel_jobs = max_parallel_jobs
        self.max_runtime_in_seconds = max_runtime_in_seconds
        self.tags = tags
        self.base_tuning_job_name = base_tuning_job_name
        self.warm_start_config = warm_start_config
        self.strategy_config = strategy_config
        self.completion_criteria_config = completion_criteria_config
        self.early_stopping_type = early_stopping_type
        self.random_seed = random_seed
        self.autotune = autotune
        if estimator_name is not None:
            self.estimator_dict = {estimator_name: estimator}
            self.objective_metric_name_dict = {estimator_name: objective_metric_name}
            self._hyperparameter_ranges_dict = {estimator_name: hyperparameter_ranges}
            self.metric_definitions_dict = given(**{estimator_name: metric_definitions})
            self.hyperparameters_to_keep_static_dict = {estimator_name: hyperparameters_to_keep_static}

    @classmethod
    def create(
        cls,
        estimator_dict: Mapping[str, Any],
        objective_metric_name_dict: Mapping[str, Any],
        hyperparameter_ranges_dict: Mapping[str, Mapping[str, Any]],
        metric_definitions_dict: Mapping[str, Any] | None = None,
        base_tuning_job_name: str | None = None,
        strategy: Any = "Bayesian",
        strategy_config: Any = None,
        completion_criteria_config: Any = None,
        objective_type: Any = "Maximize",
        max_jobs: Any = None,
        max_parallel_jobs: Any = 1,
        max_runtime_in_seconds: Any = None,
        tags: Tags | None = None,
        warm_start_config: Any = None,
        early_stopping_type: Any = "Off",
        random_seed: Any = None,
        autotune: bool = False,
        hyperparameters_to_keep_static_dict: Mapping[str, Sequence[str]] | None = None,
    ) -> HyperparameterTuner:
        """A tuner of several estimators, `{name: Estimator}`; what ends in `_dict` is by these names.

        estimator_dict, objective_metric_name_dict, hyperparameter_ranges_dict: the same names in each.
        metric_definitions_dict, hyperparameters_to_keep_static_dict: some of the names. The other arguments, strategy,
        strategy_config, completion_criteria_config, objective_type, max_jobs, max_parallel_jobs,
        max_runtime_in_seconds, base_tuning_job_name, tags, warm_start_config, early_stopping_type, random_seed and
        autotune: as of one estimator's tuner.

        Raises:
            ValueError: no estimators, or the names differ.
        """
        _check_names(estimator_dict, objective_metric_name_dict, "objective_metric_name_dict", every=True)
        _check_names(estimator_dict, hyperparameter_ranges_dict, "hyperparameter_ranges_dict", every=True)
        metrics, static = metric_definitions_dict or {}, hyperparameters_to_keep_static_dict or {}
        _check_names(estimator_dict, metrics, "metric_definitions_dict")
        _check_names(estimator_dict, static, "hyperparameters_to_keep_static_dict")
        name = min(estimator_dict)
        tuner = cls(
            estimator_dict[name],
            objective_metric_name_dict[name],
            hyperparameter_ranges_dict[name],
            strategy=strategy,
            objective_type=objective_type,
            max_jobs=max_jobs,
            max_parallel_jobs=max_parallel_jobs,
            max_runtime_in_seconds=max_runtime_in_seconds,
            tags=tags,
            base_tuning_job_name=base_tuning_job_name,
            warm_start_config=warm_start_config,
            strategy_config=strategy_config,
            completion_criteria_config=completion_criteria_config,
            early_stopping_type=early_stopping_type,
            estimator_name=name,
            random_seed=random_seed,
            autotune=autotune,
            hyperparameters_to_keep_static=static.get(name),
        )
        tuner.estimator_dict = dict(estimator_dict)
        tuner.objective_metric_name_dict = dict(objective_metric_name_dict)
        tuner._hyperparameter_ranges_dict = dict(hyperparameter_ranges_dict)
        tuner.metric_definitions_dict = dict(metrics)
        tuner.hyperparameters_to_keep_static_dict = dict(static)
        return tuner

    def override_resource_config(self, instance_configs: Any) -> None:
        """Let SageMaker choose among machines. instance_configs: InstanceConfigs, or lists of them by estimator."""
        if isinstance(instance_configs, Mapping):
            self.instance_configs_dict = instance_configs
        elif self.estimator_dict:
            self.instance_configs_dict = {next(iter(self.estimator_dict)): instance_configs}
        else:
            self.instance_configs = instance_configs


class Tuned(NamedTuple):
    """One estimator of a tuner and what is said about it; the name is empty when there is only one."""

    name: str
    estimator: Any
    objective: Any
    ranges: Any
    metrics: Any
    machines: Any
    static: Any


def tuned(tuner: Any) -> list[Tuned]:
    """The estimators of a tuner, ours or sagemaker 2's or 3's, in the order of the request."""
    several = attribute(tuner, "estimator_dict", attribute(tuner, "model_trainer_dict"))
    if several is None:
        return [
            Tuned(
                "",
                attribute(tuner, "estimator", attribute(tuner, "model_trainer")),
                attribute(tuner, "objective_metric_name"),
                attribute(tuner, "_hyperparameter_ranges"),
                _metrics(attribute(tuner, "metric_definitions")),
                attribute(tuner, "instance_configs"),
                attribute(tuner, "hyperparameters_to_keep_static"),
            )
        ]

    def of(field: str, name: str) -> Any:
        return attribute(tuner, field, {}).get(name)

    return [
        Tuned(
            name,
            several[name],
            of("objective_metric_name_dict", name),
            of("_hyperparameter_ranges_dict", name),
            _metrics(of("metric_definitions_dict", name)),
            of("instance_configs_dict", name),
            of("hyperparameters_to_keep_static_dict", name),
        )
        for name in sorted(several)
    ]


def _metrics(metrics: Any) -> Any:
    if isinstance(metrics, Mapping):
        return [{"Name": name, "Regex": regex} for name, regex in metrics.items()]
    return metrics or None


def _check(ranges: Any, autotune: bool, static: Sequence[str] | None) -> None:
    if not ranges and not autotune:
        raise ValueError("there is nothing to tune: give hyperparameter_ranges=, or autotune=True")
    if static is not None and not autotune:
        raise ValueError("hyperparameters_to_keep_static= is for autotune=True; what has no range is static anyway")


def _check_names(estimators: Mapping[str, Any], other: Mapping[str, Any], what: str, every: bool = False) -> None:
    if not estimators:
        raise ValueError("estimator_dict= is empty")
    for name in other:
        if name not in estimators:
            raise ValueError(
                f"{what} has {name!r}, which is no estimator; {did_you_mean(name, estimators, 'none is near')}"
            )
    missing = [name for name in estimators if every and name not in other]
    if missing:
        raise ValueError(f"{what} says nothing about {', '.join(missing)}")
