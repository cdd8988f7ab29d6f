"""What is known of a request before the run, and nothing more than that."""

from __future__ import annotations

from typing import Any

import pytest

from stepmill.asl.patterns import ANY, Dynamic, assigned, joined, pattern

HASH = "$substring($hash($states.context.Execution.Id & $states.context.State.EnteredTime, 'MD5'), 0, 12)"


@pytest.mark.parametrize(
    ("expression", "known"),
    [
        ("'digits-train-' & " + HASH + " & '-' & $states.context.State.RetryCount", "digits-train-*-*"),
        ("'s3://b/digits/' & $states.context.Execution.Name & '/output/train'", "s3://b/digits/*/output/train"),
        ('"a-" & $x', "a-*"),
        ("('a-' & $x) & '-b'", "a-*-b"),
        ("'a' & 'b'", "ab"),
        ("'it\\'s ' & $x", "it's *"),
        ("'tab\\t' & $x", "tab\t*"),
        ("'n' & 3", "n3"),
        ("$x & $y", "*"),
        ("$states.input.key", "*"),
        ("$x[name = 'a & b'].uri & '/end'", "*/end"),
        ("$f('a' & 'b', {'c': 'd'}) & '-end'", "*-end"),
        ("$exists($x) ? 'a' & $x : 'b'", "*"),
        ("'a' & $x = 'ab'", "*"),
        ("'a-' & $x and true", "*"),
        ("$x in ['a']", "*"),
        ("$x ~> $uppercase & 'a'", "*"),
        ("'a' & -1", "*"),
        ("($y := 'a'; $y & 'b')", "*"),
        ("'a' & /b/", "*"),
        ("'a' /* & 'b */ & 'c'", "*"),
        ("'a' & `b'c` & 'd'", "*"),
        ("'unclosed & $x", "*"),
        ("$x)", "*"),
        ("", "*"),
    ],
)
def test_a_jsonata_text_is_known_as_far_as_its_constants_go(expression: str, known: str):
    found = pattern("{% " + expression + " %}")
    assert found == known
    assert isinstance(found, Dynamic) == ("*" in known)


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("States.Format('s3://{}/x/{}', $.b, $.c)", "s3://*/x/*"),
        ("States.Format('digits-{}-{}', $$.Execution.Name, States.Format('{}-{}', 'a', $.n))", "digits-*-a-*"),
        ("States.Format('a-{}', 'b')", "a-b"),
        ("States.Format('a-{}', 7)", "a-7"),
        (r"States.Format('it\'s \{{}\}', $.a)", "it's {*}"),
        ("States.Format('a, b {}', States.Array('c', 'd'))", "a, b *"),
        ("States.Format('{} {}', $.a)", "* *"),
        ("States.Format($.form, 'a')", "*"),
        ("States.UUID()", "*"),
        ("States.Format('a-{}'", "*"),
        ("$.a.b", "*"),
        ("$", "*"),
        ("$$.Execution.Name", "*"),
        ("$name", "*"),
    ],
)
def test_a_jsonpath_text_is_known_as_far_as_its_constants_go(call: str, known: str):
    assert pattern({"a.$": call}) == {"a": known}


def test_what_is_constant_stays_as_it_is():
    request = {"a": "text *", "b": [1, None, True, {"c": "{% plain"}], "Tags": []}
    assert pattern(request) == request
    assert not isinstance(pattern(request)["a"], Dynamic)


def test_a_request_that_is_one_expression_is_not_known_at_all():
    assert pattern("{% $states.input %}") is ANY


def test_a_variable_is_followed_when_it_is_assigned_in_one_way_only():
    states: dict[str, Any] = {
        "A": {"Assign": {"one": "{% 'a-' & $x %}", "two": "b", "deep": {"uri": "s3://b/c"}}},
        "B": {"Assign": {"two": "{% $states.result %}"}, "Catch": [{"Assign": {"one": "{% 'a-' & $x %}"}}]},
        "C": {"Branches": [{"States": {"D": {"Assign": {"three.$": "$.x", "four": "c"}}}}]},
    }
    variables = assigned({"States": states})
    assert variables == {"one": "a-*", "two": "*", "deep": {"uri": "s3://b/c"}, "three": "*", "four": "c"}
    assert pattern("{% $one & '/x' %}", variables) == "a-*/x"
    assert pattern("{% $deep.uri & '/x' %}", variables) == "s3://b/c/x"
    assert pattern("{% $deep.other & '/x' %}", variables) == "*/x"
    assert pattern("{% $deep & '/x' %}", variables) == "*/x"
    assert pattern({"Key.$": "$four"}, variables) == {"Key": "c"}


def test_texts_put_together_are_dynamic_when_one_of_them_is():
    assert isinstance(joined("a", Dynamic("b*")), Dynamic)
    assert joined(Dynamic("a*"), ANY) == "a*"
    assert not isinstance(joined("a", "*"), Dynamic)
