"""Carries out histories: commits what executions decide, then asks the world.

In: starts, stops and signals, from any thread. Out: committed events, then acts. Touches: the clock, the history and,
through `perform` and `cancel`, the world; the rest of engine/ touches nothing.

Commit before act; an act is named by the event that asked for it. Recovery folds what is on disk and asks again under
the same names.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence

from stepmill.asl.definition import Definition
from stepmill.clock import Clock
from stepmill.engine.execution import Execution
from stepmill.engine.machine import Machine
from stepmill.engine.redrive import REDRIVEN, replay
from stepmill.engine.revisions import Revisions
from stepmill.engine.signals import Act, Begun, Failed, Finished, Signal, Stop
from stepmill.engine.starting import Start
from stepmill.history.events import ENDINGS, Event
from stepmill.history.log import History, Record, StoreError, StoreFull

TURN_BUDGET = 1000  # events in one commit, about
_LONGEST_WAIT = 60.0  # seconds; a machine that slept wakes up to a clock that jumped
_COMMIT_TRIES = 3


class Engine:
    """Runs executions, all in the thread that calls `run` or `turn`.

    `perform(act, tell)` must return at once; the performer calls `tell(signal)` from any thread, with Submitted,
    Finished or Failed. An act with `recovered` may have been performed before: the performer finds the first one by
    name. `cancel(act)` stops, as well as it can, what an act began; it may be called for acts that never began or are
    long over. `settled(act)` is called once the outcome of an act, or that a worker has it, is committed, `ended(arn,
    event)` once the last event of an execution is. `is_there(arn)` says whether an activity exists. `random` feeds
    Retry's jitter and task tokens.
    """

    def __init__(
        self,
        history: History,
        clock: Clock,
        perform: Callable[[Act, Callable[[Signal], None]], None],
        cancel: Callable[[Act], None],
        *,
        settled: Callable[[Act], None] = lambda act: None,
        ended: Callable[[str, Event], None] = lambda arn, event: None,
        random: Callable[[], float] | None = None,
        is_there: Callable[[str], bool] = lambda resource: True,
    ) -> None:
        self._history = history
        self._clock = clock
        self._perform = perform
        self._cancel = cancel
        self._settled = settled
        self._ended = ended
        self._random = random
        self._is_there = is_there
        self._executions: dict[str, Execution] = {}
        self._revisions = Revisions(history)
        self._inbox: queue.SimpleQueue[tuple[str, Signal | None]] = queue.SimpleQueue()
        self._pending: dict[str, deque[Signal]] = {}
        self._ready: deque[str] = deque()
        self._adopting: set[str] = set()
        self._performed: dict[str, set[int]] = {}  # execution → events whose act this process has begun
        self._failed_commits = 0
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._closed = False
        self._error: Exception | None = None

    # ---- from any thread

    def start(
        self,
        arn: str,
        *,
        machine: str,
        name: str,
        definition: Definition,
        input_text: str,
        role: str,
        machine_arn: str,
        records: Sequence[Record] = (),
        express: bool = False,
    ) -> None:
        """Begin an execution. On return its ExecutionStarted and `records` are durable.

        A record of the execution itself among `records` adds to the one made here.
        """
        self.start_all([Start(arn, machine, name, definition, input_text, role, machine_arn, records, express)])

    def start_all(self, starts: Sequence[Start], records: Sequence[Record] = ()) -> None:
        """Begin several executions in one commit, which `records` are written in too."""
        now = self._clock.now()
        born = [self._execution(one.arn, self._revisions.of(one.definition)) for one in starts]
        batches = [(it.arn, it.start(now, one.details())) for it, one in zip(born, starts, strict=True)]
        firsts: list[Record] = []
        known = set(self._revisions.known)
        for one in starts:
            firsts += one.first_records(now, known)
            known.add(one.definition.digest)
        self._history.append(batches, [*firsts, *records])
        self._revisions.known |= known
        with self._lock:
            self._executions.update((it.arn, it) for it in born)
        for it in born:
            self._inbox.put((it.arn, None))

    def stop(self, arn: str, error: str = "", cause: str = "") -> None:
        """End an execution as ABORTED and cancel its acts. Nothing happens if it has ended already."""
        self._inbox.put((arn, Stop(error, cause)))

    def adopt(self, arn: str) -> None:
        """Go on with an execution that is on disk: a `start_all` that failed may have written it all the same."""
        with self._lock:
            self._adopting.add(arn)
        self._inbox.put((arn, None))

    def redrive(self, arn: str, records: Sequence[Record] = ()) -> Event:
        """Go on with an execution that ended otherwise than well, in one commit with `records` → its event. On return
        it is durable. The caller makes sure that nobody else does the same at once."""
        last = self._history.read(arn)[-1]
        count = int((self._history.record("states", "execution", arn) or {}).get("redrives", 0)) + 1
        event = Event(last.id + 1, last.id, self._clock.now(), REDRIVEN, {"redriveCount": count})
        self._history.append([(arn, [event])], [*records, Record("states", "unfinished", arn, {})])
        self.adopt(arn)
        return event

    def tell(self, signal: Signal) -> None:
        """Hand in a signal about an act."""
        if not isinstance(signal, Stop):
            self._inbox.put((signal.act.execution, signal))

    def act(self, name: str) -> Act | None:
        """The act of that name that an execution waits for; None when nobody does, any more or yet."""
        arn, _, event = name.rpartition("#")
        with self._lock:
            execution = self._executions.get(arn)
        branch = None if execution is None else execution.acts.get(int(event))
        return None if execution is None or branch is None else execution.act(branch)

    def running(self) -> set[str]:
        """ARNs of the executions that have not ended."""
        with self._lock:
            return set(self._executions)

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Block until nothing runs; False when `timeout` seconds passed. Raises what ended `run`."""
        with self._idle:
            done = self._idle.wait_for(lambda: not self._executions or self._closed or self._error, timeout)
            if self._error is not None:
                raise self._error
            return bool(done) and not self._executions

    def close(self) -> None:
        """Let `run` return after its present turn. Executions and acts stay as they are on disk."""
        with self._idle:
            self._closed = True
            self._idle.notify_all()
        self._inbox.put(("", None))

    # ---- in the engine's own thread

    def run(self) -> None:
        """Take turns until `close`. Raises StoreFull or StoreError when the store does not take events any more."""
        try:
            while not self._closed:
                due = self.turn()
                if not self._closed:
                    self.wait(due)
        except Exception as error:
            with self._idle:
                self._error = error
                self._idle.notify_all()
            raise

    def wait(self, due: float | None) -> None:
        """Block until something is in the inbox, or until `due`."""
        seconds = _LONGEST_WAIT if due is None else min(_LONGEST_WAIT, due - self._clock.now())
        try:
            arn, signal = self._inbox.get(timeout=seconds) if seconds > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return
        self._receive(arn, signal)

    def turn(self) -> float | None:
        """Advance everything that is ready, commit once, then act. Returns when the next thing is due, None if never.

        A time that has passed means that work is left and another turn should follow at once.
        """
        while True:
            try:
                self._receive(*self._inbox.get_nowait())
            except queue.Empty:
                break
        now = self._clock.now()
        for arn, waiting in list(self._executions.items()):
            due = waiting.next_due()
            if due is not None and due <= now:
                self._queue(arn)
        batches: list[tuple[str, list[Event]]] = []
        told: dict[str, deque[Signal]] = {}
        poisoned: list[tuple[str, Exception]] = []
        budget = TURN_BUDGET
        for _ in range(len(self._ready)):
            if budget <= 0:
                break
            arn = self._ready.popleft()
            signals = self._pending.pop(arn, deque())
            execution = self._executions.get(arn)
            try:
                events = [] if execution is None else execution.advance(now, signals, budget)
            except Exception as error:  # noqa: BLE001 - one bad execution must not stop the others
                poisoned.append((arn, error))
                continue
            if events:
                batches.append((arn, events))
                told[arn] = signals
                budget -= len(events)
            if execution is not None and execution.ready:
                self._queue(arn)
        if batches:
            self._commit(batches, told)
        for arn, fault in poisoned:
            self._poisoned(arn, fault)
        if self._ready or not self._inbox.empty():
            return now
        dues = [due for waiting in list(self._executions.values()) if (due := waiting.next_due()) is not None]
        return min(dues, default=None)

    def recover(self) -> list[str]:
        """Fold every execution that has not ended and ask again for what is outstanding. Returns their ARNs."""
        found = []
        for arn, _ in self._history.records("states", "unfinished", newest_first=False):
            if arn not in self._executions and self._reload(arn):
                found.append(arn)
                self._act(self._executions[arn], recovered=True)
        return found

    # ---- within a turn

    def _receive(self, arn: str, signal: Signal | None) -> None:
        if arn in self._adopting:
            self._adopting.discard(arn)
            if arn not in self._executions and self._reload(arn):
                self._act(self._executions[arn], recovered=True)
        if arn in self._executions:
            self._queue(arn)
            if signal is not None:
                self._pending[arn].append(signal)

    def _queue(self, arn: str) -> None:
        if arn not in self._pending:
            self._pending[arn] = deque()
            self._ready.append(arn)

    def _poisoned(self, arn: str, error: Exception) -> None:
        """A bug of ours: end that execution, and nothing else, with what is on disk as its history."""
        cause = _confess(f"The execution {arn} ends with States.Runtime.", error)
        # Its own state cannot be trusted, not even to fold: the event is made by hand.
        events = self._history.read(arn)
        last = events[-1]
        if last.type in ENDINGS:
            ended = last
            batch: list[tuple[str, list[Event]]] = []
        else:
            details = {"error": "States.Runtime", "cause": cause}
            ended = Event(last.id + 1, last.id, self._clock.now(), "ExecutionFailed", details)
            batch = [(arn, [ended])]
        self._history.append(batch, self._ending(arn, ended))
        execution = self._executions.get(arn)
        if execution is not None:
            for branch in execution.acts.values():
                self._stop_act(execution.act(branch))
        self._forget(arn)
        self._ended(arn, ended)

    def _ending(self, arn: str, ended: Event, *, finished: bool = True) -> list[Record]:
        """What the records say of an execution that ends. Not `finished`: its acts are still to be cancelled."""
        body = dict(self._history.record("states", "execution", arn) or {"arn": arn})
        body["status"] = ENDINGS[ended.type]
        body["ended"] = ended.at
        for key in ("error", "cause"):
            if key in ended.details:
                body[key] = ended.details[key]
        records = [Record("states", "execution", arn, body)]
        return [*records, Record("states", "unfinished", arn, None)] if finished else records

    def _commit(self, batches: list[tuple[str, list[Event]]], told: dict[str, deque[Signal]]) -> None:
        """One transaction for the whole turn, then the acts it asked for."""
        try:
            records = []
            for arn, _ in batches:
                execution = self._executions[arn]
                if execution.ended is not None:
                    records += self._ending(arn, execution.ended, finished=not execution.dropped)
            self._history.append(batches, records)
        except StoreError as error:
            self._uncertain(batches, told, error)
            return
        self._failed_commits = 0
        for arn, _ in batches:
            self._act(self._executions[arn])
        for signals in told.values():
            for signal in signals:
                if isinstance(signal, Finished | Failed | Begun):
                    self._settled(signal.act)

    def _uncertain(
        self, batches: list[tuple[str, list[Event]]], told: dict[str, deque[Signal]], error: StoreError
    ) -> None:
        """A commit that failed may or may not be on disk: believe what is read back, hand the signals in again."""
        self._failed_commits += 1
        for arn, _ in batches:
            if self._reload(arn):
                self._act(self._executions[arn], reloaded=True)
                self._queue(arn)
                self._pending[arn].extendleft(reversed(told[arn]))
        if isinstance(error, StoreFull) or self._failed_commits >= _COMMIT_TRIES:
            raise error

    def _reload(self, arn: str) -> bool:
        """Fold an execution from disk. False if it has ended (its acts are cancelled then), or cannot be folded."""
        with self._lock:
            self._executions.pop(arn, None)
        try:
            events = self._history.read(arn)
            machine = self._revisions.read(events[0].details["_revision"])
            execution = self._execution(arn, machine)
            replay(execution, events)
            execution.beats(self._clock.now())
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the engine starts in spite of any row
            self._poisoned(arn, error)
            return False
        with self._lock:
            self._executions[arn] = execution
        if execution.ended is not None:
            self._act(execution, recovered=True)
            return False
        if execution.ready:
            self._queue(arn)
        return True

    def _act(self, execution: Execution, *, recovered: bool = False, reloaded: bool = False) -> None:
        """Ask the world for what the committed events ask for."""
        begin, cancel = execution.outstanding() if recovered or reloaded else execution.take()
        performed = self._performed.setdefault(execution.arn, set())
        for act in cancel:
            self._stop_act(act)
        for act in begin:
            if act.event not in performed:
                performed.add(act.event)
                try:
                    self._perform(act._replace(recovered=recovered), self.tell)
                except Exception as error:  # noqa: BLE001 - the performer is ours; the other executions go on
                    cause = _confess(f"The task {act.name} could not be begun.", error)
                    self.tell(Failed(act, "States.Runtime", cause))
        if execution.ended is not None:
            if cancel:
                self._history.put(Record("states", "unfinished", execution.arn, None))
            self._forget(execution.arn)
            self._ended(execution.arn, execution.ended)

    def _stop_act(self, act: Act) -> None:
        try:
            self._cancel(act)
        except Exception as error:  # noqa: BLE001 - as well as it can
            _confess(f"The task {act.name} could not be cancelled.", error)

    def _forget(self, arn: str) -> None:
        """An execution that has ended takes no memory."""
        self._performed.pop(arn, None)
        self._pending.pop(arn, None)
        with self._idle:
            self._executions.pop(arn, None)
            if not self._executions:
                self._idle.notify_all()

    def _execution(self, arn: str, machine: Machine) -> Execution:
        return Execution(arn, machine, random=self._random, is_there=self._is_there)


def _confess(what: str, error: Exception) -> str:
    """Log a bug of ours where the user sees it; the cause for the history."""
    import logging  # 15 ms that only a bug of ours is worth

    logging.getLogger("stepmill.engine").error("This is a bug in Stepmill, please report it. %s", what, exc_info=error)
    return f"This is a bug in Stepmill, not in the pipeline: {type(error).__name__}: {error}"
