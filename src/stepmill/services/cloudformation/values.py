"""Values in a template: which names they lead to, and what they are.

In: a value as the template has it, and a Scope that knows names. Out: the references in it, or the value itself.
Touches: nothing.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from stepmill.services.operations import ServiceError

UNKNOWN: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What stands in a change set for a value that only its execution makes; AWS's own words."""
NO_VALUE: Final = object()
"""`AWS::NoValue`: the property is left out."""
PSEUDO: Final = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
FUNCTIONS: Final = frozenset(
    f"Fn::{name}" for name in ("Base64", "FindInMap", "GetAtt", "If", "Join", "Select", "Split", "Sub", "ToJsonString")
)
CONDITIONS: Final = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
_NAMED: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")
_PART: Final = re.compile(r"\$\{(!?)([^{}]*)\}")


class Reference(NamedTuple):
    """A name that a value leads to, and the attribute of it; "" for `Ref`."""

    name: str
    attribute: str = ""


class Scope(Protocol):
    """Who knows what names mean."""

    def reference(self, name: Reference) -> Any:
        """The value of a parameter, a pseudo parameter, a resource, or an attribute of one."""

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""

    def mapping(self, name: str, first: str, second: str) -> Any:
        """An entry of a mapping."""


def invalid(message: str) -> ServiceError:
    """CloudFormation's refusal of what a request or a template says."""
    return ServiceError("ValidationError", message)


def function_of(value: Any) -> str | None:
    """The intrinsic function that a value is, or None."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    name = str(next(iter(value)))
    return name if name in ("Ref", "Condition") or name.startswith("Fn::") else None


def references(value: Any) -> Iterator[Reference]:
    """Every name that a value leads to, in the order of the text."""
    name = function_of(value)
    if name == "Ref":
        yield Reference(str(value["Ref"]))
    elif name == "Fn::GetAtt":
        yield _attribute(value[name])
    elif name == "Fn::Sub":
        text, given = _sub(value[name])
        yield from references(list(given.values()))
        for part in _NAMED.findall(text):
            if part.strip() not in given:
                head, dot, attribute = part.strip().partition(".")
                yield Reference(head, attribute if dot else "")
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def conditions_in(value: Any) -> Iterator[str]:
    """Every condition that a value asks."""
    name = function_of(value)
    if name == "Condition" and isinstance(value["Condition"], str):
        yield value["Condition"]
    elif name == "Fn::If" and isinstance(value[name], list) and value[name]:
        yield str(value[name][0])
    if isinstance(value, Mapping):
        for part in value.values():
            yield from conditions_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from conditions_in(part)


def resolve(value: Any, scope: Scope) -> Any:
    """What a value is. A list or map loses the entries that are `AWS::NoValue`.

    Raises ServiceError (ValidationError) for a function that is not here or is not given what it takes.
    """
    name = function_of(value)
    if name == "Ref":
        return scope.reference(Reference(str(value["Ref"])))
    if name is not None and name != "Condition":
        return _function(name, value[name], scope)
    if isinstance(value, Mapping):
        found = {str(key): resolve(part, scope) for key, part in value.items()}
        return {key: part for key, part in found.items() if part is not NO_VALUE}
    if isinstance(value, list):
        return [part for part in (resolve(part, scope) for part in value) if part is not NO_VALUE]
    if isinstance(value, str) and value.startswith("{{resolve:"):
        raise invalid(f"The dynamic reference {value.split(':')[1]} is not resolved on this machine; use a parameter")
    return value


def holds(value: Any, scope: Scope) -> bool:
    """Whether the body of a condition is true."""
    name = function_of(value)
    if name == "Condition":
        return scope.condition(str(value[name]))
    if name == "Fn::Equals":
        first, second = (resolve(part, scope) for part in _list(name, value[name], 2))
        return str(first) == str(second) if isinstance(first, str) or isinstance(second, str) else first == second
    if name == "Fn::Not":
        return not holds(_list(name, value[name], 1)[0], scope)
    if name in ("Fn::And", "Fn::Or"):
        parts = [holds(part, scope) for part in _list(name, value[name])]
        return all(parts) if name == "Fn::And" else any(parts)
    raise invalid(f"Template format error: every Conditions member must be a condition, not {json.dumps(value)[:80]}")


def unknown(value: Any) -> bool:
    """Whether a part of a value is known only after a change set ran."""
    if isinstance(value, Mapping):
        return any(unknown(part) for part in value.values())
    return any(unknown(part) for part in value) if isinstance(value, list) else UNKNOWN in str(value)


def _function(name: str, given: Any, scope: Scope) -> Any:
    match name:
        case "Fn::GetAtt":
            return scope.reference(_attribute(given))
        case "Fn::Sub":
            return _substituted(given, scope)
        case "Fn::If":
            condition, yes, no = _list(name, given, 3)
            return resolve(yes if scope.condition(str(condition)) else no, scope)
        case "Fn::Join":
            delimiter, parts = _list(name, given, 2)
            parts = resolve(parts, scope)
            if parts == UNKNOWN:
                return UNKNOWN
            if not isinstance(parts, list):
                raise invalid("Template error: every Fn::Join object requires two parameters, a delimiter and a list")
            return str(delimiter).join(text_of(part) for part in parts)
        case "Fn::Split":
            delimiter, text = _list(name, given, 2)
            text = resolve(text, scope)
            return UNKNOWN if unknown(text) else str(text).split(str(delimiter))
        case "Fn::Select":
            index, parts = _list(name, given, 2)
            return _selected(index, parts, scope)
        case "Fn::FindInMap":
            return scope.mapping(*(str(resolve(part, scope)) for part in _list(name, given, 3)))
        case "Fn::Base64":
            text = resolve(given, scope)
            return UNKNOWN if unknown(text) else base64.b64encode(str(text).encode()).decode()
        case "Fn::ToJsonString":
            return json.dumps(resolve(given, scope), separators=(",", ":"), ensure_ascii=False)
    raise invalid(f"Template error: {name} is not answered on this machine")


def _selected(index: Any, parts: Any, scope: Scope) -> Any:
    index, parts = resolve(index, scope), resolve(parts, scope)
    if unknown(parts) and not isinstance(parts, list):
        return UNKNOWN
    if not isinstance(parts, list) or not str(index).isdecimal():
        raise invalid("Template error: Fn::Select requires an index and a list")
    if int(index) >= len(parts):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return parts[int(index)]


def _substituted(given: Any, scope: Scope) -> str:
    text, values = _sub(given)
    known = {name: resolve(value, scope) for name, value in values.items()}

    def value_of(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return f"${{{match[2]}}}"
        if name in known:
            return text_of(known[name])
        head, _, attribute = name.partition(".")
        return text_of(scope.reference(Reference(head, attribute)))

    return _PART.sub(value_of, text)


def text_of(value: Any) -> str:
    """A value as it stands inside a text; lists are joined by commas, as list parameters are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text_of(part) for part in value)
    return "" if value is NO_VALUE else str(value)


def _sub(given: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(given, str):
        return given, {}
    text, values = _list("Fn::Sub", given, 2)
    if not isinstance(text, str) or not isinstance(values, Mapping):
        raise invalid("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.")
    return text, values


def _attribute(given: Any) -> Reference:
    parts = given.split(".", 1) if isinstance(given, str) else given
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name "
            "and the resource attribute"
        )
    return Reference(parts[0], parts[1])


def _list(name: str, given: Any, length: int | None = None) -> list[Any]:
    if not isinstance(given, list) or (length is not None and len(given) != length):
        wanted = f"a list of {length}" if length is not None else "a list"
        raise invalid(f"Template error: every {name} object requires {wanted}")
    return given
