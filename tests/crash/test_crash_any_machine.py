"""The same promise for machines nobody thought of: any commit may be the last, and the history comes out the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_crash_engine import Died, MortalHistory, engine, start

from stepmill.asl.definition import walk_states
from stepmill.asl.modes import is_distributed
from stepmill.engine.execution import Execution
from stepmill.engine.fold import Fold
from stepmill.engine.signals import Act
from stepmill.history.digest import digest
from stepmill.history.events import Event
from stepmill.history.log import MemoryHistory, Record
from stepmill.testing import Outcome, ScriptedTasks, VirtualClock
from stepmill.testing.runner import ARN, drive

FALLIBLE = st.fixed_dictionaries(
    {},
    optional={
        "Retry": st.just([{"ErrorEquals": ["Boom"], "IntervalSeconds": 2, "MaxAttempts": 2, "JitterStrategy": "FULL"}]),
        "Catch": st.just([{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Z"}]),
        "TimeoutSeconds": st.just(4),
    },
)


def named(prefix: str, states: list[dict[str, Any]]) -> dict[str, Any]:
    """Link states to each other under names no other block uses; `Z` is where a Catch leads."""
    block: dict[str, Any] = {"StartAt": f"{prefix}0", "States": {}}
    for index, state in enumerate(states):
        state = {**state}
        name = f"{prefix}{index}"
        if "Branches" in state:
            state["Branches"] = [named(f"{name}b{i}.", inner) for i, inner in enumerate(state["Branches"])]
            state["ResultPath"] = "$.both"
        if "ItemProcessor" in state:
            state["ItemProcessor"] = named(f"{name}i.", state["ItemProcessor"])
            if (tolerated := state.pop("Distributed", None)) is not None:
                state["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
                state["ToleratedFailurePercentage"] = tolerated
            state["ResultPath"] = "$.each"
        if state["Type"] in ("Parallel", "Map"):
            state.pop("TimeoutSeconds", None)
        if "Assign" in state:
            state["Assign"] = {"at_" + name.replace(".", "_"): "here"}
        if "Catch" in state:
            state["Catch"] = [{**state["Catch"][0], "Next": f"{prefix}Z"}]
        if state["Type"] != "Fail":
            state.update({"Next": f"{prefix}{index + 1}"} if index + 1 < len(states) else {"Next": f"{prefix}Z"})
        block["States"][name] = state
    block["States"][f"{prefix}Z"] = {"Type": "Succeed"}
    return block


TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": "$.task"}
SIMPLE = st.one_of(
    st.just({"Type": "Pass", "Assign": {"x": 1}}),
    st.just({"Type": "Wait", "Seconds": 3}),
    FALLIBLE.map(lambda more: {**TASK, "Parameters": {"FunctionName": "f"}, **more}),
    FALLIBLE.map(lambda more: {**TASK, "Parameters": {"FunctionName": "f"}, **more}),
)


def joining(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    block = st.lists(blocks, min_size=1, max_size=2)
    parallel = st.builds(
        lambda two, more: {"Type": "Parallel", "Branches": two, **more},
        st.lists(block, min_size=1, max_size=2),
        FALLIBLE,
    )
    selector = {"item.$": "$$.Map.Item.Value"}
    each = st.builds(
        lambda inner, most, config, more: {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {**selector, "items": [1]},
            "MaxConcurrency": most,
            "ItemProcessor": inner,
            **config,
            **more,
        },
        block,
        st.integers(0, 2),
        st.sampled_from([{}, {}, {"Distributed": 0}, {"Distributed": 50}]),
        FALLIBLE,
    )
    return st.one_of(parallel, each)


STATES = st.lists(st.recursive(SIMPLE, joining, max_leaves=5), min_size=1, max_size=3)
OUTCOMES = st.lists(
    st.builds(
        lambda error, takes: Outcome(error=error, takes=takes, output={} if error is None else None),
        st.sampled_from([None, None, None, "Boom", "Other"]),
        st.sampled_from([0.0, 1.0, 5.0]),
    ),
    min_size=1,
    max_size=6,
)


def mixed(definition: dict[str, Any]) -> bool:
    """Whether a Map Run may go on beside something else of the same execution."""
    states = [state for _, _, state in walk_states(definition)]
    runs = [is_distributed(state) for state in states if state["Type"] == "Map"]
    return any(runs) and (not all(runs) or any(state["Type"] == "Parallel" for state in states))


def world(outcomes: list[Outcome]) -> ScriptedTasks:
    class ByEvent(ScriptedTasks):
        """Outcomes that depend on the act alone, as a world that survives the engine has them."""

        def _pick(self, act: Act) -> Outcome:
            return outcomes[act.event % len(outcomes)]

    return ByEvent()


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(states=STATES, outcomes=OUTCOMES, at=st.floats(0, 1), after=st.booleans())
def test_any_machine_stopped_at_any_commit_goes_on_from_the_log_alone(
    states: list[dict[str, Any]], outcomes: list[Outcome], at: float, after: bool
) -> None:
    case = {"definition": named("s", states), "input": {"items": [1, 2, 3]}}
    whole = MortalHistory(0, after=False)
    clock, tasks = VirtualClock(), world(outcomes)
    it = engine(whole, clock, tasks)
    start(it, case)
    drive(it, tasks, clock)
    expected = whole.read(ARN)
    dies_at = 2 + int(at * (whole.commits - 2)) if whole.commits > 1 else 1

    history = MortalHistory(dies_at, after=after or dies_at == 1)
    clock, again = VirtualClock(), world(outcomes)
    it = engine(history, clock, again)
    try:
        start(it, case)
        drive(it, again, clock)
    except Died:
        it = engine(history, clock, again)
        it.recover()
        drive(it, again, clock)
    assert history.records("states", "unfinished") == []
    assert len({act.name for act in again.started}) == len(again.started)
    if mixed(case["definition"]):
        return  # what ends first, a Map Run or what goes on beside it, is not decided by the log
    assert history.read(ARN) == expected
    children = [name for name, _ in whole.records("states", "execution")]
    assert [name for name, _ in history.records("states", "execution")] == children
    assert all(history.read(name) == whole.read(name) for name in children)
    # Executions that recovery finds go on in the order of their names' first records.
    assert sorted(act.name for act in again.started) == sorted(act.name for act in tasks.started)
    assert digest(ARN, expected).current() == []


def stands(execution: Fold) -> Any:
    """What a fold says, as plain values."""
    return (
        execution.status,
        execution.last_id,
        list(execution.ready),
        list(execution.acts),
        execution.next_due(),
        {
            key: (one.phase, one.last, one.text, one.variables, one.due, one.tries, one.results, one.active, one.begun)
            for key, one in execution.branches.items()
        },
    )


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(states=STATES, outcomes=OUTCOMES)
def test_a_fold_of_the_log_stands_where_the_live_execution_does(
    states: list[dict[str, Any]], outcomes: list[Outcome]
) -> None:
    class Compared(MemoryHistory):
        def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
            super().append(batches, records)
            live = it._executions.get(ARN)
            if live is not None:
                folded = Execution(ARN, live.machine)
                for event in self.read(ARN):
                    folded.apply(event)
                assert stands(folded) == stands(live)

    clock, tasks = VirtualClock(), world(outcomes)
    it = engine(Compared(), clock, tasks)
    start(it, {"definition": named("s", states), "input": {"items": [1, 2]}})
    drive(it, tasks, clock)
