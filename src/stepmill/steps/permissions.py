"""What a function's code says that it calls on AWS.

In: statements as a user writes them. Out: the same, with lists for actions and resources. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:.+|\$\{[A-Za-z][A-Za-z0-9]*\}")
_KNOWN = {"Action", "Resource", "Condition", "Sid"}
Told = Callable[[str, str, str], None]


def checked(permissions: Iterable[Any], who: str, told: Told) -> tuple[Mapping[str, Any], ...]:
    """Statements with what is wrong with them told: code, message, hint."""
    found = []
    for permission in permissions:
        fault = _fault(permission)
        if fault:
            message = f"{who}: permissions= {fault}"
            told("function.permissions", message, 'such as {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}')
        else:
            found.append(
                {
                    "Action": _listed(permission["Action"]),
                    "Resource": _listed(permission["Resource"]),
                    **({"Condition": permission["Condition"]} if permission.get("Condition") else {}),
                }
            )
    return tuple(found)


def _fault(permission: Any) -> str:
    if not isinstance(permission, Mapping):
        return f"takes statements, not {permission!r}"
    if unknown := [name for name in permission if name not in _KNOWN]:
        return f"has {unknown[0]!r}; a statement has Action, Resource and Condition, and always allows"
    for name, form, words in (("Action", _ACTION, "service:Action"), ("Resource", _RESOURCE, "an ARN or *")):
        values = _listed(permission.get(name))
        if not values:
            return f"lacks {name}"
        for value in values:
            if not isinstance(value, str) or not form.fullmatch(value):
                return f"has the {name} {value!r}, which is not {words}"
    if not isinstance(permission.get("Condition", {}), Mapping):
        return f"has the Condition {permission['Condition']!r}, which is no object"
    return ""


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
