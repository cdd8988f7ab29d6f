"""Differences between templates: down to the value, and in words of the pipeline."""

from __future__ import annotations

import json

import pytest

from stepmill.deploy.differences import Difference, RightChange, differences, right_changes


def machine(definition) -> dict:
    return {"Type": "T", "Properties": {"Name": "m", "DefinitionString": json.dumps(definition)}}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"A": 1}, {"A": 1}, []),
        ({"A": 1}, {"A": 2}, [("/A", 1, 2)]),
        ({"A": {"B": 1}}, {"A": {"B": 1, "C": 2}}, [("/A/C", None, 2)]),
        ({"A": [1, 2]}, {"A": [1, 3]}, [("/A/1", 2, 3)]),
        ({"A": [1, 2]}, {"A": [1]}, [("/A", [1, 2], [1])]),
        ({"A": {"Ref": "X"}}, {"A": {"Ref": "Y"}}, [("/A", {"Ref": "X"}, {"Ref": "Y"})]),
        ({"A": "x"}, {"A": {"Fn::Sub": "${X}"}}, [("/A", "x", {"Fn::Sub": "${X}"})]),
        # an element is known again by its name, wherever it stands
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]},
            {"Tags": [{"Key": "b", "Value": "3"}]},
            [("/Tags/b/Value", "2", "3"), ("/Tags/a", {"Key": "a", "Value": "1"}, None)],
        ),
        ({"A/B": 1}, {"A/B": 2}, [("/A~1B", 1, 2)]),
    ],
)
def test_what_is_different_is_told_down_to_the_value(before, after, found):
    given = [{"Type": "T", "Properties": each} for each in (before, after)]
    assert differences(*given) == [Difference(*each) for each in found]


def test_a_definition_is_looked_into_and_not_compared_as_one_long_text():
    before = machine({"States": {"Train": {"Arguments": {"HyperParameters": {"epochs": "20"}}}}})
    after = machine({"States": {"Train": {"Arguments": {"HyperParameters": {"epochs": "30"}}}}})
    path = "/Definition/States/Train/Arguments/HyperParameters/epochs"
    assert differences(before, after) == [Difference(path, "20", "30")]


def test_a_resource_that_is_kept_from_now_on_is_a_difference_too():
    before = {"Type": "T", "Properties": {}}
    assert differences(before, before | {"DeletionPolicy": "Retain"}) == [Difference("/DeletionPolicy", None, "Retain")]


def role(*statements) -> dict:
    policies = [{"PolicyName": "rights", "PolicyDocument": {"Statement": list(statements)}}]
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}


def test_rights_that_come_and_go_are_told_one_by_one():
    before = {"MachineRole": role({"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::a/*"})}
    after = {"MachineRole": role({"Action": "s3:GetObject", "Resource": [{"Fn::Sub": "arn:aws:s3:::${B}/*"}]})}
    assert right_changes(before, after) == [
        RightChange("MachineRole", False, "s3:GetObject", "arn:aws:s3:::a/*"),
        RightChange("MachineRole", False, "s3:PutObject", "arn:aws:s3:::a/*"),
        RightChange("MachineRole", True, "s3:GetObject", "arn:aws:s3:::${B}/*"),
    ]


def test_a_condition_that_is_dropped_is_a_right_that_comes():
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    before = {"R": role({"Action": "iam:PassRole", "Resource": "*", "Condition": condition})}
    after = {"R": role({"Action": "iam:PassRole", "Resource": "*"})}
    assert [each.gained for each in right_changes(before, after)] == [False, True]
