"""Runs a definition to its end in one call.

In: a definition, an input, scripted tasks, a clock. Out: a Result. Touches: nothing; a one-year Wait takes no time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.asl.text import dumps
from stepmill.engine.distributed import MAP_RUN
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act
from stepmill.history.events import Event
from stepmill.history.log import History, MemoryHistory
from stepmill.services.map_runs.running import MapRuns
from stepmill.testing.clock import VirtualClock
from stepmill.testing.tasks import ScriptedTasks

ARN = "arn:aws:states:us-east-1:000000000000:execution:Machine:run"


@dataclass(frozen=True)
class Result:
    """How an execution ended: `status` in AWS's words, `output` as a value, and every event."""

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[Event]


class StuckError(Exception):
    """Nothing is due and nothing will be told, but the execution has not ended."""


def run(
    definition: Mapping[str, Any] | str | Definition,
    input: Any = None,
    tasks: ScriptedTasks | None = None,
    clock: VirtualClock | None = None,
    *,
    history: History | None = None,
    random: Callable[[], float] = lambda: 0.5,
) -> Result:
    """Run one execution. `input` is a JSON value ({} when left out); `random` answers Retry's jitter.

    Raises InvalidDefinition for a definition that would be refused, LookupError for a Task without a scripted outcome,
    StuckError when a task never ends and nothing times out.
    """
    tasks = tasks or ScriptedTasks()
    clock = clock or VirtualClock()
    history = history or MemoryHistory()
    if not isinstance(definition, Definition):
        definition = Definition.parse(definition if isinstance(definition, str) else json.dumps(definition))
    engine, map_runs = world(history, clock, tasks, random=random)
    map_runs.begin()
    machine, name = ARN.split(":")[6:]
    engine.start(
        ARN,
        machine=machine,
        name=name,
        definition=definition,
        input_text=dumps({} if input is None else input),
        role="arn:aws:iam::000000000000:role/stepmill",
        machine_arn=f"arn:aws:states:us-east-1:000000000000:stateMachine:{machine}",
    )
    drive(engine, tasks, clock)
    return result(history)


def world(
    history: History, clock: VirtualClock, tasks: ScriptedTasks, *, random: Callable[[], float] = lambda: 0.5
) -> tuple[Engine, MapRuns]:
    """An engine in the scripted world, and its Map Runs, which work in the thread that takes turns. Call `begin` of
    those after `recover` of the engine, if there is something to recover."""

    def performer(act: Act) -> ScriptedTasks | MapRuns:
        return map_runs if act.resource == MAP_RUN else tasks

    engine = Engine(
        history,
        clock,
        lambda act, tell: performer(act).perform(act, tell),
        lambda act: performer(act).cancel(act),
        ended=lambda arn, event: map_runs.ended(arn, event),  # noqa: PLW0108 - it is made below
        random=random,
    )
    map_runs = MapRuns(history, clock, engine, tasks.call, lambda work: work(), read=tasks.read)
    return engine, map_runs


def drive(engine: Engine, tasks: ScriptedTasks, clock: VirtualClock) -> None:
    """Take turns, jumping to whatever is due next, until nothing runs."""
    while True:
        due = engine.turn()
        if tasks.fault is not None:
            raise tasks.fault
        if tasks.deliver(clock.now()):
            continue
        if not engine.running():
            return
        dues = [moment for moment in (due, tasks.next_due()) if moment is not None]
        if not dues:
            raise StuckError("the execution waits for a task that never ends, and has no timeout")
        clock.jump(min(dues))


def result(history: History, arn: str = ARN) -> Result:
    """What a history says of an execution."""
    events = history.read(arn)
    body = history.record("states", "execution", arn) or {}
    details = events[-1].details
    output = json.loads(details["output"]) if events[-1].type == "ExecutionSucceeded" else None
    return Result(str(body.get("status")), output, details.get("error"), details.get("cause"), events)
