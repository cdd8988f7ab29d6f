"""Run-time values behave as values do in Python, and say in both languages what they say in Python."""

import copy
import json
import os.path
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.asl.choices import compile_rule
from stepmill.asl.scope import Scope as Data
from stepmill.asl.templates import compile_template
from stepmill.inputs import CaughtError, Condition, ExecutionInput, Placeholder, StepInput, either, jsonata, jsonpath
from stepmill.inputs.expressions import Ref, kind_of, parse
from stepmill.inputs.placeholders import expression, remembered
from stepmill.inputs.rendering import Refusal, Scope
from stepmill.inputs.templates import Templates

RUN = ExecutionInput({"text": str, "number": float, "whole": int, "flag": bool, "deep": {"a b": int}, "any": object})

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ue000\ue001"), max_size=30)
TRICKY = st.one_of(TEXTS, st.text("'\"\\{}$`%[]().\n é前", max_size=12))


def rendered(value, language, **scope):
    def tell(refusal):
        raise refusal

    return Templates(language, Scope(**scope), tell).object({"x": value})


def evaluated(value, language, given_input):
    template = rendered(value, language)
    context = {"Execution": {"Input": given_input}}
    scope = Data(data=given_input, input=given_input, context=context)
    return compile_template(json.loads(json.dumps(template)), language)(scope)["x"]


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@given(before=TRICKY, after=TRICKY, value=TEXTS)
def test_an_f_string_says_what_it_says_in_python(language, before, after, value):
    assert evaluated(f"{before}{RUN['text']}{after}", language, {"text": value}) == f"{before}{value}{after}"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@given(items=st.lists(TRICKY, max_size=4), value=TEXTS)
def test_a_list_with_run_time_items_is_that_list(language, items, value):
    assert evaluated([*items, RUN["text"], "end"], language, {"text": value}) == [*items, value, "end"]


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@given(text=TRICKY)
def test_a_constant_stays_that_constant(language, text):
    assert evaluated(text, language, {}) == text


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@given(key=TRICKY.filter(lambda key: key and "\\" not in key))
def test_any_key_can_be_read(language, key):
    if language == "JSONPath" and any(ord(c) < 32 or c in "'" for c in key):
        return  # what a path's quotes may hold is the language's business
    assert evaluated(ExecutionInput()[key], language, {key: 7}) == 7


@pytest.mark.parametrize("text", ["{% x %}", "{%%}", "{% it's %}"])
def test_a_constant_that_looks_like_jsonata_is_a_text(text):
    assert evaluated(text, "JSONata", {}) == text


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_numbers_and_booleans_join_texts(language):
    value = f"{RUN['whole']}/{RUN['flag']}/{RUN['number']}"
    assert evaluated(value, language, {"whole": 3, "flag": True, "number": 0.5}) == "3/true/0.5"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_value_in_an_f_string_is_text_and_alone_is_itself(language):
    assert evaluated(f"{RUN['whole']}", language, {"whole": 3}) == "3"
    assert evaluated(RUN["whole"], language, {"whole": 3}) == 3
    assert evaluated(f"{RUN['text']}", language, {"text": "x"}) == "x"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_an_object_in_an_f_string_is_json(language):
    assert json.loads(evaluated(f"{RUN['deep']}", language, {"deep": {"a b": 1}})) == {"a b": 1}


@pytest.mark.parametrize(
    ("value", "in_jsonata", "in_jsonpath"),
    [
        (ExecutionInput()["a"]["b c"], "$states.context.Execution.Input.a.`b c`", "$$.Execution.Input['a']['b c']"),
        (StepInput()["a"][0], "$states.input.a[0]", "$['a'][0]"),
        (ExecutionInput(), "$states.context.Execution.Input", "$$.Execution.Input"),
        (StepInput(), "$states.input", "$"),
        (ExecutionInput()["in"]["back`tick"], "$lookup($states.context.Execution.Input.`in`, 'back`tick')",
         "$$.Execution.Input['in']['back`tick']"),
    ],
)  # fmt: skip
def test_paths_are_spelled_as_promised(value, in_jsonata, in_jsonpath):
    assert rendered(value, "JSONata") == {"x": "{% " + in_jsonata + " %}"}
    assert rendered(value, "JSONPath") == {"x.$": in_jsonpath}


def test_with_defaults_the_input_is_read_from_its_variable():
    assert rendered(RUN["text"], "JSONata", input_variable="input") == {"x": "{% $input.text %}"}
    assert rendered(RUN["text"], "JSONPath", input_variable="input") == {"x.$": "$input.text"}


def test_the_braces_of_a_substitution_are_not_escaped_and_others_are():
    value = f"s3://${{Bucket}}/{RUN['text']}/${{HOME}}"
    made = rendered(value, "JSONPath", substitutions=frozenset({"Bucket"}))
    assert made == {"x.$": r"States.Format('s3://${Bucket}/{}/$\{HOME\}', $$.Execution.Input['text'])"}


@pytest.mark.parametrize("seven", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy, copy.copy])
def test_values_and_conditions_travel(seven):
    value = RUN["deep"]["a b"]
    assert seven(value).expr == value.expr
    condition = (value > 1) & ~RUN["flag"]
    assert seven(condition) == condition
    assert seven(CaughtError()["Error"]).expr == CaughtError()["Error"].expr


def test_a_token_survives_joining_and_paths():
    text = os.path.join("s3://b/" + str(RUN["text"]), "x") + "!"  # noqa: PTH118 -- this is the point
    assert evaluated(text, "JSONata", {"text": "t"}) == "s3://b/t/x!"
    assert evaluated("pre" + RUN["text"] + "post", "JSONata", {"text": "t"}) == "pretpost"


@given(st.lists(st.one_of(TEXTS, st.sampled_from([RUN["text"], RUN["deep"]["a b"], CaughtError()["Cause"]]))))
def test_a_text_is_taken_apart_into_what_it_was_made_of(parts):
    expr = parse("".join(str(part) for part in parts))
    runs = [part.expr for part in parts if isinstance(part, Placeholder)]
    assert [e for e in getattr(expr, "parts", ()) if isinstance(e, Ref)] == runs


def test_python_cannot_branch_on_what_is_not_known_yet():
    for wrong in (lambda: bool(RUN["flag"]), lambda: RUN["whole"] > 1 and 2, lambda: bool(RUN["whole"] != 1)):
        with pytest.raises(TypeError, match="give it to Choice"):
            wrong()
    for wrong in (lambda: list(RUN["any"]), lambda: len(RUN["any"]), lambda: f"{RUN['number']:.2f}"):
        with pytest.raises(TypeError):
            wrong()


def test_values_are_found_in_lists_and_do_not_change():
    assert RUN["text"] in [RUN["whole"], RUN["text"]]
    assert RUN["flag"] not in [RUN["whole"], RUN["text"]]
    assert RUN.contains(RUN["deep"]["a b"])
    assert not RUN.contains(StepInput()["a"])
    with pytest.raises(AttributeError, match="does not change"):
        RUN["text"].expr = None
    assert len({RUN["text"], RUN["text"], RUN["whole"]}) == 2


def test_arithmetic_follows_python_s_precedence():
    value = (RUN["number"] + 1) * 2 - RUN["whole"] / 4
    assert evaluated(value, "JSONata", {"number": 3, "whole": 4}) == 7
    assert evaluated(10 - RUN["number"], "JSONata", {"number": 3}) == 7
    with pytest.raises(TypeError, match="text"):
        _ = RUN["text"] * 2


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        (RUN["whole"] == 3, {"whole": 3}, {"whole": 4}),
        (RUN["whole"] != 3, {"whole": 4}, {"whole": 3}),
        (0.5 <= RUN["number"],  # noqa: SIM300 -- from this side too
         {"number": 0.5}, {"number": 0.4}),
        (RUN["number"] < RUN["whole"], {"number": 1, "whole": 2}, {"number": 2, "whole": 1}),
        (RUN["text"] == "it's", {"text": "it's"}, {"text": "x"}),
        (RUN["flag"] & (RUN["whole"] > 1), {"flag": True, "whole": 2}, {"flag": True, "whole": 1}),
        (RUN["flag"] | (RUN["whole"] > 1), {"flag": False, "whole": 2}, {"flag": False, "whole": 1}),
        (~RUN["flag"], {"flag": False}, {"flag": True}),
        (
            (RUN["whole"] == 1) & (RUN["flag"] | (RUN["whole"] == 2)),
            {"flag": True, "whole": 1},
            {"flag": False, "whole": 1},
        ),
        (RUN["text"] == None, {"text": None}, {"text": "x"}),  # noqa: E711 -- a condition, not a comparison
    ],
)  # fmt: skip
def test_conditions_decide_the_same_in_both_languages(condition, yes, no):
    assert isinstance(condition, Condition)
    rules = {
        "JSONata": {"Condition": jsonata.wrap(condition.expr, Scope())},
        "JSONPath": jsonpath.rule(condition.expr, Scope()),
    }
    for language, rule in rules.items():
        for given_input, answer in ((yes, True), (no, False)):
            context = {"Execution": {"Input": given_input}}
            asked = compile_rule({**rule, "Next": "N"}, language)(Data(given_input, given_input, context))
            assert asked is answer, (language, rule, given_input)


def test_either_goes_deeper_in_every_option():
    value = either(remembered("A", "payload"), remembered("B", "payload"))["x"]
    assert [option.keys for option in value.expr.options] == [("x",), ("x",)]
    with pytest.raises(TypeError, match="remembered values of steps"):
        either(RUN["text"])


def test_a_caught_error_has_three_fields():
    with pytest.raises(KeyError, match="did you mean 'Cause'"):
        CaughtError()["Cuase"]


def test_types_come_from_the_schema():
    assert [kind_of(RUN[name].expr) for name in ("text", "number", "whole", "flag", "deep", "any")] == [
        "str", "float", "int", "bool", "dict", None,
    ]  # fmt: skip
    assert kind_of(RUN["deep"]["a b"].expr) == "int"
    assert kind_of(ExecutionInput({"epochs": 20})["epochs"].expr) == "int"
    assert kind_of(expression(f"{RUN['whole']}")) == "str"


def test_objects_of_other_kinds_are_refused_by_name():
    with pytest.raises(Refusal, match="no JSON value"):
        rendered(object(), "JSONata")
    with pytest.raises(Refusal, match="no JSON value"):
        rendered(float("nan"), "JSONPath")


def test_a_value_is_no_object_of_another_kind():
    assert object() not in [RUN["text"]]
    assert RUN["text"] != object()
