"""Finds every state of a pipeline by following the links from its first one.

In: a state or a chain. Out: machines within machines, and what is wrong with the links. Touches: nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from stepmill.asl.places import escape
from stepmill.inputs.rendering import Language
from stepmill.nearest import did_you_mean
from stepmill.steps.build import Around, Ledger
from stepmill.steps.flow import Chain
from stepmill.steps.map import Map
from stepmill.steps.state import Link, State, Target, first


@dataclass(eq=False)
class Machine:
    """One machine: the pipeline itself, a branch of a Parallel, or what a Map runs.

    Attributes:
        pointer: where its states stand in the definition: `/States`, `/States/Par/Branches/0/States`.
        holder: the state it is in, and that state's machine; None for the pipeline itself.
        comment: its own. states: by name, in the order they are met. inner: the machines inside each state, by the
            state's name.
    """

    pointer: str
    around: Around
    language: Language
    holder: State | None = None
    outer: Machine | None = None
    start: State | None = None
    comment: str | None = None
    states: dict[str, State] = field(default_factory=dict)
    inner: dict[str, list[tuple[str, Machine]]] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)

    def everything(self) -> Iterator[tuple[Machine, State]]:
        """Every state in it and in the machines inside, in order."""
        for name, state in self.states.items():
            yield self, state
            for _, machine in self.inner.get(name, ()):
                yield from machine.everything()

    def chain(self) -> Iterator[Machine]:
        """This machine and those around it, outwards."""
        machine: Machine | None = self
        while machine is not None:
            yield machine
            machine = machine.outer


def language_of(state: State, machine: Machine) -> Language:
    """A state's own language: the machine's unless it names another."""
    own = state.given.get("query_language")
    return own if own in ("JSONPath", "JSONata") else machine.language


def find(definition: Target, language: Language, ledger: Ledger) -> Machine:
    """The machine that starts at `definition`; what is wrong with its links goes to the ledger."""
    home: dict[int, Machine] = {}
    top = _find(definition, Machine("/States", "", language), home, ledger)
    _check_names(top, ledger)
    _check_unreached(top, ledger)
    return top


def machine_of(state: State, language: Language, ledger: Ledger) -> Machine:
    """A machine of one state only, with what is inside it; where it leads to is named and not followed."""
    top = Machine("/States", "", language, start=state, states={state.state_id: state})
    _find_inside(state, top, {id(state): top}, ledger)
    top.links[state.state_id] = [
        replace(link, target=State(link.target, "")) if isinstance(link.target, str) else link
        for link in state.links()
        if link.target is not None
    ]
    return top


def _find(entry: Target, machine: Machine, home: dict[int, Machine], ledger: Ledger) -> Machine:
    start = first(entry)
    if not isinstance(start, State):
        holder = machine.holder
        what = f"{holder.type} {holder.state_id!r} holds" if holder else "the pipeline is"
        ledger.problem(
            holder.source if holder else ledger.source or "definition",
            "graph.empty",
            f"{what} an empty chain",
            "put a step in it",
        )
        return machine
    machine.start = start
    machine.comment = entry.comment if isinstance(entry, Chain) else None
    now, later = deque([start]), deque[State]()  # what only catchers lead to comes last, as one reads it
    links: list[tuple[State, Link]] = []
    while now or later:
        state = (now or later).popleft()
        if id(state) in home:
            if home[id(state)] is not machine:
                _foreign(state, machine, home[id(state)], links, ledger)
            continue
        home[id(state)] = machine
        machine.states.setdefault(state.state_id, state)
        if machine.states[state.state_id] is not state:
            _twice(state, machine.states[state.state_id], ledger)
            # what comes after it is looked at too, as if the one of that name led there
            onward = [link for link in state.links() if link.kind == "next"]
            links.extend((state, link) for link in onward)
            now.extend(link.target for link in onward if isinstance(link.target, State))
            continue
        _find_inside(state, machine, home, ledger)
        machine.links[state.state_id] = []
        for link in state.links():
            links.append((state, link))
            if isinstance(link.target, State):
                (later if link.kind == "catch" else now).append(link.target)
    for state, link in links:
        _resolve(state, link, machine, ledger)
    return machine


def _find_inside(state: State, machine: Machine, home: dict[int, Machine], ledger: Ledger) -> None:
    language = language_of(state, machine)
    around = machine.around
    if isinstance(state, Map):
        around = "nested" if machine.around in ("inline", "nested") else "inline"
        if state.mode == "DISTRIBUTED":  # its items are executions of their own
            around = "distributed"
    found = []
    for place, entry in state.machines():
        if isinstance(state, Map) and modern(state, language):
            place = "ItemProcessor"
        pointer = f"{machine.pointer}/{escape(state.state_id)}/{place}/States"
        # the language of what is inside is the whole machine's, not that of the state around it
        inside = Machine(pointer, around, machine.language, state, machine)
        found.append((place, _find(entry, inside, home, ledger)))
    if not found and state.type in ("Parallel", "Map"):
        hint = "add_branch(…)" if state.type == "Parallel" else "attach_iterator(…), iterator= or item_processor="
        ledger.problem(state.source, "graph.empty", f"{state.type} {state.state_id!r} has nothing to run", hint)
    machine.inner[state.state_id] = found


def modern(state: Map, language: Language) -> bool:
    """Whether a Map is written with ItemProcessor; the old words stay where they are enough, or were asked for."""
    if state.item_processor is not None:
        return True
    if state.mode is None or state.processor_config is not None:
        return False
    words = {"item_selector", "item_reader", "item_batcher", "result_writer", "label"}
    new = state.mode == "DISTRIBUTED" or language == "JSONata"
    return new or any(word in state.given for word in words)


def _resolve(state: State, link: Link, machine: Machine, ledger: Ledger) -> None:
    """A link by name is found here; a link to an object was followed already."""
    target = link.target
    if isinstance(target, State):
        machine.links[state.state_id].append(link)
        return
    if target is None:
        ledger.problem(link.source, "graph.empty", f"{state.state_id!r} leads to an empty chain", "put a step in it")
    elif target in machine.states:
        machine.links[state.state_id].append(Link(link.kind, machine.states[target], link.source, link.index))
    else:
        ledger.problem(
            link.source,
            "transition.missing",
            f"{state.state_id!r} leads to {target!r}, and there is no such state here",
            did_you_mean(target, machine.states, "a state is found when a step leads to it; pass the step itself"),
        )


def _foreign(state: State, machine: Machine, other: Machine, links: list[tuple[State, Link]], ledger: Ledger) -> None:
    came = [(s, link) for s, link in links if link.target is state]
    source = came[0][1].source if came else machine.holder.source if machine.holder else state.source
    who = repr(came[0][0].state_id) if came else "a branch"
    where = f"inside {other.holder.type} {other.holder.state_id!r}" if other.holder else "outside"
    ledger.problem(
        source,
        "transition.foreign",
        f"{who} leads to {state.state_id!r}, which is {where}: no way leads into or out of a Parallel or a Map",
        "end the branch here, and go on after the Parallel or Map with its own next()",
    )


def _twice(state: State, other: State, ledger: Ledger) -> None:
    ledger.problem(
        state.source,
        "name.twice",
        f"two states are named {state.state_id!r}; the other one is at {other.source}",
        "give one of them another name",
    )


def _check_names(top: Machine, ledger: Ledger) -> None:
    seen: dict[str, State] = {}
    for _, state in top.everything():
        if state.state_id in seen:
            _twice(state, seen[state.state_id], ledger)
        seen.setdefault(state.state_id, state)
        if not 1 <= len(state.state_id) <= 80:
            ledger.problem(
                state.source,
                "name.length",
                f"the name {state.state_id[:30]!r}… has {len(state.state_id)} characters",
                "1 to 80 are allowed",
            )


def _check_unreached(top: Machine, ledger: Ledger) -> None:
    """A step that leads into the pipeline, but that nothing leads to, was forgotten somewhere."""
    reached = {id(state) for _, state in top.everything()}
    names = {state.state_id for _, state in top.everything()}
    todo, seen = [state for _, state in top.everything()], set(reached)
    while todo:
        state = todo.pop()
        for before in sorted(state._came_from, key=lambda s: (str(s.source), s.state_id)):
            if id(before) in seen or all(link.target is not state for link in before.links()):
                continue
            seen.add(id(before))
            todo.append(before)
            if before.state_id in names:  # made anew since, as a notebook does
                continue
            ledger.problem(
                before.source,
                "graph.unreachable",
                f"{before.state_id!r} leads to {state.state_id!r}, but nothing leads to {before.state_id!r}",
                "make it the pipeline's first step, lead to it, or take its next() away",
            )
