"""JSON as Python values.

In: JSON. Out: nodes of Python text; what lies too deep gets a name of its own. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .layout import Group, Node, Word, listed, scalar

_DEEPEST = 10  # brackets within brackets, after which a value is given a name: Python itself ends at 200

Name = Callable[[Node], str]


def value_of(value: Any, name: Name, depth: int = 0) -> Node:
    """A JSON value. `name` keeps a node that lies too deep under a name of its own, and gives that name."""
    if not isinstance(value, dict | list) or not value:
        return scalar(value)
    if depth == _DEEPEST:
        return Word(name(value_of(value, name)))
    if isinstance(value, list):
        return listed([value_of(item, name, depth + 1) for item in value])
    members = [(f"{scalar(key).flat()}: ", value_of(inner, name, depth + 1)) for key, inner in value.items()]
    return Group("{", members, "}")
