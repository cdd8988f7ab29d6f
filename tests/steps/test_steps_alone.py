"""What a step says of itself before the pipeline is whole, and what may be changed in it."""

from __future__ import annotations

import copy
import logging
import pickle

import pytest

from stepmill import steps
from stepmill.asl.problems import InvalidDefinition
from stepmill.inputs import CaughtError, ExecutionInput, either
from stepmill.steps import (
    AwsSdkStep,
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    HttpStep,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    S3GetObjectStep,
    SnsPublishStep,
    Succeed,
    Task,
    Wait,
)  # fmt: skip


def call(name, **fields):
    return LambdaStep(name, parameters={"FunctionName": "f"}, **fields)


def test_a_step_alone_reads_values_of_steps_that_nothing_links_to_it_yet():
    first, other = call("First one"), call("Other")
    step = Pass(
        "Read", parameters={"a": first.result["StatusCode"], "b": either(first.payload["x"], other.payload["x"])}
    )
    assert step.to_dict()["Parameters"] == {"a.$": "$first_one.StatusCode", "b.$": "$either.x"}
    assert step.to_dict("JSONata")["Output"] == {"a": "{% $first_one.StatusCode %}", "b": "{% $either.x %}"}


def test_a_step_alone_leaves_out_what_only_others_ask_of_it():
    first = call("First")
    second = Pass("Second", parameters={"a": first.payload["a"]})
    chain = Chain([first, second])
    assert "Assign" not in first.to_dict()
    assert "Assign" in steps.compile("w", chain).template


def test_a_step_alone_remembers_for_what_is_inside_it():
    first = call("First")
    both = Parallel("Both")
    both.add_branch(Chain([first, Pass("Second", parameters={"a": first.payload["a"]})]))
    inside = both.to_dict()["Branches"][0]["States"]
    assert inside["First"]["Assign"] == {"first": {"a.$": "$.Payload.a"}}
    assert inside["Second"]["Parameters"] == {"a.$": "$first.a"}


def test_a_step_alone_reads_an_error_that_somebody_will_have_caught():
    assert Fail("Failed", error="E", cause=CaughtError()["Cause"]).to_dict()["CausePath"] == "$error.Cause"


def test_a_step_alone_reads_the_input_with_its_defaults():
    run = ExecutionInput({"epochs": 20})
    assert Pass("P", parameters={"n": run["epochs"]}).to_dict()["Parameters"] == {"n.$": "$input.epochs"}


def test_a_step_alone_names_where_it_leads_also_by_name_only():
    step = call("Work")
    step.add_catch(Catch("Repair", error_equals=["States.ALL"]))
    step.next("After")
    assert (step.to_dict()["Next"], step.to_dict()["Catch"][0]["Next"]) == ("After", "Repair")


def test_a_step_alone_may_read_the_item_of_a_map_around_it():
    step = Pass("P", parameters={"i.$": "$$.Map.Item.Index"})
    assert step.to_dict() == Map("M", iterator=step).to_dict()["Iterator"]["States"]["P"]


def test_what_is_wrong_with_a_step_alone_is_told_with_its_line():
    with pytest.raises(InvalidDefinition) as refused:
        Pass("P", result={"a": ExecutionInput()["b"]}).to_dict()
    (problem,) = refused.value.problems
    assert problem.code == "field.constant" and "test_steps_alone.py:" in problem.place


def test_a_field_that_is_set_is_in_the_definition():
    step = call("Work")
    step.comment, step.timeout_seconds, step.result_path = "set", 60, None
    found = step.to_dict()
    assert (found["Comment"], found["TimeoutSeconds"], found["ResultPath"]) == ("set", 60, None)
    step.comment = None
    assert "Comment" not in step.to_dict() and step.comment is None
    retry = Retry(error_equals=["A"])
    retry.error_equals, retry.max_attempts = "B", 0
    assert retry.to_dict() == {"ErrorEquals": ["B"], "MaxAttempts": 0}


@pytest.mark.parametrize(
    ("step", "field"), [(Succeed("S"), "result_path"), (Pass("P"), "timeout_seconds"), (Wait("W", seconds=1), "cause")]
)
def test_a_field_that_a_state_does_not_have_cannot_be_set(step, field):
    with pytest.raises(TypeError, match=f"has no field '{field}'"):
        setattr(step, field, "$")


def test_a_field_that_no_state_has_is_a_problem_of_its_step():
    step = call("Work")
    step.fields["timout_seconds"] = 3
    with pytest.raises(InvalidDefinition, match="did you mean 'timeout_seconds'"):
        step.to_dict()


def test_what_the_old_sdk_lacked_can_be_put_into_its_fields():
    step = call("Work")
    step.fields["result_selector"] = {"a.$": "$.Payload.a"}
    assert step.to_dict()["ResultSelector"] == {"a.$": "$.Payload.a"}


def test_a_step_prints_as_its_json_and_shows_as_its_name():
    assert '"Type": "Pass"' in str(Pass("P")) and repr(Pass("P")) == "<Pass 'P'>"


def test_a_step_is_copied_with_its_fields():
    step = call("Work", comment="one")
    other = copy.deepcopy(step)
    other.comment = "two"
    assert (step.comment, other.comment) == ("one", "two")


def test_a_rule_survives_pickling_and_joins_with_conditions():
    rule = ChoiceRule.StringEquals("$.a", "x")
    assert pickle.loads(pickle.dumps(rule)) == rule
    choice = Choice("C", choices=[(rule & ~ChoiceRule.IsNull("$.b", True), Succeed("S"))])
    assert [each["Variable"] for each in choice.to_dict()["Choices"][0]["And"][:1]] == ["$.a"]


def test_an_operator_that_asl_does_not_have_is_refused_with_the_nearest():
    from stepmill.steps.choice_rule import CompoundRule, Rule

    with pytest.raises(ValueError, match="did you mean 'StringEquals'"):
        Rule("$.a", "StringEqual", "x")
    with pytest.raises(ValueError, match="And or Or"):
        CompoundRule("Xor", [])


def test_a_default_that_a_chain_replaces_is_told_with_the_line_that_did(caplog):
    choice = Choice("C", default=Succeed("A"))
    with caplog.at_level(logging.WARNING, logger="stepmill"):
        Chain([choice, Succeed("B")])
    assert "test_steps_alone.py:" in caplog.text and "'A'" in caplog.text and "'B'" in caplog.text


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"),
     ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"),
     ("us-isof-south-1", "aws-iso-f"), ("eusc-de-east-1", "aws-eusc")],
)  # fmt: skip
def test_every_resource_stands_in_the_partition_of_the_stages_region_and_nothing_else_changes(
    monkeypatch, region, partition
):
    def text():
        chain = Chain([
            call("L"), SnsPublishStep("N"), S3GetObjectStep("R", "s3://b/k"), AwsSdkStep("A", "sqs:listQueues"),
            HttpStep("H", endpoint="https://example.com", method="GET", connection="arn:aws:events:x:1:connection/a"),
            Task("T", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"}),
        ])  # fmt: skip
        return steps.compile("w", chain).template, [step.resource for step in chain.steps[:-1]]

    usual, _ = text()
    monkeypatch.setenv("STEPMILL_REGION", region)
    found, resources = text()
    assert all(resource.startswith(f"arn:{partition}:states:::") for resource in resources)
    assert found.count(f'"Resource":"arn:{partition}:states:::') == (6 if partition == "aws" else 5)
    assert found.replace(f"arn:{partition}:states:::", "arn:aws:states:::") == usual


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Map("M", iterator=Pass("P"), parameters={}, item_selector={}), "both parameters= and item_selector="),
        (lambda: LambdaStep("L", resource="r"), "knows what it calls"),
        (lambda: Parallel("P").add_branch("Pass"), "a branch of 'P' is a state or a chain"),
        (lambda: Map("M", iterator=5), "iterator= of 'M' is a state or a chain"),
        (lambda: call("W", retry={"error_equals": ["A"]}), "retry= of 'W' is a Retry"),
        (lambda: call("W").add_catch([Retry(error_equals=["A"])]), "catch= of 'W' is a Catch"),
        (lambda: Retry(error_equals=[1]), "error_equals= is a list of error names"),
    ],
)
def test_what_cannot_be_meant_is_refused_on_its_line(make, said):
    with pytest.raises(TypeError, match=said):
        make()


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Pass("P", result=1, output=2), "Output twice, as Result and as Output"),
        (Task("T", resource="r", parameters={}, arguments={}), "Arguments twice, as Parameters and as Arguments"),
    ],
)
def test_two_names_of_one_field_are_a_problem(step, said):
    with pytest.raises(InvalidDefinition, match=said):
        step.to_dict("JSONata")
