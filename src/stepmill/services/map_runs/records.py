"""What is on record of a Map Run, and the same in memory while it is under way.

In: an act's parameters, or a record. Out: a Run. Touches: history.

Which child executions there are follows from the run's ARN and their index, so that recovery finds the first and none
is started twice; how each ended is in its own record, which the engine writes with its last event.
"""

from __future__ import annotations

import copy
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from stepmill.engine.signals import Act
from stepmill.history.log import History, Record
from stepmill.services.map_runs.batching import Input
from stepmill.services.map_runs.limits import exceeds

# How a child execution stands.
PENDING, RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED, PENDING_REDRIVE = range(7)
COUNTS: Final = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "pendingRedrive")
ENDS: Final = {"SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "TIMED_OUT": TIMED_OUT, "ABORTED": ABORTED}
WAITING: Final = (PENDING, PENDING_REDRIVE)
NOT_DONE: Final = (FAILED, TIMED_OUT, ABORTED)
# Inputs in one record.
CHUNK: Final = 100
_AT_ONCE: Final = 20  # chunks in one commit


def new_body(act: Act, now: float) -> dict[str, Any]:
    """The record of a run that begins."""
    told = act.parameters
    plan = told["plan"]
    arn = told["mapRunArn"]
    base = arn.split(":")[6].partition("/")[0]
    scope = ":".join(arn.split(":")[:5])
    return {
        "arn": arn,
        "act": act.name,
        "execution": act.execution,
        "state": act.state,
        "machine": f"{base}/{told['label']}",
        "machine_arn": f"{scope}:stateMachine:{base}/{told['label']}",
        "role": told["roleArn"],
        "definition": told["definition"],
        "express": told["express"],
        "status": "RUNNING",
        "phase": "reading",
        "started": now,
        "ended": None,
        "concurrency": told["concurrency"],
        "count": plan.get("ToleratedFailureCount"),
        "percentage": plan.get("ToleratedFailurePercentage"),
        "writer": plan.get("writer"),
        "redrives": 0,
        "total": 0,
        "counts": dict.fromkeys((*COUNTS, "total", "resultsWritten"), 0),
        "items": dict.fromkeys((*COUNTS, "total", "resultsWritten"), 0),
    }


class Run:
    """A Map Run in memory: a byte for each child execution, and a number where it has a batch."""

    def __init__(self, history: History, body: dict[str, Any]) -> None:
        self._history = history
        self.body = body
        self.arn: str = body["arn"]
        self.act: Act | None = None
        self.states = bytearray(body["total"])
        self.sizes: array[int] | None = None  # None: one item each
        self.inbox: deque[tuple[Any, ...]] = deque()
        self.scheduled = False
        self.failures = 0  # commits that failed in a row
        self._next = 0
        self._chunk: tuple[int, list[str]] = (-1, [])
        kind = "express" if body["express"] else "execution"
        self._prefix = f"{':'.join(self.arn.split(':')[:5])}:{kind}:{body['machine']}:"

    @property
    def running(self) -> int:
        """How many child executions run."""
        return int(self.body["counts"]["running"])

    def record(self) -> Record:
        """The record as it is now."""
        return Record("states", "maprun", self.arn, copy.deepcopy(self.body))

    # ---- child executions

    def child(self, index: int, generation: int | None = None) -> tuple[str, str]:
        """The ARN and the name of a child execution; each redrive of the run has a generation of its own."""
        generation = self.body["redrives"] if generation is None else generation
        name = str(uuid5(NAMESPACE_URL, f"{self.arn}#{index}.{generation}"))
        return f"{self._prefix}{name}" + (f":{uuid5(NAMESPACE_URL, name)}" if self.body["express"] else ""), name

    def found(self, index: int) -> tuple[str, dict[str, Any]] | None:
        """The newest execution of a child, None when there is none."""
        for generation in range(self.body["redrives"], -1, -1):
            arn, _ = self.child(index, generation)
            record = self._history.record("states", "execution", arn)
            if record is not None:
                return arn, record
        return None

    def waiting(self, most: int) -> list[int]:
        """The first children that are still to be started, and a place is kept behind them."""
        found: list[int] = []
        while self._next < len(self.states) and len(found) < most:
            if self.states[self._next] in WAITING:
                found.append(self._next)
            self._next += 1
        return found

    def any_waiting(self) -> bool:
        """Whether a child is still to be started."""
        return bool(self.body["counts"]["pending"] or self.body["counts"]["pendingRedrive"])

    def move(self, index: int, state: int) -> None:
        """A child stands otherwise now."""
        before, size = self.states[index], self.size(index)
        self.states[index] = state
        for counts, number in ((self.body["counts"], 1), (self.body["items"], size)):
            counts[COUNTS[before]] -= number
            counts[COUNTS[state]] += number

    def exceeds(self) -> bool:
        """Whether more items failed than is tolerated; with neither limit, none may."""
        items, count, percentage = self.body["items"], self.body["count"], self.body["percentage"]
        failed = items["failed"] + items["timedOut"] + items["aborted"]
        return exceeds(failed, items["total"], count, percentage)

    def again(self) -> None:
        """What has not succeeded is to run once more."""
        for index, state in enumerate(self.states):
            if state in NOT_DONE:
                self.move(index, PENDING_REDRIVE)
        self._next = 0

    def size(self, index: int) -> int:
        """How many items a child has."""
        return 1 if self.sizes is None else self.sizes[index]

    # ---- inputs

    def keep(self, inputs: Iterable[Input]) -> None:
        """Write the inputs down, piece by piece. What a first try wrote is written over."""
        sizes = array("Q")
        held: list[Input] = []
        records: list[Record] = []

        def put() -> None:
            nonlocal held
            body = {"inputs": [one.text for one in held], "items": [one.items for one in held]}
            records.append(Record("states", "mapitems", self._name((len(sizes) - 1) // CHUNK), body))
            held = []

        for one in inputs:
            sizes.append(one.items)
            held.append(one)
            if len(held) == CHUNK:
                put()
            if len(records) == _AT_ONCE:
                self._history.put(*records)
                records.clear()
        if held:
            put()
        self.states = bytearray(len(sizes))
        self.sizes = sizes if any(size != 1 for size in sizes) else None
        self.body["total"] = len(sizes)
        for counts, number in ((self.body["counts"], len(sizes)), (self.body["items"], sum(sizes))):
            counts["pending"] = counts["total"] = number
        self.body["phase"] = "running"
        self._history.put(*records, self.record())

    def input(self, index: int) -> str:
        """The input of a child."""
        number = index // CHUNK
        if self._chunk[0] != number:
            self._chunk = (number, self._kept(number)["inputs"])
        text: str = self._chunk[1][index % CHUNK]
        return text

    def drop_inputs(self) -> list[Record]:
        """What removes them: a run that succeeded needs them no more."""
        chunks = -(-self.body["total"] // CHUNK)
        return [Record("states", "mapitems", self._name(number), None) for number in range(chunks)]

    def load(self) -> None:
        """Read back how many items each child has."""
        total = self.body["total"]
        if total == self.body["items"]["total"]:
            return
        self.sizes = array("Q")
        for number in range(-(-total // CHUNK)):
            self.sizes.extend(self._kept(number)["items"])

    def recount(self) -> None:
        """Count again from how each child stands."""
        for counts in (self.body["counts"], self.body["items"]):
            counts.update(dict.fromkeys(COUNTS, 0))
        for index, state in enumerate(self.states):
            self.body["counts"][COUNTS[state]] += 1
            self.body["items"][COUNTS[state]] += self.size(index)

    def _name(self, number: int) -> str:
        return f"{self.arn}/{number:08d}"

    def _kept(self, number: int) -> dict[str, Any]:
        found = self._history.record("states", "mapitems", self._name(number))
        assert found is not None, "inputs are kept as long as they are needed"
        return found


def started(history: History, body: Mapping[str, Any]) -> Iterator[str]:
    """The ARNs of the child executions that were started, newest first as far as their index goes."""
    run = Run(history, dict(body))
    for index in range(body["total"] - 1, -1, -1):
        for generation in range(body["redrives"], -1, -1):
            arn, _ = run.child(index, generation)
            if history.record("states", "execution", arn) is not None:
                yield arn
                break


def failed(history: History, arn: str) -> str:
    """The name of a run's first child execution that failed; empty when none did."""
    body = history.record("states", "maprun", arn)
    run = Run(history, body or {"arn": arn, "total": 0, "express": False, "machine": "", "redrives": 0})
    for index in range(len(run.states)):
        found = run.found(index)
        if found is not None and ENDS.get(found[1]["status"]) in (FAILED, TIMED_OUT):
            return str(found[1]["name"])
    return ""


def family(history: History, execution: str) -> Iterator[tuple[str, list[Record]]]:
    """What an execution's Map Runs have on record, those within them too: the ARNs of child executions, each with the
    records to remove along with it."""
    for name, body in history.records("states", "maprun"):
        if body["execution"] != execution:
            continue
        run = Run(history, body)
        for arn in started(history, body):
            yield from family(history, arn)
            yield arn, [Record("states", kind, arn, None) for kind in ("execution", "unfinished")]
        yield name, [*run.drop_inputs(), Record("states", "maprun", name, None)]
