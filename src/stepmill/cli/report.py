"""What is said when an execution has ended: its result, or one screen about what went wrong.

In: a digest and who looks at it. Out: lines. Touches: nothing itself; what it asks reads job logs.
"""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from stepmill.cli.refusal import FAILED, OK, REJECTED, TIMED_OUT
from stepmill.console.canvas import Look
from stepmill.console.tables import pairs
from stepmill.console.text import MARKS
from stepmill.console.words import clip, duration, items_said, log_line, one_line, pretty
from stepmill.history.digest import Digest, Visit

if TYPE_CHECKING:
    from stepmill.jobs.state import JobState

_OUTPUT = 8  # lines of an output that are shown
_LEAST = 3  # log lines on the screen of a failure, when the reason is long
_SCREEN = 24  # lines of a terminal, which a failure must fit in
_STATUS = {"SUCCEEDED": "succeeded", "RUNNING": "running", "ABORTED": "stopped"}


class Seen(Protocol):
    """A job, as far as the end of an execution tells of it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def state(self) -> JobState:
        """What is known of it now."""
        ...


class Sight(Protocol):
    """Who looks at executions: `reading.Reader` on this machine, `remote.Remote` on AWS."""

    def job(self, visit: Visit) -> Any:
        """The job of a visit, a Seen; None when there was none or it is gone."""
        ...

    def said_by_job(self, job: Any) -> list[str]:
        """The last lines of its log."""
        ...

    def log_of_job(self, job: Any) -> str:
        """Where the whole log is."""
        ...

    def said_by_function(self, arn: str, visit: Visit) -> list[str]:
        """What the function that a state called printed."""
        ...

    def source(self, machine: str, state: str) -> str:
        """Where the pipeline says a state; empty when that is not known."""
        ...

    def map_run(self, arn: str) -> Mapping[str, int] | None:
        """How many items of a Map Run stand where."""
        ...

    def first_failed(self, map_run: str) -> str:
        """What `show` calls a Map Run's first child execution that failed; empty when there is none."""
        ...

    def places(self, digest: Digest) -> list[tuple[str, str]]:
        """Where an execution's things are, each with a word for it."""
        ...

    def called(self, digest: Digest) -> str:
        """What the verbs call an execution."""
        ...

    def hosted(self) -> bool:
        """Whether anybody runs what is RUNNING."""
        ...


def code_of(digest: Digest) -> int:
    """The exit code an ended execution deserves."""
    if digest.status == "SUCCEEDED":
        return OK
    if digest.status == "TIMED_OUT":
        return TIMED_OUT
    return REJECTED if digest.status == "FAILED" and digest.error == "GateRejected" else FAILED


def headline(digest: Digest, look: Look, now: float | None = None) -> str:
    """`✔ digits first  SUCCEEDED in 21.3 s`."""
    mark, plain, style = MARKS[_STATUS.get(digest.status, "failed")]
    if code_of(digest) == REJECTED:
        style = "warn"
    until = digest.ended if digest.ended is not None else now
    took = "" if until is None or digest.started is None else f" in {duration(until - digest.started)}"
    said = "REJECTED by the gate" if code_of(digest) == REJECTED else digest.status
    if digest.status == "RUNNING":
        said, took = "RUNNING", took.replace(" in ", " for ")
    shown = look.paint(f"{mark if look.unicode else plain}", style)
    return f"{shown} {look.paint(one_line(f'{digest.machine} {digest.name}'), 'bold')}  {said}{took}"


def ending(digest: Digest, reader: Sight, look: Look, now: float | None = None) -> list[str]:
    """The whole end of `run` and of `show`: headline, result or reason, and where things are."""
    lines = [headline(digest, look, now)]
    rows: list[tuple[str, str]] = []
    if digest.status == "SUCCEEDED":
        rows.append(("output", _output(digest.output, look)))
    elif code_of(digest) == REJECTED:
        rows.append(("why", one_line(digest.cause or "")))
    elif digest.status != "RUNNING":
        said, rows = _failure(digest, reader, look)
        lines += said
    elif not reader.hosted():
        rows.append(("nobody runs it", f"`{shlex.join(['stepmill', 'resume', digest.name])}` goes on with it"))
    rows += [(f"model of {visit.state}", url) for visit, url in models(digest, reader)]
    return lines + pairs([*rows, *reader.places(digest)], look)


def models(digest: Digest, reader: Sight) -> list[tuple[Visit, str]]:
    """The model of each training job that made one."""
    found = []
    for visit in digest.visits:
        if visit.status != "succeeded" or not any(a.job and a.job[0] == "training" for a in visit.attempts):
            continue
        job = reader.job(visit)
        model = job.state().model if job is not None else None
        if model:
            found.append((visit, str(model)))
    return found


def _output(text: str | None, look: Look) -> str:
    """An output that is small as it is, of a large one the beginning."""
    shown = pretty(text)
    if shown.count("\n") < _OUTPUT:
        return shown
    size = f"({len(text or '')} characters; `stepmill show --json` has them all)"
    dots = "…" if look.unicode else "..."
    return f"{clip(one_line(text or ''), max(look.width - 24, 20), dots)}\n{size}"


def _failure(digest: Digest, reader: Sight, look: Look) -> tuple[list[str], list[tuple[str, str]]]:
    """Step, exit code, reason and the last log lines; and, for the rows under them, where the whole log is."""
    rows = [("error", one_line(digest.error or "")), ("cause", _cause(digest.cause))]
    visit = culprit(digest)
    if visit is None:
        return pairs(rows, look), []
    place = reader.source(digest.machine, visit.state)
    step = [("step", one_line(visit.state) + (f"  ({place})" if place else ""))]
    if len(visit.attempts) > 1:
        step.append(("attempts", str(len(visit.attempts))))
    same = (visit.error, visit.cause) == (digest.error, digest.cause)
    if not same:
        step += [("error", one_line(visit.error or ""))]
        # what the pipeline made of it, after what happened
        rows = [("ended as", one_line(f"{digest.error or ''}"))]
    run = next((attempt.map_run for attempt in reversed(visit.attempts) if attempt.map_run), None)
    if run is not None:
        step.append(("items", items_said(reader.map_run(run) or {})))
        if name := reader.first_failed(run):
            rows = [*rows, ("first failed", f"`{shlex.join(['stepmill', 'show', name])}`")]
    job = reader.job(visit)
    if job is None:
        lines = pairs([*step, *(rows if same else [("cause", _cause(visit.cause)), *rows])], look)
        spoken = reader.said_by_function(digest.arn, visit)
        whole = shlex.join(["stepmill", "logs", reader.called(digest), visit.state])
    else:
        error = [("error", one_line(digest.error or ""))] if same else []
        lines = pairs([*step, *error, *_of_job(job, visit), *([] if same else rows)], look)
        spoken = reader.said_by_job(job)
        whole = reader.log_of_job(job)
    if not spoken:
        return lines, [] if job is None else [("whole log", whole)]
    # around the log: headline, a blank, its title, and below it where the log, the files and the store are
    tail = spoken[-max(_SCREEN - len(lines) - 6, _LEAST) :]
    title = f"the last {len(tail)} lines of its log:" if len(tail) > 1 else "the last line of its log:"
    lines += ["", look.paint(f"  {title}", "faint")]
    dots = "…" if look.unicode else "..."
    lines += [f"  {look.paint('│' if look.unicode else '|', 'faint')} {clip(t, look.width - 4, dots)}" for t in tail]
    return lines, [("whole log", whole)]


def _of_job(job: Seen, visit: Visit) -> list[tuple[str, str]]:
    state = job.state()
    status = f"{state.status}" + (f" ({state.secondary})" if state.secondary not in (None, "", state.status) else "")
    reason = state.reason or _reason(visit.cause)
    return [
        ("job", f"{job.name}  {status}"),
        ("exit code", "" if state.exit_code is None else f"{state.exit_code}{_signal(state.exit_code, state.status)}"),
        ("reason", _indented(reason)),
    ]


def _signal(code: int, status: str) -> str:
    """` (SIGKILL)` for an exit code that a signal made."""
    try:
        name = signal.Signals(code - 128).name if code > 128 else ""
    except ValueError:
        return ""
    killed = ", after SIGTERM did not end it" if name == "SIGKILL" and status == "Stopped" else ""
    return f" ({name}{killed})" if name else ""


def culprit(digest: Digest) -> Visit | None:
    """The visit that the failure began with: the last task that failed, whether it was caught or not."""
    failed = [visit for visit in digest.visits if visit.status in ("failed", "caught", "stopped")]
    tasks = [visit for visit in failed if visit.type == "Task"]
    own = [visit for visit in tasks if visit.status == "failed"] or tasks
    found = own or failed
    return found[-1] if found else None


def _cause(text: str | None) -> str:
    """A cause for people: what AWS packs as JSON in a text is taken apart."""
    try:
        packed = json.loads(text or "")
    except ValueError:
        return _indented(text or "")
    if not isinstance(packed, dict):
        return _indented(text or "")
    if reason := packed.get("FailureReason"):
        return _indented(str(reason))
    if "errorMessage" in packed:
        kind = f"{packed['errorType']}: " if packed.get("errorType") else ""
        trace = packed.get("stackTrace") or []
        return _indented(f"{kind}{packed['errorMessage']}\n" + "".join(map(str, trace)))
    return _short(pretty(text))


def _reason(cause: str | None) -> str:
    try:
        packed: Any = json.loads(cause or "")
    except ValueError:
        return cause or ""
    return str(packed.get("FailureReason", "")) if isinstance(packed, Mapping) else ""


def _indented(text: str) -> str:
    return _short("\n".join(log_line(line) for line in text.strip().splitlines()))


def _short(text: str, lines: int = 9) -> str:
    found = text.split("\n")
    return text if len(found) <= lines else "\n".join([*found[: lines - 1], f"… ({len(found) - lines + 1} more lines)"])
