"""What the world may tell an execution, and what an execution may ask of the world.

In: nothing. Out: plain values. Touches: nothing.

Time is not a signal: it comes as `now`.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Act(NamedTuple):
    """One request to the world, asked for by one committed event.

    `name` is unique and stable: asking again under it must find the first. `submitted` says that the service has
    already accepted the request (adopt it, start nothing). `recovered` says that the request may have been made before
    by a process that died. `timeout` is in seconds from `started`, None when the state sets none. `token` is the task
    token of an act that waits for it to be sent back.
    """

    name: str
    execution: str
    state: str
    resource: str
    parameters: Any
    submitted: bool
    started: float
    timeout: float | None
    recovered: bool = False
    token: str | None = None

    @property
    def event(self) -> int:
        """The id of the event that asked."""
        return int(self.name.rpartition("#")[2])


class Begun(NamedTuple):
    """A worker took an activity's task; `worker` is its name, None when it gave none."""

    act: Act
    worker: str | None


class Beat(NamedTuple):
    """A heartbeat of whoever works on the act."""

    act: Act


class Submitted(NamedTuple):
    """The service accepted the request of a task that waits for more than that; `output` is its answer."""

    act: Act
    output: Any


class Finished(NamedTuple):
    """The act succeeded with `output` (JSON)."""

    act: Act
    output: Any


class Failed(NamedTuple):
    """The act failed, with the error name a Retry or Catch would see; None where whoever failed it gave none."""

    act: Act
    error: str | None
    cause: str | None


class Stop(NamedTuple):
    """Somebody wants the execution to end."""

    error: str = ""
    cause: str = ""


Signal = Submitted | Begun | Beat | Finished | Failed | Stop


def act_name(arn: str, event_id: int) -> str:
    """The name of the act that an event asks for."""
    return f"{arn}#{event_id}"
