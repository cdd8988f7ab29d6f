"""How a process that hosts the engine ends: not before its executions, unless it is told to twice.

In: a Local. Out: when this returns, nothing runs here that nobody else looks after. Touches: the interpreter's exit;
stops and kills jobs when a person asks for it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from stepmill.history.log import StoreError

if TYPE_CHECKING:
    from stepmill.local import Local

INTERRUPTED = 130
_CANCELLED = 10.0  # seconds in which a stop has reached the jobs
_KILLED = 2.0  # seconds in which a killed job has written down how it ended


def at_exit(local: Local, say: Callable[[str], None]) -> None:
    """When the program is through, stay until the executions that run here have ended.

    Ctrl-C meanwhile stops them, and the program ends with 130.
    """
    interrupted = False

    def stay() -> None:
        nonlocal interrupted
        if not local.hosting:
            return
        try:
            names = [_short(arn) for arn in local.running()]
            if names:
                say(f"staying until {', '.join(names)} ends (Ctrl-C stops it)")
            local.linger()
        except KeyboardInterrupt:
            interrupted = True
            interrupt(local, local.running(), say)
        except StoreError as trouble:
            say(str(trouble))
        finally:
            local.release()

    def leave() -> None:
        # The interpreter gives its exit code away before it runs this; there is no other way to say 130.
        if interrupted:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)

    atexit.register(leave)
    # atexit comes after the interpreter has given up making threads, which the engine needs; this hook comes before.
    try:
        getattr(threading, "_register_atexit", atexit.register)(stay)
    except RuntimeError:
        stay()  # a thread that outlives the main one: the program is through already


def interrupt(local: Local, executions: Iterable[str], say: Callable[[str], None]) -> None:
    """Stop executions and the jobs they run, each with its grace; a second Ctrl-C kills the jobs."""
    executions = list(executions)
    try:
        for arn in executions:
            local.call("states", "StopExecution", {"executionArn": arn, "cause": "stopped by Ctrl-C"})
        for arn in executions:
            _cancelled(local, arn)
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


def _cancelled(local: Local, arn: str) -> None:
    """Wait until the jobs of a stopped execution were told: its record of unfinished business is gone then."""
    until = time.monotonic() + _CANCELLED
    while local.history.record("states", "unfinished", arn) is not None and time.monotonic() < until:
        time.sleep(0.01)


def _short(arn: str) -> str:
    return "/".join(arn.split(":")[6:8])
