"""Values known only at run time: what an execution is started with, what a state is given, what a step left behind.

In: schemas and Python's own operators. Out: placeholders, and their text in both query languages. Touches: nothing.
"""

from __future__ import annotations

from .context_object import ContextObject, TaskToken
from .placeholders import (
    NULL,
    CaughtError,
    Condition,
    ExecutionInput,
    Placeholder,
    StepInput,
    ValidationResult,
    either,
)
from .schema import InputSchema

__all__ = [
    "NULL",
    "CaughtError",
    "Condition",
    "ContextObject",
    "ExecutionInput",
    "InputSchema",
    "Placeholder",
    "StepInput",
    "TaskToken",
    "ValidationResult",
    "either",
]
