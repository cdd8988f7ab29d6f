"""Whoever dies, a function is called once per token, and nobody is left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepmill.functions import Function, Functions, HostError, Outcome
from stepmill.functions.tokens import Tokens

SOURCE = """
import os, pathlib, time

def handler(event, context):
    with open(event["effects"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    while not os.path.exists(event["gate"]):
        time.sleep(0.002)
    return "done"
"""


def until(true: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Place:
    """A function that notes that it started, and ends when a gate is opened."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.functions = Functions(root / "host", idle=30)
        self.effects, self.gate = root / "effects", root / "gate"
        (root / "code").mkdir()
        (root / "code/f.py").write_text(SOURCE)
        self.function = Function("f", "arn:f", "f.handler", root / "code", timeout=20)
        self.event = json.dumps({"effects": str(self.effects), "gate": str(self.gate)}).encode()

    def invoke(self, token: str) -> Outcome:
        return self.functions.invoke(self.function, self.event, token=token)

    def in_thread(self, token: str) -> Callable[[], Outcome]:
        outcomes: list[Outcome] = []
        thread = threading.Thread(target=lambda: outcomes.append(self.invoke(token)))
        thread.start()

        def outcome() -> Outcome:
            thread.join()
            return outcomes[0]

        return outcome

    def starts(self) -> list[int]:
        return [int(line) for line in self.effects.read_text().split()] if self.effects.exists() else []

    def host(self) -> int:
        return int(json.loads((self.root / "host/host.json").read_text())["pid"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.functions.stop()


def test_the_caller_is_killed_and_the_next_one_gets_the_one_result(place: Place) -> None:
    code = (
        "import sys; from stepmill.functions import Function, Functions\n"
        f"Functions({str(place.root / 'host')!r}, idle=30).invoke(Function('f', 'arn:f', 'f.handler',"
        f" {str(place.root / 'code')!r}, timeout=20), {place.event!r}, token='arn#7')"
    )
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as caller:
        until(place.starts)
        os.killpg(caller.pid, signal.SIGKILL)
    second = place.in_thread("arn#7")
    place.gate.touch()
    assert second()[:2] == ("succeeded", b'"done"')
    assert place.invoke("arn#7")[:2] == ("succeeded", b'"done"')
    assert len(place.starts()) == 1


def test_the_same_token_at_the_same_time_is_one_call(place: Place) -> None:
    calls = [place.in_thread("arn#7") for _ in range(4)]
    until(place.starts)
    place.gate.touch()
    assert [call()[:2] for call in calls] == [("succeeded", b'"done"')] * 4
    assert len(place.starts()) == 1


def test_the_host_is_killed_and_the_call_is_unknown_for_ever(place: Place) -> None:
    call = place.in_thread("arn#7")
    until(place.starts)
    host = place.host()
    os.kill(host, signal.SIGKILL)
    place.gate.touch()
    assert call().status == "unknown"
    assert place.host() != host
    until(lambda: gone(place.starts()[0]))
    assert place.invoke("arn#7").status == "unknown"
    assert len(place.starts()) == 1
    assert place.invoke("arn#8").status == "succeeded"


def test_a_result_outlives_its_host_until_it_is_forgotten(place: Place) -> None:
    place.gate.touch()
    assert place.invoke("arn#7").status == "succeeded"
    os.kill(place.host(), signal.SIGKILL)
    assert place.invoke("arn#7")[:2] == ("succeeded", b'"done"')
    assert len(place.starts()) == 1
    place.functions.forget("arn#7")
    assert list((place.root / "host/.tokens").iterdir()) == []


def test_a_host_without_calls_ends_and_leaves_nobody(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.functions = Functions(tmp_path / "host", idle=0.2)
    place.gate.touch()
    assert place.invoke("arn#7").status == "succeeded"
    host, worker = place.host(), place.starts()[0]
    folder = Path(json.loads((tmp_path / "host/host.json").read_text())["socket"]).parent
    until(lambda: gone(host) and gone(worker))
    assert not folder.exists()
    assert place.invoke("arn#8").status == "succeeded"


def test_a_host_ends_soon_after_the_last_of_its_callers(place: Place) -> None:
    place.gate.touch()
    code = (
        "from stepmill.functions import Function, Functions\n"
        f"Functions({str(place.root / 'host')!r}, idle=600, linger=0.1).invoke(Function('f', 'arn:f', 'f.handler',"
        f" {str(place.root / 'code')!r}), {place.event!r}, token='arn#7')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    host = place.host()
    until(lambda: gone(host) and gone(place.starts()[0]))
    assert place.invoke("arn#7").status == "succeeded"
    assert len(place.starts()) == 1


def test_stopping_the_host_ends_its_workers(place: Place) -> None:
    call = place.in_thread("arn#7")
    until(place.starts)
    host = place.host()
    place.functions.stop()
    until(lambda: gone(host) and gone(place.starts()[0]))
    assert call().status == "unknown"


def test_callers_that_come_together_share_one_host(place: Place) -> None:
    place.gate.touch()
    calls = [place.in_thread(f"arn#{number}") for number in range(6)]
    assert {call().status for call in calls} == {"succeeded"}
    assert len(list(Path(place.root / "host").glob("host.json*"))) == 1
    assert (place.root / "host/host.err").read_text() == ""


def test_idle_workers_are_closed_on_request(place: Place) -> None:
    place.gate.touch()
    assert place.invoke("arn#7").status == "succeeded"
    place.functions.close_idle()
    until(lambda: gone(place.starts()[0]))
    assert not gone(place.host())


def test_only_the_owner_can_talk_to_the_host_or_read_what_it_keeps(place: Place) -> None:
    place.gate.touch()
    place.invoke("arn#7")
    folder = Path(json.loads((place.root / "host/host.json").read_text())["socket"]).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(str(folder / "host")) <= 108
    for path in (place.root / "host").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_host_starts_with_a_clean_environment_and_keeps_the_callers_in_memory(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-parent")
    place.gate.touch()
    place.functions.invoke(place.function, place.event, token="arn#7", environ={"GIVEN": "a-secret-given"})
    environ = Path(f"/proc/{place.host()}/environ").read_bytes()
    assert b"a-secret" not in environ
    assert b"a-secret-given" in Path(f"/proc/{place.starts()[0]}/environ").read_bytes()
    assert b"a-secret" not in b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())


def test_a_call_that_cannot_be_written_down_is_not_made(place: Place) -> None:
    place.gate.touch()
    place.invoke("arn#1")
    (place.root / "host/.tokens").rename(place.root / "away")
    with pytest.raises(HostError, match="was not called"):
        place.invoke("arn#7")
    assert len(place.starts()) == 1


def test_half_a_result_is_none(tmp_path: Path) -> None:
    tokens = Tokens(str(tmp_path))
    assert tokens.accept("t", {}) and not tokens.accept("t", {})
    tokens.finish("t", {"status": "succeeded"}, b"0123456789")
    found: Any = tokens.result("t")
    assert (found[0]["status"], found[1]) == ("succeeded", b"0123456789")
    (path,) = tmp_path.iterdir()
    for size in range(path.stat().st_size):
        path.write_bytes(path.read_bytes()[: path.stat().st_size - 1])
        assert tokens.result("t") is None, size
