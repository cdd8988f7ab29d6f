"""Which variables the states of a definition read.

In: a definition. Out: names, state by state, as DescribeStateMachine answers them. Touches: nothing.

Which variables a state assigns stands in its Assign; whether they are allowed is checked in `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stepmill.asl import jsonata
from stepmill.asl.definition import walk_states

_QUOTED: Final = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_NAMED: Final = re.compile(r"(?<!\$)\$([^\W\d]\w*)")
_INNER: Final = frozenset({"ItemProcessor", "Iterator", "Branches"})
_CONSTANT: Final = frozenset({"Result", "Comment"})


def variable_references(definition: Mapping[str, Any]) -> dict[str, list[str]]:
    """The names that each state reads, sorted; states that read none are left out. A definition that passed `check`
    is expected; what cannot be compiled is passed over."""
    language = definition.get("QueryLanguage", "JSONPath")
    found: dict[str, list[str]] = {}
    for _, name, state in walk_states(definition):
        own = {field: value for field, value in state.items() if field not in _INNER and field not in _CONSTANT}
        find = _expressions if state.get("QueryLanguage", language) == "JSONata" else _paths
        names = set(find(own))
        if names:
            found[name] = sorted(names)
    return found


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _paths(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if isinstance(item, str) and (key.endswith((".$", "Path")) or key == "Variable"):
            if item.startswith(("$", "States.")):
                yield from _NAMED.findall(_QUOTED.sub("", item))
        else:
            yield from _paths(item)


def _expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _expressions(item)
    elif jsonata.is_expression(value):
        try:
            yield from jsonata.compile(value[2:-2].strip()).variables
        except jsonata.JsonataError:
            return
