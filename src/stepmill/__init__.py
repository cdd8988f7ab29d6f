"""The public vocabulary.

In: a name. Out: the class or function of that name, loaded when it is first asked for. Touches: nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # the supervisors of jobs import this package too, and must stay small
    from typing import Any

__version__ = "0.1.0"

_ROOMS = {
    "stepmill.inputs": ("CaughtError", "ContextObject", "ExecutionInput", "StepInput", "TaskToken", "either"),
    "stepmill.logger": ("set_stream_logger",),
    "stepmill.sagemaker": (
        "Estimator",
        "ProcessingInput",
        "ProcessingOutput",
        "Processor",
        "ScriptProcessor",
        "TrainingInput",
    ),
    "stepmill.steps": (
        "ActivityStep",
        "AwsSdkStep",
        "Catch",
        "Chain",
        "Choice",
        "ChoiceRule",
        "Fail",
        "HttpStep",
        "ItemBatcher",
        "ItemReader",
        "LambdaStep",
        "Map",
        "Parallel",
        "Pass",
        "ProcessingStep",
        "ResultWriter",
        "Retry",
        "S3GetObjectStep",
        "Succeed",
        "Task",
        "TrainingStep",
        "Wait",
    ),
    "stepmill.workflow": ("Execution", "Workflow"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'stepmill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
