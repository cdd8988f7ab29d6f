"""Builds `CreateHyperParameterTuningJob` requests.

In: a tuner, channels, a Place. Out: Built. Touches: the code and data files named, to pack them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stepmill.sagemaker.built import (
    Built,
    Place,
    as_text,
    at_run_time,
    attribute,
    first,
    given,
    is_placeholder,
    shown,
    tag_list,
)
from stepmill.sagemaker.limits import check_metrics, complete
from stepmill.sagemaker.shapes import members
from stepmill.sagemaker.trainer import plain
from stepmill.sagemaker.training_request import training_fields
from stepmill.sagemaker.tuner import Tuned, tuned

_KINDS = ("Continuous", "Categorical", "Integer")


def tuning_request(
    tuner: Any,
    *,
    place: Place,
    data: Any = None,
    tags: Any = None,
    explicit_job_name: bool = False,
    parameters: Any = None,
) -> Built:
    """The `CreateHyperParameterTuningJob` request of a HyperparameterTuner: ours or sagemaker 2's or 3's.

    data: as in a TrainingStep; of a tuner of several estimators `{name: data}`, by the estimators' names. parameters:
    joined to the request, object by object, and stronger than it. A training job's fields that tuning jobs do not have
    (debugger, profiler, experiment, tags) are left out, as SageMaker's SDK leaves them out.
    """
    built = Built()
    if not (hasattr(tuner, "max_parallel_jobs") and hasattr(tuner, "objective_type")):
        estimator = hasattr(tuner, "max_run")
        hint = "a TrainingStep takes it" if estimator else "give a HyperparameterTuner"
        built.complain("not-a-tuner", f"{shown(tuner)} is no tuner", hint)
        return built
    searches = tuned(tuner)
    several = searches[0].name != ""
    data = _by_name(data, searches, built) if several else {search.name: data for search in searches}
    images = place.images or (place.image,) * len(searches)
    made = [
        _training(tuner, search, data.get(search.name), replace(place, image=image), explicit_job_name, built)
        for search, image in zip(searches, images, strict=True)
    ]
    if not all(made):
        return built
    built.request["HyperParameterTuningJobName"] = place.job_name
    built.request["HyperParameterTuningJobConfig"] = _config(tuner, None if several else searches[0], built)
    if several:
        built.request["TrainingJobDefinitions"] = [
            {
                **definition,
                "DefinitionName": search.name,
                "TuningObjective": _objective(tuner, search),
                "HyperParameterRanges": _ranges(search, built),
            }
            for search, definition in zip(searches, made, strict=True)
        ]
    else:
        built.request["TrainingJobDefinition"] = made[0]
    if (warm := attribute(tuner, "warm_start_config")) is not None:
        built.request["WarmStartConfig"] = _as_requested(warm)
    if attribute(tuner, "autotune") is True:
        built.request["Autotune"] = {"Mode": "Enabled"}
    if (all_tags := first(tags, attribute(tuner, "tags"))) is not None:
        built.request["Tags"] = tag_list(all_tags)
    complete("CreateHyperParameterTuningJob", built, parameters)
    _check_static(built)
    return built


def _check_static(built: Built) -> None:
    """No hyperparameter may both be tuned and stand still, whoever said so."""
    config, one = (built.request.get(name) for name in ("HyperParameterTuningJobConfig", "TrainingJobDefinition"))
    several = built.request.get("TrainingJobDefinitions")
    pairs = [(_part(one, "StaticHyperParameters"), _part(config, "ParameterRanges"))]
    for each in several if isinstance(several, list) else ():
        pairs.append((_part(each, "StaticHyperParameters"), _part(each, "HyperParameterRanges")))
    for static, ranges in pairs:
        searched = [each.get("Name") for kind in ranges.values() if isinstance(kind, list) for each in kind]
        for name in (str(each).removesuffix(".$") for each in static):
            if name in searched:
                said = f"the hyperparameter {name!r} has a range and a fixed value"
                built.complain("tuned-and-static", said, "leave one of them out")


def _part(holder: Any, name: str) -> Mapping[str, Any]:
    """A part of a request; empty when it is missing or known only at run time."""
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _by_name(data: Any, searches: list[Tuned], built: Built) -> Mapping[str, Any]:
    names = [search.name for search in searches]
    if data is not None and (not isinstance(data, Mapping) or not set(data) <= set(names)):
        built.complain(
            "data-by-estimator",
            f"the tuner has the estimators {', '.join(names)}, and data= is not by these names",
            "give {name: data} with a name for each",
        )
        return {}
    return data or {}


def _config(tuner: Any, search: Tuned | None, built: Built) -> dict[str, Any]:
    most = attribute(tuner, "max_jobs")
    if search is not None:
        _check_combinations(search.ranges, most, built)
    ranges = None if search is None else _ranges(search, built)
    auto = None if search is None else _auto(tuner, search)
    if auto:
        ranges = {**(ranges or {}), "AutoParameters": [{"Name": n, "ValueHint": v} for n, v in auto.items()]}
    return {
        "Strategy": attribute(tuner, "strategy", "Bayesian"),
        "ResourceLimits": given(
            MaxNumberOfTrainingJobs=most,
            MaxParallelTrainingJobs=attribute(tuner, "max_parallel_jobs", 1),
            MaxRuntimeInSeconds=attribute(tuner, "max_runtime_in_seconds"),
        ),
        "TrainingJobEarlyStoppingType": attribute(tuner, "early_stopping_type", "Off"),
        **given(
            HyperParameterTuningJobObjective=None if search is None else _objective(tuner, search),
            ParameterRanges=ranges,
            RandomSeed=attribute(tuner, "random_seed"),
            StrategyConfig=_as_requested(attribute(tuner, "strategy_config")),
            TuningJobCompletionCriteria=_as_requested(attribute(tuner, "completion_criteria_config")),
        ),
    }


def _check_combinations(ranges: Any, most: Any, built: Built) -> None:
    """SageMaker refuses more jobs than there are combinations (aws/amazon-sagemaker-operator-for-k8s#123)."""
    found = 1
    for each in ranges.values() if isinstance(ranges, Mapping) else ():
        low, high = getattr(each, "min_value", None), getattr(each, "max_value", None)
        if isinstance(values := getattr(each, "values", None), list) and values:
            found *= len(values)
        elif isinstance(low, int) and isinstance(high, int) and high >= low and _kind(each) == "Integer":
            found *= high - low + 1
        else:
            return
    if ranges and isinstance(most, int) and most > found:
        built.complain(
            "too-few-combinations",
            f"the ranges have {found} combinations, and max_jobs={most}",
            "SageMaker trains each combination at most once: lower max_jobs=, or widen the ranges",
        )


def _kind(parameter_range: Any) -> Any:
    return getattr(parameter_range, "kind", None) or getattr(parameter_range, "__name__", None)


def _as_requested(config: Any) -> Any:
    """A part of the configuration: ours and sagemaker 2's say it themselves, sagemaker 3's are objects of its API."""
    return config.to_input_req() if hasattr(config, "to_input_req") else plain(config)


def _objective(tuner: Any, search: Tuned) -> dict[str, Any] | None:
    if search.objective is None:
        return None
    return {"Type": attribute(tuner, "objective_type", "Maximize"), "MetricName": search.objective}


def _training(
    tuner: Any, search: Tuned, data: Any, place: Place, explicit_job_name: bool, built: Built
) -> dict[str, Any]:
    """One training job's definition, its problems and assets kept in `built`."""
    one = training_fields(search.estimator, place=place, data=data, explicit_job_name=explicit_job_name)
    for code, message, hint in one.problems:
        built.complain(code, f"the estimator {search.name!r}: {message}" if search.name else message, hint)
    for asset in one.assets:
        built.keep(asset, place)
    if not one.request:
        return {}
    known = members("HyperParameterTrainingJobDefinition")
    fields = {name: value for name, value in one.request.items() if name in known}
    algorithm = one.request["AlgorithmSpecification"]
    _check_metric(search, algorithm, built)
    metrics = {} if search.metrics is None else {"MetricDefinitions": search.metrics}
    known = members("HyperParameterAlgorithmSpecification")
    fields["AlgorithmSpecification"] = {**{k: v for k, v in algorithm.items() if k in known}, **metrics}
    fields["StaticHyperParameters"] = _static(tuner, search, one.request.get("HyperParameters", {}))
    if (machines := search.machines) is not None:
        fields["HyperParameterTuningResourceConfig"] = {
            "InstanceConfigs": [_as_requested(each) for each in machines],
            **given(VolumeKmsKeyId=fields["ResourceConfig"].get("VolumeKmsKeyId")),
        }
        del fields["ResourceConfig"]
    return fields


def _static(tuner: Any, search: Tuned, values: Any) -> Any:
    if is_placeholder(values):
        return values
    auto = _auto(tuner, search)
    static = {name: value for name, value in values.items() if name not in (search.ranges or {}) and name not in auto}
    if _is_framework(search.estimator):  # sagemaker 2's attach() finds the class again by them
        kind = type(search.estimator)
        static["sagemaker_estimator_class_name"] = json.dumps(kind.__name__)
        static["sagemaker_estimator_module"] = json.dumps(kind.__module__.removeprefix("stepmill."))
    return static


def _is_framework(estimator: Any) -> bool:
    return any(kind.__name__ == "Framework" for kind in type(estimator).__mro__)


def _auto(tuner: Any, search: Tuned) -> dict[str, str]:
    """The hyperparameters that SageMaker chooses the ranges of: name → the value that hints at them."""
    if attribute(tuner, "autotune") is not True:
        return {}
    own = attribute(search.estimator, "hyperparameters")
    own = own() if callable(own) and not is_placeholder(own) else own
    if not isinstance(own, Mapping):
        return {}
    ranges = search.ranges or {}
    kept = (*ranges, *(search.static or ()))
    return {str(name): as_text(value) for name, value in own.items() if name not in kept}


def _check_metric(search: Tuned, algorithm: Mapping[str, Any], built: Built) -> None:
    metrics = algorithm.get("MetricDefinitions") if search.metrics is None else search.metrics
    if search.metrics is not None:
        check_metrics(search.metrics, built)
    objective = search.objective
    if objective is None:
        built.complain("objective-missing", "the tuner has no objective_metric_name=", "say which metric it looks at")
        return
    if metrics is None and attribute(search.estimator, "entry_point") is not None:
        metrics = []  # an image of SageMaker's own algorithm knows its metrics; a script has none that are not defined
    if not isinstance(metrics, list | tuple) or is_placeholder(objective) or at_run_time(objective):
        return
    names = [str(each.get("Name")) for each in metrics if isinstance(each, Mapping)]
    if objective not in names:
        built.complain(
            "objective-undefined",
            f"the objective {objective!r} is not among the metric definitions",
            f"defined are {', '.join(names) or 'none'}; metric_definitions= says by a regular expression where it is",
        )


def _ranges(search: Tuned, built: Built) -> dict[str, Any] | None:
    if not isinstance(search.ranges, Mapping):
        return None
    found: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    framework = _is_framework(search.estimator)
    for name, each in search.ranges.items():
        kind = _kind(each)
        if kind not in _KINDS:
            built.complain(
                "bad-range",
                f"the range of {name!r} is {shown(each)}",
                "give an IntegerParameter, a ContinuousParameter or a CategoricalParameter",
            )
            continue
        if not _is_range(name, each, kind, built):
            continue
        json_encoded = kind == "Categorical" and framework
        found[kind].append(each.as_json_range(name) if json_encoded else each.as_tuning_range(name))
    return {f"{kind}ParameterRanges": found[kind] for kind in _KINDS}


def _is_range(name: Any, each: Any, kind: str, built: Built) -> bool:
    """Whether a range can be sent at all; complains of what cannot be meant."""
    if kind == "Categorical":
        if not each.values:
            built.complain("range-empty", f"the range of {name!r} has no values", "give the values to choose from")
        return bool(each.values)
    low, high = each.min_value, each.max_value
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if numbers and low > high:
        built.complain("range-reversed", f"the range of {name!r} goes from {low} to {high}", f"from {high} to {low}?")
    if kind == "Integer" and any(isinstance(value, float) and value != int(value) for value in (low, high)):
        built.complain(
            "range-not-whole",
            f"the range of {name!r} goes from {low} to {high}, and an IntegerParameter is whole",
            "ContinuousParameter takes any number",
        )
    return True
