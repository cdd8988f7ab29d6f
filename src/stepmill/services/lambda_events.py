"""Asynchronous invocations: accepted on disk, run once per attempt, tried again as AWS tries again.

In: an event for a function. Out: attempts, whenever they are due. Touches: history; threads for the attempts.
When something is due, and what comes of an outcome, is decided here; how a function is called never is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from stepmill.clock import Clock
from stepmill.functions import request_of
from stepmill.history.log import History, Record, StoreError
from stepmill.logger import logger

Outcome = Literal["succeeded", "failed", "unknown", "trouble", "gone"]
"""`unknown`: it may have run, and its result is lost. `trouble`: it did not run, for no fault of the function. `gone`:
there is no such function any more."""

RETRIES = (60.0, 120.0)
"""Seconds before the second and the third attempt (Lambda: "Error handling for asynchronous invocation")."""
_OLDEST = 6 * 3600.0  # seconds that AWS keeps an event for which it has trouble
_BACKOFF = 300.0  # seconds between attempts with trouble, at most
_REMEMBERED = 86_400.0  # seconds in which one who asks again finds what its first asking came to
_LOOK = 30.0  # seconds between looks at the clock, which a person may set


class Attempt(NamedTuple):
    """One call of a function: under `token` it runs once, whoever asks; `request` is its id in the log, the same in
    every attempt of one event, as on AWS."""

    function: str
    payload: bytes
    token: str
    request: str


class Events:
    """The events of one store. Nothing runs before `start`, or `begin_due`."""

    def __init__(
        self,
        history: History,
        clock: Clock,
        attempt: Callable[[Attempt], Outcome],
        forget: Callable[[str], None],
        *,
        at_once: int = 16,
    ) -> None:
        """`attempt` calls the function and waits; `forget` is told the token of an attempt whose outcome is on disk."""
        self._history = history
        self._clock = clock
        self._attempt = attempt
        self._forget = forget
        self._at_once = at_once
        self._changed = threading.Condition()
        self._waiting: dict[str, dict[str, Any]] = {}
        self._running: set[str] = set()
        self._started = False
        self._closed = False
        self._timer: threading.Thread | None = None

    def accept(self, name: str, function: str, payload: bytes) -> None:
        """Take an event; on return it is on disk. The same name again is the same event."""
        with self._changed:
            if self._history.record("lambda", "event", name) is not None:
                return
            now = self._clock.now()
            event = {"function": function, "payload": payload.decode(), "made": now, "due": now}
            event |= {"attempt": 0, "troubles": 0}
            self._history.put(Record("lambda", "event", name, event))
            self._waiting[name] = event
            self._wake()

    def start(self) -> None:
        """Take up what was left, and run what is due from now on."""
        self.recover()
        with self._changed:
            self._started = True
            self._wake()

    def recover(self) -> None:
        """Read what an earlier process accepted. What ran then is not run again: its token tells."""
        now = self._clock.now()
        with self._changed:
            for name, body in self._history.records("lambda", "event", newest_first=False):
                if "ended" not in body:
                    self._waiting.setdefault(name, body)
                elif now - body["ended"] > _REMEMBERED:
                    self._history.put(Record("lambda", "event", name, None))

    def close(self) -> None:
        """Begin nothing more and write nothing more; what is under way is the next process's to hear of."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def begin_due(self) -> float | None:
        """Begin every attempt that is due. Out: seconds until the next one, None when none waits."""
        with self._changed:
            now = self._clock.now()
            for name in sorted(self._waiting, key=lambda name: float(self._waiting[name]["due"])):
                if self._waiting[name]["due"] > now or len(self._running) >= self._at_once:
                    break
                event = self._waiting.pop(name)
                self._running.add(name)
                threading.Thread(target=self._run, args=(name, event), name="stepmill-event", daemon=True).start()
            if not self._waiting:
                return None
            return max(0.0, min(float(event["due"]) for event in self._waiting.values()) - now)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no attempt is under way, at most `timeout` seconds; whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, timeout)

    def wait_done(self, timeout: float) -> bool:
        """Wait until every event has come to its end, at most `timeout` seconds; whether all have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running and not self._waiting, timeout)

    def _wake(self) -> None:
        if self._started and self._waiting and self._timer is None:
            self._timer = threading.Thread(target=self._time, name="stepmill-events", daemon=True)
            self._timer.start()
        self._changed.notify_all()

    def _time(self) -> None:
        with self._changed:
            while not self._closed:
                left = self.begin_due()
                full = len(self._running) >= self._at_once
                self._changed.wait(_LOOK if left is None or full else min(left, _LOOK))

    def _run(self, name: str, event: dict[str, Any]) -> None:
        token = f"event-{name}" + (f"-{event['attempt']}" if event["attempt"] else "")
        request = request_of(f"event-{name}")
        try:
            outcome = self._attempt(Attempt(event["function"], event["payload"].encode(), token, request))
        except Exception:  # noqa: BLE001 - the timer serves the other events too
            logger.exception("an event for the function %s could not be run", event["function"])
            outcome = "trouble"
        with self._changed:
            self._running.discard(name)
            try:
                if not self._closed:
                    self._settle(name, event, outcome, token)
            except StoreError as fault:  # the next owner finds the event as it stood, and its token
                logger.error("an event for the function %s stays undecided: %s", event["function"], fault)
            self._changed.notify_all()

    def _settle(self, name: str, event: dict[str, Any], outcome: Outcome, token: str) -> None:
        now, attempt, troubles = self._clock.now(), event["attempt"], event["troubles"]
        if outcome == "failed" and attempt < len(RETRIES):
            after = event | {"attempt": attempt + 1, "due": now + RETRIES[attempt]}
        elif outcome == "trouble" and now - event["made"] < _OLDEST:
            after = event | {"troubles": troubles + 1, "due": now + min(_BACKOFF, 2.0**troubles)}
        else:
            if outcome != "succeeded":
                logger.warning("an event for the function %s is given up: %s", event["function"], outcome)
            self._history.put(Record("lambda", "event", name, {"ended": now}))
            self._forget(token)
            return
        self._history.put(Record("lambda", "event", name, after))
        self._waiting[name] = after
        if outcome == "failed":
            self._forget(token)
        self._wake()
