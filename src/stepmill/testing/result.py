"""How a run in the fake world ended, and what to claim of it.

In: a history, the scripted tasks. Out: a Result; AssertionErrors that show the history. Touches: nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stepmill.asl.text import dumps
from stepmill.engine.signals import Act
from stepmill.history.digest import Visit, digest
from stepmill.history.events import Event, public
from stepmill.testing import golden

_ANY: Final = object()


@dataclass(frozen=True)
class Result:
    """How an execution ended: `status` in AWS's words, `output` as a value, and every event.

    `acts` are the requests that its Task states made, in order.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: list[Event]
    acts: Sequence[Act] = field(default=(), repr=False)

    @property
    def digest(self) -> str:
        """The sha256 of the history, times and all, in hex: equal for runs that went alike."""
        return hashlib.sha256(dumps([public(event) for event in self.events]).encode()).hexdigest()

    @property
    def road(self) -> list[str]:
        """The states that were entered, in order; those of branches and iterations too."""
        return [event.details["name"] for event in self.events if event.type.endswith("StateEntered")]

    @property
    def seconds(self) -> float:
        """How long it took, in the time of the virtual clock."""
        return self.events[-1].at - self.events[0].at

    def visits(self, state: str) -> list[Visit]:
        """Every stay in a state: its input and output as JSON text, its attempts, when it was entered and left."""
        return [visit for visit in digest("", self.events).visits if visit.state == state]

    def requests(self, state: str) -> list[Any]:
        """What a Task state asked for: the parameters of each attempt, in order."""
        return [act.parameters for act in self.acts if act.state == state]

    def succeeded(self, output: Any = _ANY) -> Result:
        """Claim that it succeeded, with this output if one is given."""
        if self.status != "SUCCEEDED":
            self._wrong(f"it {self.status}, with {self.error}: {self.cause}")
        if output is not _ANY and output != self.output:
            self._wrong(f"its output is {json.dumps(self.output)}, not {json.dumps(output)}")
        return self

    def failed(self, error: str | None = None, cause: str | None = None) -> Result:
        """Claim that it failed: with this error, and a cause that holds this text, where they are given."""
        if self.status != "FAILED":
            self._wrong(f"it {self.status}")
        if error is not None and error != self.error:
            self._wrong(f"its error is {self.error}, not {error}")
        if cause is not None and cause not in (self.cause or ""):
            self._wrong(f"its cause is {self.cause!r}, without {cause!r}")
        return self

    def took(self, seconds: float) -> Result:
        """Claim how long it took, to a millisecond."""
        if abs(self.seconds - seconds) > 0.001:
            self._wrong(f"it took {self.seconds:g} s, not {seconds:g}")
        return self

    def visited(self, *states: str) -> Result:
        """Claim that these states were entered, in this order; others may lie between."""
        road = iter(self.road)
        for state in states:
            if state not in road:
                self._wrong(f"{state} was not entered after those before it; the road is {' → '.join(self.road)}")
        return self

    def avoided(self, *states: str) -> Result:
        """Claim that these states were not entered."""
        for state in states:
            if state in self.road:
                self._wrong(f"{state} was entered")
        return self

    def attempted(self, state: str, times: int) -> Result:
        """Claim how often a Task state made its request, in all of its visits."""
        made = len(self.requests(state))
        if made != times:
            self._wrong(f"{state} was attempted {made} times, not {times}")
        return self

    def _wrong(self, what: str) -> None:
        told = golden.render(self.events, claim=what, truth="this run")
        raise AssertionError(f"{what}\n{told}")
