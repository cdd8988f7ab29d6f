"""One state of a definition as one call in Python.

In: a state as ASL, and the identifiers of what is inside it. Out: a node of Python text. Touches: nothing.
"""

from __future__ import annotations

import re
from typing import Any

from stepmill.steps.compiling.calls import hands_token_on
from stepmill.steps.fields import FIELDS

from .layout import Group, Node, Word, call, listed, paired, scalar
from .rules import AROUND, rule_of
from .values import Name, value_of

_PYTHON = {field.asl: name for name, field in FIELDS.items()}
# what is said by the class, by the links and by what is inside
LINKS = frozenset(
    {"Type", "Next", "End", "Default", "Choices", "Branches", "Iterator", "ItemProcessor", "Retry", "Catch"}
)
_INVOKE = "arn:aws:states:::lambda:invoke"
_TOKEN = ".waitForTaskToken"  # noqa: S105 -- the end of an ARN


def state_of(
    name: str, state: dict[str, Any], keep: Name, more: dict[str, Node], retry: dict[str, Node] | None = None
) -> Node:
    """The constructor's call, without links. `more` are arguments that come first, `retry` comes last."""
    kind = state["Type"]
    fields = {asl: value for asl, value in state.items() if asl not in LINKS}
    if kind == "Task" and _is_lambda(state):
        kind = "LambdaStep"
        if fields.pop("Resource").endswith(_TOKEN):
            more = {**more, "wait_for_callback": Word("True")}
    named = {_PYTHON[asl]: _field(asl, value, keep) for asl, value in fields.items()}
    return call(kind, scalar(name), **more, **named, **(retry or {}))


def class_of(state: dict[str, Any]) -> str:
    """The class a state is made with."""
    return "LambdaStep" if state["Type"] == "Task" and _is_lambda(state) else str(state["Type"])


def _is_lambda(state: dict[str, Any]) -> bool:
    if "Parameters" not in state and "Arguments" not in state:
        return False
    given = state.get("Parameters", state.get("Arguments"))
    # a LambdaStep that waits for a token it hands to nobody is refused; AWS takes it
    return state["Resource"] == _INVOKE or (state["Resource"] == _INVOKE + _TOKEN and hands_token_on(given))


def _field(asl: str, value: Any, keep: Name) -> Node:
    if value is None and asl in NULLABLE:
        return Word("NULL")
    return value_of(value, keep)


NULLABLE = frozenset({"Arguments", "Output"})  # None means that these are not given


def _entry(entry: dict[str, Any], keep: Name) -> dict[str, Node]:
    return {_snake(asl): _field(asl, value, keep) for asl, value in entry.items() if asl != "Next"}


def _snake(asl: str) -> str:
    """`MaxDelaySeconds` → `max_delay_seconds`: what Retry, Catch and a choice call their fields."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", asl).lower()


def retry_of(entry: dict[str, Any], keep: Name) -> Node:
    """One `Retry(…)`."""
    return call("Retry", **_entry(entry, keep))


def catch_of(entry: dict[str, Any], target: str, keep: Name) -> Node:
    """One `Catch(…)` that leads to the identifier `target`."""
    return call("Catch", **_entry(entry, keep), next_step=Word(target))


def choice_of(entry: dict[str, Any], target: str, keep: Name) -> tuple[list[Node], dict[str, Node]]:
    """One entry of Choices: the rule and where it leads, and its own fields."""
    own = {asl: value for asl, value in entry.items() if asl in AROUND and asl != "Next"}
    return [rule_of(entry, keep), Word(target)], _entry(own, keep)


def option_of(rule: list[Node], own: dict[str, Node]) -> Node:
    """One entry of `choices=[…]`."""
    more = [(f'"{key}": ', node) for key, node in own.items()]
    return paired(*rule, *([Group("{", more, "}")] if more else []))


def several(nodes: list[Node]) -> Node:
    """One alone, or a list of several."""
    return nodes[0] if len(nodes) == 1 else listed(nodes)
