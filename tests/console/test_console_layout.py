"""Whatever the machine, its layout places every state once, apart from all others, and always the same way."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from stepmill.console.graph import every_state, read
from stepmill.console.layout import Layout, Node, Size, lay_out

NAMES = [f"S{i}" for i in range(9)]


@some.composite
def machines(draw: some.DrawFn, depth: int = 2, prefix: str = "") -> dict[str, Any]:
    names = [prefix + name for name in NAMES[: draw(some.integers(1, len(NAMES)))]]
    states: dict[str, Any] = {}
    for number, name in enumerate(names):
        kind = draw(some.sampled_from(["Pass", "Choice", "Parallel", "Map", "Task", "Succeed"]))
        state: dict[str, Any] = {"Type": kind}
        if kind == "Choice":
            targets = draw(some.lists(some.sampled_from(names), min_size=1, max_size=3))
            state["Choices"] = [{"Variable": "$.x", "NumericEquals": i, "Next": t} for i, t in enumerate(targets)]
            state["Default"] = draw(some.sampled_from(names))
        elif kind != "Succeed":
            state["Next"] = draw(some.sampled_from(names))
        if kind in ("Task", "Parallel", "Map") and draw(some.booleans()):
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": draw(some.sampled_from(names))}]
        if kind in ("Parallel", "Map"):
            if depth == 0:
                state["Type"] = "Pass"
            elif kind == "Parallel":
                state["Branches"] = [draw(machines(depth - 1, f"{prefix}{number}.{i}.")) for i in range(2)]
            else:
                state["ItemProcessor"] = draw(machines(depth - 1, f"{prefix}{number}.0."))
        states[name] = state
    return {"StartAt": names[0], "States": states}


def measure(name: str, state: Any, jumps: Any) -> Size:
    return Size(3 + len(name), 1 + len(jumps))


def boxes(layout: Layout, left: int = 0, top: int = 0) -> list[tuple[Node, tuple[int, int, int, int]]]:
    found = []
    for node in layout.nodes:
        x, y = node.x + left, node.y + top
        found.append((node, (x, y, x + node.width, y + node.height)))
        for inner in node.inner:
            for child, box in boxes(inner.layout, inner.x + left, inner.y + top):
                assert x < box[0] and box[2] < x + node.width, "a box holds what is in it"
                assert y < box[1] and box[3] < y + node.height
                found.append((child, box))
    return found


def apart(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(machines(), some.sampled_from([20, 60, 200]))
def test_every_state_has_one_place_apart_from_all_others(machine: dict[str, Any], width: int) -> None:
    layout = lay_out(machine, measure, width)
    placed = boxes(layout)
    assert sorted(node.name for node, _ in placed) == sorted(name for name, _ in every_state(machine))
    leaves = [(node, box) for node, box in placed if not node.inner]
    for i, (_, box) in enumerate(leaves):
        assert all(apart(box, other) for _, other in leaves[i + 1 :])
    assert lay_out(machine, measure, width) == layout


@settings(max_examples=20, deadline=None, derandomize=True)
@given(machines(depth=0))
def test_every_flow_is_drawn_or_told(machine: dict[str, Any]) -> None:
    for width in (20, 300):
        layout = lay_out(machine, measure, width)
        drawn = {(edge.source, edge.target) for edge in layout.edges}
        told = {(node.name, jump.target) for node in layout.nodes for jump in node.jumps}
        assert drawn | told == {(flow.source, flow.target) for flow in read(machine).flows}
        assert not drawn & told


def test_a_straight_chain_is_one_column() -> None:
    states: dict[str, Any] = {n: {"Type": "Pass", "Next": m} for n, m in itertools.pairwise(NAMES)}
    layout = lay_out({"StartAt": "S0", "States": states | {NAMES[-1]: {"Type": "Pass", "End": True}}}, measure, 80)
    assert {node.x for node in layout.nodes} == {0}
    assert layout.height == 2 * len(NAMES) - 1


def test_branches_stand_side_by_side_when_they_fit_and_are_stacked_when_not() -> None:
    machine: dict[str, Any] = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}], "Default": "C"},
            "B": {"Type": "Succeed"},
            "C": {"Type": "Succeed"},
        },
    }
    wide = {node.name: node for node in lay_out(machine, measure, 80).nodes}
    assert wide["B"].y == wide["C"].y
    narrow = {node.name: node for node in lay_out(machine, measure, 8).nodes}
    assert narrow["B"].y != narrow["C"].y
    assert [jump.target for jump in narrow["A"].jumps] == ["B", "C"]


def test_a_thousand_states_are_laid_out_in_a_moment() -> None:
    import time

    names = [f"S{i}" for i in range(1000)]
    states: dict[str, Any] = {n: {"Type": "Pass", "Next": m} for n, m in itertools.pairwise(names)}
    machine = {"StartAt": "S0", "States": states | {names[-1]: {"Type": "Succeed"}}}
    begin = time.process_time()
    assert len(lay_out(machine, measure, 80).nodes) == 1000
    assert time.process_time() - begin < 5
