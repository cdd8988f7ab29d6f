"""Spells expressions in JSONPath and intrinsic functions.

In: an expression. Out: a path, an intrinsic's text, or a Choice rule. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

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
    said,
)
from .rendering import JOB_NAME_PARTS, MAP_INDEX, Scope, base_name, check_types, refuse
from .schema import WORDS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED = re.compile(r"['{}\\]")
_OPERATORS = {"==": "Equals", "<": "LessThan", "<=": "LessThanEquals", ">": "GreaterThan", ">=": "GreaterThanEquals"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PREFIXES = {"str": "String", "int": "Numeric", "float": "Numeric", "bool": "Boolean"}
_JSONATA = 'use JSONata: query_language="JSONata"'


def brackets(base: str, keys: tuple[Key, ...]) -> str:
    """`base` and the way from there, in the old SDK's spelling: `['a'][0]`."""
    for key in keys:
        base += f"[{key}]" if isinstance(key, int) else "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"
    return base


def dotted(base: str, keys: tuple[Key, ...]) -> str:
    """`base` and the way from there, with dots where names allow them."""
    for key in keys:
        base = f"{base}.{key}" if isinstance(key, str) and _NAME.fullmatch(key) else brackets(base, (key,))
    return base


def plain_path(expr: Expr) -> str:
    """The path of an execution's or a state's input, outside any pipeline.

    Raises:
        Refusal: it is something else.
    """
    return path(expr, Scope())


def path(expr: Expr, scope: Scope) -> str:
    """The path of a value.

    Raises:
        Refusal: it is calculated, and a path only points.
    """
    match expr:
        case Ref(root="execution", keys=keys):
            return dotted(f"${scope.input_variable}", keys) if scope.input_variable else brackets(_INPUT, keys)
        case Ref(root="state", keys=keys):
            return brackets("$", keys)
        case Ref(root="context", keys=keys):
            return dotted("$$", keys)
        case Ref() | Either():
            name, keys = scope.variables.find(expr)
            return dotted(f"${name}", keys)
        case PathText(text) | Raw(text):
            return text
        case UriPart():
            refuse("jsonpath.uri", "JSONPath cannot split this URI into bucket and key", _JSONATA)
        case Text((only,)) if kind_of(only) == "str":
            return path(only, scope)
        case Operation():
            _cannot(expr)
    refuse("jsonpath.path", "a path is needed here, and this value is put together from several", _JSONATA)


_INPUT = "$$.Execution.Input"


def escape(text: str, scope: Scope) -> str:
    """A text inside an intrinsic: `'`, `{`, `}` and `\\` get a backslash, except around what the stage fills in."""
    kept = re.compile("|".join(re.escape(f"${{{name}}}") for name in sorted(scope.substitutions)) or r"(?!)")
    done, last = "", 0
    for found in kept.finditer(text):
        done += _ESCAPED.sub(r"\\\g<0>", text[last : found.start()]) + found.group()
        last = found.end()
    return done + _ESCAPED.sub(r"\\\g<0>", text[last:])


def literal(value: Any, scope: Scope) -> str:
    """A constant as an argument of an intrinsic.

    Raises:
        Refusal: an object or a list, which intrinsics cannot hold.
    """
    if isinstance(value, str):
        return f"'{escape(value, scope)}'"
    if isinstance(value, dict | list):
        return f"States.StringToJson({literal(json.dumps(value, ensure_ascii=False), scope)})"
    return json.dumps(value)


def intrinsic(expr: Expr, scope: Scope) -> str:
    """A value as a `.$` key takes it: a path or an intrinsic.

    Raises:
        Refusal: JSONPath cannot say it.
    """
    match expr:
        case Const():
            return literal(expr.value, scope)
        case JobName(base, limit):
            parts = [*JOB_NAME_PARTS, MAP_INDEX] if scope.map_index else [*JOB_NAME_PARTS]
            if limit < 63:  # the digest alone is 32 characters, and nothing here cuts a text
                return _digest([*parts, ("State", "RetryCount")])
            return f"States.Format('{base_name(base, 24)}-{{}}-{{}}', {_digest(parts)}, $$.State.RetryCount)"
        case Text((only,)):
            if kind_of(only) == "str":
                return intrinsic(only, scope)
            return f"States.Format('{{}}', {intrinsic(only, scope)})" if not _deep(only) else _as_text(only, scope)
        case Text(parts=pieces):
            shape = "".join(escape(_said(p.value), scope) if isinstance(p, Const) else "{}" for p in pieces)
            arguments = ", ".join(_as_text(p, scope) for p in pieces if not isinstance(p, Const))
            return f"States.Format('{shape}', {arguments})" if arguments else f"'{shape}'"
        case Operation(operator, left, right):
            return _sum(operator, left, right, scope)
        case Comparison() | Logic() | Rule():
            refuse("jsonpath.condition", "JSONPath compares in a Choice only", _JSONATA)
    return path(expr, scope)


def _digest(parts: Sequence[tuple[Key, ...]]) -> str:
    paths = ", ".join(dotted("$$", part) for part in parts)
    return f"States.Hash(States.Format('{'{}' * len(parts)}', {paths}), 'MD5')"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _deep(expr: Expr) -> bool:
    return kind_of(expr) in ("dict", "list")


def _as_text(expr: Expr, scope: Scope) -> str:
    """An argument of States.Format, which takes no objects and no lists."""
    text = intrinsic(expr, scope)
    return f"States.JsonToString({text})" if _deep(expr) else text


def _cannot(expr: Expr) -> NoReturn:
    refuse("jsonpath.calculate", f"JSONPath cannot calculate this: {said(expr)}", _JSONATA)


def _sum(operator: str, left: Expr, right: Expr, scope: Scope) -> str:
    if {kind_of(left), kind_of(right)} != {"int"} or operator not in "+-":
        _cannot(Operation(operator, left, right))
    if operator == "-":
        if not isinstance(right, Const):
            _cannot(Operation(operator, left, right))
        right = Const(json.dumps(-right.value))
    return f"States.MathAdd({intrinsic(left, scope)}, {intrinsic(right, scope)})"


def array(items: list[str]) -> str:
    """A list of intrinsics' arguments as one."""
    return f"States.Array({', '.join(items)})"


# -- Choice rules -----------------------------------------------------------------------------------------------------


def rule(expr: Expr, scope: Scope) -> dict[str, Any]:
    """A condition as a Choice rule, without `Next`.

    Raises:
        Refusal: JSONPath has no operator for it, or the type it needs is not known.
    """
    match expr:
        case Logic("Not", (term,)):
            return {"Not": rule(term, scope)}
        case Logic(operator, terms):
            return {operator: [rule(term, scope) for term in terms]}
        case Rule(operator, variable, value):
            where = path(variable, scope)
            return {"Variable": where, operator: value.value if isinstance(value, Const) else path(value, scope)}
        case Comparison("is", value, _):
            return {"Variable": path(value, scope), "BooleanEquals": True}
        case Comparison(operator, left, right):
            return _comparison(operator, left, right, scope)
    refuse("condition.kind", f"{said(expr)} is no condition", "compare a run-time value, as in run['accuracy'] >= 0.9")


def _comparison(operator: str, left: Expr, right: Expr, scope: Scope) -> dict[str, Any]:
    if isinstance(left, Const):
        operator, left, right = _TURNED[operator], right, left
    if operator == "!=":
        return {"Not": _comparison("==", left, right, scope)}
    if isinstance(right, Const) and right.value is None and operator == "==":
        return {"Variable": path(left, scope), "IsNull": True}
    kinds = [kind for kind in (kind_of(right), kind_of(left)) if kind]
    if not kinds:
        refuse(
            "jsonpath.untyped",
            "JSONPath compares by type, and neither side of this comparison has one: "
            f"{said(left)} {operator} {said(right)}",
            f"say the type: in ExecutionInput's schema, by .get(name, float), or by "
            f"ChoiceRule.Numeric{_OPERATORS[operator]}Path(a, b), ChoiceRule.String{_OPERATORS[operator]}Path(a, b) …",
        )
    check_types(operator, left, right)
    prefix = _PREFIXES.get(kinds[0])
    if prefix is None:
        what = f"JSONPath cannot compare {WORDS[kinds[0]]}: {said(left)} {operator} {said(right)}"
        refuse("condition.types", what, f"compare what is inside, or {_JSONATA}")
    name = f"{prefix}{_OPERATORS[operator]}"
    if isinstance(right, Const):
        return {"Variable": path(left, scope), name: right.value}
    return {"Variable": path(left, scope), f"{name}Path": path(right, scope)}
