"""Whether the same happened in two places: what must differ is made equal, and what was made equal is told."""

from __future__ import annotations

import json
from typing import Any

from stepmill.history.comparing import Comparison, compare
from stepmill.history.digest import Attempt, Digest, Visit

HERE = "arn:aws:states:us-east-1:000000000000:execution:digits:tuesday"
THERE = "arn:aws:states:eu-west-1:111122223333:execution:digits-prod:nightly"


def execution(arn: str, *states: tuple[str, Any], **more: Any) -> Digest:
    machine, name = arn.split(":")[6:8]
    visits = [
        Visit(state, "Task", (), float(n), float(n), "succeeded", output=json.dumps(output))
        for n, (state, output) in enumerate(states)
    ]
    given = {"status": "SUCCEEDED", "output": json.dumps(states[-1][1]) if states else None, "input": "{}"} | more
    return Digest(arn, machine, name, visits=visits, **given)


def outputs(here: Any, there: Any) -> Comparison:
    return compare(execution(HERE, ("Train", here)), execution(THERE, ("Train", there)))


def test_arns_buckets_names_ids_and_times_must_differ_and_are_told() -> None:
    here = {
        "model": "s3://stepmill-local/digits/tuesday/model.tar.gz",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/digits-train-1",
        "CreationTime": 1,
        "said": "digits/tuesday at 2026-11-23T09:15:00Z in us-east-1",
        "Bucket": "stepmill-local",
    }
    there = {
        "model": "s3://stepmill-prod-111122223333-eu-west-1/digits/nightly/model.tar.gz",
        "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/digits-train-2",
        "CreationTime": 2,
        "said": "digits/nightly at 2026-11-24T09:15:00.123Z in eu-west-1",
        "Bucket": "stepmill-prod-111122223333-eu-west-1",
        "BillableTimeInSeconds": 60,
        "EnableNetworkIsolation": False,
    }
    found = outputs(here, there)
    assert found.same
    assert set(found.ignored) == {
        "buckets", "names", "ARNs", "times", "fields that only one side has in the answer of a job"
    }  # fmt: skip


def test_a_number_that_differs_is_told_with_its_place() -> None:
    found = outputs({"report": {"accuracy": 0.97, "n": 1}}, {"report": {"accuracy": 0.9, "n": 1.0}})
    assert not found.same
    assert [tuple(each) for each in found.rows[0].differences] == [("output.report.accuracy", 0.97, 0.9)]


def test_a_text_that_holds_json_is_compared_as_json() -> None:
    found = outputs({"Body": '{"accuracy": 0.97, "n": 1}'}, {"Body": '{"n":1,"accuracy":0.9}'})
    assert [each.what for each in found.rows[0].differences] == ["output.Body.accuracy"]
    assert outputs({"Body": '{"a": 1, "b": 2}'}, {"Body": '{"b":2,"a":1}'}).same


def test_true_is_no_number_and_a_field_of_the_pipelines_own_must_be_on_both_sides() -> None:
    assert not outputs({"ok": True}, {"ok": 1}).same
    assert [tuple(d) for d in outputs({"a": 1}, {}).rows[0].differences] == [("output.a", 1, None)]


def test_jobs_are_told_apart_by_their_states_not_by_their_names() -> None:
    here, there = execution(HERE, ("Train", {"job": "a-1"})), execution(THERE, ("Train", {"job": "b-2"}))
    here.visits[0].attempts = [Attempt(0.0, job=("training", "a-1"))]
    there.visits[0].attempts = [Attempt(0.0, job=("training", "b-2")), Attempt(1.0)]
    found = compare(here, there)
    assert found.same
    assert found.rows[0].tries == (1, 2)


def test_another_path_is_told_state_by_state() -> None:
    here = execution(HERE, ("Train", 1), ("Gate", 1), ("Ship", 2))
    there = execution(THERE, ("Train", 1), ("Gate", 1), ("Reject", 3), status="FAILED", error="GateRejected")
    found = compare(here, there)
    assert [(row.state, row.same) for row in found.rows] == [
        ("Train", True), ("Gate", True), ("Ship", False), ("Reject", False)
    ]  # fmt: skip
    assert [each.what for each in found.whole] == ["status", "error", "output"]


def test_branches_that_ran_in_another_order_are_the_same() -> None:
    here, there = execution(HERE, ("A", 1), ("B", 2)), execution(THERE, ("B", 2), ("A", 1))
    for digest in (here, there):
        for visit in digest.visits:
            visit.branch = ("Both[0]",) if visit.state == "A" else ("Both[1]",)
        digest.output = None
    assert compare(here, there).same


def test_another_input_is_a_difference() -> None:
    found = compare(
        execution(HERE, ("A", 1), input='{"epochs": 20}'), execution(THERE, ("A", 1), input='{"epochs": 2}')
    )
    assert [tuple(each) for each in found.whole] == [("input.epochs", 20, 2)]
