"""What Stepmill itself remembers of this stage: which interpreter stands for an image, what a machine was made from.

In: a kind, a name and a body. Out: nothing; the history has it. Touches: the history, in the process that may write it.
"""

from __future__ import annotations

from typing import Any

from stepmill.history.log import History, Record
from stepmill.services.map_runs.records import family
from stepmill.services.operations import Response, operation


class Notes:
    """Records under the service `stepmill`; any process of the store may leave one, through the owner."""

    def __init__(self, history: History) -> None:
        self._history = history

    @operation("Note", "kind", "name")
    def note(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Remember `body` under (`kind`, `name`); a body of None forgets it."""
        self._history.put(Record("stepmill", request["kind"], request["name"], request.get("body")))
        return {}

    @operation("Forget", "executionArn")
    def forget(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Remove an ended execution: its record and its events, and those of its Map Runs' child executions."""
        arn = request["executionArn"]
        found = self._history.record("states", "execution", arn)
        if found is not None and found["status"] != "RUNNING":
            for name, records in list(family(self._history, arn)):
                self._history.remove(name, records)
            kinds = ("execution", "unfinished")
            self._history.remove(arn, [Record("states", kind, arn, None) for kind in kinds])
        return {}
