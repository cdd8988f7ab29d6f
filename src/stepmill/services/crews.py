"""A few threads for work that waits for the world.

In: work. Out: the same, done in order by so many threads. Touches: threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class Crew:
    """A few threads that take work in order; they are made when there is work, and never keep a process alive."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._free = 0
        self._hands = 0
        self._closed = False

    def close(self) -> None:
        """Drop the work that has not begun, take no more, and let the threads end."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def take(self, work: Callable[[], None]) -> None:
        """Have work done, after what waits already."""
        with self._changed:
            if self._closed:
                return
            self._waiting.append(work)
            if self._free:
                self._free -= 1
                self._changed.notify()
            elif self._hands < self._size:
                self._hands += 1
                thread(self._name, self._serve)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closed:
                        return
                    self._free += 1
                    self._changed.wait()
                work = self._waiting.popleft()
            work()


def thread(name: str, work: Callable[[], None]) -> None:
    """Do some work in a thread of its own, which keeps no process alive."""
    threading.Thread(target=work, name=name, daemon=True).start()
