"""The variables that states read are told state by state."""

from __future__ import annotations

from typing import Any

from stepmill.asl.variables import variable_references


def machine(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def test_names_are_found_in_paths_templates_rules_and_calls() -> None:
    definition = machine(
        Begin={
            "Type": "Pass",
            "InputPath": "$given.a",
            "Result": {"x.$": "$no"},
            "Assign": {"y.$": "$z[0]", "k": "$no"},
        },
        Choose={
            "Type": "Choice",
            "Choices": [{"Not": {"Variable": "$guess", "StringEqualsPath": "$answer"}, "Next": "A"}],
        },
        Call={
            "Type": "Task",
            "Parameters": {"a": [{"b.$": "States.Format('$no {}', States.MathAdd($one, $$.Two.x))"}]},
        },
        Stop={"Type": "Fail", "CausePath": "$why", "Error": "$no"},
        Nothing={"Type": "Pass", "Parameters": {"a.$": "$.b", "c.$": "$$.Execution.Id"}},
    )
    assert variable_references(definition) == {
        "Begin": ["given", "z"],
        "Choose": ["answer", "guess"],
        "Call": ["one"],
        "Stop": ["why"],
    }


def test_names_are_found_in_expressions_and_not_among_functions_and_locals() -> None:
    definition = machine(
        S={
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {"a": ["{% $model.uri & $hash($n, 'MD5') & $states.input.x %}"], "b": "$no"},
            "Assign": {"c": "{% ($local := $sum($list); $local + $other) %}"},
        }
    )
    assert variable_references(definition) == {"S": ["list", "model", "n", "other"]}


def test_inner_states_are_told_under_their_own_names() -> None:
    inner = machine(Inner={"Type": "Pass", "Parameters": {"a.$": "$outer"}, "End": True})
    assert variable_references(machine(M={"Type": "Map", "ItemsPath": "$items", "ItemProcessor": inner})) == {
        "M": ["items"],
        "Inner": ["outer"],
    }
