"""Objects of our classes, built with as little as their constructors ask for, and one argument more.

In: a class of stepmill, and the argument to try. Out: an object. Touches: nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from stepmill import steps
from stepmill.inputs import ExecutionInput

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits:1"
ROLE = "arn:aws:iam::123456789012:role/SageMaker"
MACHINE = {"role": ROLE, "instance_count": 1, "instance_type": "ml.m5.xlarge"}
# what an argument is given when it is tried
EXTRA: dict[str, Any] = {
    "backoff_rate": 2.0,
    "catch": steps.Catch(error_equals=["States.ALL"], next_step=steps.Succeed("over")),
    "cause": "it broke",
    "comment": "a comment",
    "compression_type": "Gzip",
    "content_type": "text/csv",
    "error": "Broken",
    "error_equals": ["States.ALL"],
    "heartbeat_seconds": 10,
    "heartbeat_seconds_path": "$.heartbeat",
    "input_path": "$.in",
    "interval_seconds": 3,
    "items_path": "$.items",
    "iterator": steps.Pass("each"),
    "max_attempts": 2,
    "max_concurrency": 4,
    "name": "model",
    "output_path": "$.out",
    "output_schema": {"a": str},
    "parameters": {"a": 1},
    "parent": None,
    "pipeline_name": "pipeline",
    "resource": "arn:aws:states:::lambda:invoke",
    "result": {"a": 1},
    "result_path": "$.result",
    "retry": steps.Retry(error_equals=["States.ALL"]),
    "seconds": 5,
    "seconds_path": "$.seconds",
    "timeout_seconds": 60,
    "timeout_seconds_path": "$.timeout",
    "timestamp": "2026-11-23T09:00:00Z",
    "timestamp_path": "$.timestamp",
    "type": str,
    "version": "1.0",
}
WAITS = ("seconds", "seconds_path", "timestamp", "timestamp_path")


def _estimator() -> Any:
    from stepmill.sagemaker.estimator import Estimator

    return Estimator(image_uri=IMAGE, output_path="s3://bucket/model", **MACHINE)


def _framework() -> Any:
    from stepmill.sagemaker.sklearn.estimator import SKLearn

    return SKLearn("train.py", source_dir="s3://bucket/code/sourcedir.tar.gz", framework_version="1.2-1", **MACHINE)


def _processor() -> Any:
    from stepmill.sagemaker.processing import Processor

    return Processor(image_uri=IMAGE, **MACHINE)


def _transformer() -> Any:
    from stepmill.sagemaker.transformer import Transformer

    return Transformer("model", 1, "ml.m5.xlarge", output_path="s3://bucket/out")


def _tuner() -> Any:
    from stepmill.sagemaker.parameter import ContinuousParameter
    from stepmill.sagemaker.tuner import HyperparameterTuner

    ranges = {"eta": ContinuousParameter(0, 1)}
    return HyperparameterTuner(_estimator(), "accuracy", ranges, [{"Name": "accuracy", "Regex": "a: (.*)"}])


def _model() -> Any:
    from stepmill.sagemaker.model import Model

    return Model(image_uri=IMAGE, model_data="s3://bucket/model.tar.gz", role=ROLE, name="model")


def _workflow() -> Any:
    from stepmill.workflow import Workflow

    return Workflow("workflow", steps.Pass("p"), ROLE)


# what a constructor asks for, by the argument's name
NEEDED: dict[str, Callable[[], Any]] = {
    "branch": lambda: steps.Pass("branch"),
    "client": lambda: None,
    "data": lambda: "s3://bucket/data",
    "definition": lambda: {"StartAt": "a", "States": {"a": {"Type": "Succeed"}}},
    "endpoint_config_name": lambda: "config",
    "endpoint_name": lambda: "endpoint",
    "estimator": _estimator,
    "execution_arn": lambda: "arn:aws:states:us-east-1:123456789012:execution:workflow:one",
    "initial_instance_count": lambda: 1,
    "inputs": lambda: {"train": "s3://bucket/train"},
    "instance_type": lambda: "ml.m5.xlarge",
    "job_name": lambda: "job",
    "model": _model,
    "model_name": lambda: "model",
    "name": lambda: "workflow",
    "next_step": lambda: steps.Pass("next"),
    "operator": lambda: "And",
    "preprocessor": _framework,
    "processor": _processor,
    "role": lambda: ROLE,
    "rule": lambda: steps.ChoiceRule.IsNull("$.a", True),
    "rules": lambda: [steps.ChoiceRule.IsNull("$.a", True)],
    "s3_bucket": lambda: "bucket",
    "start_date": lambda: None,
    "state_id": lambda: "state",
    "state_type": lambda: "Pass",
    "status": lambda: "RUNNING",
    "transformer": _transformer,
    "tuner": _tuner,
    "value": lambda: True,
    "variable": lambda: "$.a",
    "workflow": _workflow,
}
# what a class asks for beside its signature, or under a name that means something else elsewhere
OWN: dict[str, dict[str, Callable[[], Any]]] = {
    "Catch": {"error_equals": lambda: ["States.ALL"]},
    "InferencePipeline": {"estimator": _framework},
    "LambdaStep": {"parameters": lambda: {"FunctionName": "f"}},
    "Retry": {"error_equals": lambda: ["States.ALL"]},
    "Rule": {"operator": lambda: "IsNull"},
    "TrainingPipeline": {"estimator": _framework},
    "Wait": {"seconds": lambda: 5},
    "Workflow": {"definition": lambda: steps.Pass("p")},
}
# what programs get from another object
MADE: dict[str, Callable[[], Any]] = {"Placeholder": lambda: ExecutionInput()["a"]}


def sample(name: str, cls: Callable[..., Any], keyword: str = "") -> Any:
    """An object of our `cls`, which has the old SDK's name `name`, built with `keyword` too.

    Raises:
        TypeError, ValueError: the constructor refuses it.
    """
    if name in MADE and not keyword:
        return MADE[name]()
    kinds = inspect.Parameter
    wanted = {
        parameter.name
        for parameter in inspect.signature(cls).parameters.values()
        if parameter.default is kinds.empty and parameter.kind not in (kinds.VAR_KEYWORD, kinds.VAR_POSITIONAL)
    }
    if unknown := wanted - NEEDED.keys():
        raise TypeError(f"{', '.join(sorted(unknown))} must be given too")
    required = {argument: NEEDED[argument] for argument in wanted}
    given = {argument: make() for argument, make in (required | OWN.get(name, {})).items()}
    if keyword in WAITS:
        given = {argument: value for argument, value in given.items() if argument not in WAITS}
    return cls(**given | ({keyword: EXTRA[keyword]} if keyword else {}))
