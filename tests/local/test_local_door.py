"""The store's door: what travels through it, and what happens when a side hangs up."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stepmill.history.log import StoreError
from stepmill.local.door import Door, Guest, Lost
from stepmill.local.store import Owner
from stepmill.services.operations import ServiceError


def answer(service: str, operation: str, request: dict[str, Any], token: str | None, environ: Mapping[str, str]) -> Any:
    if operation == "Refuse":
        raise ServiceError("Code", "because", 409)
    if operation == "Trouble":
        raise StoreError("the disk is full")
    if operation == "Bug":
        raise KeyError("x")
    if operation == "Odd":
        return {"set": {1}}
    return {"echo": request, "token": token, "environ": dict(environ)}


@pytest.fixture
def door(tmp_path: Path):
    door = Door(tmp_path / "d.sock", answer)
    yield door
    door.close()


@pytest.fixture
def guest(tmp_path: Path, door: Door):
    guest = Guest(Owner(os.getpid(), 0.0, "test", str(tmp_path / "d.sock")))
    yield guest
    guest.close()


def test_bytes_text_and_the_token_come_through_whole(guest: Guest):
    asked = {"Body": bytes(range(256)), "text": "データ\n\ud800", "n": [1.5, None, True]}
    for _ in range(2):
        assert guest.call("s", "Echo", asked, "t", {"A": "b"}) == {"echo": asked, "token": "t", "environ": {"A": "b"}}


@pytest.mark.parametrize(
    ("operation", "kind", "words"),
    [
        ("Refuse", ServiceError, "Code: because"),
        ("Trouble", StoreError, "the disk is full"),
        ("Bug", ServiceError, "a bug of Stepmill in s:Bug: KeyError"),
        ("Odd", ServiceError, "a bug of Stepmill in s:Odd"),
    ],
)
def test_what_was_raised_there_is_raised_here(guest: Guest, operation: str, kind: type[Exception], words: str):
    with pytest.raises(kind, match=words):
        guest.call("s", operation, {}, None, {})
    assert guest.call("s", "Echo", {}, None, {})["echo"] == {}


def test_an_owner_that_closes_hangs_up_on_all_and_is_not_called_again(tmp_path: Path, door: Door, guest: Guest):
    waiter = Guest(Owner(1, 0.0, "test", str(tmp_path / "d.sock")))
    waiter.wait()
    assert (door.waiting, waiter.gone) == (1, False)
    door.close()
    with pytest.raises(Lost):
        guest.call("s", "Echo", {}, None, {})
    assert waiter.gone
    waiter.close()
    with pytest.raises(OSError):
        Guest(Owner(1, 0.0, "test", str(tmp_path / "d.sock")))
    left = [thread.name for thread in threading.enumerate() if thread.name == "stepmill-door"]
    for thread in threading.enumerate():
        if thread.name in left:
            thread.join(5)
            assert not thread.is_alive()


def test_nonsense_ends_its_own_connection_only(tmp_path: Path, guest: Guest):
    for words in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b'{"call": 1}\n', b"\xff\n"):
        with socket.socket(socket.AF_UNIX) as other:
            other.settimeout(5)
            other.connect(str(tmp_path / "d.sock"))
            other.sendall(words)
            while other.recv(4096):
                pass
    assert guest.call("s", "Echo", {}, None, {})["echo"] == {}
