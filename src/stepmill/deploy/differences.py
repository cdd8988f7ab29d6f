"""What is different between two templates, down to the value.

In: two templates, one of them deployed. Out: `Difference`s by resource; what rights come and go. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# By one of these an element of a list is known again when others come or go before it.
_NAMES: Final = ("Sid", "Key", "Id", "PolicyName", "OutputName", "InputName", "ChannelName", "Name")
_DEFINITION: Final = "DefinitionString"


@dataclass(frozen=True)
class Difference:
    """One value that is another one.

    Attributes:
        path: JSON pointer below the resource; below `/Definition` it is one into the state machine's definition.
        before, after: the values; None where there is none.
    """

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, order=True)
class RightChange:
    """A right that a role gets or loses. role: its logical id. gained: gets. action: `s3:GetObject`."""

    role: str
    gained: bool
    action: str
    resource: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What is different between two resources, in the order of the new one."""
    return [
        each
        for each in _of(_opened(before), _opened(after), "")
        if not each.path.startswith("/Metadata")  # nothing of a resource itself
    ]


def right_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[RightChange]:
    """The rights that the roles of one template have and those of the other have not. Both: the `Resources`."""
    old, new = _rights(before), _rights(after)
    gone = [RightChange(role, False, action, resource) for role, action, resource in old - new]
    come = [RightChange(role, True, action, resource) for role, action, resource in new - old]
    return sorted([*gone, *come])


def _opened(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource whose definition is looked into, and is no long text."""
    properties = dict(resource.get("Properties") or {})
    text = properties.pop(_DEFINITION, None)
    found = {key: value for key, value in resource.items() if key != "Properties"} | properties
    if isinstance(text, str):
        try:
            found["Definition"] = json.loads(text)
        except ValueError:
            found[_DEFINITION] = text
    return found


def _of(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not _function(before, after):
        for key in dict.fromkeys((*after, *before)):
            yield from _of(before.get(key), after.get(key), f"{path}/{_escaped(str(key))}")
    elif _list(before) and _list(after):
        yield from _lists(before, after, path)
    else:
        yield Difference(path or "/", before, after)


def _lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Difference]:
    name = _name([*before, *after])
    if name is None and len(before) != len(after):
        yield Difference(path, before, after)
        return
    old = {_known(item, name, at): item for at, item in enumerate(before)}
    new = {_known(item, name, at): item for at, item in enumerate(after)}
    for key in dict.fromkeys((*new, *old)):
        yield from _of(old.get(key), new.get(key), f"{path}/{_escaped(key)}")


def _name(items: Sequence[Any]) -> str | None:
    """The key whose value tells every item of a list from the others."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    return next((name for name in _NAMES if all(isinstance(item.get(name), str) for item in items)), None)


def _known(item: Any, name: str | None, at: int) -> str:
    return str(item[name]) if name is not None else str(at)


def _function(*values: Mapping[str, Any]) -> bool:
    """Whether one of them is one of CloudFormation's functions, which is a value as a whole."""
    return any(len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")) for value in values)


def _list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _escaped(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")


def _rights(resources: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    found: set[tuple[str, str, str]] = set()
    for logical, resource in resources.items():
        if resource.get("Type") != "AWS::IAM::Role":
            continue
        for policy in (resource.get("Properties") or {}).get("Policies") or ():
            for statement in policy.get("PolicyDocument", {}).get("Statement", ()):
                for action in _several(statement.get("Action")):
                    for place in _several(statement.get("Resource")):
                        found.add((logical, f"{action}{_under(statement)}", shown(place)))
    return found


def _under(statement: Mapping[str, Any]) -> str:
    """The conditions of a statement, told behind its actions, so that a condition that changes is a change."""
    condition = statement.get("Condition")
    return f" if {json.dumps(shown_all(condition), sort_keys=True)}" if condition else ""


def shown_all(value: Any) -> Any:
    """A value with CloudFormation's functions as texts."""
    if isinstance(value, Mapping):
        return shown(value) if _function(value) else {key: shown_all(item) for key, item in value.items()}
    return [shown_all(item) for item in value] if _list(value) else value


def shown(value: Any) -> str:
    """A value of a template as a person writes it: `${Machine.Arn}` for what Fn::GetAtt says."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, given),) = value.items()
        if function == "Ref":
            return f"${{{given}}}"
        if function == "Fn::Sub":
            return str(given if isinstance(given, str) else given[0])
        if function == "Fn::GetAtt":
            return "${" + (given if isinstance(given, str) else ".".join(given)) + "}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _several(value: Any) -> list[Any]:
    return list(value) if _list(value) else [value]
