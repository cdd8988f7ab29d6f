"""What is on record from an execution's first moment on.

In: who starts what, with which input. Out: the details of ExecutionStarted; the first records. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, NamedTuple

from stepmill.asl.definition import Definition
from stepmill.history.log import Record


class Start(NamedTuple):
    """One execution to begin. `records` are written in the same commit; one of the execution itself among them adds to
    the one made here. An `express` one ends after five minutes."""

    arn: str
    machine: str
    name: str
    definition: Definition
    input_text: str
    role: str
    machine_arn: str
    records: Sequence[Record] = ()
    express: bool = False

    def details(self) -> dict[str, Any]:
        """The details of ExecutionStarted."""
        return {
            "input": self.input_text,
            "roleArn": self.role,
            "_machine": self.machine,
            "_machine_arn": self.machine_arn,
            "_name": self.name,
            "_revision": self.definition.digest,
            **({"_express": True} if self.express else {}),
        }

    def first_records(self, now: float, known: Container[str]) -> list[Record]:
        """The execution's record, and its definition unless that is `known` to be on record."""
        body: dict[str, Any] = {
            "arn": self.arn,
            "machine": self.machine,
            "machine_arn": self.machine_arn,
            "name": self.name,
            "status": "RUNNING",
            "started": now,
            "ended": None,
            "revision": self.definition.digest,
            "input_size": len(self.input_text.encode("utf-8", "surrogatepass")),
        }
        others = []
        for record in self.records:
            if record[:3] == ("states", "execution", self.arn):
                body.update(record.body or {})
            else:
                others.append(record)
        if self.definition.digest not in known:
            others.append(Record("states", "revision", self.definition.digest, {"definition": self.definition.text}))
        return [*others, Record("states", "execution", self.arn, body), Record("states", "unfinished", self.arn, {})]
