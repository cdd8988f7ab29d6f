"""Carries out Map Runs: reads items, starts child executions, watches them end, writes results, tells the outcome.

In: acts of distributed Maps, from the engine's thread; ends of executions. Out: signals; child executions in the same
engine. Touches: history and, through `call`, S3.

A run does one thing at a time: what happens to it is put into its inbox, and a crew takes the runs that have something
in theirs. All it decides is on record before it acts, so that a process that dies is followed by one that goes on.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from stepmill.asl import errors
from stepmill.asl.definition import Definition
from stepmill.asl.errors import StatesError
from stepmill.clock import Clock
from stepmill.engine.loop import Engine
from stepmill.engine.signals import Act, Failed, Finished, Signal
from stepmill.engine.starting import Start
from stepmill.history.events import ENDINGS, Event
from stepmill.history.log import History, Record, StoreError
from stepmill.services.map_runs import batching, reading, writing
from stepmill.services.map_runs.formats import ReaderFault
from stepmill.services.map_runs.limits import EXCEEDED, READER_FAILED, THRESHOLD
from stepmill.services.map_runs.reading import Call
from stepmill.services.map_runs.records import ENDS, PENDING, PENDING_REDRIVE, RUNNING, SUCCEEDED, Run, new_body

WRITER_FAILED: Final = "States.ResultWriterFailed"
_STOPPED: Final = "The Map Run was stopped."
_PATIENCE: Final = 30.0  # seconds
_TRIES: Final = 3
_STARTS: Final = 250  # child executions begun in one commit, at most
Work = Callable[[], None]


class MapRuns:
    """The performer of the acts that distributed Maps ask for.

    `take(work)` has work done later, in any thread; or at once, for an engine in a single thread. `read(act)` gives the
    items of an ItemReader; None reads S3. Nothing is done before `begin`.
    """

    def __init__(
        self,
        history: History,
        clock: Clock,
        engine: Engine,
        call: Call,
        take: Callable[[Work], None],
        *,
        read: Callable[[Act], Iterable[Any]] | None = None,
    ) -> None:
        self._history = history
        self._clock = clock
        self._engine = engine
        self._call = call
        self._take = take
        self._read_items = read or (lambda act: reading.read(act.parameters["plan"]["reader"], call, act.name))
        self._runs: dict[str, Run] = {}
        self._tells: dict[str, Callable[[Signal], None]] = {}
        self._children: dict[str, tuple[Run, int]] = {}  # of those that run
        self._definitions: dict[str, Definition] = {}
        self._lock = threading.Lock()
        self._held: list[Work] | None = []  # until `begin`
        self._closed = False

    def begin(self) -> None:
        """Go to work. Call it when the engine has recovered; runs that were being stopped are stopped."""
        with self._lock:
            held, self._held = self._held or [], None
        for _, body in self._history.records("states", "maprun"):
            if body["phase"] == "stopping" and body["arn"] not in self._runs:
                self._post(self._loaded(body["arn"]), ("stop",))
        for work in held:
            self._take(work)

    def close(self) -> None:
        """Begin nothing more; whoever recovers goes on."""
        self._closed = True

    # ---- from any thread

    def perform(self, act: Act, tell: Callable[[Signal], None]) -> None:
        """Begin or continue the Map Run of an act. An act that names a run of another act redrives it."""
        arn = act.parameters["mapRunArn"]
        self._tells[arn] = tell
        self._post(self._loaded(arn, act), ("go", act))

    def cancel(self, act: Act) -> None:
        """Stop a Map Run and its child executions."""
        self._tells.pop(act.parameters["mapRunArn"], None)
        self._post(self._loaded(act.parameters["mapRunArn"], act), ("stop",))

    def redrive(self, arn: str) -> None:
        """Run again what has not succeeded, in a run that failed or was stopped. Raises LookupError.

        Where no items could be read there is nothing to run: those are read again for an act of the parent only.
        """
        if self._history.record("states", "maprun", arn) is None:
            raise LookupError(f"there is no Map Run {arn}")
        self._post(self._loaded(arn), ("redrive",))

    def ended(self, arn: str, event: Event) -> None:
        """An execution ended, of whatever kind."""
        found = self._children.pop(arn, None)
        if found is not None:
            run, index = found
            self._post(run, ("end", index, ENDS[ENDINGS[event.type]]))

    def update(self, arn: str, changes: dict[str, Any]) -> None:
        """Other limits for a run that is under way, on record when this returns."""
        heard = threading.Event()
        self._post(self._loaded(arn), ("update", changes, heard))
        heard.wait(_PATIENCE)

    # ---- one run at a time

    def _loaded(self, arn: str, act: Act | None = None) -> Run:
        with self._lock:
            run = self._runs.get(arn)
            if run is None:
                body = self._history.record("states", "maprun", arn)
                if body is None:
                    assert act is not None
                    body = new_body(act, self._clock.now()) | {"phase": "new"}
                run = self._runs[arn] = Run(self._history, body)
                run.inbox.append(("load",))
            return run

    def _post(self, run: Run, message: tuple[Any, ...]) -> None:
        with self._lock:
            run.inbox.append(message)
            if run.scheduled or self._closed:
                return
            run.scheduled = True
            if self._held is not None:
                self._held.append(lambda: self._serve(run))
                return
        self._take(lambda: self._serve(run))

    def _serve(self, run: Run) -> None:
        while not self._closed:
            messages = []
            with self._lock:
                while run.inbox:
                    messages.append(run.inbox.popleft())
                if not messages:
                    run.scheduled = False
                    return
            try:
                for message in messages:
                    self._hear(run, *message)
                self._advance(run)
                run.failures = 0
            except StoreError as error:
                if not self._closed:
                    self._uncertain(run, error)
                return
            except Exception as bug:
                logging.getLogger("stepmill.maps").error("This is a bug in Stepmill, please report it.", exc_info=bug)
                with contextlib.suppress(StoreError):
                    self._fail(run, errors.RUNTIME, f"This is a bug in Stepmill, not in the pipeline: {bug!r}")

    def _uncertain(self, run: Run, error: StoreError) -> None:
        """A commit that failed may or may not be on disk: believe what is read back, and go on from there."""
        with self._lock:
            self._runs.pop(run.arn, None)
        if run.failures >= _TRIES:
            # The engine meets the same trouble and says so; the next owner of the store goes on from the record.
            logging.getLogger("stepmill.maps").warning("the Map Run %s stands still: %s", run.arn, error)
            return
        again = self._loaded(run.arn, run.act)
        again.failures = run.failures + 1
        self._post(again, ("look",) if run.act is None else ("go", run.act))

    def _hear(self, run: Run, what: str, *more: Any) -> None:
        body = run.body
        match what:
            case "load" if body["phase"] in ("running", "writing", "stopping", "over"):
                self._find(run)
            case "go":
                self._go(run, *more)
            case "redrive":
                self._again(run)
            case "end":
                run.move(*more)
            case "update":
                if body["status"] == "RUNNING":
                    body.update(more[0])
                    self._history.put(run.record())
                more[1].set()
            case "stop" if body["status"] == "RUNNING":
                body.update(status="ABORTED", phase="stopping", ended=self._clock.now())
                self._history.put(run.record())
                self._stop(run)
            case "stop" if body["phase"] == "stopping":
                self._stop(run)
            case _:
                pass

    def _go(self, run: Run, act: Act) -> None:
        before, run.act = run.body["act"], act
        if before != act.name:
            run.body["act"] = act.name
            self._again(run)
        elif run.body["phase"] == "new":
            run.body["phase"] = "reading"
            self._history.put(run.record())
        elif run.body["phase"] == "over":
            self._tell(run)

    def _again(self, run: Run) -> None:
        body = run.body
        if body["status"] in ("RUNNING", "SUCCEEDED") or (run.act is None and not body["counts"]["total"]):
            return
        now = self._clock.now()
        body.update(status="RUNNING", ended=None, redriven=now, exceeded=False)
        body.update(redrives=body["redrives"] + 1, phase="running" if body["counts"]["total"] else "reading")
        for key in ("error", "cause"):
            body.pop(key, None)
        run.again()
        self._history.put(run.record())

    def _find(self, run: Run) -> None:
        """How each child stands, after a restart."""
        if run.body["status"] == "SUCCEEDED":  # its inputs are gone, and its counts are final
            run.states = bytearray([SUCCEEDED]) * run.body["total"]
            for index in range(run.body["total"]):
                found = run.found(index)
                run.states[index] = SUCCEEDED if found is None else ENDS[found[1]["status"]]
            return
        run.load()
        redrives, loaded = run.body["redrives"], self._engine.running()
        for index in range(len(run.states)):
            found = run.found(index)
            if found is None:
                run.states[index] = PENDING
                if not redrives:
                    break  # they are started in order
                continue
            arn, record = found
            state = ENDS.get(record["status"], RUNNING)
            if state == RUNNING:
                self._children[arn] = (run, index)
                if arn not in loaded:
                    self._engine.adopt(arn)
                again = self._history.record("states", "execution", arn) or record
                if again["status"] != "RUNNING" and self._children.pop(arn, None) is not None:
                    state = ENDS[again["status"]]
            old = redrives and arn != run.child(index)[0] and run.body["status"] == "RUNNING"
            run.states[index] = PENDING_REDRIVE if old and state != SUCCEEDED else state
        run.recount()

    def _advance(self, run: Run) -> None:
        if run.body["phase"] == "reading":
            self._read(run)
        if run.body["phase"] == "running":
            self._run(run)
        if run.body["phase"] == "writing":
            self._finish(run)
        if run.body["phase"] == "stopping":
            if not run.running:
                run.body["phase"] = "over"
            self._history.put(run.record())
        if run.body["phase"] == "over" and not run.inbox:
            with self._lock:
                if not run.inbox:
                    self._runs.pop(run.arn, None)

    def _read(self, run: Run) -> None:
        assert run.act is not None, "a run reads for its act"
        told = run.act.parameters
        try:
            items = self._read_items(run.act) if told["items"] is None else told["items"]
            run.keep(batching.inputs(items, told))
        except ReaderFault as fault:
            self._fail(run, READER_FAILED, str(fault))
        except StatesError as fault:
            self._fail(run, fault.error, fault.cause)

    def _run(self, run: Run) -> None:
        body = run.body
        if not body.get("exceeded") and run.exceeds():
            body["exceeded"] = True
            self._history.put(run.record())
            self._stop(run)
        told = False
        while not body.get("exceeded"):
            room = min(_STARTS, body["concurrency"] - run.running)
            indexes = run.waiting(room) if room > 0 else []
            if not indexes:
                break
            self._start(run, indexes)
            told = True
        if not run.running and (body.get("exceeded") or not run.any_waiting()):
            body["phase"], told = "writing", False
        if not told:
            self._history.put(run.record())

    def _start(self, run: Run, indexes: list[int]) -> None:
        body = run.body
        starts = []
        for index in indexes:
            arn, name = run.child(index)
            self._children[arn] = (run, index)
            told = {"map_run": run.arn, "items": run.size(index), "redrives": body["redrives"]}
            starts.append(
                Start(
                    arn,
                    body["machine"],
                    name,
                    self._definition(body),
                    run.input(index),
                    body["role"],
                    body["machine_arn"],
                    [Record("states", "execution", arn, told)],
                )
            )
            run.move(index, RUNNING)
        self._engine.start_all(starts, [run.record()])

    def _definition(self, body: dict[str, Any]) -> Definition:
        found = self._definitions.get(body["definition"])
        if found is None:
            found = Definition.parse(body["definition"], express=body["express"])
            if len(self._definitions) > 32:
                self._definitions.clear()
            self._definitions[body["definition"]] = found
        return found

    def _stop(self, run: Run) -> None:
        """Stop the child executions that run; Express ones end by themselves, as on AWS."""
        if run.body["express"]:
            return
        for index, state in enumerate(run.states):
            if state == RUNNING:
                self._engine.stop(run.child(index)[0], cause=_STOPPED)

    # ---- its end

    def _finish(self, run: Run) -> None:
        body = run.body
        error, cause = (EXCEEDED, THRESHOLD) if body.get("exceeded") else ("", "")
        try:
            if (body["writer"] or {}).get("to") is not None:
                writing.write(run, self._history, self._call)
                body["written"] = body["redrives"]
        except writing.WriterFault as fault:
            error, cause = error or WRITER_FAILED, cause or str(fault)
        else:
            for counts in (body["counts"], body["items"]):
                counts["resultsWritten"] = counts["total"]
        if error:
            self._fail(run, error, cause)
            return
        try:
            writing.result(run, self._history)
        except writing.TooLarge as fault:
            self._fail(run, errors.DATA_LIMIT_EXCEEDED, str(fault))
            return
        body.update(status="SUCCEEDED", phase="over", ended=self._clock.now())
        self._history.put(run.record(), *run.drop_inputs())
        self._tell(run)

    def _fail(self, run: Run, error: str, cause: str) -> None:
        run.body.update(status="FAILED", phase="over", ended=self._clock.now(), error=error, cause=cause)
        self._history.put(run.record())
        self._tell(run)

    def _tell(self, run: Run) -> None:
        tell = self._tells.pop(run.arn, None)
        if tell is None or run.act is None:
            return
        if run.body["status"] == "SUCCEEDED":
            tell(Finished(run.act, writing.result(run, self._history)))
        elif run.body["status"] == "FAILED":
            tell(Failed(run.act, run.body["error"], run.body["cause"]))
