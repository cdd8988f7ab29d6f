"""Prices: with their source and date, or not at all."""

from __future__ import annotations

import json

from stepmill.deploy.prices import SEEN, SOURCE, cost

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}


def text(**arguments) -> str:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": TASK | {"Arguments": arguments}}
    return json.dumps({"StartAt": "A", "States": states})


def test_transitions_have_a_price_with_its_source_and_date():
    (said, _) = cost(text(ResourceConfig={"InstanceType": "ml.m5.large"}), "eu-west-3")
    assert said == f"Step Functions: 3 transitions, $0.00009 ($0.0297 per 1,000, {SOURCE}, seen {SEEN})"


def test_what_has_no_dated_price_is_not_available_and_never_nothing():
    first, jobs = cost(text(ResourceConfig={"InstanceType": "ml.m5.large"}), "mx-central-1")
    assert first.startswith("Step Functions: n/a")
    assert jobs.startswith("jobs: 1 on ml.m5.large: n/a")
