"""A fake world to run definitions in: a clock that jumps and tasks that follow a script.

In: a definition, an input, a script. Out: how it ended, and every event. Touches: nothing.
"""

from __future__ import annotations

from stepmill.testing import golden
from stepmill.testing.clock import VirtualClock
from stepmill.testing.result import Result
from stepmill.testing.runner import StuckError, explore, run
from stepmill.testing.tasks import Outcome, ScriptedTasks, fail, hang, succeed

__all__ = [
    "Outcome",
    "Result",
    "ScriptedTasks",
    "StuckError",
    "VirtualClock",
    "explore",
    "fail",
    "golden",
    "hang",
    "run",
    "succeed",
]
