"""What holds a job: start it once, find it again, wait for it, stop it, read what became of it.

In: a SageMaker request and the name of the act that asks for it. Out: a `Job`. Touches: the store's `jobs/` folder, one
supervisor process per job, signals to it.
A job's truth is its folder, so any process can find it again; the request's legality belongs to the service that asks.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from stepmill.clock import SystemClock

from . import contract, outcome
from .launch import bury, launch
from .processes import kill_who_see
from .state import JobState as JobState
from .state import Transition

Kind = Literal["training", "processing"]
KINDS: tuple[Kind, ...] = ("training", "processing")

_NAME = re.compile("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_TOUCHED = ("supervisor.log", "started", "status.jsonl", "log")
_STARTING = 1000
"""How often the lock is tried, 2 ms apart, while somebody else seems to be starting the job."""
_PACKAGE = Path(__file__).resolve().parents[1]


class JobExists(Exception):
    """There is a job of that kind and name, asked for by somebody else (SageMaker: ResourceInUse)."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"a {kind} job named {name} exists already; names are used once")
        self.kind = kind
        self.name = name


class Job:
    """One job, by its folder. Cheap to make; every question reads the folder anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._about: dict[str, Any] = json.loads((folder / "job.json").read_bytes())
        self.kind: Kind = self._about["kind"]
        self.name: str = self._about["name"]
        self.token: str = self._about["token"]
        self.request: dict[str, Any] = self._about["request"]
        self.created: float = self._about["created"]

    def __repr__(self) -> str:
        return f"<Job {self.kind} {self.name}>"

    @cached_property
    def log(self) -> Path:
        """The captured lines (see `logs`); the file appears with the job's start."""
        return self.folder / "log"

    @cached_property
    def metrics(self) -> Path:
        """Every metric point, one JSON object per line (see `metrics`); the file appears with the first."""
        return self.folder / "metrics.jsonl"

    def alive(self) -> bool:
        """Whether the job's supervisor lives, or is being started."""
        return not self._locked(fcntl.LOCK_SH | fcntl.LOCK_NB)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the job is over, at most `timeout` seconds; whether it is.

        A job that was created and never launched (its creator died in between) is not over and is not waited for:
        `Jobs.create` with its token starts it, and also one whose supervisor died before it claimed the job. Of a job
        whose supervisor died without a result, whatever still runs is killed.
        """
        if timeout is None:
            self._locked(fcntl.LOCK_SH)
        else:
            self._wait(time.monotonic() + timeout)
        bury()
        if (self.folder / "exit.json").exists():
            return True
        if self.alive() or not self._launched():
            return False
        if not (self.folder / "exit.json").exists():
            kill_who_see(str(self.folder / "ml"))
        return True

    def state(self) -> JobState:
        """What is known of the job now."""
        alive = self.alive()
        try:
            end = json.loads((self.folder / "exit.json").read_bytes())
        except FileNotFoundError:
            return self._unfinished(alive)
        secondary = end["secondary"]
        return JobState(
            status=end["status"],
            secondary=secondary,
            created=self.created,
            started=end["started"],
            ended=end["ended"],
            exit_code=end["exit_code"],
            failure_reason=end["reason"] if end["status"] == "Failed" else None,
            exit_message=end["message"],
            model=end["model"],
            sandbox=end["sandbox"],
            metrics=tuple((name, value, at) for name, value, at in end["metrics"]),
            transitions=tuple(Transition(**one) for one in end["transitions"]),
        )

    def stop(self) -> None:
        """Asks the job to end: SIGTERM, its grace, SIGKILL. Nothing happens to one that is over."""
        self._ask("stop", signal.SIGTERM)

    def kill(self) -> None:
        """Ends the job now."""
        self._ask("kill", signal.SIGINT)

    def _unfinished(self, alive: bool) -> JobState:
        seen = tuple(Transition(**one) for one in _lines(self.folder / "status.jsonl"))
        started = next((one.at for one in seen if one.status in ("Downloading", "InProgress")), None)
        if alive or not self._launched():
            last = seen[-1].status if seen else "Starting"
            status = "Stopping" if last == "Stopping" else "InProgress"
            return JobState(status, last, self.created, started, transitions=seen)
        try:
            ended = max(p.stat().st_mtime for p in self.folder.iterdir() if p.name in _TOUCHED)
        except ValueError:
            ended = self.created
        reason = (
            "InternalServerError: the job's supervisor ended without leaving a result: it was killed, or the machine "
            f"went down. What the job said until then is in {self.log}"
        )
        if said := _said(self.folder / "supervisor.log"):
            reason = f"InternalServerError: the job's supervisor ended without leaving a result: {said}"
        seen += (Transition("Failed", ended, reason),)
        return JobState(
            "Failed", "Failed", self.created, started, ended, failure_reason=reason[: outcome.LONGEST], transitions=seen
        )

    def _launched(self) -> bool:
        """Whether there ever was a supervisor. One that died before it claimed the job may be followed by another."""
        return (self.folder / "supervisor.log").exists()

    def _started(self) -> bool:
        return (self.folder / "started").exists()

    def _locked(self, how: int) -> bool:
        """Takes the lock that a supervisor holds for its life, and gives it back; whether it could be had."""
        file = os.open(self.folder / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            return False
        finally:
            os.close(file)
        return True

    def _pid(self) -> int | None:
        """The supervisor's process id, once it said so."""
        try:
            return int(json.loads((self.folder / "started").read_bytes())["pid"])
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def _wait(self, end: float) -> None:
        while (left := end - time.monotonic()) > 0 and self.alive():
            pid = self._pid()
            if pid is None or not hasattr(os, "pidfd_open"):
                # Either the few milliseconds between the fork and the supervisor's first act, or a system without
                # process handles.
                time.sleep(min(left, 0.005))
                continue
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                if self.alive():  # so the id was its, and the handle is
                    poller = select.poll()
                    poller.register(handle, select.POLLIN)
                    poller.poll(left * 1000)
            finally:
                os.close(handle)

    def _ask(self, word: str, number: int) -> None:
        if not self.alive():
            return
        # The word first: a supervisor that is not yet listening reads it when it is.
        (self.folder / word).touch(mode=0o600)
        pid = self._pid()
        if pid is None:
            return
        try:
            if not hasattr(os, "pidfd_open"):
                os.kill(pid, number)
                return
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        finally:
            os.close(handle)


class Jobs:
    """The jobs of one store. `site` is the folder that holds the `isal` package; by default, where it is installed."""

    def __init__(self, root: Path, objects: Path, *, site: str | None = None) -> None:
        self.root = root.absolute()
        self.objects = objects.absolute()
        self._site = _isal() if site is None else site

    def create(
        self,
        kind: Kind,
        request: Mapping[str, Any],
        *,
        token: str,
        python: str,
        grace: float,
        environ: Mapping[str, str],
        secrets: Mapping[str, str] | Iterable[str] = (),
    ) -> Job:
        """Starts the job of this request, once per `token`: asking again finds it, and starts it if it never was.

        `python` is the interpreter of the job's environment, `grace` the seconds between SIGTERM and SIGKILL, `environ`
        the clean environment it builds on (see `stage.clean_environment`), `secrets` the values that are masked in its
        log; neither of the two is ever written. Raises JobExists, OSError, ValueError for a name SageMaker refuses.
        """
        if sys.platform != "linux":
            raise OSError("jobs run on Linux only for now (WSL2 is Linux): elsewhere there is no private /opt/ml")
        name = contract.name_of(kind, request)
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no job name: 1 to 63 letters, digits and hyphens, first and last no hyphen")
        folder = self.root / kind / name
        if not (folder / "job.json").exists():
            about = {"kind": kind, "name": name, "token": token, "created": SystemClock().now(), "grace": grace}
            _settle(folder, about | {"python": python, "request": dict(request)})
        job = Job(folder)
        if job.token != token:
            raise JobExists(kind, name)
        values = secrets.values() if isinstance(secrets, Mapping) else secrets
        self._start(job, {"environ": dict(environ), "secrets": list(values)})
        return job

    def find(self, kind: Kind, name: str) -> Job | None:
        """The job of that kind and name."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return Job(self.root / kind / name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, kind: Kind | None = None) -> list[Job]:
        """Every job (of one kind), the newest first."""
        found = [
            job
            for one in ((kind,) if kind else KINDS)
            for folder in _folders(self.root / one)
            if (job := self.find(one, folder)) is not None
        ]
        return sorted(found, key=lambda job: (-job.created, job.name))

    def _start(self, job: Job, given: Mapping[str, Any]) -> None:
        lock = os.open(job.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Whoever asks whether the job lives holds the lock for a moment too, so one refusal says nothing yet.
            for _ in range(_STARTING):
                if job._started():
                    return
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(0.002)
                    continue
                if not job._started():
                    self._spawn(job.folder, lock, json.dumps(given).encode())
                return
        finally:
            os.close(lock)

    def _spawn(self, folder: Path, lock: int, given: bytes) -> None:
        launch([str(folder), str(_PACKAGE.parent), str(self.objects), self._site], lock, given)


def _settle(folder: Path, about: Mapping[str, Any]) -> None:
    """Makes the job's folder, with its `job.json` in it from the first moment; somebody else may have been faster."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder.parent / f".new-{os.getpid()}-{os.urandom(6).hex()}"
    new.mkdir(mode=0o700)
    try:
        outcome.write(str(new), "job.json", about)
        new.rename(folder)
        outcome.sync_folder(str(folder.parent))
    except OSError:
        (new / "job.json").unlink(missing_ok=True)
        (new / "job.json.new").unlink(missing_ok=True)
        new.rmdir()
        if not (folder / "job.json").exists():
            raise


def _isal() -> str:
    found = find_spec("isal")
    return str(Path(found.origin).parents[1]) if found is not None and found.origin else ""


def _folders(folder: Path) -> Sequence[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


def _said(path: Path) -> str:
    """The last line of a file, if there is one."""
    try:
        return (path.read_text("utf-8", "replace").strip().splitlines() or [""])[-1]
    except OSError:
        return ""


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data.split(b"\n")[:-1]]
