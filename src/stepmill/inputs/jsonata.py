"""Spells expressions in JSONata.

In: an expression or a template with expressions in it. Out: JSONata text, or JSON whose run-time leaves are
`{% … %}`. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from typing import Any

from stepmill.asl.timestamps import is_timestamp

from .expressions import (
    Comparison,
    Const,
    Either,
    Expr,
    JobName,
    Key,
    Logic,
    Operation,
    PathText,
    Raw,
    Ref,
    Rule,
    Text,
    UriPart,
    kind_of,
)
from .rendering import JOB_NAME_PARTS, MAP_INDEX, Scope, base_name, check_types, refuse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})
_TYPES = {"IsString": "string", "IsNumeric": "number", "IsBoolean": "boolean"}
_DATE = r"/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/"
_SIGNS = {
    "Equals": "=", "LessThan": "<", "GreaterThan": ">", "LessThanEquals": "<=", "GreaterThanEquals": ">=",
}  # fmt: skip


def text_literal(text: str) -> str:
    """A text as JSONata writes it: single quotes, or double ones when there is a single quote in it."""
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    if "'" in text:
        return f'"{body}"'
    return "'" + body.replace('\\"', '"') + "'"


def literal(value: Any) -> str:
    """A JSON value as JSONata writes it."""
    return text_literal(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def path(base: str, keys: tuple[Key, ...]) -> str:
    """`base` and the way from there."""
    for key in keys:
        if isinstance(key, int):
            base = f"{base}[{key}]"
        elif _NAME.fullmatch(key) and key not in _WORDS:
            base = f"{base}.{key}"
        elif "`" not in key:
            base = f"{base}.`{key}`"
        else:  # a name in backticks cannot hold one
            base = f"$lookup({base}, {text_literal(key)})"
    return base


def expression(expr: Expr, scope: Scope) -> str:
    """The text of one expression, without `{% %}`.

    Raises:
        Refusal: it cannot be said here.
    """
    match expr:
        case Const():
            return literal(expr.value)
        case Ref(root="execution", keys=keys):
            if scope.input_variable:
                return path(f"${scope.input_variable}", keys)
            return path("$states.context.Execution.Input", keys)
        case Ref(root="state", keys=keys):
            return path("$states.input", keys)
        case Ref(root="context", keys=keys):
            return path("$states.context", keys)
        case Ref() | Either():
            name, inner = scope.variables.find(expr)
            return path(f"${name}", inner)
        case PathText(text):
            return translated(text)
        case Raw(text):
            return text
        case UriPart(part, uri):
            rest = f"$substringAfter({expression(uri, scope)}, 's3://')"
            return f"$substring{'Before' if part == 'bucket' else 'After'}({rest}, '/')"
        case JobName(base, limit):
            parts = [*JOB_NAME_PARTS, MAP_INDEX] if scope.map_index else JOB_NAME_PARTS
            hashed = " & ".join(path("$states.context", part) for part in parts)
            start = text_literal(base_name(base, min(40, limit - 19)) + "-")
            return f"{start} & $substring($hash({hashed}, 'MD5'), 0, 12) & '-' & $states.context.State.RetryCount"
        case Text(parts=pieces):
            if len(pieces) == 1:
                only = expression(pieces[0], scope)
                return only if kind_of(pieces[0]) == "str" else f"$string({only})"
            return " & ".join(_operand(piece, scope) for piece in pieces)
        case Operation(operator, left, right):
            return f"{_operand(left, scope)} {operator} {_operand(right, scope)}"
        case Comparison("is", left, _):
            return f"{_operand(left, scope)} = true"
        case Comparison(operator, left, right):
            check_types(operator, left, right)
            sign = "=" if operator == "==" else operator
            return f"{_operand(left, scope)} {sign} {_operand(right, scope)}"
        case Logic("Not", (term,)):
            return f"$not({expression(term, scope)})"
        case Logic(operator, terms):
            return f" {operator.lower()} ".join(
                f"({expression(t, scope)})" if isinstance(t, Logic) and t.operator != "Not" else expression(t, scope)
                for t in terms
            )
        case Rule():
            return _rule(expr, scope)


_PATH = re.compile(r"(\$\$?)([A-Za-z_][A-Za-z0-9_]*)?((?:\.[A-Za-z_][A-Za-z0-9_]*|\['[^'\\]+'\]|\[\d+\])*)")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\['([^']+)'\]|\[(\d+)\]")


def translated(text: str) -> str:
    """A plain JSONPath (`$.a['b'][0]`, `$$.Execution.Id`, `$name.a`) in JSONata.

    Raises:
        Refusal: it has wildcards, filters, slices or functions.
    """
    found = _PATH.fullmatch(text)
    if not found or (found[1] == "$$" and found[2]):
        refuse("jsonata.path", f"the path {text!r} cannot be read in a JSONata state", "give a run-time value instead")
    base = f"${found[2]}" if found[2] else "$states.context" if found[1] == "$$" else "$states.input"
    keys = [int(index) if index else name or quoted for name, quoted, index in _STEP.findall(found[3])]
    return path(base, tuple(keys))


def _operand(expr: Expr, scope: Scope) -> str:
    text = expression(expr, scope)
    return f"({text})" if isinstance(expr, Operation | Comparison | Logic | Rule) else text


def _rule(rule: Rule, scope: Scope) -> str:
    """A rule under its JSONPath name: a value of another type than the operator's does not fit, and is no error."""
    variable = _operand(rule.variable, scope)
    name = rule.operator.removesuffix("Path")
    if name.startswith("Is"):
        asked = {
            "IsPresent": f"$exists({variable})",
            "IsNull": f"{variable} = null",
            "IsTimestamp": _is_date(variable),
        }.get(name) or f"$type({variable}) = '{_TYPES[name]}'"
        return asked if rule.value == Const("true") else f"$not({asked})"
    if name == "StringMatches":
        if not isinstance(rule.value, Const):
            refuse("condition.pattern", "StringMatches needs a constant pattern", "compare texts by StringEqualsPath")
        asked = f"$contains({variable}, /^{_pattern(rule.value.value)}$/)"
        return " and ".join([*_fitting("String", rule.variable, variable), asked])
    family = next(prefix for prefix in ("String", "Numeric", "Boolean", "Timestamp") if name.startswith(prefix))
    value, sign = _operand(rule.value, scope), _SIGNS[name.removeprefix(family)]
    guards = [*_fitting(family, rule.variable, variable), *_fitting(family, rule.value, value)]
    if family == "Timestamp":
        if isinstance(rule.value, Const) and not is_timestamp(rule.value.value):
            refuse("condition.timestamp", f"{rule.value.value!r} is no timestamp", "write it like 2026-11-23T09:00:00Z")
        variable, value = f"$toMillis({variable})", f"$toMillis({value})"
    elif sign == "=" and isinstance(rule.value, Const):
        guards = []  # a constant is equal to nothing of another type
    return " and ".join([*guards, f"{variable} {sign} {value}"])


def _fitting(family: str, expr: Expr, text: str) -> list[str]:
    """What asks whether a value has the type of an operator; nothing where that is known."""
    if isinstance(expr, Const):
        return []
    if family == "Timestamp":
        return [_is_date(text)]
    kind = {"String": "string", "Numeric": "number", "Boolean": "boolean"}[family]
    known = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}.get(kind_of(expr) or "")
    return [] if known == kind else [f"$type({text}) = '{kind}'"]


def _is_date(text: str) -> str:
    return f"$type({text}) = 'string' and $contains({text}, {_DATE})"


def _pattern(text: str) -> str:
    """`*` is any text, `\\*` a star and `\\\\` a backslash; the rest means itself."""
    pieces = re.findall(r"\\.|\*|[^*\\]+|\\", text, re.DOTALL)
    return "".join(r"[\s\S]*" if p == "*" else _escaped(p[1:] if len(p) == 2 and p[0] == "\\" else p) for p in pieces)


def _escaped(text: str) -> str:
    """A text in a regular expression. A backslash as its number: JSONata finds a regular expression's end by counting
    brackets, and takes one after any backslash for an escaped one.
    """
    return re.escape(text).replace(r"\\", r"\x5c").replace("/", r"\/")


def wrap(expr: Expr, scope: Scope) -> str:
    """`{% … %}` around an expression."""
    return "{% " + expression(expr, scope) + " %}"
