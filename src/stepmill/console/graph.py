"""Reads an ASL machine as a graph: who leads where, which states only a Catch leads to, which edges go back.

In: an ASL machine (the whole definition, or a branch of Parallel or Map). Out: a Graph. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stepmill.asl.modes import is_distributed
from stepmill.console.rules import rule_text


class Flow(NamedTuple):
    """An edge taken when nothing goes wrong. Several rules leading to one target are one edge."""

    source: str
    target: str
    label: str = ""


@dataclass
class Graph:
    """Groups of states that flows connect: first what the start leads to, then what only a Catch leads to."""

    states: Mapping[str, Any]
    flows: list[Flow] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


class Group(NamedTuple):
    """States laid out together, and the states whose errors lead here (none for the first group)."""

    roots: tuple[str, ...]
    names: tuple[str, ...]
    caught_from: tuple[str, ...]


def read(machine: Mapping[str, Any]) -> Graph:
    """The graph of one machine. Targets that do not exist are left out: finding those is the checker's work."""
    states: Mapping[str, Any] = machine.get("States", {})
    graph = Graph(states)
    for name, state in states.items():
        merged: dict[str, list[str]] = {}
        for target, label in _targets(state):
            if target in states:
                merged.setdefault(target, []).append(label)
        graph.flows += [Flow(name, target, _joined(labels)) for target, labels in merged.items()]
    ahead = _adjacent(graph.flows)
    seen: set[str] = set()
    start = str(machine.get("StartAt"))
    if start in states:
        graph.groups.append(_grown((start,), ahead, seen, ()))
    _add_rescues(graph, ahead, seen)
    for name in states:
        if name not in seen:
            graph.groups.append(_grown((name,), ahead, seen, ()))
    return graph


def catchers(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(target, error names) of each Catch entry, in order."""
    found = state.get("Catch")
    entries = found if isinstance(found, Sequence) else ()
    return [
        (str(c.get("Next")), ", ".join(map(str, c.get("ErrorEquals", ())))) for c in entries if isinstance(c, Mapping)
    ]


def inner(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The machines inside a Parallel or Map state."""
    if state.get("Type") == "Parallel":
        return [branch for branch in state.get("Branches", ()) if isinstance(branch, Mapping)]
    if state.get("Type") == "Map":
        found = state.get("ItemProcessor", state.get("Iterator"))
        return [found] if isinstance(found, Mapping) else []
    return []


def every_state(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All states by name, those inside Parallel and Map after the one that holds them. Names are unique in ASL."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        for branch in inner(state):
            yield from every_state(branch)


def elsewhere(machine: Mapping[str, Any]) -> set[str]:
    """The states that run in executions of their own, those inside distributed Maps, by name."""
    held = [state for _, state in every_state(machine) if state.get("Type") == "Map" and is_distributed(state)]
    return {name for state in held for part in inner(state) for name, _ in every_state(part)}


def back_edges(roots: Iterable[str], flows: Sequence[Flow]) -> set[tuple[str, str]]:
    """(source, target) of the edges that close a loop, found in the order of the definition."""
    ahead = _adjacent(flows)
    colour: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for root in roots:
        if root in colour:
            continue
        colour[root] = 1
        stack = [(root, iter(ahead.get(root, ())))]
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                colour[name] = 2
                stack.pop()
            elif colour.get(target) == 1:
                back.add((name, target))
            elif target not in colour:
                colour[target] = 1
                stack.append((target, iter(ahead.get(target, ()))))
    return back


def _targets(state: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for rule in state.get("Choices", ()) if state.get("Type") == "Choice" else ():
        if isinstance(rule, Mapping) and "Next" in rule:
            found.append((str(rule["Next"]), rule_text(rule)))
    if state.get("Type") == "Choice":
        if "Default" in state:
            found.append((str(state["Default"]), "default"))
    elif "Next" in state:
        found.append((str(state["Next"]), ""))
    return found


def _joined(labels: Sequence[str]) -> str:
    return " | ".join(label for label in labels if label)


def _adjacent(flows: Iterable[Flow]) -> dict[str, list[str]]:
    ahead: dict[str, list[str]] = {}
    for flow in flows:
        ahead.setdefault(flow.source, []).append(flow.target)
    return ahead


def _grown(
    roots: tuple[str, ...], ahead: Mapping[str, Sequence[str]], seen: set[str], origin: tuple[str, ...]
) -> Group:
    """Everything the roots lead to that is not drawn yet, in the order of a walk."""
    names: list[str] = []
    stack = list(reversed(roots))
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        names.append(name)
        stack += reversed(ahead.get(name, ()))
    return Group(roots, tuple(names), origin)


def _add_rescues(graph: Graph, ahead: Mapping[str, Sequence[str]], seen: set[str]) -> None:
    """A group for what each Catch leads to, walking again for catches inside the new groups."""
    rank = {name: index for index, name in enumerate(graph.states)}
    done = 0
    while done < len(graph.groups):
        origins: dict[str, list[str]] = {}
        for group in graph.groups[done:]:
            for name in group.names:
                for target, _ in catchers(graph.states[name]):
                    if target in graph.states and target not in seen and name not in origins.setdefault(target, []):
                        origins[target].append(name)
        done = len(graph.groups)
        for target, names in origins.items():
            if target not in seen:
                graph.groups.append(_grown((target,), ahead, seen, tuple(sorted(names, key=rank.__getitem__))))
