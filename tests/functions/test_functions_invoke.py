"""A function runs here as it runs on Lambda: same arguments, same errors, same words, same log lines."""

import json
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepmill.functions import Function, Functions, Outcome, PayloadTooLarge

SOURCE = """
import json, logging, os, pathlib, signal, subprocess, sys, threading, time
from decimal import Decimal

calls = 0

def echo(event, context):
    global calls
    calls += 1
    return {"event": event, "calls": calls, "pid": os.getpid()}

def about(event, context):
    return {
        "id": context.aws_request_id, "left": context.get_remaining_time_in_millis(), "name": context.function_name,
        "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb, "group": context.log_group_name,
        "stream": context.log_stream_name, "version": context.function_version, "cwd": os.getcwd(),
        "environ": dict(os.environ), "path": sys.path[0], "main": sys.argv,
    }

def talk(event, context):
    print("hello", "日本語")
    print("problem", file=sys.stderr)
    print(event["secret"])
    logging.getLogger().warning("careful")
    sys.stdout.write("no newline")
    sys.stdout.flush()

def fail(event, context):
    raise ValueError("no data")

def unserialisable(event, context):
    return {1, 2}

def decimal(event, context):
    return Decimal("1.5")

def leave(event, context):
    sys.exit(event)

def die(event, context):
    os.kill(os.getpid(), signal.SIGKILL)

def slow(event, context):
    print("started")
    child = subprocess.Popen(["sleep", "60"])
    pathlib.Path(event).write_text(str(child.pid))
    time.sleep(60)

def big(event, context):
    return "x" * event

def meet(event, context):
    pathlib.Path(event["me"]).touch()
    while not pathlib.Path(event["other"]).exists():
        time.sleep(0.001)
    return os.getpid()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("functions")
    for client in ("aws", "own"):
        code = place / client
        code.mkdir()
        (code / "f.py").write_text(SOURCE)
        (code / "broken.py").write_text("def oops(:\n")
        (code / "raises.py").write_text("print('loading')\nraise RuntimeError('at import')\n")
        (code / "missing.py").write_text("import does_not_exist\n")
    # A module of this name hides the installed client, as if the interpreter had none.
    (place / "own/awslambdaric.py").write_text("")
    functions = Functions(place / "host", idle=60)
    yield place
    functions.stop()


@pytest.fixture(params=["aws", "own"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Call = Callable[..., Outcome]


@pytest.fixture
def call(place: Path, client: str, request: pytest.FixtureRequest) -> Call:
    functions = Functions(place / "host", idle=60)
    number = iter(range(1000))

    def call(handler: str, event: Any = None, timeout: float = 5, code: Path | None = None, **options: Any) -> Outcome:
        function = Function(
            name=handler.replace(".", "-"),
            arn=f"arn:aws:lambda:us-east-1:000000000000:function:{client}-{handler}",
            handler=handler,
            code=code or place / client,
            timeout=timeout,
            memory=256,
            environment=options.pop("environment", {}),
        )
        options.setdefault("token", f"{request.node.name}#{next(number)}")
        options.setdefault("environ", {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"})
        return functions.invoke(function, json.dumps(event).encode(), **options)

    return call


def result(outcome: Outcome) -> Any:
    assert outcome.status == "succeeded", outcome
    return json.loads(outcome.payload)


def error(outcome: Outcome) -> dict[str, Any]:
    assert outcome.status == "failed", outcome
    found: dict[str, Any] = json.loads(outcome.payload)
    return found


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_a_worker_is_used_again(call: Call) -> None:
    first, second = (result(call("f.echo", {"n": n, "名": "値"})) for n in (1, 2))
    assert first == {"event": {"n": 1, "名": "値"}, "calls": 1, "pid": first["pid"]}
    assert second == {"event": {"n": 2, "名": "値"}, "calls": 2, "pid": first["pid"]}


def test_the_context_and_the_environment_are_lambdas(call: Call, place: Path, client: str) -> None:
    os.environ["STEPMILL_TEST_PARENT"] = "must not pass"
    try:
        seen = result(call("f.about", timeout=5, environment={"MINE": "1", "AWS_LAMBDA_FUNCTION_NAME": "fake"}))
    finally:
        del os.environ["STEPMILL_TEST_PARENT"]
    assert 4000 < seen["left"] <= 5001
    assert (seen["name"], seen["memory"], seen["group"]) == ("f-about", "256", "/aws/lambda/f-about")
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{client}-f.about"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", seen["stream"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", seen["id"])
    environ = seen["environ"]
    assert seen["cwd"] == seen["path"] == environ["LAMBDA_TASK_ROOT"] == str(place / client)
    assert (environ["_HANDLER"], environ["MINE"], environ["TZ"]) == ("f.about", "1", ":UTC")
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_python{}.{}".format(*sys.version_info)
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == "f-about"
    unexpected = [name for name in environ if not name.startswith(("AWS_", "LAMBDA_", "_HANDLER", "_X_AMZN", "LC_"))]
    assert sorted(unexpected) == ["MINE", "PATH", "PYTHONDONTWRITEBYTECODE", "TZ"]


def test_what_a_function_prints_is_logged_line_by_line_and_masked(call: Call, place: Path) -> None:
    outcome = call("f.talk", {"secret": "token-123456"}, secrets=["token-123456"])
    lines = (place / "host/f-talk/log").read_text().splitlines()
    identity = re.search(r"RequestId: (\S+)", outcome.log)
    assert identity
    tail = lines[[line.endswith(f"START RequestId: {identity[1]} Version: $LATEST") for line in lines].index(True) :]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (out|err) ", line) for line in tail)
    said = [line[25:] for line in tail]
    assert "out hello 日本語" in said and "err problem" in said and "out ***" in said and "out no newline" in said
    assert any(re.fullmatch(rf"out \[WARNING\]\t\S+Z\t{identity[1]}\tcareful", line) for line in said)
    assert said[-2] == f"out END RequestId: {identity[1]}"
    assert re.fullmatch(
        rf"out REPORT RequestId: {identity[1]}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB"
        r"\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms",
        said[-1],
    )
    assert outcome.log == "\n".join(line[4:] for line in said)
    assert "token-123456" not in "".join(path.read_text() for path in (place / "host").rglob("*") if path.is_file())


def test_an_exception_is_awss_error_object_and_the_worker_lives_on(call: Call) -> None:
    found = error(call("f.fail"))
    assert (found["errorType"], found["errorMessage"]) == ("ValueError", "no data")
    (frame,) = found["stackTrace"]
    assert frame.startswith('  File "') and "in fail" in frame and "raise ValueError" in frame
    assert len(found["requestId"]) == 36
    outcome = call("f.fail")
    assert "Init Duration" not in outcome.log
    assert "[ERROR] ValueError: no data\nTraceback (most recent call last):\n" in outcome.log


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        (
            "missing.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'missing': No module named",
        ),
        (
            "nowhere.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'nowhere': No module named",
        ),
        ("f.nothing", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'f'"),
        ("broken.oops", "Runtime.UserCodeSyntaxError", "Syntax error in module 'broken': invalid syntax"),
        ("f", "Runtime.MalformedHandlerName", "Bad handler 'f': not enough values to unpack (expected 2, got 1)"),
        ("raises.handler", "RuntimeError", "at import"),
    ],
)
def test_a_function_that_cannot_be_loaded_says_why_in_awss_words(
    call: Call, handler: str, kind: str, message: str
) -> None:
    found = error(call(handler))
    assert found["errorType"] == kind
    assert found["errorMessage"].startswith(message)


def test_a_result_that_is_no_json_is_a_marshal_error(call: Call) -> None:
    found = error(call("f.unserialisable"))
    assert found["errorType"] == "Runtime.MarshalError"
    assert found["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"
    assert result(call("f.decimal")) == 1.5


def test_a_worker_that_ends_is_an_exit_error_and_the_next_call_gets_a_new_one(call: Call) -> None:
    for handler, event, reason in (
        ("f.leave", 3, "Runtime exited with error: exit status 3"),
        ("f.leave", 0, "Runtime exited without providing a reason"),
        ("f.die", 0, "Runtime exited with error: signal: killed"),
    ):
        outcome = call(handler, event)
        found = error(outcome)
        assert found["errorType"] == "Runtime.ExitError"
        assert re.fullmatch(rf"RequestId: [0-9a-f-]{{36}} Error: {reason}", found["errorMessage"])
        assert outcome.log.endswith("Status: error\tError Type: Runtime.ExitError")


def test_a_function_over_its_timeout_is_killed_with_all_it_started(call: Call, tmp_path: Path) -> None:
    outcome = call("f.slow", str(tmp_path / "child"), timeout=0.3)
    found = error(outcome)
    assert found["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 0.30 seconds", found["errorMessage"])
    assert re.search(r"\nstarted\n\S+Z [0-9a-f-]{36} Task timed out after 0.30 seconds\nEND ", outcome.log)
    assert outcome.log.endswith("\tStatus: timeout")
    until(lambda: gone(int((tmp_path / "child").read_text())))


def test_payloads_have_lambdas_limits(call: Call) -> None:
    assert len(result(call("f.big", 6_000_000))) == 6_000_000
    found = error(call("f.big", 6_300_000))
    assert found["errorType"] == "Function.ResponseSizeTooLarge"
    assert found["errorMessage"] == "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    assert result(call("f.echo", "x" * 6_000_000))["event"] == "x" * 6_000_000
    with pytest.raises(PayloadTooLarge, match="Request must be smaller than 6291456 bytes"):
        call("f.echo", "x" * 6_291_455)


def test_calls_at_the_same_time_have_a_worker_each(call: Call, tmp_path: Path) -> None:
    pids: list[int] = []
    files = {"a": str(tmp_path / "a"), "b": str(tmp_path / "b")}

    def one(me: str, other: str) -> None:
        pids.append(result(call("f.meet", {"me": files[me], "other": files[other]}, token=f"{tmp_path}{me}")))

    threads = [threading.Thread(target=one, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2


def test_an_edited_function_is_loaded_anew(call: Call, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for answer in ("one", "two!"):
        (code / "edited.py").write_text(f"def handler(event, context):\n    return {answer!r}\n")
        assert result(call("edited.handler", code=code)) == answer


def test_a_missing_interpreter_is_an_error_of_the_function(place: Path) -> None:
    function = Function("lost", "arn:lost", "f.echo", place / "aws", python="/nowhere/python")
    found = error(Functions(place / "host").invoke(function, b"{}", token="lost"))
    assert found["errorType"] == "Runtime.InvalidEntrypoint" and "/nowhere/python" in found["errorMessage"]


def test_a_function_name_cannot_leave_the_folder() -> None:
    for name in ("..", "a/b", "", "x" * 65):
        with pytest.raises(ValueError, match="function name"):
            Function(name, "arn", "f.echo", Path())


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root to become another user")
def test_another_local_user_gets_no_events(place: Path, tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(
        textwrap.dedent("""
        import os, time
        def handler(event, context):
            open(event, "w").write(os.environ["AWS_LAMBDA_RUNTIME_API"])
            while not os.path.exists(event + ".done"):
                time.sleep(0.005)
            return "kept"
        """)
    )
    function = Function("port", "arn:port", "port.handler", tmp_path, timeout=20)
    outcomes: list[Outcome] = []
    event = json.dumps(str(tmp_path / "address")).encode()
    thread = threading.Thread(
        target=lambda: outcomes.append(Functions(place / "host").invoke(function, event, token=str(tmp_path)))
    )
    thread.start()
    until(lambda: (tmp_path / "address").exists() and (tmp_path / "address").read_text())
    port = (tmp_path / "address").read_text().rpartition(":")[2]
    thief = (
        "import os, socket, sys\nos.setgid(65534); os.setuid(65534)\n"
        f"s = socket.socket(); s.settimeout(10); s.connect(('127.0.0.1', {port}))\n"
        "try: s.sendall(b'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n'); print(s.recv(100))\n"
        "except (ConnectionResetError, BrokenPipeError): print(b'')\n"
    )
    stolen = subprocess.run([sys.executable, "-c", thief], capture_output=True, text=True, check=True)
    assert stolen.stdout == "b''\n"
    (tmp_path / "address.done").touch()
    thread.join()
    assert result(outcomes[0]) == "kept"
