"""The values of a template's parameters.

In: what the template declares, what a request gives, what the stack had. Out: name → value, as text. Touches: nothing.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stepmill.services.cloudformation.templates import Template
from stepmill.services.cloudformation.values import invalid

_TYPES: Final = ("String", "Number", "CommaDelimitedList", "List<Number>", "List<String>")
# Names and ids of things of AWS, of which only the form is asked here; a value kept in SSM would have to be fetched.
_OF_AWS: Final = re.compile(r"(?!.*AWS::SSM::Parameter::Value)(List<)?AWS::[A-Za-z0-9]+::[A-Za-z:]+>?")
_HIDDEN: Final = "****"


def values(template: Template, given: Iterable[Mapping[str, Any]], before: Mapping[str, str] | None) -> dict[str, str]:
    """Every parameter's value. `before` are those of the stack, which `UsePreviousValue` takes; None for a new stack.

    Raises ServiceError (ValidationError) for what is missing, unknown or not allowed.
    """
    asked = {str(one.get("ParameterKey")): one for one in given}
    if extra := sorted(asked.keys() - template.parameters.keys()):
        raise invalid(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    found: dict[str, str] = {}
    missing = []
    for name, declared in template.parameters.items():
        one = asked.get(name, {})
        if one.get("UsePreviousValue"):
            if before is None or name not in before:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            found[name] = before[name]
        elif one.get("ParameterValue") is not None:
            found[name] = str(one["ParameterValue"])
        elif "Default" in declared:
            default = declared["Default"]
            found[name] = str(default).lower() if isinstance(default, bool) else str(default)
        else:
            missing.append(name)
            continue
        _checked(name, declared, found[name])
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return found


def value_of(declared: Mapping[str, Any], text: str) -> Any:
    """What `Ref` of a parameter gives: a list for a list type."""
    kind = str(declared.get("Type"))
    return [part.strip() for part in text.split(",")] if kind.startswith(("List<", "CommaDelimited")) else text


def shown(template: Template, found: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameters as DescribeStacks shows them; a `NoEcho` one is hidden."""
    return [
        {"ParameterKey": name, "ParameterValue": _HIDDEN if _silent(template.parameters.get(name, {})) else value}
        for name, value in found.items()
    ]


def _silent(declared: Mapping[str, Any]) -> bool:
    return str(declared.get("NoEcho", "")).lower() == "true"


def _checked(name: str, declared: Mapping[str, Any], value: str) -> None:
    kind = str(declared.get("Type"))
    if kind not in _TYPES and not _OF_AWS.fullmatch(kind):
        raise invalid(f"Template format error: the parameter type {kind} of {name} is not answered on this machine")
    said = declared.get("ConstraintDescription")
    rules = f"failed to satisfy constraint: {said}" if said else ""
    if kind == "Number" and not _number(value):
        raise invalid(f"Parameter '{name}' must be a number.")
    allowed = [str(one) for one in declared.get("AllowedValues", ())]
    parts = value_of(declared, value)
    for part in parts if isinstance(parts, list) else [parts]:
        if allowed and part not in allowed:
            raise invalid(f"Parameter '{name}' {rules or 'must be one of AllowedValues'}")
        pattern = declared.get("AllowedPattern")
        if pattern is not None and not re.fullmatch(str(pattern), part):
            unmatched = f"failed to satisfy constraint: Parameter {name} must match pattern {pattern}"
            raise invalid(f"Parameter '{name}' {rules or unmatched}")
    if kind == "String":
        if len(value) < int(declared.get("MinLength", 0)):
            raise invalid(f"Parameter '{name}' must contain at least {declared['MinLength']} characters")
        if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
            raise invalid(f"Parameter '{name}' must contain at most {declared['MaxLength']} characters")
    if kind == "Number":
        if "MinValue" in declared and float(value) < float(declared["MinValue"]):
            raise invalid(f"Parameter '{name}' must be a number not less than {declared['MinValue']}")
        if "MaxValue" in declared and float(value) > float(declared["MaxValue"]):
            raise invalid(f"Parameter '{name}' must be a number not greater than {declared['MaxValue']}")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
