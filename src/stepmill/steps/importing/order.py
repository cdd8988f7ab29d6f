"""The order in which a machine's states are written down, and the straight runs they make.

In: one machine as ASL. Out: names of states, in the order one reads a machine. Touches: nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any


def targets(state: dict[str, Any]) -> Iterator[str]:
    """Where a Choice leads: its choices in order, then its default."""
    for choice in state.get("Choices", ()):
        yield choice["Next"]
    if "Default" in state:
        yield state["Default"]


def runs(machine: dict[str, Any]) -> list[list[str]]:
    """Every `Next` of the machine once: straight runs of states, the first from StartAt.

    A run ends where the execution ends, at a Choice, or with a state that stands in a run already: there it joins. What
    only catchers lead to comes last.
    """
    states = machine["States"]
    found: list[list[str]] = []
    placed: set[str] = set()
    now, later = deque([machine["StartAt"]]), deque[str]()
    while now or later:
        name = (now or later).popleft()
        if name in placed:
            continue
        run = []
        while name not in placed:
            placed.add(name)
            run.append(name)
            state = states[name]
            later.extend(catcher["Next"] for catcher in state.get("Catch", ()))
            if "Next" not in state:
                break
            name = state["Next"]
        else:
            run.append(name)
        now.extendleft(reversed(list(targets(states[run[-1]]))))
        found.append(run)
    return found


def choices_in_order(states: dict[str, Any], names: list[str]) -> tuple[list[str], set[tuple[str, str]]]:
    """The Choices among `names`, each after those it leads to; and the links that go round in a circle."""
    done: dict[str, bool] = {}
    back: set[tuple[str, str]] = set()
    for first in names:
        todo: list[tuple[str, Iterator[str]]] = []
        if states[first]["Type"] == "Choice" and first not in done:
            done[first] = False
            todo.append((first, targets(states[first])))
        while todo:
            name, rest = todo[-1]
            target = next(rest, None)
            if target is None:
                del done[name]
                done[name] = True  # and it moves to the end
                todo.pop()
            elif states[target]["Type"] == "Choice":
                if target not in done:
                    done[target] = False
                    todo.append((target, targets(states[target])))
                elif not done[target]:
                    back.add((name, target))
    return list(done), back
