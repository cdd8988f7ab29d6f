"""A Choice's rules as Python.

In: one entry of Choices. Out: `ChoiceRule.…(…)`, or in JSONata the condition as it is. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from .layout import Node, Word, call, listed, scalar
from .values import Name

AROUND = ("Next", "Comment", "Assign", "Output")
_DEEPEST = 8  # a rule within rules, after which it is given a name


def rule_of(rule: dict[str, Any], name: Name) -> Node:
    """The condition of one choice."""
    if "Condition" in rule:
        return scalar(rule["Condition"])
    return _rule(rule, name, 0)


def _rule(rule: dict[str, Any], name: Name, depth: int) -> Node:
    (operator,) = (key for key in rule if key not in (*AROUND, "Variable"))
    given = rule[operator]
    if operator not in ("And", "Or", "Not"):
        return call(f"ChoiceRule.{operator}", scalar(rule["Variable"]), scalar(given))
    if depth == _DEEPEST:
        return Word(name(_rule(rule, name, 0)))
    if operator == "Not":
        return call("ChoiceRule.Not", _rule(given, name, depth + 1))
    return call(f"ChoiceRule.{operator}", listed([_rule(inner, name, depth + 1) for inner in given]))
