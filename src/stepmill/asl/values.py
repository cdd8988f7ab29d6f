"""Whether the value of a field is what AWS takes.

In: a field's kind, its value and where it stands. Out: Problems. Touches: nothing.

One small function for each kind of field; which fields a state has is `fields`, how states join is `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from stepmill.asl import jsonata, timestamps
from stepmill.asl.choices import AROUND, compile_rule
from stepmill.asl.errors import ALL, BadExpression
from stepmill.asl.fields import Kind
from stepmill.asl.integrations import UnknownIntegration, integration
from stepmill.asl.intrinsics import compile_intrinsic
from stepmill.asl.paths import compile_reference
from stepmill.asl.pathsyntax import parse_path
from stepmill.asl.places import HERE, Found, Place, sentence, unknown_field
from stepmill.asl.problems import Problem
from stepmill.nearest import nearest

MAX_SECONDS: Final = 99_999_999
_VARIABLE: Final = re.compile(r"[^\W\d]\w{0,79}")
_ONLY_IN: Final = {
    "result": "Output and Assign of a Task, Parallel or Map state",
    "errorOutput": "Output and Assign of a Catch",
}
_TEXT_CALLS: Final = frozenset(
    {"Format", "JsonToString", "ArrayGetItem", "Base64Encode", "Base64Decode", "Hash", "UUID"}
)


def check_value(kind: Kind, value: Any, place: Place) -> Found:
    """Everything wrong with one field."""
    if place.language == "JSONata" and jsonata.is_expression(value) and kind in _EXPRESSIONS:
        yield from check_expressions(value, place)
    else:
        yield from _KINDS[kind](value, place)


_EXPRESSIONS: Final = frozenset({"text", "whole", "seconds", "percentage", "timestamp", "items", "template"})


def check_expressions(value: Any, place: Place) -> Found:
    """Compiles every `{% … %}` in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from check_expressions(item, place.at(key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from check_expressions(item, place.at(at))
    elif jsonata.is_expression(value):
        try:
            expression = jsonata.compile(value[2:-2].strip())
        except jsonata.JsonataError as wrong:
            yield not_valid(wrong, place)
            return
        seen = expression.reads.get("states")
        for part, where in _ONLY_IN.items():
            if isinstance(seen, dict) and part in seen and part != place.sees:
                yield place.wrong(f"$states.{part} cannot be used here", f"Only {where} can read it.")


def not_valid(wrong: jsonata.JsonataError, place: Place) -> Problem:
    near = "" if wrong.position is None else f"At character {wrong.position + 1} of the expression."
    return place.wrong(f"The JSONata expression is not valid: {wrong.message} ({wrong.code})", near)


def _text(value: Any, place: Place) -> Found:
    if not isinstance(value, str):
        yield place.wrong("Expected value of type String")


def _end(value: Any, place: Place) -> Found:
    if value is not True:
        yield place.wrong("Expected the value true", "Write \"End\": true, or name the following state in 'Next'.")


def _language(value: Any, place: Place) -> Found:
    if value not in ("JSONPath", "JSONata"):
        near = nearest(str(value), ("JSONPath", "JSONata"))
        yield place.wrong("Expected one of JSONPath, JSONata", f"Did you mean '{near}'?" if near else "")


def _anything(value: Any, place: Place) -> Found:
    return iter(())


def _object(value: Any, place: Place) -> Found:
    if not isinstance(value, dict):
        yield place.wrong("Expected value of type Object")
    elif place.language == "JSONata":
        yield from check_expressions(value, place)


def _path(value: Any, place: Place) -> Found:
    if value is None and place.field in ("InputPath", "OutputPath"):
        return
    if not isinstance(value, str):
        yield place.wrong("Expected value of type String that is a JSONPath")
        return
    try:
        parse_path(value)
    except BadExpression as wrong:
        yield place.wrong("Value is not a valid JSONPath", sentence(wrong.reason))


def _call(value: Any, place: Place) -> Found:
    if not isinstance(value, str) or not value.startswith("States."):
        yield from _path(value, place)
        return
    try:
        compile_intrinsic(value)
    except BadExpression as wrong:
        yield place.wrong("Value is not a valid JSONPath or intrinsic function call", sentence(wrong.reason))
        return
    name = value[len("States.") : value.index("(")].strip()
    if name not in _TEXT_CALLS:
        yield place.wrong(
            f"States.{name} cannot be used in '{place.field}'",
            f"Only functions that give a text can: {', '.join(sorted(_TEXT_CALLS))}.",
        )


def _reference(value: Any, place: Place) -> Found:
    if value is None:
        return
    if not isinstance(value, str):
        yield place.wrong("Expected value of type String that is a Reference Path, or null")
        return
    try:
        compile_reference(value)
    except BadExpression as wrong:
        yield place.wrong("Value is not a Reference Path", sentence(wrong.reason))


def _payload(value: Any, place: Place) -> Found:
    if place.language == "JSONPath" and not isinstance(value, dict):
        yield place.wrong("Expected value of type Object")
    else:
        yield from _template(value, place)


def _template(value: Any, place: Place) -> Found:
    if place.language == "JSONata":
        yield from check_expressions(value, place)
        return
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _template(item, place.at(at))
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if not key.endswith(".$"):
            yield from _template(item, place.at(key))
            continue
        if key[:-2] in value:
            yield place.wrong(f"The fields '{key[:-2]}' and '{key}' cannot both be given", "Remove one of them.")
        if not isinstance(item, str):
            yield place.wrong(f"The value for the field '{key}' must be a STRING that contains a JSONPath")
            continue
        try:
            compile_intrinsic(item) if item.startswith("States.") else parse_path(item)
        except BadExpression as wrong:
            said = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
            hint = sentence(wrong.reason)
            if not item.startswith(("$", "States.")):
                hint = f"For a constant, name the field '{key[:-2]}'."
            yield place.wrong(said, hint)


def _assign(value: Any, place: Place) -> Found:
    if not isinstance(value, dict):
        yield place.wrong("Expected value of type Object")
        return
    for key in value:
        name = key[:-2] if key.endswith(".$") and place.language == "JSONPath" else key
        if name == "states":
            yield place.at(key).wrong("'states' is reserved and cannot be a variable", "Choose another name.")
        elif not _VARIABLE.fullmatch(name):
            yield place.at(key).wrong(
                f"'{name}' is not a valid variable name",
                "Begin with a letter, go on with letters, digits and '_', at most 80 characters.",
            )
    yield from _template(value, place)


def _number(value: Any, place: Place, low: int, high: int) -> Found:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        yield place.wrong(f"Expected a whole number from {low} to {high}")


def _percentage(value: Any, place: Place) -> Found:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        yield place.wrong("Expected a number from 0 to 100")


def _timestamp(value: Any, place: Place) -> Found:
    if not timestamps.is_timestamp(value):
        yield place.wrong("String does not match RFC3339 timestamp", "Write it like 2026-11-23T09:00:00Z.")


def _items(value: Any, place: Place) -> Found:
    if not isinstance(value, list):
        yield place.wrong("Expected value of type Array or a JSONata expression")
    else:
        yield from check_expressions(value, place)


def _credentials(value: Any, place: Place) -> Found:
    if not isinstance(value, dict):
        yield place.wrong("Expected value of type Object")
    elif "RoleArn" not in value and "RoleArn.$" not in value:
        yield place.wrong("The field 'RoleArn' is required but was missing")
    else:
        yield from _template(value, place)


def _resource(value: Any, place: Place) -> Found:
    if not isinstance(value, str):
        yield place.wrong("Expected value of type String")
        return
    if place.express:
        for pattern in (".waitForTaskToken", ".sync", ".sync:2"):
            if value.endswith(pattern):
                yield place.wrong(f"Express state machine does not support '{pattern}' service integration ")
                return
        if ":activity:" in value:
            yield place.wrong("Express state machine does not support Activity ARN")
            return
    if not value.startswith("arn:"):
        yield place.wrong(
            "Value is not a valid resource ARN", "Write it like arn:aws:states:::sagemaker:createTrainingJob.sync."
        )
        return
    try:
        integration(value)
    except UnknownIntegration as unknown:
        yield place.wrong(f"The resource {value} cannot be run here", unknown.hint, HERE)


def _errors(entry: dict[str, Any], place: Place, *, last: bool) -> Found:
    names = entry.get("ErrorEquals")
    if "ErrorEquals" not in entry:
        yield place.wrong("These fields are required: [ErrorEquals]")
    elif not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield place.at("ErrorEquals").wrong("Expected value of type Array of Strings")
    elif not names:
        yield place.at("ErrorEquals").wrong("Value cannot be empty")
    elif ALL in names and len(names) > 1:
        yield place.at("ErrorEquals").wrong("States.ALL must be the only name in its ErrorEquals")
    elif ALL in names and not last:
        yield place.at("ErrorEquals").wrong("States.ALL must stand in the last entry", "Move this entry to the end.")


def _entries(value: Any, place: Place, fields: dict[str, Kind]) -> Iterator[Problem | tuple[dict[str, Any], Place]]:
    if not isinstance(value, list):
        yield place.wrong("Expected value of type Array")
        return
    for index, entry in enumerate(value):
        here = place.at(index)
        if not isinstance(entry, dict):
            yield here.wrong("Expected value of type Object")
            continue
        yield from _errors(entry, here, last=index == len(value) - 1)
        for name, item in entry.items():
            if name == "ErrorEquals":
                continue
            if name not in fields:
                yield unknown_field(here, name, [*fields, "ErrorEquals"])
            elif name != "Output" or here.language == "JSONata":
                yield from check_value(fields[name], item, here.at(name).seeing("errorOutput"))
        yield entry, here


_RETRY: Final[dict[str, Kind]] = {
    "Comment": "plain", "IntervalSeconds": "json", "MaxAttempts": "json", "BackoffRate": "json",
    "MaxDelaySeconds": "json", "JitterStrategy": "json",
}  # fmt: skip


_RETRY_NUMBERS: Final = (
    ("IntervalSeconds", 1, MAX_SECONDS),
    ("MaxAttempts", 0, MAX_SECONDS),
    ("MaxDelaySeconds", 1, 31_622_399),
)


def _retry(value: Any, place: Place) -> Found:
    for found in _entries(value, place, _RETRY):
        if isinstance(found, Problem):
            yield found
            continue
        entry, here = found
        for name, low, high in _RETRY_NUMBERS:
            if name in entry:
                yield from _number(entry[name], here.at(name), low, high)
        rate = entry.get("BackoffRate", 2)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 1:
            yield here.at("BackoffRate").wrong("Expected a number greater than or equal to 1.0")
        if entry.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
            yield here.at("JitterStrategy").wrong("Expected one of FULL, NONE")


_CATCH: Final[dict[str, Kind]] = {
    "Comment": "plain", "Next": "target", "ResultPath": "reference", "Assign": "assign", "Output": "template",
}  # fmt: skip


def _catch(value: Any, place: Place) -> Found:
    for found in _entries(value, place, _CATCH):
        if isinstance(found, Problem):
            yield found
            continue
        entry, here = found
        if "Next" not in entry:
            yield here.wrong("These fields are required: [Next]")
        wrong = "ResultPath" if here.language == "JSONata" else "Output"
        if wrong in entry:
            yield here.at(wrong).wrong(f"'{wrong}' cannot be used when the query language is {here.language}")


def _choices(value: Any, place: Place) -> Found:
    if not isinstance(value, list):
        yield place.wrong("Expected value of type Array")
        return
    if not value:
        yield place.wrong("Value cannot be empty")
    for index, rule in enumerate(value):
        here = place.at(index)
        if not isinstance(rule, dict):
            yield here.wrong("Expected value of type Object")
            continue
        if "Next" not in rule:
            yield here.wrong("These fields are required: [Next]")
        for name in ("Next", "Comment"):
            if name in rule:
                yield from _text(rule[name], here.at(name))
        yield from _rule(rule, here)


def _rule(rule: dict[str, Any], here: Place) -> Found:
    if here.language == "JSONata":
        for name in rule:
            if name not in ("Condition", "Next", "Assign", "Output", "Comment"):
                yield here.at(name).wrong("Field is not supported", "In JSONata a rule is one Condition.")
    if "Assign" in rule:
        yield from _assign(rule["Assign"], here.at("Assign"))
    if "Output" in rule:
        if here.language == "JSONata":
            yield from check_expressions(rule["Output"], here.at("Output"))
        else:
            yield here.at("Output").wrong("'Output' cannot be used when the query language is JSONPath")
    try:
        compile_rule(rule, here.language)
    except BadExpression as wrong:
        operator = next((name for name in rule if name not in AROUND and name not in ("And", "Or", "Not")), None)
        where = here.at(operator) if operator and wrong.reason.startswith("String does not match") else here
        yield where.wrong(wrong.reason, f"Found: {wrong.text}")
    except jsonata.JsonataError as wrong:
        yield not_valid(wrong, here.at("Condition"))


_KINDS: Final[dict[Kind, Callable[[Any, Place], Found]]] = {
    "text": _text,
    "plain": _text,
    "target": _text,
    "end": _end,
    "json": _anything,
    "path": _path,
    "list_path": _path,
    "call": _call,
    "reference": _reference,
    "template": _payload,
    "assign": _assign,
    "whole": lambda value, place: _number(value, place, 0, MAX_SECONDS),
    "seconds": lambda value, place: _number(value, place, 1, MAX_SECONDS),
    "percentage": _percentage,
    "timestamp": _timestamp,
    "resource": _resource,
    "credentials": _credentials,
    "retry": _retry,
    "catch": _catch,
    "choices": _choices,
    "branches": _anything,
    "machine": _anything,
    "items": _items,
    "object": _object,
    "language": _language,
}
