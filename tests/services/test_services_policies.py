"""What IAM policy documents allow: IAM's own rules, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.services.policies import NotUnderstood, decide, like, like_arn

ARN = "arn:aws:s3:::bucket/digits/a.csv"


def statement(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}


def said(*statements: dict[str, Any], action: str = "s3:GetObject", resource: str = ARN, **context: Any) -> str:
    named = {name.replace("__", ":"): value for name, value in context.items()}
    return decide([{"Version": "2012-10-17", "Statement": list(statements)}], action, resource, named)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({}, "allow"),
        ({"Action": "s3:*"}, "allow"),
        ({"Action": "*"}, "allow"),
        ({"Action": "S3:getobject"}, "allow"),
        ({"Action": ["s3:PutObject", "s3:Get*"]}, "allow"),
        ({"Action": "s3:GetObjec?"}, "allow"),
        ({"Action": "s3:Get"}, "nothing"),
        ({"Action": "s3.GetObject"}, "nothing"),
        ({"Resource": ARN}, "allow"),
        ({"Resource": "arn:aws:s3:::bucket/*"}, "allow"),
        ({"Resource": "arn:aws:s3:::bucket/digits/?.csv"}, "allow"),
        ({"Resource": "arn:aws:s3:::bucket"}, "nothing"),
        ({"Resource": "arn:aws:s3:::BUCKET/*"}, "nothing"),
        ({"Resource": ["arn:aws:s3:::x", "arn:aws:s3:::bucket/digits*"]}, "allow"),
        ({"Resource": []}, "nothing"),
        ({"Sid": "A", "Effect": "Deny"}, "deny"),
    ],
)
def test_a_statement_applies_by_its_actions_and_resources(more: dict[str, Any], verdict: str):
    assert said(statement(**more)) == verdict


def test_not_action_and_not_resource_apply_to_all_others():
    allowed = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"}
    assert said(allowed) == "allow"
    assert said(allowed, action="iam:PassRole") == "nothing"
    assert said(allowed, resource="arn:aws:s3:::secret/a") == "nothing"


def test_a_deny_wins_over_every_allow_wherever_it_stands():
    deny = statement(Effect="Deny", Resource="arn:aws:s3:::bucket/digits/*")
    assert said(statement(), deny) == said(deny, statement()) == "deny"
    assert said(statement(), deny, resource="arn:aws:s3:::bucket/other") == "allow"
    assert decide([{"Statement": statement()}, {"Statement": [deny]}], "s3:GetObject", ARN, {}) == "deny"


def test_no_policy_allows_nothing():
    assert decide([], "s3:GetObject", ARN, {}) == "nothing"


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a*", "abc", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringLike", "digits/*", "digits/a/b", True),
        ("StringLike", ["x", "digits/?"], "digits/a", True),
        ("StringLike", "digits/*", "other/", False),
        ("StringNotLike", "digits/*", "other/", True),
        ("ArnLike", "arn:aws:states:*:1:stateMachine:d*", "arn:aws:states:us-east-1:1:stateMachine:digits", True),
        ("ArnLike", "arn:aws:*", "arn:aws:states:us-east-1:1:stateMachine:digits", False),
        ("ArnEquals", "arn:aws:sns:*:*:a", "arn:aws:sns:x:1:a", True),
        ("ArnNotLike", "arn:aws:sns:*:*:a", "arn:aws:sns:x:1:b", True),
        ("Bool", "true", "true", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", False, "a", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericEquals", "1", "x", False),
        ("ForAnyValue:StringEquals", "a", ["a", "b"], True),
        ("ForAnyValue:StringEquals", "c", ["a", "b"], False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", "a", ["a", "b"], False),
        ("ForAllValues:StringEquals", "a", None, True),
    ],
)
def test_a_condition_holds_as_in_iam(operator: str, wanted: Any, given: Any, holds: bool):
    context = {} if given is None else {"key": given}
    assert said(statement(Condition={operator: {"Key": wanted}}), **context) == ("allow" if holds else "nothing")


def test_all_conditions_must_hold():
    both = statement(Condition={"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}})
    assert said(both, a="1", b="2", c="true") == "allow"
    assert said(both, a="1", b="x", c="true") == said(both, a="1", b="2") == "nothing"


def test_policy_variables_are_filled_in_and_one_without_a_value_fits_nothing():
    own = statement(Resource="arn:aws:s3:::bucket/${aws:PrincipalAccount}/*")
    assert said(own, resource="arn:aws:s3:::bucket/1/a", aws__PrincipalAccount="1") == "allow"
    assert said(own, resource="arn:aws:s3:::bucket/2/a", aws__PrincipalAccount="1") == "nothing"
    assert said(own, resource="arn:aws:s3:::bucket/1/a") == "nothing"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, "IpAddress"),
        ({"Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}}, "DateLessThan"),
        ({"Condition": {"ForSomeValues:StringEquals": {"a": "b"}}}, "ForSomeValues:StringEquals"),
        ({"Principal": "*"}, "Principal"),
        ({"Effect": "Perhaps"}, "Perhaps"),
        ({"NotAction": "s3:*"}, "Action"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(more: dict[str, Any], name: str):
    with pytest.raises(NotUnderstood, match=name):
        said(statement(**more))


def test_an_asterisk_stands_for_anything_a_question_mark_for_one_letter():
    assert like("a*c", "abbc") and like("a?c", "abc") and not like("a?c", "ac") and like("[a]*", "[a]b")
    assert not like_arn("arn:aws:s3:::*", "arn:aws:s3:us-east-1::b") and like_arn(
        "arn:aws:s3:::*", "arn:aws:s3:::b/c:d"
    )
