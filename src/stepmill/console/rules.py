"""Says in a few words what a Choice rule asks.

In: one rule of a Choice state, in either query language. Out: text such as `$report.accuracy >= 0.9`. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_KINDS = ("String", "Numeric", "Timestamp", "Boolean")
_SIGNS = {
    "Equals": "=",
    "LessThan": "<",
    "LessThanEquals": "<=",
    "GreaterThan": ">",
    "GreaterThanEquals": ">=",
    "Matches": "matches",
}
_TESTS = ("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp")


def rule_text(rule: Mapping[str, Any]) -> str:
    """The rule as one line; a rule we have no words for is shown as its JSON."""
    if "Condition" in rule:
        condition = rule["Condition"]
        return expression(condition) if isinstance(condition, str) else json.dumps(condition)
    for joint, word in (("And", " and "), ("Or", " or ")):
        if isinstance(rule.get(joint), list):
            return word.join(_part(part) for part in rule[joint])
    if isinstance(rule.get("Not"), Mapping):
        return f"not {_part(rule['Not'])}"
    variable = str(rule.get("Variable", ""))
    for key, value in rule.items():
        if key in _TESTS:
            return f"{variable} {'is' if value else 'is not'} {key[2:].lower()}"
        path = key.endswith("Path")
        name = key.removesuffix("Path")
        kind = next((kind for kind in _KINDS if name.startswith(kind)), None)
        if kind and name[len(kind) :] in _SIGNS:
            shown = str(value) if path else json.dumps(value, ensure_ascii=False)
            return f"{variable} {_SIGNS[name[len(kind) :]]} {shown}"
    return json.dumps({k: v for k, v in rule.items() if k not in ("Next", "Comment")}, ensure_ascii=False)


def expression(text: str) -> str:
    """A JSONata text without its `{% %}`."""
    bare = text.strip()
    return bare[2:-2].strip() if bare.startswith("{%") and bare.endswith("%}") else bare


def _part(rule: Any) -> str:
    if not isinstance(rule, Mapping):
        return json.dumps(rule)
    text = rule_text(rule)
    return f"({text})" if "And" in rule or "Or" in rule else text
