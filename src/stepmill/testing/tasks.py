"""Tasks that end as a script says.

In: outcomes by state name and attempt. Out: signals at their time. Touches: nothing.

A fake performer for the engine; it starts no job and calls no function.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from stepmill.engine.signals import Act, Failed, Finished, Signal, Submitted
from stepmill.nearest import nearest


@dataclass(frozen=True)
class Outcome:
    """How one attempt ends: after `takes` seconds, with `output`, or with `error` and `cause`.

    `accepted` is what a `.sync` service answers at once, None for a request that is refused or that has no such answer.
    `takes=None` means never.
    """

    output: Any = None
    error: str | None = None
    cause: str | None = None
    takes: float | None = 0.0
    accepted: Any = None


def succeed(output: Any = None, *, takes: float = 0.0, accepted: Any = None) -> Outcome:
    """An attempt that ends with a result; {} when none is given."""
    return Outcome({} if output is None else output, takes=takes, accepted=accepted)


def fail(error: str, cause: str | None = None, *, takes: float = 0.0, accepted: Any = None) -> Outcome:
    """An attempt that ends with an error."""
    return Outcome(error=error, cause=cause, takes=takes, accepted=accepted)


def hang(*, accepted: Any = None) -> Outcome:
    """An attempt that never ends by itself."""
    return Outcome(takes=None, accepted=accepted)


Script = Outcome | Sequence[Outcome] | Callable[[Act], Outcome]


class ScriptedTasks:
    """Performs acts as the script says.

    `outcomes` maps a state's name to one Outcome for every attempt, to a list with one for each (the last repeats), or
    to a function of the Act. A state that is not named raises LookupError when it runs. `items` maps the name of a
    distributed Map to what its ItemReader finds.

    Afterwards `written` has what ResultWriters wrote, by `s3://` URL; `started` lists the acts begun, `recovered` those
    asked for again, `cancelled` those stopped.
    """

    def __init__(
        self, outcomes: Mapping[str, Script] | None = None, *, items: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self._outcomes = dict(outcomes or {})
        self._items = dict(items or {})
        self.written: dict[str, bytes] = {}
        self._seen: dict[str, int] = {}
        self._coming: list[tuple[float, int, Signal, Callable[[Signal], None]]] = []
        self._count = 0
        self._begun: dict[str, Outcome] = {}
        self.fault: LookupError | None = None  # what the script lacks
        self.started: list[Act] = []
        self.recovered: list[Act] = []
        self.cancelled: list[Act] = []

    def check(self, states: Collection[str]) -> None:
        """Raise LookupError for an outcome of a state that is not among these."""
        for name in self._outcomes:
            if name not in states:
                near = nearest(name, states)
                guess = f"; was {near!r} meant?" if near else ""
                raise LookupError(f"the script has an outcome for {name!r}, which is no state of the definition{guess}")

    def perform(self, act: Act, tell: Callable[[Signal], None]) -> None:
        """What the engine calls. An act of a known name is found, not begun again, and its outcome told once more."""
        if act.recovered:
            self.recovered.append(act)
        outcome = self._begun.get(act.name)
        if outcome is None:
            try:
                outcome = self._begun[act.name] = self._pick(act)
            except LookupError as fault:
                self.fault = fault
                return
            self.started.append(act)
        self._forget(act)
        if outcome.accepted is not None:
            self._at(act.started, Submitted(act, outcome.accepted), tell)
        if outcome.takes is None:
            return
        failed = outcome.error is not None
        end = Failed(act, outcome.error or "", outcome.cause) if failed else Finished(act, outcome.output)
        self._at(act.started + outcome.takes, end, tell)

    def cancel(self, act: Act) -> None:
        """What the engine calls when nobody waits for an act any more."""
        self.cancelled.append(act)
        self._forget(act)

    def read(self, act: Act) -> Sequence[Any]:
        """What an ItemReader finds, for the act of a Map Run."""
        if act.state not in self._items:
            self.fault = LookupError(f"the ItemReader of {act.state!r} has no scripted items: ScriptedTasks(items=…)")
        return self._items.get(act.state, ())

    def call(self, service: str, name: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        """What a ResultWriter calls: PutObject."""
        body = request["Body"]
        data = body.encode() if isinstance(body, str) else body.read()
        self.written[f"s3://{request['Bucket']}/{request['Key']}"] = data
        return {}

    def _forget(self, act: Act) -> None:
        self._coming = [entry for entry in self._coming if _about(entry[2]) != act.name]
        heapq.heapify(self._coming)

    def next_due(self) -> float | None:
        """When the next signal comes."""
        return self._coming[0][0] if self._coming else None

    def deliver(self, now: float, draw: Random | None = None) -> bool:
        """Tell every signal whose time has come; whether there was one. With `draw` only one of them is told, any of
        those that are due together."""
        any_ = False
        if draw is not None:
            due = [entry for entry in self._coming if entry[0] <= now]
            if due:
                # an act is accepted before it ends
                first = {_about(entry[2]): entry for entry in sorted(due, key=lambda entry: entry[:2], reverse=True)}
                chosen = draw.choice(sorted(first.values(), key=lambda entry: entry[:2]))
                self._coming.remove(chosen)
                heapq.heapify(self._coming)
                chosen[3](chosen[2])
            return bool(due)
        while self._coming and self._coming[0][0] <= now:
            _, _, signal, tell = heapq.heappop(self._coming)
            tell(signal)
            any_ = True
        return any_

    def _at(self, due: float, signal: Signal, tell: Callable[[Signal], None]) -> None:
        self._count += 1
        heapq.heappush(self._coming, (due, self._count, signal, tell))

    def _pick(self, act: Act) -> Outcome:
        try:
            script = self._outcomes[act.state]
        except KeyError:
            known = ", ".join(sorted(self._outcomes)) or "none"
            raise LookupError(f"the state {act.state!r} has no scripted outcome; scripted are: {known}") from None
        if isinstance(script, Outcome):
            return script
        if callable(script):
            return script(act)
        attempt = self._seen.get(act.state, 0)
        self._seen[act.state] = attempt + 1
        return script[min(attempt, len(script) - 1)]


def _about(signal: Signal) -> str:
    return signal.act.name if isinstance(signal, Submitted | Finished | Failed) else ""
