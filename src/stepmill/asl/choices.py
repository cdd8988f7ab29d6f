"""The rules of a Choice state.

In: one rule and its query language. Out: a function of a Scope that says whether the rule holds. Touches: nothing.

JSONPath: an operator meets a value of another type quietly, with false. A path that finds nothing is an error, except
under IsPresent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from stepmill.asl import jsonata, timestamps
from stepmill.asl.errors import RUNTIME, BadExpression, StatesError
from stepmill.asl.paths import compile_lookup, type_name
from stepmill.asl.scope import MISSING, Scope
from stepmill.nearest import nearest

Rule = Callable[[Scope], bool]


def _same_text(a: Any, b: Any) -> bool:
    return isinstance(a, str) and isinstance(b, str) and a == b


def _texts(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: isinstance(a, str) and isinstance(b, str) and test(_units(a), _units(b))


def _units(text: str) -> str:
    # Java compares UTF-16 units; below U+D800 that is the order of the characters themselves.
    return text if text.isascii() or max(text) < "\ud800" else text.encode("utf-16-be").decode("latin-1")


def _numbers(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(a: Any, b: Any) -> bool:
        return _is_number(a) and _is_number(b) and test(a, b)

    return compare


def _moments(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def compare(a: Any, b: Any) -> bool:
        if not isinstance(a, str) or not isinstance(b, str):
            return False
        try:
            return test(timestamps.parse(a), timestamps.parse(b))
        except ValueError:
            return False

    return compare


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matches(value: Any, pattern: Any) -> bool:
    return isinstance(value, str) and isinstance(pattern, str) and wildcard(pattern).fullmatch(value) is not None


def wildcard(pattern: str) -> re.Pattern[str]:
    """The pattern of StringMatches: `*` is any text, `\\*` a star, `\\\\` a backslash."""
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            out.append(re.escape(pattern[at]))
        else:
            out.append(".*" if char == "*" else re.escape(char))
        at += 1
    return re.compile("".join(out), re.DOTALL)


Compare = Callable[[Any, Any], bool]
_FAMILIES: Final[dict[str, tuple[Callable[[Callable[[Any, Any], bool]], Compare], str]]] = {
    "String": (_texts, "string"),
    "Numeric": (_numbers, "number"),
    "Timestamp": (_moments, "string"),
}
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": lambda a, b: bool(a == b),
    "LessThan": lambda a, b: bool(a < b),
    "GreaterThan": lambda a, b: bool(a > b),
    "LessThanEquals": lambda a, b: bool(a <= b),
    "GreaterThanEquals": lambda a, b: bool(a >= b),
}
COMPARISONS: Final[dict[str, tuple[Compare, str]]] = {
    **{
        f"{family}{order}": (wrap(test), kind)
        for family, (wrap, kind) in _FAMILIES.items()
        for order, test in _ORDERS.items()
    },
    "StringEquals": (_same_text, "string"),
    "StringMatches": (_matches, "string"),
    "BooleanEquals": (lambda a, b: isinstance(a, bool) and a is b, "boolean"),
}
TYPE_TESTS: Final[dict[str, Callable[[Any], bool]]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": _is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": timestamps.is_timestamp,
}
WITH_PATH: Final = frozenset(f"{name}Path" for name in COMPARISONS if name != "StringMatches")
OPERATORS: Final = frozenset({*COMPARISONS, *WITH_PATH, *TYPE_TESTS, "IsPresent", "And", "Or", "Not"})
AROUND: Final = frozenset({"Next", "Comment", "Assign", "Output", "Variable"})


def compile_rule(rule: Mapping[str, Any], language: str, *, field: str = "Condition") -> Rule:
    """Compiles one entry of Choices; Next, Assign, Output and Comment are left to the caller. `field` names the
    condition in AWS's causes. Raises BadExpression or JsonataError; the rule raises StatesError."""
    if language == "JSONata":
        return _condition(rule, field)
    return _rule(rule, outer=True)


def _condition(rule: Mapping[str, Any], field: str) -> Rule:
    condition = rule.get("Condition")
    if isinstance(condition, bool):
        return lambda scope: condition
    if not jsonata.is_expression(condition):
        raise BadExpression(str(condition), "A Condition is true, false or a JSONata expression '{% … %}'")
    return jsonata.compile_expression(str(condition), field=field, expect="boolean")


def _rule(rule: Any, *, outer: bool = False) -> Rule:
    if not isinstance(rule, Mapping):
        raise BadExpression(str(rule), "A Choice rule must be an object")
    for name in () if outer else ("Next", "Assign", "Output"):
        if name in rule:
            raise BadExpression(name, f"Only the outer rule can have '{name}'")
    names = [name for name in rule if name not in AROUND]
    if len(names) != 1:
        said = ", ".join(names) if names else "none"
        raise BadExpression(said, "A Choice rule must have exactly one comparison operator")
    (name,) = names
    if name in ("And", "Or"):
        return _several(name, rule[name])
    if name == "Not":
        inner = _rule(rule[name])
        return lambda scope: not inner(scope)
    if name not in OPERATORS:
        near = nearest(name, OPERATORS)
        raise BadExpression(name, f"There is no operator '{name}'" + (f"; did you mean {near}?" if near else ""))
    variable = rule.get("Variable")
    if not isinstance(variable, str):
        raise BadExpression(str(rule), "The field 'Variable' is required but was missing")
    return _test(name, variable, rule[name])


def _several(name: str, rules: Any) -> Rule:
    if not isinstance(rules, list) or not rules:
        raise BadExpression(name, f"'{name}' must be a list with at least one rule")
    inner = [_rule(rule) for rule in rules]
    if name == "And":
        return lambda scope: all(rule(scope) for rule in inner)
    return lambda scope: any(rule(scope) for rule in inner)


def _needed(text: str) -> Callable[[Scope], Any]:
    look = compile_lookup(text)

    def needed(scope: Scope) -> Any:
        value = look(scope)
        if value is MISSING:
            raise StatesError(
                RUNTIME, f"Invalid path '{text}': The choice state's condition path references an invalid value."
            )
        return value

    return needed


def _test(name: str, variable: str, operand: Any) -> Rule:
    if name == "IsPresent":
        look = compile_lookup(variable)
        wanted = _boolean(name, operand)
        return lambda scope: (look(scope) is not MISSING) is wanted
    left = _needed(variable)
    if name in TYPE_TESTS:
        test = TYPE_TESTS[name]
        wanted = _boolean(name, operand)
        return lambda scope: test(left(scope)) is wanted
    if name in WITH_PATH:
        if not isinstance(operand, str):
            raise BadExpression(str(operand), f"The value for the field '{name}' must be a valid JSONPath")
        compare, right = COMPARISONS[name[: -len("Path")]][0], _needed(operand)
        return lambda scope: compare(left(scope), right(scope))
    compare, kind = COMPARISONS[name]
    if type_name(operand) != kind:
        raise BadExpression(str(operand), f"Expected value of type {kind} for '{name}'")
    if name == "StringMatches":
        pattern = wildcard(operand)
        return lambda scope: isinstance(value := left(scope), str) and pattern.fullmatch(value) is not None
    if name.startswith("Timestamp"):
        try:
            timestamps.parse(operand)
        except ValueError:
            raise BadExpression(operand, "String does not match RFC3339 timestamp") from None
    return lambda scope: compare(left(scope), operand)


def _boolean(name: str, operand: Any) -> bool:
    if not isinstance(operand, bool):
        raise BadExpression(str(operand), f"Expected value of type boolean for '{name}'")
    return operand
