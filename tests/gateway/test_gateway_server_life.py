"""The server begins and ends cleanly, and clients that leave take nothing with them."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from servers import all_of, answer, descriptors, echo, get, put, serving, threads

from stepmill.gateway.http.server import Server
from stepmill.gateway.messages import Request, Response
from stepmill.objects.bodies import Slice


def test_a_port_in_use_is_an_error_of_start() -> None:
    with serving() as running, pytest.raises(OSError, match="in use"):
        Server(echo, host="127.0.0.1", port=running.address[1]).start()


def test_the_port_is_free_again_at_once() -> None:
    with serving() as running, running.connect() as client:
        client.sendall(get())
        answer(client)
    again = Server(echo, host="127.0.0.1", port=running.address[1])
    assert again.start() == running.address
    again.close()


def test_an_address_of_ipv6_is_served_too() -> None:
    server = Server(echo, host="::1", port=0)
    try:
        host, port = server.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with socket.create_connection((host, port)) as client:
        client.sendall(get())
        assert answer(client)[0] == 200
    server.close()


def test_closing_finishes_what_is_under_way_and_takes_nothing_new() -> None:
    begun, go = threading.Event(), threading.Event()

    def handle(request: Request) -> Response:
        begun.set()
        go.wait(10)
        return Response(200, {}, b"finished")

    with serving(handle) as running, running.connect() as client, running.connect() as idle:
        client.sendall(get())
        assert begun.wait(10)
        closing = threading.Thread(target=running.server.close, args=(10.0,))
        closing.start()
        assert all_of(idle) == b""
        with pytest.raises(ConnectionError):
            running.connect()
        go.set()
        text = all_of(client)
        assert text.endswith(b"finished")
        assert b"Connection: close\r\n" in text
        closing.join(10)
        running.server.close()
    assert threads() == set()


def test_closing_hangs_up_on_what_does_not_end() -> None:
    go, begun = threading.Event(), threading.Event()
    told: list[type] = []

    def handle(request: Request) -> Response:
        begun.set()
        if request.path == "/wait":
            go.wait(10)
        try:
            return echo(request)
        except ConnectionError as fault:
            told.append(type(fault))
            raise

    with serving(handle) as running, running.connect() as client, running.connect() as body:
        body.sendall(put(100) + b"x")
        client.sendall(get("/wait"))
        assert begun.wait(10)
        running.server.close(grace=0.05)
        for one in (client, body):
            with suppress(ConnectionError):
                assert one.recv(1) == b""
        go.set()
    assert len(told) == 1


def test_a_client_that_leaves_in_its_body_is_told_to_the_reader() -> None:
    told: list[BaseException] = []
    done = threading.Event()

    def handle(request: Request) -> Response:
        try:
            return echo(request)
        except ConnectionError as fault:
            told.append(fault)
            raise
        finally:
            done.set()

    with serving(handle) as running:
        with running.connect() as client:
            client.sendall(put(1000) + b"half")
        assert done.wait(10)
    assert len(told) == 1
    assert running.reported == []


def test_a_client_that_leaves_while_it_is_served_frees_its_connection(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(1_000_000))
    begun, go = threading.Event(), threading.Event()
    files: list[Slice] = []

    def handle(request: Request) -> Response:
        if request.path == "/next":
            return Response(200)
        begun.set()
        go.wait(10)
        files.append(Slice((tmp_path / "data").open("rb"), 0, 1_000_000))
        return Response(200, {}, files[-1])

    with serving(handle, connections=1) as running:
        with running.connect() as client:
            client.sendall(get())
            assert begun.wait(10)
        for _ in range(100):  # the server may not have seen the end of the first yet
            with running.connect() as client:
                client.sendall(get("/next"))
                if answer(client)[0] == 200:
                    break
        else:
            pytest.fail("the connection is still taken")
        go.set()
    assert [slice.file.closed for slice in files] == [True]


def test_a_client_that_leaves_its_refused_body_unsent_disturbs_nobody() -> None:
    with serving(lambda request: Response(403), drain_time=0.05, idle_time=0.3) as running:
        for _ in range(20):
            with running.connect() as client:
                client.sendall(put(900_000) + b"x")
                assert answer(client)[0] == 403
        with running.connect() as client:
            assert all_of(client) == b""  # the server still looks at its clocks
    assert running.reported == []


def test_a_thousand_requests_leave_nothing_behind() -> None:
    before = descriptors()
    with serving() as running:

        def client(number: int) -> None:
            connection = http.client.HTTPConnection(*running.address, timeout=10)
            for at in range(125):
                connection.request("PUT", f"/{number}/{at}", body=b"x" * at)
                assert connection.getresponse().read() == b"x" * at
                if at % 25 == 0:
                    connection.close()
            connection.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))
    assert threads() == set()
    assert descriptors() == before
    assert running.reported == []


def test_the_messages_cost_no_asyncio_and_no_parser() -> None:
    code = "import sys, stepmill.gateway.messages; print({'asyncio', 'httptools'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
