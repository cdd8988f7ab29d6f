"""One job from its start marker to its `exit.json`, as its supervisor lives it.

In: a job folder with `job.json`, the environment and the secrets. Out: `log`, `metrics.jsonl`, `status.jsonl`, and at
last `exit.json`. Touches: that folder, the job's processes, the object store.
Here belongs the order of things; each of them is done in its own module.
"""

from __future__ import annotations

import errno
import json
import os
import signal

from stepmill.clock import SystemClock
from stepmill.history.redaction import Redactor

from . import contract, outcome, refusals, sandbox, toolkit
from .logs import Capture, LogFile
from .metrics import Metrics
from .processes import Processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .channels import Staging

_END_OF_OUTPUT = 2.0


class _Ended(Exception):
    """The job ends here, before or without its program's own exit."""

    def __init__(self, status: str, reason: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Supervisor:
    """One job from its start marker to its `exit.json`."""

    def __init__(self, folder: str, objects: str, given: dict[str, Any]) -> None:
        with open(f"{folder}/job.json", encoding="utf-8") as file:
            self.job: dict[str, Any] = json.load(file)
        self.folder = folder
        self.tree = f"{folder}/ml"
        self.objects = objects
        self.kind: str = self.job["kind"]
        self.request: dict[str, Any] = self.job["request"]
        self.python: str = self.job["python"]
        self.environ: dict[str, str] = given["environ"]
        self.region = self.environ.get("AWS_REGION") or "us-east-1"
        self.redactor = Redactor(given["secrets"])
        self.clock = SystemClock()
        self.transitions: list[dict[str, Any]] = []
        self.result: dict[str, Any] = {
            "started": None,
            "exit_code": None,
            "sandbox": None,
            "model": None,
            "message": None,
        }
        self.processes = Processes(float(self.job["grace"]))

    def run(self) -> None:
        """The whole job."""
        self.processes.listen()
        if not self._claim():
            return
        sandbox.adopt_orphans()
        self._enter("Starting", at=self.job["created"])
        if os.path.exists(f"{self.folder}/stop"):
            self.processes.stop()
        if os.path.exists(f"{self.folder}/kill"):
            self.processes.kill()
        log = LogFile(f"{self.folder}/log")
        algorithm = self.request.get("AlgorithmSpecification") or {}
        metrics = Metrics(algorithm.get("MetricDefinitions") or [], f"{self.folder}/metrics.jsonl")
        try:
            status, reason = self._work(log, metrics)
        except _Ended as end:
            status, reason = end.status, end.reason
        except OSError as problem:
            status, reason = "Failed", f"InternalServerError: {problem}"
        except Exception:  # noqa: BLE001 - whatever went wrong here, the job gets an end that says so
            import traceback

            traceback.print_exc()
            status = "Failed"
            reason = f"InternalServerError: a bug of Stepmill's: {traceback.format_exc().strip().splitlines()[-1]}"
        self.processes.sweep()
        log.close()
        metrics.close()
        self._leave(status, reason, metrics)

    def _claim(self) -> bool:
        """Leaves the mark that the job was started, once and for good; False when it is there already."""
        try:
            file = os.open(f"{self.folder}/started", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return False
        outcome.reserve(self.folder, "exit.json")
        os.write(file, json.dumps({"pid": os.getpid(), "at": self.clock.now()}).encode())
        os.fsync(file)
        os.close(file)
        outcome.sync_folder(self.folder)
        return True

    def _work(self, log: LogFile, metrics: Metrics) -> tuple[str, str]:
        from .channels import Staging

        if self.processes.stopping:
            raise _Ended("Stopped")
        # Whoever checked the request before has said this already; here it only makes sure that nothing is ignored.
        refused = refusals.refusals(self.kind, self.request)
        if refused:
            raise _Ended("Failed", f"ClientError: {'; '.join(refused)}")
        limit = contract.max_runtime(self.request)
        if self.kind == "training":
            self._enter("Downloading")
            self.processes.limit(limit)
        scratch = f"{self.folder}/scratch"
        try:
            os.makedirs(scratch, exist_ok=True)
            contract.lay(self.tree, self.kind, self.request, self.region)
            staging = Staging(self.kind, self.request, self.tree, self.objects, scratch)
        except ValueError as problem:
            raise _Ended("Failed", f"ClientError: {problem}") from problem
        said = self._apart(lambda: {"overlays": [_fields(one) for one in staging.bring(overlays=True)]}, stoppable=True)
        overlays = [sandbox.Overlay(**one) for one in said["overlays"]]
        if self.kind == "processing":
            self.processes.limit(limit)
        try:
            entry = toolkit.entry(self.kind, self.request, self.tree, self.region, self.python)
        except toolkit.Unstartable as problem:
            raise _Ended("Failed", f"ClientError: {problem}") from problem
        self._enter("Training" if self.kind == "training" else "InProgress")
        code, tail = self._program(entry, overlays, staging, log, metrics)
        self.result["exit_code"] = code
        return self._finish(code, tail, entry, staging)

    def _program(
        self, entry: toolkit.Entry, overlays: list[sandbox.Overlay], staging: Staging, log: LogFile, metrics: Metrics
    ) -> tuple[int, list[str]]:
        """Runs the program to its end: its exit code and the last lines of its stderr."""
        environ = (
            contract.environment(self.kind, self.request, self.environ, self.region, self.python) | entry.variables
        )
        out_read, out = os.pipe2(os.O_CLOEXEC)
        err_read, err = os.pipe2(os.O_CLOEXEC)
        note = toolkit.requirements_note(self.tree, self.python)
        if note:
            log.write("err", [note], self.clock.now())
        try:
            started = self._start(entry, overlays, environ, (out, err), staging)
        except sandbox.NotStarted as problem:
            raise _Ended(
                "Failed", outcome.bounded(f"AlgorithmError: cannot run {problem}", f", exit code: {problem.code}")
            ) from problem
        except sandbox.Refused as problem:
            raise _Ended("Failed", f"ClientError: {problem}") from problem
        finally:
            os.close(out)
            os.close(err)
        self.result["sandbox"] = started.mode
        if started.note:
            log.write("err", [started.note], self.clock.now())
        captures = {
            out_read: Capture("out", log, self.redactor, metrics.lines),
            err_read: Capture("err", log, self.redactor, metrics.lines),
        }
        status = self.processes.attend(started.pid, captures, self.clock.now, started.wrapped, self._stopping)
        # When the first process of a container ends, so does everything in it.
        self.processes.sweep()
        self.processes.drain(captures, self.clock.now, _END_OF_OUTPUT)
        return outcome.exit_code(status), list(captures[err_read].tail)

    def _start(
        self,
        entry: toolkit.Entry,
        overlays: list[sandbox.Overlay],
        environ: dict[str, str],
        streams: tuple[int, int],
        staging: Staging,
    ) -> sandbox.Started:
        try:
            return self._into(entry, environ, streams, overlays)
        except sandbox.OverlayRefused:
            self._apart(lambda: staging.copy(overlays), stoppable=True)
            return self._into(entry, environ, streams, [])

    def _into(
        self, entry: toolkit.Entry, environ: dict[str, str], streams: tuple[int, int], overlays: list[sandbox.Overlay]
    ) -> sandbox.Started:
        return sandbox.start(
            entry.command,
            tree=self.tree,
            cwd=entry.cwd,
            env=environ,
            streams=streams,
            overlays=overlays,
            isolated=contract.isolated(self.request),
        )

    def _stopping(self, reason: str) -> None:
        self._enter("Stopping", reason)

    def _finish(self, code: int, tail: list[str], entry: toolkit.Entry, staging: Staging) -> tuple[str, str]:
        """Outputs, message and verdict, after the program's end."""
        stopped = self.processes.stopping
        try:
            message = outcome.exit_message(self.tree) if self.kind == "processing" else None
            self.result["message"] = self.redactor.text(message) if message is not None else None
        except UnicodeDecodeError:
            return "Failed", "ClientError: /opt/ml/output/message is not UTF-8 text"
        if not stopped and code != 0:
            reason = outcome.failure_reason(
                self.kind,
                self.tree,
                code,
                message=message is not None,
                toolkit=entry.command if entry.toolkit else None,
                tail=tail,
            )
            if self.request.get("CheckpointConfig"):
                try:  # noqa: SIM105 - contextlib takes a millisecond to load
                    self._apart(staging.take_checkpoints)
                except _Ended:
                    pass  # what the program said is the reason, whatever else went wrong afterwards
            return "Failed", reason
        if self.kind == "training":
            if not stopped:
                self._enter("Uploading")
            if self.request.get("CheckpointConfig"):
                self._apart(staging.take_checkpoints)
            self.result["model"] = self._apart(lambda: {"model": staging.take_model()})["model"]
        elif not stopped and contract.outputs(self.request):
            self._apart(staging.take_outputs)
        if not stopped:
            return "Completed", ""
        return ("MaxRuntimeExceeded" if self.processes.overrun else "Stopped"), ""

    def _apart(self, work: Callable[[], object], *, stoppable: bool = False) -> dict[str, Any]:
        """Does a transfer in a process of its own: it can be abandoned at once, and its memory goes with it."""
        reader, writer = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            os._exit(_answer(work, writer))
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            status = self.processes.attend(pid, {}, self.clock.now, False, self._stopping, abandon=stoppable)
            if os.waitstatus_to_exitcode(status) < 0:
                if self.processes.stopping:
                    raise _Ended("MaxRuntimeExceeded" if self.processes.overrun else "Stopped")
                raise _Ended("Failed", "InternalServerError: a transfer between the job and s3:// was killed")
            said: dict[str, Any] = json.loads(file.read())
        if "problem" in said:
            raise _Ended("Failed", said["problem"])
        return said

    def _enter(self, status: str, message: str = "", at: float | None = None) -> None:
        """The job is now in this secondary status."""
        if self.transitions and self.transitions[-1]["status"] == status:
            return
        now = self.clock.now() if at is None else at
        if self.result["started"] is None and status in ("Downloading", "InProgress"):
            self.result["started"] = now
        self.transitions.append(
            {"status": status, "at": now, "message": message or _MESSAGES[self.kind].get(status, "")}
        )
        try:
            file = os.open(f"{self.folder}/status.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.write(file, json.dumps(self.transitions[-1]).encode() + b"\n")
            os.close(file)
        except OSError:
            return  # it is for whoever looks while the job runs; the result has them all

    def _leave(self, status: str, reason: str, metrics: Metrics) -> None:
        """Writes the result."""
        if status in ("Stopped", "MaxRuntimeExceeded"):
            self._enter("Stopping", self.processes.why)
        reason = outcome.bounded(self.redactor.text(reason))
        self._enter(status, self.processes.why if status == "MaxRuntimeExceeded" else reason)
        ended = self.transitions[-1]["at"]
        outcome.write(
            self.folder,
            "exit.json",
            self.result
            | {
                "status": "Stopped" if status == "MaxRuntimeExceeded" else status,
                "secondary": status,
                "reason": reason or None,
                "ended": ended,
                "metrics": metrics.final(),
                "transitions": self.transitions,
            },
        )

    def clear(self, most: int) -> bool:
        """Removes what the end left over, and the tree of a completed job: its results are under `s3://` now.

        At most `most` files; whether there is more.
        """
        budget = _remove(f"{self.folder}/scratch", most)
        if self.transitions and self.transitions[-1]["status"] == "Completed":
            budget = _remove(self.tree, budget)
        return budget <= 0


_MESSAGES = {
    "training": {
        "Starting": "Preparing the instances for training",
        "Downloading": "Downloading input data",
        "Training": "Training image download completed. Training in progress.",
        "Uploading": "Uploading generated training model",
        "Completed": "Training job completed",
        "Stopped": "Training job stopped",
    },
    "processing": {"Stopped": "Processing job stopped"},
}


def _answer(work: Callable[[], object], writer: int) -> int:
    """What a transfer's process says: its result, or the reason for the job's failure."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    try:
        done = work()
        said = done if isinstance(done, dict) else {}
    except Exception as problem:  # noqa: BLE001 - it becomes the reason for the failure
        from .channels import ClientError

        if isinstance(problem, ClientError | ValueError):
            said = {"problem": f"ClientError: {problem}"}
        else:
            import traceback

            traceback.print_exc()
            full = isinstance(problem, OSError) and problem.errno == errno.ENOSPC
            why = "the disk of this machine is full" if full else f"{type(problem).__name__}: {problem}"
            said = {"problem": f"InternalServerError: {why}"}
        said["problem"] = outcome.bounded(said["problem"])  # a longer one would not fit the pipe
    with os.fdopen(writer, "wb") as file:
        file.write(json.dumps(said).encode("utf-8", "replace"))
    return 0


def _fields(overlay: sandbox.Overlay) -> dict[str, str]:
    return {name: getattr(overlay, name) for name in overlay.__slots__}


def _remove(path: str, most: int) -> int:
    """Removes a folder with at most `most` entries; how many more it may have had. What cannot be removed stays."""
    try:
        os.chmod(path, 0o700)  # an overlay leaves a folder that may not be read
        with os.scandir(path) as entries:
            for entry in entries:
                if most <= 0:
                    return most
                if entry.is_dir(follow_symlinks=False):
                    most = _remove(entry.path, most)
                else:
                    os.unlink(entry.path)
                most -= 1
        os.rmdir(path)
    except (OSError, RecursionError):
        return most
    return most
