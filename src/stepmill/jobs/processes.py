"""Watches the processes of one job: their output, their time, their end, and what they left behind.

In: a process id, the pipes of its output, signals to the supervisor. Out: an exit status. Touches: the job's processes.
Here belongs who is signalled and when; what an exit code means never does.
"""

from __future__ import annotations

import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .logs import Capture

_BLOCK = 1 << 16
_LONGEST_POLL = 1e9


class Processes:
    """The job's processes. `grace` is the seconds between SIGTERM and SIGKILL."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._wake = -1
        self._killed = False
        self._limit: float | None = None
        self._seconds = 0
        self._kill_at: float | None = None
        self.stopping = False
        self.overrun = False
        self.why = ""

    def listen(self) -> None:
        """From now on signals to this process steer the job."""
        self._wake, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, lambda *_: self.kill())
        signal.signal(signal.SIGQUIT, lambda *_: self.kill())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after the grace."""
        self.stopping = True

    def kill(self) -> None:
        """SIGKILL now."""
        self.stopping = self._killed = True

    def limit(self, seconds: int) -> None:
        """The job may run this long from now on."""
        self._seconds = seconds
        self._limit = time.monotonic() + seconds

    def attend(
        self,
        pid: int,
        captures: Mapping[int, Capture],
        now: Callable[[], float],
        wrapped: bool,
        stopping: Callable[[str], None],
        abandon: bool = False,
    ) -> int:
        """Waits for `pid` while its output is read and its limits are kept; its wait status.

        With `abandon` a stop means SIGKILL at once: it is a transfer whose result nobody wants any more. A transfer
        that is not to be abandoned ends by itself, or by a kill.
        """
        poller = select.poll()
        poller.register(self._wake, select.POLLIN)
        for file in captures:
            poller.register(file, select.POLLIN)
        told = False
        while True:
            status = _reap(pid)
            if status is not None:
                return status
            moment = time.monotonic()
            if self._limit is not None and moment >= self._limit and not self.stopping and (captures or abandon):
                self.stopping = self.overrun = True
                self.why = f"The job ran longer than its MaxRuntimeInSeconds ({self._seconds}) and was stopped"
            if self.stopping and not told and (captures or abandon):
                told = True
                stopping(self.why)
                if abandon:
                    os.kill(pid, signal.SIGKILL)
                else:
                    self._kill_at = moment + self._grace
                    self._terminate(pid, wrapped)
            if self._killed or (captures and self._kill_at is not None and moment >= self._kill_at):
                self._kill_group(pid, alone=not captures)
            for file, _ in poller.poll(self._patience(moment, bool(captures), abandon)):
                if file == self._wake:
                    os.read(self._wake, _BLOCK)
                elif data := os.read(file, _BLOCK):
                    captures[file].feed(data, now())
                else:
                    poller.unregister(file)

    def drain(self, captures: Mapping[int, Capture], now: Callable[[], float], patience: float) -> None:
        """Reads what is left in the pipes. Somebody outside the job may hold one open: that is waited for briefly."""
        poller = select.poll()
        waiting = set(captures)
        for file in waiting:
            poller.register(file, select.POLLIN)
        end = time.monotonic() + patience
        while waiting and (left := end - time.monotonic()) > 0:
            for file, _ in poller.poll(left * 1000):
                if data := os.read(file, _BLOCK):
                    captures[file].feed(data, now())
                else:
                    poller.unregister(file)
                    waiting.discard(file)
        for file, capture in captures.items():
            os.close(file)
            capture.close(now())

    def sweep(self) -> None:
        """Kills and buries every descendant: orphans became our children, and so do theirs when they die."""
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0]:
                    continue
            except ChildProcessError:
                return
            children = [pid for pid, parent, _ in _table() if parent == os.getpid()]
            if not children:
                return
            for pid in children:
                _signal(pid, signal.SIGKILL)
            for pid in children:
                try:
                    os.waitpid(pid, 0)
                except ChildProcessError:
                    continue

    def _patience(self, moment: float, running: bool, abandon: bool) -> float | None:
        """Milliseconds until something is due."""
        due = []
        if self._limit is not None and not self.stopping and (running or abandon):
            due.append(self._limit)
        if self._kill_at is not None and running:
            due.append(self._kill_at)
        # A job may run for 28 days, poll waits for less than 25.
        return min(max(0.0, min(due) - moment) * 1000 + 1, _LONGEST_POLL) if due else None

    def _terminate(self, pid: int, wrapped: bool) -> None:
        if not wrapped:
            _signal(-pid, signal.SIGTERM)
            return
        # A wrapper would die of it and take the job with it, without its grace.
        for member, _, group in _table():
            if group == pid and member != pid:
                _signal(member, signal.SIGTERM)

    def _kill_group(self, pid: int, alone: bool) -> None:
        self._killed, self._kill_at = False, None
        _signal(pid if alone else -pid, signal.SIGKILL)
        _signal(pid, signal.SIGKILL)


def kill_who_see(tree: str) -> None:
    """Kills every process whose `/opt/ml` is this folder: what a job whose supervisor died has left running.

    A process is known by what it sees, not by its number, which somebody else may have by now.
    """
    try:
        mine = os.stat(tree)
    except OSError:
        return
    for pid, _, _ in _table():
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            seen = os.stat(f"/proc/{pid}/root/opt/ml")
            if (seen.st_dev, seen.st_ino) == (mine.st_dev, mine.st_ino):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        except OSError:
            continue
        finally:
            os.close(handle)


def _reap(pid: int) -> int | None:
    """Buries whoever ended; the wait status of `pid` when it is among them."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended == pid:
            return status
        if not ended:
            return None


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _table() -> list[tuple[int, int, int]]:
    """Every process: its id, its parent's, its group's. Empty where there is no /proc."""
    found = []
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        found.append((int(name), int(fields[1]), int(fields[2])))
    return found
