"""The fake world for users: claims on results, scripts that are checked, seeds that can be repeated."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.testing import Result, ScriptedTasks, explore, fail, hang, run, succeed

TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": {}, "End": True}
TWO = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [{"StartAt": name, "States": {name: TASK}} for name in ("A", "B", "C")],
            "End": True,
        }
    },
}
SCRIPT = {name: succeed(name, takes=1) for name in ("A", "B", "C")}
RANDOM = {
    "StartAt": "Draw",
    "States": {
        "Draw": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": ["{% $uuid() %}", "{% $random() %}"],
            "Next": "Again",
        },
        "Again": {
            "Type": "Pass",
            "Parameters": {"n.$": "States.MathRandom(0, 1000000)"},
            "ResultPath": None,
            "Next": "T",
        },
        "T": {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxDelaySeconds": 9}]},
    },
}


def order(result: Result) -> list[str]:
    return [event.details["output"] for event in result.events if event.type == "TaskSucceeded"]


def test_the_same_seed_gives_the_same_history_a_hundred_times():
    digests = {run(TWO, tasks=SCRIPT, seed=3).digest for _ in range(100)}
    assert len(digests) == 1
    script = {"T": [fail("Busy"), fail("Busy"), succeed(1)]}
    assert len({run(RANDOM, tasks=dict(script), seed=8).digest for _ in range(20)}) == 1
    assert run(RANDOM, tasks=dict(script), seed=8).digest != run(RANDOM, tasks=dict(script), seed=9).digest


def test_other_seeds_find_every_order_of_tasks_that_end_at_one_moment():
    orders = {tuple(order(result)) for _, result in explore(TWO, tasks=lambda: SCRIPT)}
    assert len(orders) == 6
    assert all(result.succeeded(["A", "B", "C"]) for _, result in explore(TWO, tasks=lambda: SCRIPT, seeds=range(5)))


def test_what_ends_later_is_never_told_earlier():
    script = {**SCRIPT, "C": succeed("C", takes=2)}
    assert all(order(result)[2] == '"C"' for _, result in explore(TWO, tasks=lambda: script))


def test_a_script_for_a_state_that_is_not_there_is_an_error_with_a_guess():
    with pytest.raises(LookupError, match=r"'Bot', which is no state of the definition"):
        run(TWO, tasks={"Bot": succeed()})
    with pytest.raises(LookupError, match="was 'Both' meant"):
        run(TWO, tasks={"Bothh": succeed()})


ONE = {"StartAt": "T", "States": {"T": {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}}}


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (lambda result: result.failed(), "it SUCCEEDED"),
        (lambda result: result.succeeded({"b": 2}), 'its output is {"a": 1}, not {"b": 2}'),
        (lambda result: result.visited("U"), "U was not entered"),
        (lambda result: result.avoided("T"), "T was entered"),
        (lambda result: result.attempted("T", 3), "T was attempted 2 times, not 3"),
        (lambda result: result.took(5), "it took 1 s, not 5"),
    ],
)
def test_a_claim_that_does_not_hold_shows_the_history(claim: Any, said: str):
    result = run(ONE, tasks={"T": [fail("Busy"), succeed({"a": 1})]})
    result.succeeded({"a": 1}).visited("T").attempted("T", 2).took(1).avoided("U")
    with pytest.raises(AssertionError) as told:
        claim(result)
    assert str(told.value).startswith(said)
    assert "ExecutionSucceeded" in str(told.value)


def test_a_failure_can_be_claimed_by_its_error_and_a_part_of_its_cause():
    tasks = ScriptedTasks({"T": fail("Busy", "the table is locked")})
    result = run(ONE, tasks=tasks).failed("Busy", "locked").failed()
    for error, cause in (("Idle", None), ("Busy", "open")):
        with pytest.raises(AssertionError):
            result.failed(error, cause)
    assert result.requests("T") == [{}, {}]
    assert [len(visit.attempts) for visit in result.visits("T")] == [2]


def test_days_take_no_time():
    patient = {"StartAt": "T", "States": {"T": {**TASK, "TimeoutSeconds": 172_800}}}
    run(patient, tasks={"T": hang()}).failed("States.Timeout").took(172_800)
