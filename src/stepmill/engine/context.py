"""The Context object, as expressions see it under `$$` and `$states.context`.

In: where a branch stands. Out: a dict of AWS's shape. Touches: nothing.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from typing import Any

from stepmill.asl import timestamps
from stepmill.engine.branch import Branch
from stepmill.engine.data import loads
from stepmill.engine.fold import Fold
from stepmill.engine.states import State


class Context:
    """Makes the Context objects of one execution."""

    def __init__(self, execution: Fold) -> None:
        facts = execution.facts
        self._head = {
            "Execution": {
                "Id": execution.arn,
                "Input": loads(facts["input"]),
                "Name": facts.get("_name", execution.arn.rpartition(":")[2]),
                "RoleArn": facts.get("roleArn", ""),
                "StartTime": timestamps.render(execution.started),
                "RedriveCount": facts.get("_redrives", 0),
                **({"RedriveTime": timestamps.render(facts["_redriven"])} if "_redriven" in facts else {}),
            },
            "StateMachine": {"Id": facts.get("_machine_arn", ""), "Name": facts.get("_machine", "")},
        }
        self._last: tuple[float, str] = (-1.0, "")

    def of(self, branch: Branch, state: State, entered_at: float) -> dict[str, Any]:
        """What a state sees that was entered at `entered_at`."""
        if self._last[0] != entered_at:
            self._last = (entered_at, timestamps.render(entered_at))
        about: dict[str, Any] = {"EnteredTime": self._last[1], "Name": state.name}
        if state.type in ("Task", "Map", "Parallel"):
            about["RetryCount"] = sum(branch.tries.values())
        context = {**self._head, "State": about}
        if branch.item is not None:
            context["Map"] = {"Item": {"Index": branch.item[0], "Value": branch.item[1]}}
        return context
