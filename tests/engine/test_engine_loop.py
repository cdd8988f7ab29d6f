"""The engine's loop: one thread, one commit for each turn, and nothing stops it but the store."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from stepmill.asl.definition import Definition
from stepmill.clock import SystemClock
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act, Finished, Signal
from stepmill.engine.states import PassState
from stepmill.history.events import Event, public
from stepmill.history.log import MemoryHistory, Record
from stepmill.testing import ScriptedTasks, StuckError, VirtualClock, fail, hang, run, succeed
from stepmill.testing.runner import drive

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}


def arn(name: str) -> str:
    return f"arn:aws:states:us-east-1:000000000000:execution:M:{name}"


def start(engine: Engine, name: str, definition: Any, input: Any = None, records: Sequence[Record] = ()) -> str:
    engine.start(
        arn(name),
        machine="M",
        name=name,
        definition=Definition.parse(json.dumps(definition)),
        input_text=json.dumps(input or {}),
        role="role",
        machine_arn="arn:M",
        records=records,
    )
    return arn(name)


class Commits(MemoryHistory):
    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
        super().append(batches, records)
        self.sizes.append(sum(len(events) for _, events in batches))


def chain(length: int) -> dict[str, Any]:
    states = {f"S{i}": {"Type": "Pass", "Next": f"S{i + 1}"} for i in range(length - 1)}
    return {"StartAt": "S0", "States": {**states, f"S{length - 1}": {"Type": "Pass", "End": True}}}


def test_executions_that_are_ready_together_share_one_commit() -> None:
    history, tasks, clock = Commits(), ScriptedTasks(), VirtualClock()
    engine = Engine(history, clock, tasks.perform, tasks.cancel)
    for name in ("a", "b", "c"):
        start(engine, name, chain(2))
    history.sizes.clear()
    drive(engine, tasks, clock)
    assert history.sizes == [3 * 5]
    assert engine.running() == set()


def test_a_long_run_is_committed_in_pieces_and_others_get_their_turn() -> None:
    history, tasks, clock = Commits(), ScriptedTasks(), VirtualClock()
    engine = Engine(history, clock, tasks.perform, tasks.cancel)
    long, short = start(engine, "long", chain(1500)), start(engine, "short", chain(1))
    engine.turn()
    engine.turn()
    assert engine.running() == {long}
    assert history.read(short)[-1].type == "ExecutionSucceeded"
    drive(engine, tasks, clock)
    assert max(history.sizes) < 1010


def test_the_records_tell_of_a_running_and_of_an_ended_execution() -> None:
    history, tasks, clock = Commits(), ScriptedTasks(), VirtualClock()
    engine = Engine(history, clock, tasks.perform, tasks.cancel)
    definition = {
        "StartAt": "A",
        "States": {"A": {"Type": "Wait", "Seconds": 9, "Next": "B"}, "B": {"Type": "Fail", "Error": "No"}},
    }
    mine = [Record("states", "execution", arn("a"), {"bundle": "x"}), Record("stepmill", "note", "n", {})]
    start(engine, "a", definition, records=mine)
    engine.turn()
    body = history.record("states", "execution", arn("a"))
    assert body is not None
    assert (body["status"], body["bundle"], body["input_size"], body["ended"]) == ("RUNNING", "x", 2, None)
    assert history.record("states", "revision", body["revision"]) == {"definition": json.dumps(definition)}
    drive(engine, tasks, clock)
    body = history.record("states", "execution", arn("a"))
    assert body is not None
    assert (body["status"], body["error"], body["ended"] - body["started"]) == ("FAILED", "No", 9)


def test_stopping_an_execution_cancels_what_it_began() -> None:
    history, tasks, clock = MemoryHistory(), ScriptedTasks({"A": hang()}), VirtualClock()
    engine = Engine(history, clock, tasks.perform, tasks.cancel)
    start(engine, "a", {"StartAt": "A", "States": {"A": {**TASK, "End": True}}})
    engine.turn()
    engine.stop(arn("a"), "Enough", "said the user")
    engine.stop(arn("unknown"))
    drive(engine, tasks, clock)
    last = history.read(arn("a"))[-1]
    told = {"error": "Enough", "cause": "said the user"}
    assert public(last)["executionAbortedEventDetails"] == told
    assert [act.state for act in tasks.cancelled] == ["A"]


def test_an_outcome_told_twice_or_too_late_is_not_counted_twice() -> None:
    history, clock = MemoryHistory(), VirtualClock()
    told: list[tuple[Act, Callable[[Signal], None]]] = []
    engine = Engine(history, clock, lambda act, tell: told.append((act, tell)), lambda act: None)
    start(
        engine,
        "a",
        {"StartAt": "A", "States": {"A": {**TASK, "Next": "B"}, "B": {"Type": "Wait", "Seconds": 5, "End": True}}},
    )
    engine.turn()
    act, tell = told[0]
    tell(Finished(act, 1))
    tell(Finished(act, 2))
    engine.turn()
    tell(Finished(act, 3))
    engine.turn()
    types = [event.type for event in history.read(arn("a"))]
    assert types.count("TaskSucceeded") == 1


def test_a_bug_of_ours_ends_one_execution_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    class Poison(PassState):
        def result(self, scope: Any) -> Any:
            raise ZeroDivisionError("ours")

    history, tasks, clock = MemoryHistory(), ScriptedTasks(), VirtualClock()
    engine = Engine(history, clock, tasks.perform, tasks.cancel)
    good, bad = start(engine, "good", chain(2)), start(engine, "bad", chain(3))
    engine._executions[bad].machine.root.states["S1"] = Poison("S1", {"Result": 1, "Next": "S2"}, "JSONPath")
    with caplog.at_level(logging.ERROR):
        drive(engine, tasks, clock)
    assert history.read(good)[-1].type == "ExecutionSucceeded"
    last = history.read(bad)[-1]
    assert last.type == "ExecutionFailed"
    assert last.details["error"] == "States.Runtime"
    assert "bug in Stepmill" in last.details["cause"]
    assert "bug in Stepmill" in caplog.text
    record = history.record("states", "execution", bad)
    assert record is not None
    assert record["status"] == "FAILED"


def test_an_execution_that_cannot_be_folded_does_not_keep_the_engine_from_starting() -> None:
    history, tasks, clock = MemoryHistory(), ScriptedTasks(), VirtualClock()
    Engine(history, clock, tasks.perform, tasks.cancel)
    first = Engine(history, clock, tasks.perform, tasks.cancel)
    start(first, "lost", chain(2))
    start(first, "kept", chain(1))
    body = history.record("states", "execution", arn("lost")) or {}
    history.put(Record("states", "revision", body["revision"], None))
    second = Engine(history, clock, tasks.perform, tasks.cancel)
    assert second.recover() == [arn("kept")]
    drive(second, tasks, clock)
    assert history.read(arn("lost"))[-1].type == "ExecutionFailed"
    assert history.read(arn("kept"))[-1].type == "ExecutionSucceeded"


def test_run_wakes_for_signals_from_other_threads_and_for_what_is_due() -> None:
    history = MemoryHistory()

    def perform(act: Act, tell: Callable[[Signal], None]) -> None:
        threading.Thread(target=lambda: tell(Finished(act, {"ok": True}))).start()

    engine = Engine(history, SystemClock(), perform, lambda act: None)
    thread = threading.Thread(target=engine.run)
    thread.start()
    states = {"A": {**TASK, "Next": "B"}, "B": {"Type": "Wait", "Seconds": 0, "End": True}}
    start(engine, "a", {"StartAt": "A", "States": states})
    assert engine.wait_idle(10)
    engine.close()
    thread.join(10)
    assert not thread.is_alive()
    assert history.read(arn("a"))[-1].details == {"output": '{"ok":true}'}


def test_a_year_passes_in_no_time() -> None:
    clock = VirtualClock(0)
    result = run({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 31_536_000, "End": True}}}, clock=clock)
    assert (result.status, clock.now()) == ("SUCCEEDED", 31_536_000)


def test_a_run_that_can_never_end_is_said_to_be_stuck() -> None:
    with pytest.raises(StuckError):
        run({"StartAt": "A", "States": {"A": {**TASK, "End": True}}}, tasks=ScriptedTasks({"A": hang()}))


def test_a_task_without_a_script_is_named() -> None:
    with pytest.raises(LookupError, match="'A' has no scripted outcome; scripted are: B"):
        run(
            {"StartAt": "A", "States": {"A": {**TASK, "Next": "B"}, "B": {**TASK, "End": True}}}, tasks={"B": succeed()}
        )


def test_the_25000th_event_ends_an_execution() -> None:
    choices = [{"Variable": "$.n", "IsPresent": True, "Next": "C"}]
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": choices, "Default": "A"}}
    states["C"] = {"Type": "Succeed"}
    result = run({"StartAt": "A", "States": states})
    assert (result.status, result.error, len(result.events)) == ("FAILED", "States.Runtime", 25_000)
    assert "25000" in (result.cause or "")


def test_an_inline_map_over_ten_thousand_items_fails_with_the_25000th_event() -> None:
    """In AWS's words, as its users report them."""
    each = {"Type": "Map", "ItemProcessor": chain(1), "End": True}
    result = run({"StartAt": "Each", "States": {"Each": each}}, list(range(10_000)))
    cause = "The execution reached the maximum number of history events (25000)."
    assert (result.status, result.error, result.cause) == ("FAILED", "States.Runtime", cause)
    assert len(result.events) == 25_000


def test_a_result_over_256_kib_is_refused_and_can_be_caught() -> None:
    big = "あ" * 90_000  # 270,002 bytes of JSON in UTF-8, 90,002 characters
    definition = {
        "StartAt": "A",
        "States": {
            "A": {**TASK, "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B"}], "End": True},
            "B": {"Type": "Pass", "End": True},
        },
    }
    result = run(definition, tasks=ScriptedTasks({"A": succeed(big)}))
    assert result.output["Error"] == "States.DataLimitExceeded"
    assert run(definition, tasks=ScriptedTasks({"A": succeed("あ" * 80_000)})).output == "あ" * 80_000


def test_jitter_lies_between_nothing_and_the_whole_delay_and_survives_in_the_event() -> None:
    retry = [{"ErrorEquals": ["Boom"], "IntervalSeconds": 100, "JitterStrategy": "FULL", "MaxAttempts": 1}]
    definition = {"StartAt": "A", "States": {"A": {**TASK, "Retry": retry, "End": True}}}
    tasks = ScriptedTasks({"A": [fail("Boom"), succeed()]})
    result = run(definition, tasks=tasks, random=lambda: 0.25)
    failed, again = (event for event in result.events if event.type in ("TaskFailed",) or event.id == 6)
    assert again.at - failed.at == 25
    assert failed.details["_retry"][2] == again.at


def test_the_context_object_tells_a_task_how_often_it_was_retried() -> None:
    task = {
        **TASK,
        "Parameters": {"FunctionName": "f", "Payload": {"n.$": "$$.State.RetryCount", "of.$": "$$.StateMachine.Name"}},
        "Retry": [{"ErrorEquals": ["Boom"]}],
        "End": True,
    }
    tasks = ScriptedTasks({"A": [fail("Boom"), succeed()]})
    run({"StartAt": "A", "States": {"A": task}}, tasks=tasks)
    assert [act.parameters["Payload"] for act in tasks.started] == [
        {"n": 0, "of": "Machine"},
        {"n": 1, "of": "Machine"},
    ]


def test_a_performer_that_breaks_fails_its_task_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    def perform(act: Act, tell: Callable[[Signal], None]) -> None:
        raise OSError("no such thing")

    history, clock = MemoryHistory(), VirtualClock()
    engine = Engine(history, clock, perform, lambda act: None)
    start(engine, "a", {"StartAt": "A", "States": {"A": {**TASK, "End": True}}})
    start(engine, "b", chain(1))
    drive(engine, ScriptedTasks(), clock)
    last = history.read(arn("a"))[-1]
    assert public(last)["executionFailedEventDetails"] == {
        "error": "States.Runtime",
        "cause": "This is a bug in Stepmill, not in the pipeline: OSError: no such thing",
    }
    assert history.read(arn("b"))[-1].type == "ExecutionSucceeded"
    assert "could not be begun" in caplog.text


def test_credentials_are_named_in_the_event() -> None:
    task = {**TASK, "Credentials": {"RoleArn.$": "$.role"}, "End": True}
    events = run(
        {"StartAt": "A", "States": {"A": task}}, {"role": "arn:aws:iam::1:role/x"}, ScriptedTasks({"A": succeed()})
    ).events
    assert events[2].details["taskCredentials"] == {"roleArn": "arn:aws:iam::1:role/x"}


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"ToleratedFailureCountPath": "$.n"}, "ToleratedFailureCount cannot be negative."),
        ({"ToleratedFailurePercentagePath": "$.n"}, "ToleratedFailurePercentage must be between 0 and 100."),
        ({"ToleratedFailureCount": 5}, "Bad"),
    ],
)
def test_an_inline_map_reads_a_tolerance_and_fails_with_its_first_item(limit: dict[str, Any], said: str) -> None:
    inner = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad"}}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": True, **limit}
    result = run({"StartAt": "Each", "States": {"Each": each}}, {"items": [1], "n": -1})
    assert result.status == "FAILED"
    assert said in f"{result.error} {result.cause}"


def test_variables_have_awss_limits() -> None:
    def machine(size: int, times: int) -> dict[str, Any]:
        big = {f"v{n}": f"{{% $pad('', {size}, 'x') %}}" for n in range(times)}
        states = {name: {"Type": "Pass", "Assign": {name: text}} for name, text in big.items()}
        names = list(states)
        for name, following in zip(names, [*names[1:], None], strict=True):
            states[name] |= {"Next": following} if following else {"End": True}
        return {"QueryLanguage": "JSONata", "StartAt": "v0", "States": states}

    assert run(machine(262_000, 1)).status == "SUCCEEDED"
    assert run(machine(262_200, 1)).error == "States.DataLimitExceeded"
    assert run(machine(262_000, 40)).status == "SUCCEEDED"
    assert run(machine(262_000, 42)).error == "States.DataLimitExceeded"
