"""Lays an ASL machine out in layers: the one set of coordinates behind every picture of it.

In: a machine and a measure of each state's drawing. Out: a Layout, the same for the same input. Touches: nothing.

Units are the measure's: character cells for the terminal, pixels for SVG. y grows downwards. A Parallel or Map is a box
around the layouts of its branches; a loop's way back runs at the right side; states that only a Catch leads to stand
below, under the names of those whose errors they take. Wider than allowed, branches are stacked instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stepmill.console.graph import Flow, Graph, Group, back_edges, inner, read
from stepmill.console.layers import Layers, arrange
from stepmill.console.routes import route

GAP = 3  # columns between neighbours
LABELS = (64, 36, 20)  # how much room a label may ask for, tried in this order


class Jump(NamedTuple):
    """An edge that is told in words at its source instead of being drawn."""

    label: str
    target: str


class Size(NamedTuple):
    """How large a state's own drawing is. `port`: where lines enter and leave; `stem`: the row where they leave."""

    width: int
    height: int
    port: int = 0
    stem: int = 1


Measure = Callable[[str, Mapping[str, Any], Sequence[Jump]], Size]


class Inner(NamedTuple):
    """The layout of one branch, placed inside its parent's box."""

    x: int
    y: int
    layout: Layout


@dataclass(frozen=True)
class Node:
    """A state and its place. `header` is the height of its own drawing; a box has `inner` layouts under it."""

    name: str
    state: Mapping[str, Any]
    x: int
    y: int
    width: int
    height: int
    port: int
    header: int
    jumps: tuple[Jump, ...] = ()
    inner: tuple[Inner, ...] = ()


class Edge(NamedTuple):
    """A drawn line. `points` are its corners; the label stands right of `label_at`, at most `label_room` wide."""

    source: str
    target: str
    label: str
    points: tuple[tuple[int, int], ...]
    label_at: tuple[int, int] | None
    label_room: int
    back: bool


class Title(NamedTuple):
    """The line above a group of states that only errors lead to."""

    y: int
    caught_from: tuple[str, ...]


@dataclass
class Layout:
    """One machine, laid out from (0, 0)."""

    width: int = 0
    height: int = 0
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    titles: list[Title] = field(default_factory=list)


def lay_out(
    machine: Mapping[str, Any], measure: Measure, width: int, label_width: Callable[[str], int] = len
) -> Layout:
    """The layout of a machine, at most `width` wide where that is possible at all."""
    graph = read(machine)
    whole = Layout()
    for group in graph.groups:
        if whole.height:
            whole.height += 1
        if group.caught_from:
            whole.titles.append(Title(whole.height, group.caught_from))
            whole.height += 1
        for label in LABELS:
            part = _group(graph, group, measure, width, _capped(label_width, label))
            if part.width <= width:
                break
        else:
            part = _group(graph, group, measure, width, label_width, stacked=True)
        _place(whole, part, whole.height)
    return whole


def _capped(label_width: Callable[[str], int], most: int) -> Callable[[str], int]:
    return lambda text: min(label_width(text), most)


def _place(whole: Layout, part: Layout, down: int) -> None:
    for node in part.nodes:
        lowered = tuple(Inner(i.x, i.y + down, i.layout) for i in node.inner)
        whole.nodes.append(
            Node(
                node.name,
                node.state,
                node.x,
                node.y + down,
                node.width,
                node.height,
                node.port,
                node.header,
                node.jumps,
                lowered,
            )
        )
    for edge in part.edges:
        points = tuple((x, y + down) for x, y in edge.points)
        at = (edge.label_at[0], edge.label_at[1] + down) if edge.label_at else None
        whole.edges.append(edge._replace(points=points, label_at=at))
    whole.width = max(whole.width, part.width)
    whole.height = down + part.height


def _group(
    graph: Graph,
    group: Group,
    measure: Measure,
    width: int,
    label_width: Callable[[str], int],
    *,
    stacked: bool = False,
) -> Layout:
    members = set(group.names)
    flows = [flow for flow in graph.flows if flow.source in members]
    back = back_edges(group.roots, [flow for flow in flows if flow.target in members])
    ahead = [flow for flow in flows if flow.target in members and (flow.source, flow.target) not in back]
    drawn, loops = ahead, [flow for flow in flows if (flow.source, flow.target) in back and flow.source != flow.target]
    layers = arrange(group.names, ahead, stacked=stacked)
    if stacked:
        # one column has no room for lines past other states: only a sole way to the very next one is drawn
        follows = {(a, b) for (a,), (b,) in zip(layers.rows, layers.rows[1:], strict=False)}
        sole = {f.source for f in flows if sum(g.source == f.source for g in flows) == 1}
        drawn, loops = [f for f in ahead if (f.source, f.target) in follows and f.source in sole], []
        layers.links = [(flow.source, flow.target, flow) for flow in drawn]
    kept = {(flow.source, flow.target) for flow in (*drawn, *loops)}
    jumps = {
        name: tuple(Jump(f.label, f.target) for f in flows if f.source == name and (f.source, f.target) not in kept)
        for name in group.names
    }
    blocks = {name: _block(graph.states[name], name, jumps[name], measure, width, label_width) for name in group.names}
    return _composed(blocks, layers, loops, label_width)


@dataclass
class Block:
    """A state before it has a place."""

    node: Node
    stem: int


def _block(
    state: Mapping[str, Any],
    name: str,
    jumps: tuple[Jump, ...],
    measure: Measure,
    width: int,
    label_width: Callable[[str], int],
) -> Block:
    size = measure(name, state, jumps)
    machines = inner(state)
    if not machines:
        return Block(Node(name, state, 0, 0, size.width, size.height, size.port, size.height, jumps), size.stem)
    room = width - 4
    layouts = [lay_out(machine, measure, room, label_width) for machine in machines]
    beside = sum(layout.width for layout in layouts) + GAP * (len(layouts) - 1) <= room
    placed, x, y, far, low = [], 2, size.height, 0, size.height
    for layout in layouts:
        placed.append(Inner(x, y, layout))
        far, low = max(far, x + layout.width), max(low, y + layout.height)
        x, y = (x + layout.width + GAP, y) if beside else (x, low + 1)
    wide, high = max(far + 2, size.width + 4), low + 1
    return Block(Node(name, state, 0, 0, wide, high, 2, size.height, jumps, tuple(placed)), high)


def _composed(
    blocks: Mapping[str, Block], layers: Layers, loops: Sequence[Flow], label_width: Callable[[str], int]
) -> Layout:
    """Give every block its place, then draw the lines between the layers and back."""
    labels: dict[str, int] = {}
    for _, target, flow in layers.links:
        first = next(link for link in layers.links if link[2] is flow)
        if flow.label and first[1] == target:
            labels[target] = max(labels.get(target, 0), label_width(flow.label) + 2)
    sizes = {
        name: (max(block.node.width, block.node.port + labels.get(name, 0)), block.node.port)
        for name, block in blocks.items()
    }
    sizes |= {name: (max(1, labels.get(name, 0)), 0) for row in layers.rows for name in row if name not in blocks}
    ports = layers.positions(sizes, GAP)
    made = Layout(width=max((ports[n] - sizes[n][1] + sizes[n][0] for n in sizes), default=0))
    y, begins = 0, dict.fromkeys(sizes, 0)
    for index, row in enumerate(layers.rows):
        height = max((blocks[name].node.height for name in row if name in blocks), default=1)
        for name in row:
            begins[name] = y
            if name in blocks:
                made.nodes.append(_moved(blocks[name].node, ports[name], y))
        stems = {name: y + blocks[name].stem if name in blocks else y for name in row}
        y += height
        links = [link for link in layers.links if link[0] in row]
        if index + 1 < len(layers.rows):
            edges, y = route(links, ports, stems, y, layers.rows[index + 1], sizes, made.width)
            made.edges += [Edge(*edge, back=False) for edge in edges]
    made.height = y
    _draw_loops(made, loops)
    return made


def _moved(node: Node, port: int, y: int) -> Node:
    x = port - node.port
    placed = tuple(Inner(i.x + x, i.y + y, i.layout) for i in node.inner)
    return Node(node.name, node.state, x, y, node.width, node.height, node.port, node.header, node.jumps, placed)


def _draw_loops(made: Layout, loops: Sequence[Flow]) -> None:
    """Ways back, at the right side: the shorter the nearer."""
    places = {node.name: node for node in made.nodes}
    spans = sorted(loops, key=lambda flow: abs(places[flow.source].y - places[flow.target].y))
    side = made.width + 1
    for flow in spans:
        begin, end = places[flow.source], places[flow.target]
        points = (
            (begin.x + begin.width, begin.y),
            (side, begin.y),
            (side, end.y),
            (end.x + end.width, end.y),
        )
        made.edges.append(Edge(flow.source, flow.target, flow.label, points, None, 0, back=True))
        side += 2
    if spans:
        made.width = side - 1
