"""The context object: what Step Functions itself knows of an execution, its state, its task and its Map's item.

In: the names of its fields. Out: run-time values (`$states.context`, `$$`). Touches: nothing.

Source: Step Functions guide, "Accessing execution data from the Context object in Step Functions".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.nearest import did_you_mean

from .expressions import Key, Ref
from .placeholders import Placeholder

_FIELDS: dict[str, Any] = {
    "Execution": dict.fromkeys(("Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime")),
    "State": dict.fromkeys(("EnteredTime", "Name", "RetryCount")),
    "StateMachine": dict.fromkeys(("Id", "Name")),
    "Task": dict.fromkeys(("Token",)),
    "Map": {"Item": dict.fromkeys(("Index", "Value", "Key", "Source"))},
}


class ContextObject(Placeholder):
    """What Step Functions knows: `ContextObject()["Execution"]["Name"]`, `ContextObject()["Map"]["Item"]["Value"]`.

    A name it does not have raises KeyError, with the nearest one. `Task` is known only in a state that waits for a task
    token, `Map` only inside a Map and in its `item_selector=`.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Ref("context"))

    def _at(self, key: Key, said: str) -> Placeholder:
        assert isinstance(self.expr, Ref)
        fields: Any = _FIELDS
        for name in self.expr.keys:
            fields = fields[name]
        if key not in fields:
            where = "".join(f"[{name!r}]" for name in self.expr.keys)
            otherwise = f"there is {', '.join(fields)}"
            raise KeyError(f"the context object{where} has no {key!r}; {did_you_mean(str(key), fields, otherwise)}")
        inside = Ref("context", (*self.expr.keys, key), type=said)
        return _part(inside) if isinstance(fields[key], Mapping) else Placeholder(inside)

    def __reduce__(self) -> tuple[Any, ...]:
        assert isinstance(self.expr, Ref)
        return (_part, (self.expr,))


def _part(ref: Ref) -> ContextObject:
    found = ContextObject.__new__(ContextObject)
    Placeholder.__init__(found, ref)
    return found


class TaskToken(Placeholder):
    """The task token of the state it stands in, for whoever answers with SendTaskSuccess or SendTaskFailure.

    It belongs into what a state with `wait_for_callback=True` hands on: `payload={"token": TaskToken()}`.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(Ref("context", ("Task", "Token")))

    def __reduce__(self) -> tuple[Any, ...]:
        return (TaskToken, ())
