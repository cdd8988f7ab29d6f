"""Choice rules that can never apply.

In: a Choice state and what it sees. Out: which rules may apply, and Problems for those that cannot. Touches: nothing.

True and False say what a rule is each time; None that it is not known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from stepmill.asl import jsonata
from stepmill.asl.choices import AROUND, COMPARISONS, TYPE_TESTS, WITH_PATH
from stepmill.asl.places import Place
from stepmill.asl.shapes import Shape
from stepmill.asl.sight import Sight, warning

NEVER: Final = "RULE_NEVER_APPLIES"
UNMATCHED: Final = "CHOICE_NEVER_MATCHES"
_CHANGING: Final = ("$random", "$uuid", "$now", "$millis", "$shuffle")
_TESTED: Final = {
    "IsNull": "null", "IsString": "string", "IsNumeric": "number", "IsBoolean": "boolean", "IsTimestamp": "string",
}  # fmt: skip


def ways_out(state: Mapping[str, Any], place: Place, sight: Sight) -> tuple[list[int], bool]:
    """The indexes of the rules that may apply, and whether Default may be taken; the others are told."""
    rules = state.get("Choices")
    if not isinstance(rules, list):
        return [], True
    seen: dict[str, int] = {}
    alive: list[int] = []
    certain: int | None = None
    for index, rule in enumerate(rules):
        here = place.at("Choices", index)
        if not isinstance(rule, dict):
            alive.append(index)
            continue
        if certain is not None:
            hint = f"Choices/{certain} always applies, and stands before it."
            sight.tell(warning(here, NEVER, "This rule can never apply", hint))
            continue
        known = _known(rule)
        if known in seen:
            hint = f"Choices/{seen[known]} says the same, and stands before it."
            sight.tell(warning(here, NEVER, "This rule can never apply", hint))
            continue
        if not any(word in known for word in _CHANGING):
            seen[known] = index
        why: list[str] = []
        decided = _condition(rule, here, sight, why) if sight.language == "JSONata" else _rule(rule, here, sight, why)
        if decided is False:
            sight.tell(warning(here, NEVER, "This rule can never apply", why[-1] if why else ""))
            continue
        alive.append(index)
        certain = index if decided else None
    if not alive and "Default" not in state:
        hint = "None of its rules can apply, and there is no Default: it fails with States.NoChoiceMatched."
        sight.tell(warning(place, UNMATCHED, "This Choice can only fail", hint))
    return alive, certain is None


def _known(rule: Mapping[str, Any]) -> str:
    around = AROUND - {"Variable"}
    return json.dumps({name: value for name, value in rule.items() if name not in around}, sort_keys=True)


def _condition(rule: Mapping[str, Any], place: Place, sight: Sight, why: list[str]) -> bool | None:
    condition = rule.get("Condition")
    if jsonata.is_expression(condition):
        body = str(condition)[2:-2].strip()
        if body not in ("true", "false"):
            shape = sight.expression(str(condition), place.at("Condition"))
            sight.needs(shape, ("boolean",), place.at("Condition"), body)
            return None
        condition = body == "true"
    if condition is False:
        why.append("Its Condition is false.")
    return condition if isinstance(condition, bool) else None


def _rule(rule: Any, place: Place, sight: Sight, why: list[str]) -> bool | None:
    if not isinstance(rule, dict):
        return None
    name = next((name for name in rule if name not in AROUND), "")
    operand = rule.get(name)
    if name == "Not":
        inner = _rule(operand, place.at("Not"), sight, why)
        if inner:
            why.append("What its Not holds always applies.")
        return None if inner is None else not inner
    if name in ("And", "Or"):
        return _several(name, operand, place, sight, why)
    variable = rule.get("Variable")
    if not isinstance(variable, str):
        return None
    if name == "IsPresent":
        if sight.quietly(variable) or not isinstance(operand, bool):
            return None
        why.append(f"'{variable}' is not present on any way to this state.")
        return operand is False
    shape = sight.path(variable, place.at("Variable"))
    if name in TYPE_TESTS and isinstance(operand, bool):
        holds = _type_test(name, shape)
        if holds is not None and holds is not operand:
            why.append(f"'{variable}' is always {_said(shape)} here.")
        return None if holds is None else holds is operand
    others = [shape]
    if name in WITH_PATH:
        others.append(sight.path(operand, place.at(name)))
        name = name.removesuffix("Path")
    return _compared(name, variable, others, why)


def _compared(name: str, variable: str, shapes: list[Shape], why: list[str]) -> bool | None:
    """A comparison meets another type with false; two types that are right can have any values."""
    if name not in COMPARISONS:
        return None
    kind = COMPARISONS[name][1]
    for shape in shapes:
        if kind not in shape.kinds:
            what = f"'{variable}'" if shape is shapes[0] else "what it is compared with"
            why.append(f"{name} needs a {kind}, and {what} is always {_said(shape)} here.")
            return False
    return None


def _several(name: str, rules: Any, place: Place, sight: Sight, why: list[str]) -> bool | None:
    """And ends at the first that does not apply, Or at the first that does: what stands behind is never read."""
    ending = name == "Or"
    known: bool | None = not ending
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        decided = _rule(rule, place.at(name, index), sight, why)
        if decided is ending:
            return ending
        if decided is None:
            known = None
    return known


def _type_test(name: str, shape: Shape) -> bool | None:
    kind = _TESTED[name]
    if kind not in shape.kinds:
        return False
    return True if shape.kinds == {kind} and name != "IsTimestamp" else None


def _said(shape: Shape) -> str:
    return " or ".join(sorted(shape.kinds))
