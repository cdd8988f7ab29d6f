"""Threads for what blocks: made when they are needed, gone when they are idle.

In: functions. Out: nothing; they are called. Touches: threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

Task = Callable[[], None]

IDLE_TIME = 10.0


class Workers:
    """At most `most` threads, and at most `queue` tasks that wait for one.

    The threads are daemons: a task that never ends does not hold up the end of the process.
    """

    def __init__(self, most: int, queue: int) -> None:
        self._most = most
        self._queue = queue
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._open = 0  # tasks that wait or run
        self._closed = False

    def submit(self, task: Task) -> bool:
        """Have `task`, which raises nothing, called by a thread: False, and it is not, when too many wait."""
        with self._lock:
            if self._closed or self._open >= self._most + self._queue:
                return False
            self._open += 1
            if len(self._threads) < min(self._open, self._most):
                thread = threading.Thread(target=self._run, name="stepmill-request", daemon=True)
                self._threads.add(thread)
                thread.start()
            self._tasks.put(task)
        return True

    def close(self, patience: float) -> None:
        """End the threads; wait `patience` seconds at most for those that are busy."""
        with self._lock:
            self._closed = True
            threads = list(self._threads)
            for _ in threads:
                self._tasks.put(None)
        until = time.monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=IDLE_TIME)
            except Empty:
                with self._lock:
                    # A task may have been put while this thread gave up; under the lock nobody puts another.
                    if not self._tasks.empty():
                        continue
                    self._threads.discard(threading.current_thread())
                    return
            if task is None:
                with self._lock:
                    self._threads.discard(threading.current_thread())
                return
            task()
            del task
            with self._lock:
                self._open -= 1
