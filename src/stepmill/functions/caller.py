"""Calling a function: finds the host of a folder, starts it when there is none, and waits for the outcome.

In: a function, a payload, a token. Out: an Outcome. Touches: the folder's host, over its socket.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from stepmill.functions.endings import PAYLOAD_LIMIT
from stepmill.functions.tokens import Tokens, file_of, request_of, stream_of

__all__ = ["Function", "Functions", "HostError", "Outcome", "PayloadTooLarge", "request_of", "stream_of"]
from stepmill.functions.wire import receive, send

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOST = Path(__file__).with_name("host.py")
_START_LIMIT = 20.0
_DEATHS = 10
"""Hosts that may die under one call before it is given up."""


@dataclass(frozen=True)
class Function:
    """A Lambda function as it is run here.

    `handler` is `module.function`; `code` the folder its module lies in, also the working folder; `timeout` in seconds
    (AWS: 1 to 900, default 3); `memory` in MB, told to the function and not enforced; `environment` its variables;
    `python` the interpreter's path.
    """

    name: str
    arn: str
    handler: str
    code: Path
    timeout: float = 3.0
    memory: int = 128
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"function name {self.name!r}: 1 to 64 letters, digits, - and _ are allowed")


class Outcome(NamedTuple):
    """`status` is succeeded, failed or unknown (the host died in between; it may have run, and is not run again).

    `payload` is what the function returned as JSON, or AWS's error object (errorMessage, errorType, stackTrace …);
    `log` the last 4 KB it logged.
    """

    status: str
    payload: bytes
    log: str


class HostError(Exception):
    """The host could not be started or could not accept the call; the function did not run."""


class PayloadTooLarge(ValueError):
    """AWS's RequestTooLargeException; the function did not run."""


class Functions:
    """The functions of the folder `root`, run by one host process.

    The host ends after `idle` seconds without a call, and after `linger` seconds when every process that ever called is
    gone; results are on disk and do not need it.
    """

    def __init__(self, root: Path | str, *, idle: float = 600.0, linger: float = 20.0) -> None:
        self.root = Path(root).absolute()
        self.idle = idle
        self.linger = linger

    def invoke(
        self,
        function: Function,
        payload: bytes,
        *,
        token: str,
        request: str = "",
        environ: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | Iterable[str] = (),
    ) -> Outcome:
        """Run the function once for this token, and wait.

        The same token again, from any process, waits for or gets the first call's outcome until `forget`. `request` is
        the call's id (default: the token's, `request_of`). `environ` is
        the whole clean environment the worker builds on (stage.clean_environment); `secrets` are values masked in
        the log. Neither is written to disk. Raises PayloadTooLarge and HostError; then nothing ran.
        """
        if len(payload) > PAYLOAD_LIMIT:
            limit = f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction operation"
            raise PayloadTooLarge(limit)
        values = secrets.values() if isinstance(secrets, Mapping) else secrets
        asked = {
            "op": "invoke",
            "pid": os.getpid(),
            "token": token,
            "file": file_of(token),
            "request": request or request_of(token),
            "function": {
                "name": function.name,
                "arn": function.arn,
                "handler": function.handler,
                "code": os.path.abspath(function.code),  # noqa: PTH100 - resolve() would follow links
                "timeout": function.timeout,
                "memory": function.memory,
                "environment": dict(function.environment),
                "python": function.python,
                "stream": stream_of(function.name),
            },
            "environ": dict(environ or {}),
            "secrets": list(values),
        }
        head, body = self._ask(asked, payload)
        if head["status"] == "error":
            raise HostError(f"the function was not called: {head['message']}")
        return Outcome(head["status"], body, head.get("log", ""))

    def forget(self, token: str) -> None:
        """Drop what is kept of the call: its result is committed elsewhere, and the token will not come again."""
        Tokens(str(self.root / ".tokens")).forget(file_of(token))

    def forget_ended(self, running: Callable[[str], bool]) -> int:
        """Drop what is kept of every call but those whose token is one of something that runs. Out: how many."""
        tokens = Tokens(str(self.root / ".tokens"))
        names = tokens.of(lambda token: not running(token))
        for name in names:
            tokens.forget(name)
        return len(names)

    def close_idle(self) -> None:
        """End the workers that have nothing to do; the host stays."""
        self._ask_living({"op": "close_idle", "pid": os.getpid()})

    def stop(self) -> None:
        """End the host and all its workers, and wait until they are gone. Calls under way are unknown from then on."""
        if not self._ask_living({"op": "stop", "pid": os.getpid()}):
            return
        limit = time.monotonic() + _START_LIMIT
        with (self.root / "host.lock").open("rb") as lock:
            while time.monotonic() < limit:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return
                except BlockingIOError:
                    time.sleep(0.005)

    def logged(self) -> list[str]:
        """The functions that have a log, those that are gone included, by name."""
        try:
            return sorted(entry.name for entry in os.scandir(self.root) if (self.root / entry.name / "log").is_file())
        except FileNotFoundError:
            return []

    def log(self, name: str) -> Path:
        """The log file of the function `name`, which may not exist yet."""
        return self.root / name / "log"

    def _ask(self, request: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Ask until a host answers. Asking again is safe: a token is accepted only once, whoever is the host."""
        for _ in range(_DEATHS):
            with self._connect() as connection:
                try:
                    send(connection, request, body)
                    return receive(connection)
                except (OSError, EOFError):
                    continue  # the host died or was just going; its successor knows what became of the token
        raise HostError(f"the worker host of {self.root} keeps dying: {self._last_words()}")

    def _ask_living(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of the host, or None when there is no host to ask."""
        connection = self._living()
        if connection is None:
            return None
        with connection:
            try:
                send(connection, request)
                return receive(connection)[0]
            except (OSError, EOFError):
                return None

    def _connect(self) -> socket.socket:
        limit = time.monotonic() + _START_LIMIT
        deaths = 0
        while time.monotonic() < limit:
            connection = self._living()
            if connection is not None:
                return connection
            answer = self._start()
            if answer == "taken":
                time.sleep(0.01)  # somebody else's is starting or ending
            elif answer != "ready":
                deaths += 1
                if deaths == _DEATHS:
                    raise HostError(f"the worker host of {self.root} does not start: {self._last_words()}")
        raise HostError(f"the worker host of {self.root} does not answer: {self._last_words()}")

    def _last_words(self) -> str:
        try:
            said = (self.root / "host.err").read_text(errors="replace").strip()
        except OSError as error:
            return str(error)
        return said.rpartition("\n")[2] or "it said nothing"

    def _living(self) -> socket.socket | None:
        """A connection to the host, if there is one."""
        try:
            path = Path(json.loads((self.root / "host.json").read_text(encoding="utf-8"))["socket"])
            known = path.parent.lstat()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # The messages carry secrets: a folder that others made or may change is not our host's.
        if known.st_uid != os.getuid():
            raise HostError(f"the worker host of {self.root} belongs to user {known.st_uid}, you are {os.getuid()}")
        if stat.S_IMODE(known.st_mode) & 0o077 or not stat.S_ISDIR(known.st_mode):
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
        except OSError:
            connection.close()
            return None
        return connection

    def _start(self) -> str:
        """Start a host → `ready`, `taken` when the folder has one, or nothing when it died on the way."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            words = os.open(self.root / "host.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise HostError(f"the worker host cannot work in {self.root}: {error}") from None
        try:
            with subprocess.Popen(
                [sys.executable, "-I", "-S", str(_HOST), str(self.root), str(self.idle), str(self.linger)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                env={"LC_ALL": "C.UTF-8", "TMPDIR": os.environ.get("TMPDIR", "")},
                start_new_session=True,
            ) as process:
                assert process.stdout is not None
                answer = process.stdout.readline().decode().strip()
        finally:
            os.close(words)
        return answer
