"""The states under the old SDK's module path.

In: `from stepmill.steps.states import Chain`. Out: the classes of `stepmill.steps`. Touches: nothing.
"""

from __future__ import annotations

from .choice import Choice
from .definition import FrozenGraph, Graph
from .flow import Catch, Chain, Parallel, Retry
from .map import Map
from .plain import Fail, Pass, Succeed, Wait
from .state import State, Task

__all__ = [
    "Catch",
    "Chain",
    "Choice",
    "Fail",
    "FrozenGraph",
    "Graph",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "State",
    "Succeed",
    "Task",
    "Wait",
]
