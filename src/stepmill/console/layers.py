"""Puts the states of a group into layers, in an order with few crossings, and gives each its column.

In: names and the flows between them, without loops. Out: Layers, the same for the same input. Touches: nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stepmill.console.graph import Flow

SWEEPS = 6
Link = tuple[str, str, Flow]


@dataclass
class Layers:
    """Rows of names, and links between neighbouring rows. A flow over several rows passes through stand-ins."""

    rows: list[list[str]]
    links: list[Link]

    def positions(self, sizes: Mapping[str, tuple[int, int]], gap: int) -> dict[str, int]:
        """The column of each one's port. `sizes` gives (width, port). First children stand under their parents.

        Everything only ever moves to the right, so that it comes to rest.
        """
        column = {name: sizes[name][1] for row in self.rows for name in row}
        straight = self._straight()
        for _ in range(4 * len(column) + 4):
            before = dict(column)
            for row in self.rows:
                for left, right in itertools.pairwise(row):
                    end = column[left] - sizes[left][1] + sizes[left][0]
                    column[right] = max(column[right], end + gap + sizes[right][1])
            for upper, lower in straight:
                column[upper] = column[lower] = max(column[upper], column[lower])
            if column == before:
                break
        return column

    def _straight(self) -> list[tuple[str, str]]:
        place = {name: index for row in self.rows for index, name in enumerate(row)}
        down: dict[str, str] = {}
        up: dict[str, str] = {}
        for upper, lower, _ in self.links:
            if upper not in down or place[lower] < place[down[upper]]:
                down[upper] = lower
            if lower not in up or place[upper] < place[up[lower]]:
                up[lower] = upper
        return [(upper, lower) for upper, lower in down.items() if up[lower] == upper]


def arrange(names: Sequence[str], flows: Sequence[Flow], *, stacked: bool) -> Layers:
    """Layers of a group: each state below all that lead to it; stacked: one state in each layer."""
    rank = _ranks(names, flows)
    if stacked:
        ordered = _one_by_one(names, flows, rank)
        return Layers([[name] for name in ordered], [])
    rows: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for name in names:
        rows[rank[name]].append(name)
    links: list[Link] = []
    for number, flow in enumerate(flows):
        before = flow.source
        for level in range(rank[flow.source] + 1, rank[flow.target]):
            # a name no state can have: state names hold no NUL in any stored definition we draw
            stand_in = f"\0{number}.{level}"
            rows[level].append(stand_in)
            links.append((before, stand_in, flow))
            before = stand_in
        links.append((before, flow.target, flow))
    return Layers(_untangled(rows, links), links)


def _ranks(names: Sequence[str], flows: Sequence[Flow]) -> dict[str, int]:
    above: dict[str, list[str]] = {name: [] for name in names}
    for flow in flows:
        above[flow.target].append(flow.source)
    rank: dict[str, int] = {}
    for name in names:
        stack = [name]
        while stack:
            top = stack[-1]
            waiting = [source for source in above[top] if source not in rank]
            if waiting and top not in rank:
                stack += waiting
                continue
            stack.pop()
            rank.setdefault(top, max((rank[source] + 1 for source in above[top]), default=0))
    return rank


def _one_by_one(names: Sequence[str], flows: Sequence[Flow], rank: Mapping[str, int]) -> list[str]:
    """A single column in which branches stay together: as soon as all that lead to a state are placed, it follows."""
    ahead: dict[str, list[str]] = {}
    missing = dict.fromkeys(names, 0)
    for flow in flows:
        ahead.setdefault(flow.source, []).append(flow.target)
        missing[flow.target] += 1
    stack = [name for name in reversed(names) if not rank[name]]
    ordered: list[str] = []
    while stack:
        name = stack.pop()
        ordered.append(name)
        ready = []
        for target in ahead.get(name, ()):
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
        stack += reversed(ready)
    return ordered


def _untangled(rows: list[list[str]], links: Sequence[Link]) -> list[list[str]]:
    """Sort each row by the middle of its neighbours, down and up in turn, keeping the best order."""
    up: dict[str, list[str]] = {}
    down: dict[str, list[str]] = {}
    for upper, lower, _ in links:
        down.setdefault(upper, []).append(lower)
        up.setdefault(lower, []).append(upper)
    rows = _as_reached(rows, down)
    best, fewest = rows, _crossings(rows, down)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        neighbours = up if sweep % 2 == 0 else down
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for index in order:
            beside = rows[index - 1 if sweep % 2 == 0 else index + 1]
            place = {name: position for position, name in enumerate(beside)}
            middle = {
                name: sum(place[other] for other in neighbours[name]) / len(neighbours[name])
                if neighbours.get(name)
                else float(position)
                for position, name in enumerate(rows[index])
            }
            rows[index].sort(key=middle.__getitem__)
        crossings = _crossings(rows, down)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _as_reached(rows: list[list[str]], down: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Each row in the order in which the row above leads to it: the first choice is the leftmost."""
    made = [list(rows[0])] if rows else []
    for row in rows[1:]:
        reached = dict.fromkeys(lower for upper in made[-1] for lower in down.get(upper, ()))
        made.append([*reached, *(name for name in row if name not in reached)])
    return made


def _crossings(rows: Sequence[Sequence[str]], down: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for upper, lower in itertools.pairwise(rows):
        place = {name: index for index, name in enumerate(lower)}
        ends = [sorted(place[target] for target in down.get(name, ())) for name in upper]
        count += sum(a > b for i, left in enumerate(ends) for right in ends[i + 1 :] for a in left for b in right)
    return count
