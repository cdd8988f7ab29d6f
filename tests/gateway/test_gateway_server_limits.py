"""No client holds more of the server than its share, or longer."""

from __future__ import annotations

import select
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from servers import Running, all_of, answer, echo, get, put, resident, serving

from stepmill.gateway.messages import Request, Response
from stepmill.objects.bodies import Slice

CHUNKED = b"PUT / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"

SHAPES = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    "a list of lengths": POST + b"Content-Length: 4, 4\r\n\r\nabcd",
    "a signed length": POST + b"Content-Length: +4\r\n\r\nabcd",
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: gzip\r\n\r\n",
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bad chunk": CHUNKED + b"zz\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: a\n\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "a NUL": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a whole URL": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tunnel": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown method": b"HACK / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(50),
}


@pytest.fixture(scope="module")
def strict() -> Iterator[tuple[Running, list[Request]]]:
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        return echo(request)

    with serving(handle) as running:
        yield running, asked


@pytest.mark.parametrize("shape", SHAPES)
def test_what_two_readers_could_read_in_two_ways_is_refused(strict: tuple[Running, list[Request]], shape: str) -> None:
    running, asked = strict
    with running.connect() as client:
        client.sendall(SHAPES[shape])
        text = all_of(client)
    assert text.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert text.count(b"HTTP/1.1") == 1 + text.count(b"valid HTTP/1.1")
    if shape != "a bad chunk":  # there the handler may have begun
        assert not asked


def test_protocols_and_expectations_it_does_not_know_are_refused_by_name(strict: tuple[Running, list[Request]]) -> None:
    for request, status in (
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", b"505"),
        (get(Connection="upgrade", Upgrade="h2c"), b"501"),
        (get(Expect="magic"), b"417"),
    ):
        with strict[0].connect() as client:
            client.sendall(request)
            assert all_of(client)[9:12] == status


def test_a_head_that_is_too_large_is_refused() -> None:
    with serving() as running:
        for head in (
            get(X="a" * 16_384),
            get(**{f"X{n}": "a" * 20 for n in range(700)}),
            get("/" + "a" * 20_000),
            b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000,
            b"\r\n" * 10_000,
        ):
            with running.connect() as client:
                client.sendall(head)
                assert answer(client)[0] == 431
        with running.connect() as client:
            client.sendall(get(X="a" * 16_000))
            assert answer(client)[0] == 200


def test_a_slow_head_is_given_up_however_it_drips() -> None:
    with serving(head_time=0.1) as running:
        with running.connect() as client:
            client.sendall(b"GET / HT")
            assert answer(client)[0] == 408
        with running.connect() as client:
            client.sendall(get() + b"GET / HT")
            assert [line[9:12] for line in all_of(client).split(b"\r\n") if line[:5] == b"HTTP/"] == [b"200", b"408"]
        with running.connect() as client:
            client.settimeout(0.02)
            for byte in b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100:
                client.sendall(bytes([byte]))
                with suppress(TimeoutError):
                    assert client.recv(12) == b"HTTP/1.1 408"
                    break
            else:
                pytest.fail("a head may drip for ever")


def test_an_idle_connection_is_closed_without_a_word() -> None:
    with serving(idle_time=0.1) as running:
        with running.connect() as client:
            assert all_of(client) == b""
        with running.connect() as client:
            client.sendall(get())
            assert all_of(client).count(b"HTTP/1.1") == 1


def test_a_body_that_stops_is_given_up_and_its_reader_told() -> None:
    told: list[str] = []

    def handle(request: Request) -> Response:
        try:
            return echo(request)
        except ConnectionError as fault:
            told.append(str(fault))
            raise

    with serving(handle, body_time=0.1) as running:
        for request in (put(100) + b"abc", CHUNKED + b"3\r\nabc\r\n", put(100)):
            with running.connect() as client:
                client.sendall(request)
                assert answer(client)[0] == 408
    assert told == ["The request's body did not come in time."] * 3
    assert running.reported == []


def test_a_client_held_back_by_a_busy_handler_is_not_given_up() -> None:
    go = threading.Event()

    def handle(request: Request) -> Response:
        go.wait(10)
        return Response(200, {}, b"%d" % len(request.body.read()))

    with serving(handle, body_time=0.05) as running, running.connect() as client:
        sender = threading.Thread(target=client.sendall, args=(put(8_000_000) + bytes(8_000_000),))
        sender.start()
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(10)
        go.set()
        assert answer(client) == (200, b"8000000")
        sender.join()


def test_a_client_that_does_not_take_its_answer_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    files: list[Slice] = []

    def handle(request: Request) -> Response:
        if request.path == "/bytes":
            return Response(200, {}, bytes(30_000_000))
        files.append(Slice(path.open("rb"), 0, 30_000_000))
        return Response(200, {}, files[-1])

    for what in ("/bytes", "/file"):
        with serving(handle, write_time=0.2) as running, socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(10)
            client.connect(running.address)
            client.sendall(get(what))
            poll_until_hung_up(client)
    assert files[0].file.closed


def poll_until_hung_up(client: socket.socket) -> None:
    poll = select.poll()
    poll.register(client, 0)
    assert poll.poll(5000), "the server still waits"
    with pytest.raises(ConnectionError):
        all_of(client)


def test_a_client_that_still_sends_sees_why_it_is_refused() -> None:
    with serving(lambda request: Response(403, {}, b"not you")) as running, running.connect() as client:
        client.sendall(put(100_000_000))
        for _ in range(100):
            client.sendall(bytes(1_000_000))
        assert answer(client) == (403, b"not you")


def test_a_short_body_nobody_read_does_not_cost_the_connection() -> None:
    with serving(lambda request: Response(403)) as running, running.connect() as client:
        for _ in range(3):
            client.sendall(put(900_000) + bytes(900_000))
            assert answer(client)[0] == 403


def test_a_short_body_that_never_comes_does_cost_it() -> None:
    with serving(lambda request: Response(403), drain_time=0.1) as running, running.connect() as client:
        client.sendall(put(900_000) + bytes(1000))
        assert answer(client)[0] == 403
        with suppress(ConnectionError):
            assert all_of(client) == b""


def test_chunks_that_carry_nothing_are_refused() -> None:
    for more in (b"1;" + b"x" * 200_000, b"1\r\na\r\n0\r\nX: " + b"y" * 200_000):
        with serving() as running, running.connect() as client:
            client.sendall(CHUNKED + more)
            assert answer(client)[0] in (400, 431)


def test_too_many_connections_are_told_so() -> None:
    with serving(connections=2) as running:
        first, second = running.connect(), running.connect()
        for client in (first, second):
            client.sendall(get())
            assert answer(client)[0] == 200
        with running.connect() as third:
            third.sendall(get())
            assert answer(third)[0] == 503
        first.close()
        second.sendall(get())
        assert answer(second)[0] == 200
        second.close()


def test_too_many_requests_are_told_so_and_none_waits_in_vain() -> None:
    go = threading.Event()
    begun = threading.Semaphore(0)

    def handle(request: Request) -> Response:
        begun.release()
        go.wait(10)
        return Response(200)

    with serving(handle, workers=1, queue=1) as running:
        clients = [running.connect() for _ in range(3)]
        clients[0].sendall(get())
        assert begun.acquire(timeout=10)
        statuses = []
        for client in clients[1:]:
            client.sendall(get())
        for client in clients[1:]:
            client.settimeout(0.3)
            with suppress(TimeoutError):
                statuses.append(answer(client)[0])
        assert statuses == [503]
        go.set()
        assert answer(clients[0])[0] == 200
        for client in clients:
            client.close()


@pytest.mark.slow
def test_memory_stays_small_however_much_a_client_sends() -> None:
    highest = 0

    def handle(request: Request) -> Response:
        nonlocal highest
        total = check = 0
        while data := request.body.read(16_384):
            for _ in range(4):
                check = zlib.crc32(data, check)
            total += len(data)
            highest = max(highest, resident()) if total % (1 << 20) < 16_384 else highest
        return Response(200, {}, b"%d" % total)

    with serving(handle) as running, running.connect(60) as client:
        before = resident()
        client.sendall(put(512 << 20))
        piece = bytes(1 << 20)
        for _ in range(512):
            client.sendall(piece)
        assert answer(client) == (200, b"%d" % (512 << 20))
    assert highest - before < 16 << 20
