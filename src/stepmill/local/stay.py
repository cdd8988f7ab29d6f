"""How a process that hosts the engine ends: not before its executions, unless it is told to twice.

In: a Local. Out: when this returns, nothing runs here that nobody else looks after. Touches: the interpreter's exit;
stops and kills jobs when a person asks for it.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.local import Local


_KILLED = 2.0  # seconds in which a killed job has written down how it ended


def at_exit(local: Local, say: Callable[[str], None]) -> None:
    """When the program is through, stay until the executions that run here have ended."""

    def stay() -> None:
        if not local.hosting:
            return
        names = [_short(arn) for arn in local.running()]
        if names:
            say(f"staying until {', '.join(names)} ends (Ctrl-C stops it)")
        try:
            local.linger()
        except KeyboardInterrupt:
            interrupt(local, local.running(), say)
        finally:
            local.release()

    # atexit comes after the interpreter has given up making threads, which the engine needs; this hook comes before.
    getattr(threading, "_register_atexit", atexit.register)(stay)


def interrupt(local: Local, executions: Iterable[str], say: Callable[[str], None]) -> None:
    """Stop executions and the jobs they run, each with its grace; a second Ctrl-C kills the jobs."""
    executions = list(executions)
    try:
        for arn in executions:
            local.call("states", "StopExecution", {"executionArn": arn, "cause": "stopped by Ctrl-C"})
        jobs = [job for arn in executions for job in local.jobs_of(arn) if not job.wait(0)]
        if jobs:
            grace = f"{local.settings.grace:g} s"
            say(f"stopping {', '.join(job.name for job in jobs)} (up to {grace}; Ctrl-C again kills)")
        for job in jobs:
            job.wait()
    except KeyboardInterrupt:
        jobs = [job for arn in executions for job in local.jobs_of(arn) if not job.wait(0)]
        for job in jobs:
            say(f"killing {job.name}")
            job.kill()
        for job in jobs:
            job.wait(_KILLED)  # so that what is said of it is how it ended


def _short(arn: str) -> str:
    return arn.split(":execution:")[-1].replace(":", "/")
