"""Runs a definition to its end in one call.

In: a definition, an input, scripted tasks, a clock. Out: a Result. Touches: nothing; a one-year Wait takes no time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from stepmill.asl import chance
from stepmill.asl.definition import Definition
from stepmill.asl.text import dumps
from stepmill.engine.distributed import MAP_RUN
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act
from stepmill.history.log import History, MemoryHistory
from stepmill.local.refusals import bindings
from stepmill.services.map_runs.running import MapRuns
from stepmill.stage import load_settings
from stepmill.testing.clock import VirtualClock
from stepmill.testing.result import Result
from stepmill.testing.tasks import Script, ScriptedTasks

if TYPE_CHECKING:
    from stepmill.workflow import Workflow

ARN = "arn:aws:states:us-east-1:000000000000:execution:Machine:run"


class StuckError(Exception):
    """Nothing is due and nothing will be told, but the execution has not ended."""


def run(
    definition: Mapping[str, Any] | str | Definition | Workflow,
    input: Any = None,
    tasks: ScriptedTasks | Mapping[str, Script] | None = None,
    clock: VirtualClock | None = None,
    *,
    history: History | None = None,
    random: Callable[[], float] | None = None,
    seed: int | None = None,
) -> Result:
    """Run one execution in the fake world: no job, no function, no waiting.

    Args:
        definition: ASL as a dict or a text, or a Workflow, whose names the local stage fills in.
        input: a JSON value; {} when left out.
        tasks: how its Task states end, by their names.
        random: numbers from 0 to 1 for Retry's jitter; 0.5 always, when left out without a seed.
        seed: draws everything random from one source: jitter, UUIDs, random numbers, and which of several tasks that
            end at one moment is told first. The same seed gives the same history, and another one may give another.

    Raises:
        InvalidDefinition: the definition would be refused.
        LookupError: a Task without a scripted outcome, or an outcome for a state that the definition does not have.
        StuckError: a task never ends and nothing times out.
    """
    script = tasks if isinstance(tasks, ScriptedTasks) else ScriptedTasks(tasks)
    clock = clock or VirtualClock()
    history = history or MemoryHistory()
    parsed = _parsed(definition)
    script.check({name for _, name, _ in parsed.states()})
    draw = None if seed is None else Random(seed)  # noqa: S311 - to be repeated
    chances = (random or (lambda: 0.5)) if draw is None else draw.random
    engine, map_runs = world(history, clock, script, random=chances)
    map_runs.begin()
    machine, name = ARN.split(":")[6:]
    with contextlib.ExitStack() as stack:
        if draw is not None:
            stack.enter_context(chance.seeded(draw))
        engine.start(
            ARN,
            machine=machine,
            name=name,
            definition=parsed,
            input_text=dumps({} if input is None else input),
            role="arn:aws:iam::000000000000:role/stepmill",
            machine_arn=f"arn:aws:states:us-east-1:000000000000:stateMachine:{machine}",
        )
        drive(engine, script, clock, draw)
    return result(history, acts=script.started)


def explore(
    definition: Mapping[str, Any] | str | Definition | Workflow,
    input: Any = None,
    tasks: Callable[[], ScriptedTasks | Mapping[str, Script]] | None = None,
    *,
    seeds: Iterable[int] = range(100),
) -> Iterator[tuple[int, Result]]:
    """Run it once for each seed → the seed and what came of it. `tasks` makes the script anew for each run."""
    for seed in seeds:
        yield seed, run(definition, input, tasks() if tasks is not None else None, seed=seed)


def _parsed(definition: Mapping[str, Any] | str | Definition | Workflow) -> Definition:
    if isinstance(definition, Definition):
        return definition
    if isinstance(definition, str):
        return Definition.parse(definition)
    if isinstance(definition, Mapping):
        return Definition.parse(json.dumps(definition))
    bundle = definition.bundle()
    return Definition.parse(bundle.bind(bindings(bundle, load_settings(environ={}))))


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


def drive(engine: Engine, tasks: ScriptedTasks, clock: VirtualClock, draw: Random | None = None) -> None:
    """Take turns, jumping to whatever is due next, until nothing runs. With `draw`, tasks that end at one moment are
    told one after another, in an order that is drawn."""
    while True:
        due = engine.turn()
        if tasks.fault is not None:
            raise tasks.fault
        if tasks.deliver(clock.now(), draw):
            continue
        if not engine.running():
            return
        dues = [moment for moment in (due, tasks.next_due()) if moment is not None]
        if not dues:
            raise StuckError("the execution waits for a task that never ends, and has no timeout")
        clock.jump(min(dues))


def result(history: History, arn: str = ARN, *, acts: Sequence[Act] = ()) -> Result:
    """What a history says of an execution."""
    events = history.read(arn)
    body = history.record("states", "execution", arn) or {}
    details = events[-1].details
    output = json.loads(details["output"]) if events[-1].type == "ExecutionSucceeded" else None
    return Result(str(body.get("status")), output, details.get("error"), details.get("cause"), events, acts)
