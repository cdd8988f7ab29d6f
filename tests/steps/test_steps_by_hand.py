"""What people write into a definition by hand can be said in Python."""

from __future__ import annotations

import pytest

from stepmill import steps
from stepmill.inputs import NULL, ExecutionInput
from stepmill.steps import Catch, Chain, Choice, Map, Parallel, Pass, Retry, Succeed, Task
from stepmill.workflow import Workflow


def test_a_condition_may_be_jsonata_s_own_text_or_a_constant(author):
    states = author.states(
        """
        end = Succeed("End")
        definition = Choice("C", choices=[("{%$states.input.a%}", end), (False, end)], default=end)
        """,
        "JSONata",
    )
    assert states["C"]["Choices"] == [
        {"Condition": "{%$states.input.a%}", "Next": "End"},
        {"Condition": False, "Next": "End"},
    ]


def test_a_text_is_no_condition_in_jsonpath(author):
    text = 'definition = Choice("C", choices=[("{% true %}", Succeed("E"))], default=Succeed("D"))'
    assert author.problem(text)[1].startswith("'C': \"{% true %}\" is no condition | compare a run-time value")


def test_a_choice_says_what_holds_on_its_way_only(author):
    states = author.states(
        """
        run = ExecutionInput({"n": int})
        end = Succeed("End")
        definition = Choice("C", default=end)
        definition.add_choice(run["n"] > 1, end, assign={"n": run["n"]}, comment="large")
        """
    )
    assert states["C"]["Choices"] == [
        {
            "Variable": "$$.Execution.Input['n']",
            "NumericGreaterThan": 1,
            "Comment": "large",
            "Assign": {"n.$": "$$.Execution.Input['n']"},
            "Next": "End",
        }
    ]


def test_a_choice_has_few_fields_of_its_own():
    with pytest.raises(TypeError, match="a choice of 'C' has no field 'asign'; did you mean 'assign'"):
        Choice("C").add_choice(ExecutionInput({"n": int})["n"] > 1, "E", asign={})


def test_text_in_a_number_s_field_is_an_expression(author):
    text = """
    definition = Chain([Wait("W", seconds="{% 1 + 1 %}"), Fail("F", error="E", cause="{% 'why' %}")])
    """
    states = author.states(text, "JSONata")
    assert (states["W"]["Seconds"], states["F"]["Cause"]) == ("{% 1 + 1 %}", "{% 'why' %}")


def test_null_is_an_output_like_any_other():
    bundle = steps.compile("m", Pass("P", output=NULL), query_language="JSONata")
    assert '"Output":null' in bundle.template
    assert "Output" not in steps.compile("m", Pass("P", output=None), query_language="JSONata").template


def _maps(*maps):
    return [Workflow("m", Chain([each])).definition.to_dict()["States"]["M"] for each in maps]


def test_a_map_is_written_with_the_word_it_was_made_with():
    selector = {"v.$": "$$.Map.Item.Value"}
    old, kept, new, bare, own = _maps(
        Map("M", iterator=Pass("P"), item_selector=selector),
        Map("M", iterator=Pass("P"), item_selector=selector, mode=None),
        Map("M", item_processor=Pass("P"), parameters=selector),
        Map("M", item_processor=Pass("P"), mode=None),
        Map("M", iterator=Pass("P"), processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}),
    )
    assert old["ItemProcessor"]["ProcessorConfig"] == {"Mode": "INLINE"}
    assert "ProcessorConfig" not in kept["Iterator"]
    assert "Parameters" in new and "ProcessorConfig" in new["ItemProcessor"]
    assert "ProcessorConfig" not in bare["ItemProcessor"]
    assert own["Iterator"]["ProcessorConfig"]["ExecutionType"] == "EXPRESS"


def test_a_map_runs_one_thing():
    with pytest.raises(TypeError, match=r"Map 'M' has both iterator= and item_processor="):
        Map("M", iterator=Pass("P"), item_processor=Pass("Q"))


def test_a_branch_says_what_its_chain_says_of_itself():
    both = Parallel("Both")
    both.add_branch(Chain([Pass("P")], comment="the one"))
    branches = Workflow("m", both).definition.to_dict()["States"]["Both"]["Branches"]
    assert branches == [{"Comment": "the one", "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}]


def test_inner_states_speak_the_whole_machine_s_language_not_that_of_the_state_around_them():
    both = Parallel("Both", query_language="JSONata", arguments="{% 1 %}")
    both.add_branch(Pass("P", parameters={"a.$": "$.a"}))
    state = Workflow("m", both).definition.to_dict()["States"]["Both"]["Branches"][0]["States"]["P"]
    assert state == {"Type": "Pass", "Parameters": {"a.$": "$.a"}, "End": True}


def test_two_branches_may_assign_variables_of_one_name_but_not_the_outside_s():
    def both(outside):
        made = Parallel("Both")
        for name in ("Left", "Right"):
            made.add_branch(Pass(name, assign={"größe": name}))
        return Chain([Pass("First", assign={outside: 1}), made])

    Workflow("m", both("other")).bundle()
    with pytest.raises(ValueError, match="'Left' assigns 'größe', a variable of 'First' outside"):
        Workflow("m", both("größe")).bundle()


def test_the_language_is_written_when_it_was_said():
    assert "QueryLanguage" not in Workflow("m", Pass("P")).definition.to_dict()
    assert Workflow("m", Pass("P"), query_language="JSONPath").definition.to_dict()["QueryLanguage"] == "JSONPath"
    assert Workflow("m", Pass("P"), version="1.0").definition.to_dict()["Version"] == "1.0"


def test_retries_and_catchers_keep_their_comments():
    task = Task("T", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"})
    task.add_retry(Retry(error_equals=["A"], comment="again"))
    task.add_catch(Catch(error_equals=["B"], comment="", assign={}, next_step=Succeed("S")))
    state = Workflow("m", task).definition.to_dict()["States"]["T"]
    assert state["Retry"] == [{"ErrorEquals": ["A"], "Comment": "again"}]
    assert state["Catch"] == [{"ErrorEquals": ["B"], "Comment": "", "Assign": {}, "Next": "S"}]


def test_names_that_somebody_else_fills_in_are_named_once():
    task = Task("T", resource="${ReadFunction}", comment="${DataBucket}")
    with pytest.raises(ValueError, match=r"says \$\{ReadFunction\}, which is no name"):
        Workflow("m", task).bundle()
    bundle = Workflow("m", task, substitutions=["ReadFunction", "DataBucket"]).bundle()
    assert bundle.needs == () and '"Resource":"${ReadFunction}"' in bundle.template


def test_a_sign_of_an_icon_font_is_text_and_a_cut_value_is_none():
    icons = "\ue000 \ue001"
    assert Workflow("m", Pass("P", result=icons)).definition.to_dict()["States"]["P"]["Result"] == icons
    value = f"{ExecutionInput({'n': int})['n']}"
    for cut in (value[:-1], value[5:]):
        with pytest.raises(ValueError, match="was cut or changed"):
            Workflow("m", Pass("P", parameters={"n": cut})).bundle()
