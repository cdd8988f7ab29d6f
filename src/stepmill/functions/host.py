"""The host: one small process per folder that keeps workers warm and outlives whoever calls.

In: control messages on a Unix socket. Out: results, kept under their tokens. Touches: its folder, its workers.
Run as `python -I -S host.py ROOT IDLE LINGER` by caller.py; only the standard library. A lock on `host.lock` is its
sign of life, `host.json` says where its socket is. What it is told about environments and secrets stays in memory.
"""
# Starting quickly is this file's promise, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH100, PTH110, PTH118, PTH120

from __future__ import annotations

import fcntl
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from stepmill.functions import door, endings
from stepmill.functions.endings import Ending
from stepmill.functions.logs import Log
from stepmill.functions.tokens import Tokens
from stepmill.functions.wire import receive, send
from stepmill.functions.worker import Gone, Spec, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Answer = tuple[dict[str, Any], bytes]

_AT_ONCE = 64
"""Workers that run at the same time; further calls wait for one to end."""
_SWEEP = 5.0
_PR_SET_PDEATHSIG = 1


class Flight:
    """A call under way: those who ask for its token wait here."""

    __slots__ = ("answer", "landed")

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.answer: Answer = ({"status": "unknown"}, b"")


class Host:
    """Everything the process holds. `serve` runs in the main thread, which alone starts workers: a worker dies with
    the thread that started it (PR_SET_PDEATHSIG), and only the main thread lives as long as the host."""

    def __init__(self, root: str, idle: float, linger: float, socket_path: str, lock_file: int) -> None:
        self.root = root
        self.idle = idle
        self.linger = min(linger, idle)
        self.callers: set[int] = set()
        self.socket = socket_path
        self.lock_file = lock_file
        self.ending = False
        self.tokens = Tokens(os.path.join(root, ".tokens"))
        self.lock = threading.Lock()
        self.flights: dict[str, Flight] = {}
        self.resting: list[tuple[float, Worker]] = []
        self.workers: set[Worker] = set()
        self.connections = 0
        self.used = time.monotonic()
        self.at_once = threading.BoundedSemaphore(_AT_ONCE)
        self.spawns: queue.SimpleQueue[tuple[list[str], dict[str, Any], queue.SimpleQueue[Any]]] = queue.SimpleQueue()
        self.die_with_host = _death_signal()

    def serve(self, server: socket.socket) -> None:
        """Answer until nobody asked for `idle` seconds, or for `linger` seconds once all who ever asked are gone."""
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        while True:
            try:
                arguments, options, reply = self.spawns.get(timeout=min(_SWEEP, max(self.linger / 4, 0.05)))
            except queue.Empty:
                self._close_resting(time.monotonic() - self.idle)
                if self._is_over():
                    return
                continue
            try:
                reply.put(
                    subprocess.Popen(
                        arguments,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        start_new_session=True,
                        preexec_fn=self.die_with_host,  # noqa: PLW1509 - one prctl, made ready before
                        **options,
                    )
                )
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                reply.put(error)

    def _is_over(self) -> bool:
        """Whether to end: nobody asked for long, or nobody can any more. Decided and announced in one step, so that a
        call that comes now is not accepted here but by the next host."""
        lost = not os.path.exists(self.socket) or not door.is_same(self.lock_file, os.path.join(self.root, "host.lock"))
        with self.lock:
            if self.flights or self.connections:
                return False
            self.callers = {pid for pid in self.callers if door.lives(pid)}
            self.ending = lost or time.monotonic() - self.used > (self.idle if self.callers else self.linger)
            return self.ending

    def close(self) -> None:
        """Kill every worker; calls under way stay accepted, so they are unknown from now on."""
        with self.lock:
            workers, self.workers = self.workers, set()
        for worker in workers:
            worker.kill()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with self.lock:
                if self.ending:
                    connection.close()
                    continue
                self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                if door.is_mine(connection):
                    head, body = receive(connection)
                    with self.lock:
                        self.callers.add(head["pid"])
                    send(connection, *self._answer(head, body))
                    if head["op"] == "stop":
                        os.kill(os.getpid(), signal.SIGTERM)
        except (OSError, EOFError, ValueError, KeyError):
            pass  # the caller is gone; what it asked for is kept under its token
        finally:
            with self.lock:
                self.connections -= 1
                self.used = time.monotonic()

    def _answer(self, head: dict[str, Any], body: bytes) -> Answer:
        if head["op"] == "invoke":
            return self._invoke(head, body)
        if head["op"] == "close_idle":
            self._close_resting(time.monotonic())
        with self.lock:
            return {"status": "ok", "workers": len(self.workers), "running": len(self.flights)}, b""

    def _invoke(self, head: dict[str, Any], payload: bytes) -> Answer:
        token = head["file"]
        with self.lock:
            flight = self.flights.get(token)
            first = flight is None
            if flight is None:
                flight = self.flights[token] = Flight()
        if not first:
            flight.landed.wait()
            return flight.answer
        try:
            flight.answer = self._fly(head, token, payload)
        except OSError as error:  # a full disk, say, before the call was accepted
            flight.answer = {"status": "error", "message": str(error)}, b""
        finally:
            with self.lock:
                del self.flights[token]
            flight.landed.set()
        return flight.answer

    def _fly(self, head: dict[str, Any], token: str, payload: bytes) -> Answer:
        """What became of the token; OSError only when it was not accepted. Unknown when it was, by a host that died."""
        kept = self.tokens.result(token)
        if kept is not None:
            return kept
        spec = Spec(head["function"], head["environ"])
        log = Log(os.path.join(self.root, spec.name), head.get("secrets", []), spec.code)
        try:
            request_id = head["request"]
            if not self.tokens.accept(token, {"token": head["token"], "request": request_id, "at": time.time()}):
                return {"status": "unknown"}, b""
            try:
                with self.at_once:
                    ending = self._attempt(spec, payload, request_id, log)
            except OSError as error:
                print(f"{request_id}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - into host.err
                return {"status": "unknown"}, b""
            head = {"status": ending.status, "log": log.tail(), "request": request_id}
            try:
                self.tokens.finish(token, head, ending.payload)
            except OSError as error:  # whoever waits now gets it all the same
                print(f"{request_id}: the result is not kept: {error}", file=sys.stderr, flush=True)  # noqa: T201
            return head, ending.payload
        finally:
            log.close()

    def _attempt(self, spec: Spec, payload: bytes, request_id: str, log: Log) -> Ending:
        while True:
            worker = self._rested(spec)
            cold = worker is None
            if worker is None:
                try:
                    worker = Worker(spec, self._spawn)
                except (OSError, ValueError, subprocess.SubprocessError) as error:
                    ending = endings.not_started(request_id, f"the function cannot be started: {error}")
                    log.line(ending.line)
                    return ending
                with self.lock:
                    self.workers.add(worker)
            try:
                ending, took = worker.invoke(payload, request_id, log)
            except Gone:
                self._discard(worker)
                continue
            except BaseException:
                self._discard(worker)
                raise
            _report(spec, worker, request_id, ending, took, cold, log)
            if ending.reusable:
                with self.lock:
                    self.resting.append((time.monotonic(), worker))
            else:
                self._discard(worker)
            return ending

    def _rested(self, spec: Spec) -> Worker | None:
        """A warm worker for this function; those of the same function as it was before are closed."""
        stale = []
        found = None
        with self.lock:
            for place in range(len(self.resting) - 1, -1, -1):
                worker = self.resting[place][1]
                if worker.spec.key == spec.key:
                    if found is None:
                        found = self.resting.pop(place)[1]
                elif worker.spec.arn == spec.arn:
                    stale.append(self.resting.pop(place)[1])
        for worker in stale:
            self._discard(worker)
        if found is not None:
            found.spec = spec
        return found

    def _spawn(self, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        reply: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.spawns.put((arguments, options, reply))
        process = reply.get()
        if isinstance(process, BaseException):
            raise process
        assert isinstance(process, subprocess.Popen)
        return process

    def _close_resting(self, before: float) -> None:
        with self.lock:
            old = [worker for since, worker in self.resting if since <= before]
            self.resting = [entry for entry in self.resting if entry[0] > before]
        for worker in old:
            self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        with self.lock:
            self.workers.discard(worker)
        worker.close()


def _report(spec: Spec, worker: Worker, request_id: str, ending: Ending, took: float, cold: bool, log: Log) -> None:
    """The platform's lines after an invocation, as Lambda writes them."""
    if ending.line:
        log.line(ending.line)
        if ending.error == "Runtime.ExitError":
            log.line(ending.error)
    log.line(f"END RequestId: {request_id}")
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {took * 1000:.2f} ms",
        f"Billed Duration: {-int(-took * 1000 // 1)} ms",
        f"Memory Size: {spec.memory} MB",
        f"Max Memory Used: {worker.peak_memory()} MB",
    ]
    if cold and worker.init_seconds is not None:
        fields.append(f"Init Duration: {worker.init_seconds * 1000:.2f} ms")
    if ending.error == "Sandbox.Timedout":
        fields.append("Status: timeout")
    elif ending.line:
        fields += ["Status: error", f"Error Type: {ending.error}"]
    log.line("\t".join(fields))


def _death_signal() -> Any:
    """What a worker does before it becomes one: ask the kernel to be killed when its host dies (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    host = os.getpid()

    def before_exec() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != host:
            os._exit(1)

    return before_exec


def main(root: str, idle: float, linger: float) -> None:
    """Become the host of `root` unless it has one. Says `ready` or `taken` on stdout, then lets go of it."""
    lock = os.open(os.path.join(root, "host.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.write(1, b"taken\n")
        return
    if os.fork():  # the caller waits for its child and goes on; the grandchild is nobody's zombie. It keeps the lock
        os._exit(0)
    os.chdir(root)
    threading.stack_size(512 << 10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server, path = door.listen(root)
    host = Host(root, idle, linger, path, lock)
    os.write(1, b"ready\n")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    try:
        host.serve(server)
    finally:
        door.remove_socket(path)
        host.close()
        os._exit(0)


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
