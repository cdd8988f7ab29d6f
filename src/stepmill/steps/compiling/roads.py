"""Checks that every value is there when it is read: on every road, and on this side of every border.

In: the machines and the reads of each state. Out: problems that name the road. Touches: nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass

from stepmill.inputs.expressions import Either, Ref, said
from stepmill.nearest import did_you_mean
from stepmill.steps.build import Ledger
from stepmill.steps.fields import INSTEAD
from stepmill.steps.map import Map
from stepmill.steps.state import Link, State

from .graph import Machine

_CARRIES = {"Choice", "Wait"}  # hand their input on as it is


@dataclass(frozen=True)
class Read:
    """One value, read in one state."""

    machine: Machine
    state: State
    value: Ref | Either


class Roads:
    """The ways through a pipeline."""

    def __init__(self, top: Machine, ledger: Ledger) -> None:
        self.ledger = ledger
        # where two states share a name, a road that seems to pass one may pass the other: nothing is said of roads
        self.sure = all(problem.code != "name.twice" for problem in ledger.problems)
        self.home = {state.state_id: (machine, state) for machine, state in top.everything()}
        self.caught: dict[str, Machine] = {}  # reader of the caught error → the machine whose catchers keep it

    def check(self, reads: list[Read]) -> list[Read]:
        """Tell what is wrong with the reads; those of steps that exist are given back."""
        good = []
        for read in reads:
            options = read.value.options if isinstance(read.value, Either) else (read.value,)
            match options[0].root:
                case "error":
                    self._error(read)
                case "state":
                    self._fed(read, options[0])
                case "execution":
                    self._input(read)
                case "step":
                    if not all(self._known(read, option) for option in options):
                        continue
                    if all(self._border(read, option) for option in options) and self._together(read, options):
                        self._provided(read, options)
            good.append(read)
        return good

    # -- remembered values

    def _known(self, read: Read, ref: Ref) -> bool:
        if ref.step in self.home:
            return True
        self.ledger.problem(
            read.state.source,
            "value.foreign",
            f"{read.state.state_id!r} reads {said(ref)}, but {ref.step!r} is not part of this pipeline",
            did_you_mean(ref.step, self.home, "let a step lead to it"),
        )
        return False

    def _border(self, read: Read, ref: Ref) -> bool:
        producer, _ = self.home[ref.step]
        around = list(read.machine.chain())
        if producer not in around:
            common = next(m for m in producer.chain() if m in around)
            inner = next(m for m in producer.chain() if m.outer is common)
            holder = inner.holder
            assert holder is not None
            place = inner.pointer.split("/")[-2]
            how = f"result[{place}]" if holder.type == "Parallel" else "result"
            self.ledger.problem(
                read.state.source,
                "value.border",
                f"{read.state.state_id!r} reads {said(ref)}, but {ref.step!r} is inside {holder.type} "
                f"{holder.state_id!r} and its value stays there",
                f"take it from the {holder.type}'s output: step.{how} of {holder.state_id!r} holds what its last state "
                "hands on",
            )
            return False
        for machine in around[: around.index(producer)]:
            if _of_items(machine):
                assert machine.holder is not None
                self.ledger.problem(
                    read.state.source,
                    "value.border",
                    f"{read.state.state_id!r} reads {said(ref)} from outside the distributed Map "
                    f"{machine.holder.state_id!r}, whose items are executions of their own",
                    "pass it in: item_selector={…} of the Map, and StepInput() inside",
                )
                return False
        return True

    def _together(self, read: Read, options: tuple[Ref, ...]) -> bool:
        """One variable serves all options, and a variable of the outside cannot be assigned inside."""
        inner = next((o for o in options if self.home[o.step][0] is not self.home[options[0].step][0]), None)
        if inner is None:
            return True
        self.ledger.problem(
            read.state.source,
            "value.border",
            f"{read.state.state_id!r} reads either {said(options[0])} or {said(inner)}, but the border of a "
            "Parallel or a Map lies between these two steps",
            "bring both roads together on one side of it",
        )
        return False

    def _provided(self, read: Read, options: tuple[Ref, ...]) -> None:
        roads = []
        for machine, node in _outwards(read):
            providers = {o.step for o in options if self.home[o.step][0] is machine}
            if providers:
                road = _road(machine, node, _after(providers))
                if road is None:
                    return
                roads.append(road)
        if not roads or not self.sure:
            return
        names = [repr(name) for name in dict.fromkeys(option.step for option in options)]
        missing = f"{names[0]} has not" if len(names) == 1 else f"neither {' nor '.join(names)} has"
        self.ledger.problem(
            read.state.source,
            "value.road",
            f"{read.state.state_id!r} reads {' or '.join(said(o) for o in options)}, but {missing} run before it on "
            f"the road {_shown(roads[0])}",
            "use either(…) with what that road provides, or move the step",
        )

    # -- the caught error

    def _error(self, read: Read) -> None:
        roads = []
        for machine, node in _outwards(read):
            road = _road(machine, node, lambda _, link: link.kind == "catch")
            if road is None:
                self.caught[read.state.state_id] = machine
                return
            roads.append(road)
            if _of_items(machine):
                break
        self.ledger.problem(
            read.state.source,
            "value.road",
            f"{read.state.state_id!r} reads the caught error, but the road {_shown(roads[0])} comes there without one",
            "lead to it by add_catch(Catch(…)) only",
        )

    # -- inputs

    def _input(self, read: Read) -> None:
        if any(_of_items(machine) for machine in read.machine.chain()):
            self.ledger.problem(
                read.state.source,
                "value.border",
                f"{read.state.state_id!r} reads the execution's input inside a distributed Map, whose items are "
                "executions of their own, with the item as their input",
                "pass it in: item_selector={…} of the Map, and StepInput() inside",
            )

    def _fed(self, read: Read, ref: Ref) -> None:
        if not ref.step:
            return
        found = self._known(read, ref)
        feeders = self._feeders(read.machine, read.state, set()) if found else set()
        if not found or feeders == {ref.step}:
            return
        others = sorted(name for name in feeders if name != ref.step)
        fed = f"by {' and '.join(map(repr, others))}" if others and others != [""] else "by the execution's own input"
        if ref.step in feeders:
            fed = f"also {fed}"
        self.ledger.problem(
            read.state.source,
            "value.output",
            f"{read.state.state_id!r} uses the output() of {ref.step!r}, but its input is fed {fed}",
            f"use .result of {ref.step!r} (or .outputs, .model, .payload): it is remembered for every state downstream",
        )

    def _feeders(self, machine: Machine, state: State, seen: set[str]) -> set[str]:
        """The states whose output may be this state's input; '' is what an execution or a Map's item starts with."""
        feeders = set()
        if state is machine.start:
            if machine.holder is None or machine.outer is None or machine.holder.type == "Map":
                feeders.add("")
            elif not any(f in machine.holder.given for f in ("parameters", "arguments", "input_path")):
                feeders |= self._feeders(machine.outer, machine.holder, seen)
            else:
                feeders.add("")
        for name, links in machine.links.items():
            for link in links:
                if link.target is not state:
                    continue
                before = machine.states[name]
                if link.kind == "catch":
                    feeders.add(f"the error of {name}")
                elif self._carries(before):
                    if name not in seen:
                        feeders |= self._feeders(machine, before, {*seen, name})
                else:
                    feeders.add(name)
        return feeders

    @staticmethod
    def _carries(state: State) -> bool:
        untouched = not any(f in state.given for f in ("output", "output_path", "input_path", *INSTEAD))
        return untouched and (state.type in _CARRIES or type(state).__name__ == "S3GetObjectStep")


def _of_items(machine: Machine) -> bool:
    """Whether a machine is what a distributed Map runs."""
    return isinstance(machine.holder, Map) and machine.holder.mode == "DISTRIBUTED"


def _outwards(read: Read) -> Iterator[tuple[Machine, State]]:
    """Where a state stands in each machine around it: itself, then what holds it."""
    node: State | None = read.state
    for machine in read.machine.chain():
        assert node is not None
        yield machine, node
        node = machine.holder


def _after(providers: set[str]) -> Callable[[str, Link], bool]:
    """A step has its result on every way out but a catcher's."""
    return lambda name, link: link.kind != "catch" and name in providers


def _road(machine: Machine, goal: State, provides: Callable[[str, Link], bool]) -> list[str] | None:
    """A shortest road from the start to `goal` that passes nothing that provides; None when there is none."""
    if machine.start is None:
        return None
    came: dict[str, str] = {machine.start.state_id: ""}
    todo = deque([machine.start.state_id])
    while todo:
        name = todo.popleft()
        if name == goal.state_id:
            road = [name]
            while came[road[-1]]:
                road.append(came[road[-1]])
            return road[::-1]
        for link in machine.links.get(name, ()):
            target = link.target
            if isinstance(target, State) and target.state_id not in came and not provides(name, link):
                came[target.state_id] = name
                todo.append(target.state_id)
    return None


def reaches(machine: Machine, start: State, goals: Set[str]) -> bool:
    """Whether one of the goals can be met from a state on, or inside one of these."""
    seen, todo = {start.state_id}, [start]
    while todo:
        state = todo.pop()
        if state.state_id in goals:
            return True
        for _, inner in machine.inner.get(state.state_id, ()):
            if any(name.state_id in goals for _, name in inner.everything()):
                return True
        for link in machine.links.get(state.state_id, ()):
            if isinstance(link.target, State) and link.target.state_id not in seen:
                seen.add(link.target.state_id)
                todo.append(link.target)
    return False


def _shown(road: list[str]) -> str:
    return " → ".join(road)
