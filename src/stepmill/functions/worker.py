"""One worker process: a function loaded once, and the runtime API it asks for work.

In: a payload. Out: how the invocation ended. Touches: the process, its pipes, a loopback port of its own.
Whoever invokes drives everything from one thread; between invocations nobody listens, as AWS freezes a sandbox, and the
client's next question waits in the kernel.
"""
# The host imports this at start, and importing pathlib takes longer than starting Python does.
# ruff: noqa: PTH100, PTH118, PTH120, SIM105

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time

from stepmill.functions import endings, guard
from stepmill.functions.endings import Ending
from stepmill.functions.logs import Log, stamp
from stepmill.functions.wire import BadRequest, Parser, Request, response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INIT_LIMIT = 10.0
"""Seconds that loading may take beside the function's timeout (Lambda runtime environment, "Init phase")."""
_WATCHED = 300
_BASE = "/2018-06-01/runtime/"
_CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")


class Gone(Exception):
    """The worker died while it waited; it never saw the event."""


class Spec:
    """A function as the host runs it; two calls with equal `key` can share a worker."""

    def __init__(self, function: dict[str, Any], environ: dict[str, str]) -> None:
        self.name: str = function["name"]
        self.arn: str = function["arn"]
        self.handler: str = function["handler"]
        self.code: str = function["code"]
        self.timeout = float(function["timeout"])
        self.memory = int(function["memory"])
        self.python: str = function["python"]
        self.stream: str = function.get("stream") or os.urandom(16).hex()  # an older caller names none
        self.environ = {**environ, **function["environment"]}
        variables = sorted(self.environ.items())
        self.key = repr((self.arn, self.handler, self.code, self.memory, self.python, variables, _state(self.code)))

    def environment(self, port: int, log_stream: str, secret: str) -> dict[str, str]:
        """The caller's clean environment, the function's variables, and those Lambda sets, which win."""
        return {
            **self.environ,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "LAMBDA_TASK_ROOT": self.code,
            "TZ": ":UTC",
            "_HANDLER": self.handler,
            "_STEPMILL_SECRET": secret,
        }


def _state(code: str) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the code's files, nearest first: an edited function is a new one. Only so many, for a
    folder full of packages is packed by content and does not change."""
    found: list[tuple[str, int, int]] = []
    folders = [code]
    while folders and len(found) < _WATCHED:
        below = []
        for folder in folders:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        below.append(entry.path)
                elif len(found) < _WATCHED:
                    try:
                        known = entry.stat()
                    except OSError:
                        continue
                    found.append((entry.path, known.st_size, known.st_mtime_ns))
        folders = below
    return found


class Worker:
    """A process for `spec`. `spawn` starts it and must run in a thread that lives as long as the host does."""

    def __init__(self, spec: Spec, spawn: Callable[..., subprocess.Popen[bytes]]) -> None:
        self.spec = spec
        self.since = time.monotonic()
        self._secret = os.urandom(16).hex()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._listener.setblocking(False)
        port = self._listener.getsockname()[1]
        log_stream = time.strftime("%Y/%m/%d/[$LATEST]", time.gmtime()) + spec.stream
        try:
            self._process = spawn(
                [spec.python, _CLIENT, spec.handler],
                cwd=spec.code,
                env=spec.environment(port, log_stream, "" if guard.sees_peers() else self._secret),
            )
        except BaseException:
            self._listener.close()
            raise
        assert self._process.stdout and self._process.stderr
        self._pipes = {self._process.stdout.fileno(): "out", self._process.stderr.fileno(): "err"}
        self._clients: dict[int, tuple[socket.socket, Parser, bool]] = {}
        self._parked: socket.socket | None = None
        self._ready: float | None = None
        self._ending: Ending | None = None
        self._request_id = ""
        try:
            self._life = os.pidfd_open(self._process.pid) if hasattr(os, "pidfd_open") else -1
        except OSError:  # an old kernel; or no descriptor left, and then the next call tells
            self._life = -1
        self._poll = select.poll()
        for handle in (self._listener.fileno(), self._life, *self._pipes):
            if handle >= 0:
                self._poll.register(handle, select.POLLIN)
        for handle in self._pipes:
            os.set_blocking(handle, False)

    @property
    def init_seconds(self) -> float | None:
        """How long loading took, once it is done."""
        return None if self._ready is None else self._ready - self.since

    def invoke(self, payload: bytes, request_id: str, log: Log) -> tuple[Ending, float]:
        """Run one event to its end → how it ended and the seconds it took. Raises Gone when it never got the event."""
        warm = self._ready is not None
        self._ending, self._request_id = None, request_id
        started = time.monotonic()
        limit = started + self.spec.timeout + (0.0 if warm else INIT_LIMIT)
        handed = False
        while self._ending is None:
            if not handed and self._parked is not None:
                self._drain(log)
                log.line(f"START RequestId: {request_id} Version: $LATEST")
                started = time.monotonic()
                limit = started + self.spec.timeout
                self._hand_over(payload)
                handed = True
            left = limit - time.monotonic()
            if left <= 0:
                self._ending = endings.timed_out(request_id, self.spec.timeout, stamp(time.time()))
            elif self._step(left, log):
                if warm and not handed:
                    raise Gone
                self._ending = endings.exited(request_id, self._process.wait())
        took = time.monotonic() - started
        self._drain(log)
        if not handed:
            log.line(f"START RequestId: {request_id} Version: $LATEST")
        return self._ending, took

    def peak_memory(self) -> int:
        """The most memory the process has used, in MB; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self._process.pid}/status") as file:  # noqa: PTH123
                for line in file:
                    if line.startswith("VmHWM:"):
                        return -(-int(line.split()[1]) // 1024)
        except OSError:
            pass
        return 0

    def kill(self) -> None:
        """Kill the process and everything it started that is still in its group."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self) -> None:
        """Kill it and free what it held."""
        self.kill()
        self._process.wait()
        for client, _, _ in self._clients.values():
            client.close()
        self._listener.close()
        if self._life >= 0:
            os.close(self._life)
        assert self._process.stdout and self._process.stderr
        self._process.stdout.close()
        self._process.stderr.close()

    def _hand_over(self, payload: bytes) -> None:
        assert self._parked is not None
        deadline = round((time.time() + self.spec.timeout) * 1000)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self._request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Sampled=0",
        }
        client, self._parked = self._parked, None
        self._send(client, response("200 OK", headers, payload))

    def _step(self, seconds: float, log: Log) -> bool:
        """Wait for something to happen and deal with it → whether the process is dead and said all it had to say."""
        wait = seconds if self._life >= 0 else min(seconds, 0.05)
        dead = False
        while events := self._poll.poll(wait * 1000):
            busy = False
            for handle, _ in events:
                if handle == self._life:
                    dead = True
                else:
                    busy = True
                    self._serve(handle, log)
            if not dead or not busy or self._ending is not None:
                break
            wait = 0.0
        if self._life < 0 and not events and self._process.poll() is not None:
            dead = True
        return dead and self._ending is None

    def _serve(self, handle: int, log: Log) -> None:
        if handle in self._pipes:
            self._read_pipe(handle, log)
        elif handle == self._listener.fileno():
            self._accept()
        elif handle in self._clients:
            client, parser, trusted = self._clients[handle]
            try:
                data = client.recv(1 << 18)
                request = parser.feed(data) if data else None
                if parser.wants_more:
                    client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            except BlockingIOError:
                return
            except (OSError, BadRequest):
                data = b""
            if not data:
                self._hang_up(handle)
            elif request is not None:
                if trusted or request.headers.get("x-stepmill-secret") == self._secret:
                    self._answer(client, request)
                else:
                    self._hang_up(handle)

    def _accept(self) -> None:
        try:
            client, peer = self._listener.accept()
        except OSError:
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        trusted = guard.sees_peers()
        if trusted and not guard.is_mine(peer[1], client.getsockname()[1]):
            client.close()
            return
        self._clients[client.fileno()] = client, Parser(), trusted
        self._poll.register(client.fileno(), select.POLLIN)

    def _hang_up(self, handle: int) -> None:
        client, _, _ = self._clients.pop(handle)
        self._poll.unregister(handle)
        if client is self._parked:
            self._parked = None
        client.close()

    def _answer(self, client: socket.socket, request: Request) -> None:
        path = request.path.removeprefix(_BASE)
        if request.method == "GET" and path == "invocation/next":
            self._parked = client
            if self._ready is None:
                self._ready = time.monotonic()
            return
        status = "202 Accepted"
        if request.method != "POST":
            status = "404 Not Found"
        elif path == f"invocation/{self._request_id}/response":
            self._ending = endings.answered(request.body)
            if self._ending.error:
                status = "413 Payload Too Large"
        elif path == f"invocation/{self._request_id}/error":
            self._ending = endings.raised(request.body, self.spec.code, reusable=True)
        elif path == "init/error":
            self._ending = endings.raised(request.body, self.spec.code, reusable=False)
        else:
            status = "404 Not Found"
        self._send(client, response(status, {"Content-Type": "application/json"}, b'{"status":"OK"}'))

    def _send(self, client: socket.socket, data: bytes) -> None:
        """Whole, or not at all if the client is gone, which its process's end will tell."""
        client.settimeout(max(self.spec.timeout, 1.0))
        try:
            client.sendall(data)
        except OSError:
            pass
        finally:
            client.setblocking(False)

    def _read_pipe(self, handle: int, log: Log) -> bool:
        try:
            data = os.read(handle, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            self._poll.unregister(handle)
            del self._pipes[handle]
            return False
        log.take(self._pipes[handle], data)
        return True

    def _drain(self, log: Log) -> None:
        """Everything printed so far; a process that never stops printing is cut off after 64 MB."""
        for handle in list(self._pipes):
            for _ in range(1024):
                if not self._read_pipe(handle, log):
                    break
