"""An execution that ended badly goes on where it was, with what had succeeded."""

from __future__ import annotations

import json
from typing import Any

from stepmill.asl.definition import Definition
from stepmill.engine.loop import Engine
from stepmill.history.log import MemoryHistory, Record
from stepmill.testing import ScriptedTasks, VirtualClock, fail, hang, succeed
from stepmill.testing.runner import ARN, drive, result

TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": {}}


class Bench:
    """An execution that can be redriven, each time by an engine that knows only the history."""

    def __init__(
        self, definition: dict[str, Any], tasks: ScriptedTasks, given: Any = None, *, history: Any = None
    ) -> None:
        self.tasks, self.clock, self.history = tasks, VirtualClock(), history or MemoryHistory()
        engine = self.engine()
        parsed = Definition.parse(json.dumps(definition))
        told = {"machine": "Machine", "name": "run", "role": "r", "machine_arn": "m"}
        engine.start(ARN, definition=parsed, input_text=json.dumps(given or {}), **told)
        drive(engine, tasks, self.clock)

    def engine(self) -> Engine:
        return Engine(self.history, self.clock, self.tasks.perform, self.tasks.cancel, random=lambda: 0.5)

    def redrive(self) -> None:
        engine = self.engine()
        body = dict(self.history.record("states", "execution", ARN) or {})
        body |= {"status": "RUNNING", "ended": None, "redrives": body.get("redrives", 0) + 1}
        engine.redrive(ARN, [Record("states", "execution", ARN, body)])
        drive(engine, self.tasks, self.clock)

    def asked(self) -> list[str]:
        return [act.state for act in self.tasks.started]

    def types(self, after: str) -> list[str]:
        types = [event.type for event in self.history.read(ARN)]
        return types[len(types) - types[::-1].index(after) :]


def machine(**states: Any) -> dict[str, Any]:
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        if states[name]["Type"] not in ("Fail", "Succeed", "Choice"):
            states[name] = {**states[name], **({"Next": following} if following else {"End": True})}
    return {"StartAt": names[0], "States": states}


def test_what_succeeded_is_not_run_again():
    tasks = ScriptedTasks({"Prepare": succeed({"rows": 3}), "Train": [fail("Full"), succeed({"ok": 1})]})
    bench = Bench(machine(Prepare=TASK, Train=TASK), tasks)
    assert result(bench.history).status == "FAILED"
    bench.redrive()
    ended = result(bench.history)
    assert (ended.status, ended.output) == ("SUCCEEDED", {"ok": 1})
    assert bench.asked() == ["Prepare", "Train", "Train"]
    assert bench.tasks.started[1].parameters == bench.tasks.started[2].parameters
    assert bench.types("ExecutionRedriven") == [
        *("TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded")
    ]
    events = bench.history.read(ARN)
    (redriven,) = (event for event in events if event.type == "ExecutionRedriven")
    assert redriven.details == {"redriveCount": 1}
    assert events[redriven.id].previous == redriven.id


def test_retries_begin_anew():
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    tasks = ScriptedTasks({"Train": [fail("A"), fail("B"), fail("C"), succeed(1)]})
    bench = Bench(machine(Train={**TASK, "Retry": retry}), tasks)
    assert len(tasks.started) == 2
    bench.redrive()
    assert (len(tasks.started), result(bench.history).status) == (4, "SUCCEEDED")


def branches(**one: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [machine(**{name: state}) for name, state in one.items()]}


def test_of_a_parallel_only_what_did_not_succeed_runs_again():
    tasks = ScriptedTasks({"A": succeed("a"), "B": [fail("Bad", takes=5), succeed("b")], "C": [hang(), succeed("c")]})
    bench = Bench(machine(All=branches(A=TASK, B=TASK, C=TASK)), tasks)
    assert [act.state for act in tasks.cancelled] == ["C"]
    bench.redrive()
    assert result(bench.history).output == ["a", "b", "c"]
    assert bench.asked() == ["A", "B", "C", "B", "C"]


def test_of_a_map_only_what_did_not_succeed_runs_again():
    def outcome(act: Any) -> Any:
        seen.append(act.parameters["n"])
        return fail("Bad") if act.parameters["n"] == 2 and seen.count(2) == 1 else succeed(act.parameters["n"] * 10)

    seen: list[int] = []
    work = machine(Work={**TASK, "Parameters": {"n.$": "$"}})
    each = {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 1, "ItemProcessor": work}
    bench = Bench(machine(Each=each), ScriptedTasks({"Work": outcome}), [1, 2, 3])
    assert seen == [1, 2]
    bench.redrive()
    assert (seen, result(bench.history).output) == ([1, 2, 2, 3], [10, 20, 30])


def test_variables_and_the_context_are_there_again():
    assign = {"Type": "Pass", "Assign": {"kept": 7}}
    train = {**TASK, "Parameters": {"kept.$": "$kept", "count.$": "$$.Execution.RedriveCount"}}
    bench = Bench(machine(Set=assign, Train=train), ScriptedTasks({"Train": [fail("X"), fail("Y"), succeed(1)]}))
    bench.redrive()
    bench.redrive()
    assert [act.parameters for act in bench.tasks.started] == [{"kept": 7, "count": n} for n in (0, 1, 2)]
    assert result(bench.history).status == "SUCCEEDED"


def test_a_state_that_fails_by_itself_is_entered_again_and_fails_again():
    bench = Bench(machine(Bad={"Type": "Fail", "Error": "Gate"}), ScriptedTasks())
    bench.redrive()
    assert result(bench.history).error == "Gate"
    assert bench.types("ExecutionRedriven") == ["FailStateEntered", "ExecutionFailed"]


def test_who_was_stopped_and_timed_out_goes_on():
    tasks = ScriptedTasks({"Train": [hang(), hang(), succeed("done")]})
    bench = Bench({**machine(Train=TASK), "TimeoutSeconds": 60}, tasks)
    assert result(bench.history).status == "TIMED_OUT"
    bench.redrive()  # its minute begins anew
    assert (result(bench.history).status, bench.clock.now() - bench.history.read(ARN)[0].at) == ("TIMED_OUT", 120)
    bench.redrive()
    assert result(bench.history).output == "done"


class Noted(MemoryHistory):
    """Knows how many events there were after each commit."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []

    def append(self, batches: Any, records: Any = ()) -> None:
        super().append(batches, records)
        self.commits.append(len(self.read(ARN)))


def test_whoever_recovers_it_finds_it_redriven():
    """The process dies after every commit since the redrive, and another one goes on with what is on disk."""
    tasks = ScriptedTasks({"A": succeed("a"), "B": [fail("Bad"), succeed("b")], "Last": succeed("end")})
    bench = Bench(machine(All=branches(A=TASK, B=TASK), Last=TASK), tasks, history=Noted())
    bench.redrive()
    whole = bench.history.read(ARN)
    (redriven,) = (event.id for event in whole if event.type == "ExecutionRedriven")
    revision = whole[0].details["_revision"]
    cuts = [count for count in bench.history.commits if redriven <= count < len(whole)]
    assert len(cuts) == 3
    for cut in cuts:
        history = MemoryHistory()
        kept = bench.history.record("states", "revision", revision)
        records = [Record("states", "revision", revision, kept), Record("states", "unfinished", ARN, {})]
        history.append([(ARN, whole[:cut])], records)
        again = ScriptedTasks({"B": succeed("b"), "Last": succeed("end")})  # A is not asked for
        engine = Engine(history, bench.clock, again.perform, again.cancel)
        engine.recover()
        drive(engine, again, bench.clock)
        assert [event.type for event in history.read(ARN)] == [event.type for event in whole]
