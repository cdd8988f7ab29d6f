"""An execution on AWS, followed like one of this machine; and what starts one there.

In: an account, an execution or a pipeline. Out: events as they come; an execution's ARN. Touches: AWS.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from stepmill.cli import screen
from stepmill.cli.refusal import REFUSED, Refusal
from stepmill.cli.remote import Remote, final
from stepmill.cli.report import Sight
from stepmill.deploy.aws.account import AwsRefusal
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.cli.remote_logs import CloudSpeakers
    from stepmill.console.text import Curve
    from stepmill.deploy.aws.live import Live
    from stepmill.history.digest import Digest, Visit
    from stepmill.history.events import Event

SOON: Final = 0.5  # seconds between two looks while something happens, and
SELDOM: Final = 3.0  # when nothing does
_TRIES: Final = 6


class There:
    """An execution that AWS runs: asked every half second while things happen, every three when nothing does."""

    def __init__(self, remote: Remote, arn: str, *, logs: bool, after: int = 0) -> None:
        """after: how many events the history had before what is waited for: those of an execution that was redriven
        end with its first end."""
        self.arn = arn
        self.say: Callable[[str], None] = screen.say
        self.definition: Mapping[str, Any] = _soon(lambda: remote.definition({"arn": arn}))
        self._remote = remote
        self.sight: Sight = remote
        self._logs = logs
        self._reading = remote.reading(arn)
        self._speakers: CloudSpeakers | None = None
        self._after = after
        self._pause = 0.0
        self._due = 0.0
        self._finals: dict[str, list[Curve]] = {}

    def speakers(self, digest: Digest) -> CloudSpeakers:
        """The logs in CloudWatch."""
        self._speakers = self._remote.speakers(digest, keep=self._logs)
        return self._speakers

    def wait(self, seconds: float) -> None:
        """Until it is time to ask again, at most so long."""
        time.sleep(max(0.0, min(seconds, self._due - time.monotonic())))

    def new(self) -> list[Event]:
        """The events that came since the last time; nothing before it is time to ask again."""
        if time.monotonic() < self._due:
            return []
        try:
            found: list[Event] = _soon(self._reading.new)
            while self._reading.seen <= self._after:
                time.sleep(SOON)
                found += self._reading.new()
        except DeployRefused as refused:
            raise Refusal(
                f"{refused}\nthe execution goes on; `stepmill show {self.arn}` looks again", REFUSED
            ) from None
        self._remote.saw(self.arn, found)
        self._pause = SOON if found else min(SELDOM, max(SOON, self._pause * 1.5))
        self._due = time.monotonic() + self._pause
        return found

    def settle(self) -> None:
        """Give CloudWatch a moment: what was said last comes there later than the end."""
        time.sleep(self._remote.late)

    def interrupted(self) -> None:
        """An execution on AWS is not this terminal's to kill: it goes on."""
        self._due = float("inf")
        self.say(f"not followed any more; the execution goes on. `stepmill stop {self.arn}` stops it")

    def curves(self, visit: Visit) -> list[Curve]:
        """The metrics of a visit's training job: out of its log, at its end else the final ones."""
        job = self._remote.job(visit)
        if job is None or job.kind != "training" or self._speakers is None:
            return []
        found = self._speakers.curves(job.name)
        if found or visit.exited is None:
            return found
        if job.name not in self._finals:
            self._finals[job.name] = final(job)
        return self._finals[job.name]

    def document(self, digest: Digest) -> dict[str, Any]:
        """The result, with the curves and the console's pages."""
        from stepmill.cli import shapes

        return shapes.execution(digest, self._remote.metrics(digest), None, self._remote.urls(digest))


def _soon(ask: Callable[[], Any]) -> Any:
    """What is asked of an execution that has just begun: what describes it is eventually consistent (API reference)."""
    for _ in range(_TRIES):
        try:
            return ask()
        except AwsRefusal as refusal:
            if refusal.code != "ExecutionDoesNotExist":
                raise
        time.sleep(SOON)
    return ask()


def start(live: Live, name: str, value: Any) -> str:
    """Start an execution through the alias; gives back its ARN. Raises Refusal for a name that is taken."""
    try:
        return live.start(name, json.dumps(value, ensure_ascii=False))
    except AwsRefusal as refusal:
        if refusal.code != "ExecutionAlreadyExists":
            raise
        raise Refusal(
            f"--name {name}: {live.machine.rpartition(':')[2]} has an execution of that name already; choose another, "
            f"or leave --name out (`stepmill show {name} --stage {live.stage.name}` draws that one)"
        ) from None
