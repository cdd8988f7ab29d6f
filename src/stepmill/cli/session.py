"""A store seen by a verb that acts: the one place where the CLI meets the local stage.

In: settings. Out: executions started, followed, stopped. Touches: the store, through `stepmill.local`; starts the
background host.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.cli.reading import Reader
from stepmill.cli.refusal import REFUSED, Refusal
from stepmill.cli.screen import say
from stepmill.stage import Settings

if TYPE_CHECKING:
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle
    from stepmill.workflow import Workflow

_PATIENCE = 15.0  # seconds in which a background host has taken the store


class Session:
    """What the acting verbs do with a store. Whatever is said meanwhile goes to `say`."""

    def __init__(self, settings: Settings, *, enforce_rights: bool = False) -> None:
        from stepmill.local import open_local

        if settings.stage != "local":
            raise Refusal(f"the stage {settings.stage!r} lies on AWS; this is for the store of this machine: use local")
        self.settings = settings
        self.say: Callable[[str], None] = say
        self.local: Local = open_local(settings, self._speak, enforce_rights=enforce_rights)

    def _speak(self, sentence: str) -> None:
        self.say(sentence)  # looked up each time: a view that paints takes it over

    def reader(self) -> Reader:
        """The reading side, over the same history."""
        return Reader(self.settings, self.local.history)

    def refuse(self, bundle: Bundle) -> None:
        """Say what this machine cannot do of a pipeline; nothing is started or written. Raises InvalidDefinition."""
        from stepmill.asl.problems import InvalidDefinition
        from stepmill.local.refusals import refusals

        if problems := refusals(bundle, self.settings):
            raise InvalidDefinition(problems)

    def start(self, workflow: Workflow, name: str, value: Any) -> str:
        """Make the machine what the file says and start an execution; gives back its ARN."""
        workflow.use(self.local)
        workflow.create()
        try:
            return workflow.execute(name, value).arn
        except Exception as fault:
            if getattr(fault, "code", "") == "ExecutionAlreadyExists":
                raise Refusal(
                    f"--name {name}: {workflow.name} has an execution of that name already; choose another, "
                    f"or leave --name out (`stepmill show {name}` draws that one)"
                ) from fault
            raise

    def stop(self, arn: str, cause: str) -> None:
        """Abort an execution; its jobs get their grace."""
        self.local.call("states", "StopExecution", {"executionArn": arn, "cause": cause})

    def interrupt(self, arn: str) -> None:
        """What Ctrl-C does."""
        self.local.interrupt(arn)

    def kill(self, arn: str) -> list[str]:
        """Kill the jobs of an execution that still run; gives back their names."""
        killed = []
        for job in self.local.jobs_of(arn):
            if not job.wait(0):
                job.kill()
                killed.append(job.name)
        return killed

    def forget(self, arn: str) -> None:
        """Remove an ended execution from the history."""
        self.local.call("stepmill", "Forget", {"executionArn": arn})

    def take(self) -> bool:
        """Host the engine here if nobody does; whatever a dead process left running goes on."""
        return self.local.host()

    def background(self) -> None:
        """Make sure that a process other than this one hosts the engine: start one if nobody does."""
        if self.local.owner() is not None:
            return
        store = self.settings.store
        self.local.store.make()
        log = store / "host.log"
        words = [sys.executable, "-m", "stepmill", "--store", str(store), "host"]
        with log.open("ab") as out:
            host = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # it must outlive this terminal
                cwd=Path.cwd(),
                env=_environ(self.settings),
            )
        until = time.monotonic() + _PATIENCE
        while self.local.owner() is None:
            if host.poll() is not None or time.monotonic() > until:
                raise Refusal(f"the background host did not start; see {log}", REFUSED)
            time.sleep(0.02)

    @contextlib.contextmanager
    def hosting(self) -> Iterator[None]:
        """At the end, let the store go: at once when something went wrong, else when nothing runs here any more."""
        try:
            yield
            self._linger()
        finally:
            self.local.release()

    def _linger(self) -> None:
        # Child executions end with their Map Run.
        others = [arn for arn in self.local.running() if "/" not in arn] if self.local.hosting else []
        if others:
            names = ", ".join(arn.rpartition(":")[2] for arn in others)
            self.say(f"this process also runs {names}, and stays until that has ended (Ctrl-C leaves it to `resume`)")
        self.local.linger()


def _environ(settings: Settings) -> Mapping[str, str]:
    """The environment of a background host: this one, with the names that flags added."""
    added = {"STEPMILL_PASS_ENV": ",".join(settings.pass_env)} if settings.pass_env else {}
    return dict(os.environ) | added
