"""Leads the lines from one layer to the next, sharing a track where they split or join.

In: links, columns, where each begins. Out: lines with corners, and the row where the next layer begins.
Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stepmill.console.graph import Flow
from stepmill.console.layers import Link

Line = tuple[str, str, str, tuple[tuple[int, int], ...], tuple[int, int] | None, int]


def route(
    links: Sequence[Link],
    columns: Mapping[str, int],
    stems: Mapping[str, int],
    top: int,
    below: Sequence[str],
    sizes: Mapping[str, tuple[int, int]],
    width: int,
) -> tuple[list[Line], int]:
    """Lines between two layers. `stems`: the row where each source's line begins; `top`: the first row between them."""
    tracks = _tracks(links, columns)
    labelled = [link for link in links if link[2].label and link[0] == link[2].source]
    rows = max(tracks.values(), default=-1) + 1
    bottom = top + rows + (1 if labelled or not rows else 0)
    lines: list[Line] = []
    for link in links:
        source, target, flow = link
        begin, end = columns[source], columns[target]
        points: tuple[tuple[int, int], ...] = ((begin, stems[source]), (end, bottom))
        if begin != end:
            track = top + tracks[_key(link, links)]
            points = ((begin, stems[source]), (begin, track), (end, track), (end, bottom))
        at, room = None, 0
        if link in labelled:
            at = (end + 2, bottom - 1)
            room = _room(target, below, columns, sizes, width) - 2
        lines.append((*_ends(flow), flow.label if at else "", points, at, room))
    return lines, bottom


def _ends(flow: Flow) -> tuple[str, str]:
    return flow.source, flow.target


def _room(
    target: str, below: Sequence[str], columns: Mapping[str, int], sizes: Mapping[str, tuple[int, int]], width: int
) -> int:
    index = below.index(target)
    if index + 1 < len(below):
        return columns[below[index + 1]] - columns[target] - 1
    return width - columns[target]


def _key(link: Link, links: Sequence[Link]) -> tuple[str, str]:
    """Lines from a state that splits share a track; the others share one with those that lead to the same state."""
    splits = sum(other[0] == link[0] for other in links) > 1
    return ("from", link[0]) if splits else ("to", link[1])


def _tracks(links: Sequence[Link], columns: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """A row for each group of lines, so that no two unrelated lines share a stretch."""
    groups: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        if columns[link[0]] != columns[link[1]]:
            groups.setdefault(_key(link, links), []).append(link)
    # who leaves from a column must turn off above whoever arrives in it
    order: list[tuple[str, str]] = []
    waiting = list(groups)
    while waiting:
        free = [g for g in waiting if not any(_above(groups[o], groups[g], columns) for o in waiting if o != g)]
        order.append(free[0] if free else waiting[0])
        waiting.remove(order[-1])
    taken: list[list[tuple[int, int]]] = []
    rows: dict[tuple[str, str], int] = {}
    for group in order:
        ends = [columns[name] for link in groups[group] for name in link[:2]]
        span = (min(ends), max(ends))
        lowest = max((rows[o] + 1 for o in rows if _above(groups[o], groups[group], columns)), default=0)
        row = lowest
        while row < len(taken) and any(span[0] <= b and a <= span[1] for a, b in taken[row]):
            row += 1
        while row >= len(taken):
            taken.append([])
        taken[row].append(span)
        rows[group] = row
    return rows


def _above(first: Sequence[Link], second: Sequence[Link], columns: Mapping[str, int]) -> bool:
    return any(a[0] != b[0] and a[1] != b[1] and columns[a[0]] == columns[b[1]] for a in first for b in second)
