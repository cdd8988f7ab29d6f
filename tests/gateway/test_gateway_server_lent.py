"""Large bodies, which the thread that wants them reads from the socket itself."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from servers import Running, all_of, answer, descriptors, get, put, resident, serving

from stepmill.gateway.http.lent import ENOUGH, LEAST, ROOM
from stepmill.gateway.messages import Request, Response

BIG = 3 * ROOM + 17
DATA = hashlib.shake_128(b"a body").digest(BIG)


def digested(request: Request) -> Response:
    """Reads as a store does, and answers what it saw."""
    sum_ = hashlib.sha256()
    size = 0
    while piece := request.body.read(200_000):
        sum_.update(piece)
        size += len(piece)
    assert request.body.read(1) == b""
    return Response(200, {}, f"{size} {sum_.hexdigest()}".encode())


def expected(data: bytes) -> tuple[int, bytes]:
    return 200, f"{len(data)} {hashlib.sha256(data).hexdigest()}".encode()


@pytest.fixture(scope="module")
def digesting() -> Iterator[Running]:
    with serving(digested) as running:
        yield running


@pytest.mark.parametrize("edge", [LEAST, ENOUGH, ROOM, 2 * ROOM, 200_000])
def test_bodies_around_every_boundary_arrive_whole_on_one_connection(digesting: Running, edge: int) -> None:
    with digesting.connect() as client:
        for size in (edge - 1, edge, edge + 1):
            # Head alone, head with the body's beginning, and both at once.
            for first in (0, 1000, size):
                head = put(size)
                client.sendall(head + DATA[:first])
                client.sendall(DATA[first:size])
                assert answer(client) == expected(DATA[:size])


def test_a_request_right_behind_a_large_body_is_read_as_one(digesting: Running) -> None:
    with digesting.connect() as client:
        client.sendall(put(BIG) + DATA + put(5) + b"small" + put(BIG, "Connection: close") + DATA)
        said = all_of(client)
    assert said.count(b"HTTP/1.1 200 OK") == 3
    whole = expected(DATA)[1]
    assert said.count(whole) == 2
    assert said.index(whole) < said.index(expected(b"small")[1]) < said.rindex(whole)


def test_what_follows_a_large_body_and_is_no_request_is_refused_after_it(digesting: Running) -> None:
    with digesting.connect() as client:
        client.sendall(put(BIG) + DATA + b"NONSENSE\r\n\r\n")
        said = all_of(client)
    assert said.count(b"HTTP/1.1 200 OK") == said.count(b"HTTP/1.1 400 Bad Request") == 1


def test_a_large_body_is_asked_for_and_its_connection_kept(digesting: Running) -> None:
    with digesting.connect() as client:
        for _ in range(2):
            client.sendall(put(BIG, "Expect: 100-continue"))
            assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(DATA)
            assert answer(client) == expected(DATA)


def test_a_large_body_of_http_1_0_ends_its_connection(digesting: Running) -> None:
    with digesting.connect() as client:
        client.sendall(put(BIG).replace(b"HTTP/1.1", b"HTTP/1.0") + DATA)
        assert expected(DATA)[1] in all_of(client)


def test_a_client_that_leaves_in_a_large_body_is_told_to_its_reader() -> None:
    told: list[str] = []
    done = threading.Event()

    def handle(request: Request) -> Response:
        try:
            return digested(request)
        except ConnectionError as fault:
            told.append(str(fault))
            raise
        finally:
            done.set()

    with serving(handle) as running:
        before = descriptors()
        with running.connect() as client:
            client.sendall(put(BIG) + DATA[:-1])
            client.shutdown(socket.SHUT_WR)
            assert all_of(client) == b""
        assert done.wait(10)
        assert told == ["the client left before its request was complete"]
        assert running.reported == []
        with running.connect() as client:
            client.sendall(put(4) + b"next")
            assert answer(client) == expected(b"next")
        until = time.monotonic() + 5
        while descriptors() > before and time.monotonic() < until:
            threading.Event().wait(0.01)
        assert descriptors() <= before


def test_a_large_body_that_stops_is_given_up_and_its_reader_told() -> None:
    told: list[str] = []

    def handle(request: Request) -> Response:
        try:
            return digested(request)
        except ConnectionError as fault:
            told.append(str(fault))
            raise

    with serving(handle, body_time=0.1) as running:
        for sent in (0, 1000, ROOM + 1, BIG - 1):
            with running.connect() as client:
                client.sendall(put(BIG) + DATA[:sent])
                assert answer(client)[0] == 408
    assert told == ["The request's body did not come in time."] * 4
    assert running.reported == []


@pytest.mark.parametrize("first", [ROOM, BIG - 8])
def test_a_large_body_that_drips_is_taken_as_long_as_it_drips(first: int) -> None:
    with serving(digested, body_time=0.15) as running, running.connect() as client:
        client.sendall(put(BIG) + DATA[:first])
        for at in range(first, first + 8):
            threading.Event().wait(0.05)
            client.sendall(DATA[at : at + 1])
        client.sendall(DATA[first + 8 :])
        assert answer(client) == expected(DATA)


def test_a_handler_that_is_done_as_its_body_would_be_lent_costs_nothing() -> None:
    """A reader of a full pipe asks for more without waiting, and may answer before anything comes of it."""

    def handle(request: Request) -> Response:
        for _ in range(3):
            request.body.read(100_000)
        return Response(403)

    with serving(handle) as running:
        before = descriptors()
        for _ in range(30):
            with running.connect() as client:
                for _ in range(2):
                    client.sendall(put(2 * ROOM) + bytes(2 * ROOM))
                    assert answer(client) == (403, b"")
        until = time.monotonic() + 5
        while descriptors() > before and time.monotonic() < until:
            threading.Event().wait(0.01)
        assert descriptors() <= before


@pytest.mark.parametrize(("size", "kept"), [(BIG, True), (20_000_000, False)])
def test_a_large_body_refused_in_the_middle_costs_its_connection_only_if_much_is_left(size: int, kept: bool) -> None:
    def handle(request: Request) -> Response:
        if request.method == "GET":
            return Response(200, {}, b"kept")
        read = 0
        while read < BIG - 1000:
            read += len(request.body.read(BIG - 1000 - read))
        return Response(403, {}, b"no")

    with serving(handle) as running, running.connect() as client:
        sender = threading.Thread(target=_send, args=(client, put(size) + bytes(size)))
        sender.start()
        assert answer(client) == (403, b"no")
        if kept:
            client.sendall(get())
            assert answer(client) == (200, b"kept")
        else:
            client.shutdown(socket.SHUT_RD)
        sender.join()


def _send(client: socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        return  # the server hung up, which is what one of the cases is about


def test_a_handler_that_fails_in_a_large_body_is_reported_and_the_connection_lives() -> None:
    def handle(request: Request) -> Response:
        if request.method == "GET":
            return Response(200)
        for _ in range(3):
            request.body.read(ROOM)
        raise KeyError("oh")

    with serving(handle) as running, running.connect() as client:
        client.sendall(put(ROOM * 2) + bytes(ROOM * 2))
        assert answer(client)[0] == 500
        client.sendall(get())
        assert answer(client)[0] == 200
    assert [type(fault) for fault in running.reported] == [KeyError]


def test_closing_waits_for_a_large_body_that_comes() -> None:
    reading = threading.Event()

    def handle(request: Request) -> Response:
        request.body.read(ROOM)
        reading.set()
        return digested(request)

    with serving(handle) as running, running.connect() as client:
        client.sendall(put(BIG) + DATA[:ROOM])
        assert reading.wait(10)
        closing = threading.Thread(target=running.server.close, args=(10.0,))
        closing.start()
        client.sendall(DATA[ROOM:])
        assert answer(client)[0] == 200
        assert all_of(client) == b""
        closing.join()


def test_closing_hangs_up_on_a_large_body_that_does_not_come() -> None:
    told: list[BaseException] = []
    reading, done = threading.Event(), threading.Event()

    def handle(request: Request) -> Response:
        try:
            request.body.read(ROOM)
            reading.set()
            return digested(request)
        except ConnectionError as fault:
            told.append(fault)
            raise
        finally:
            done.set()

    with serving(handle) as running, running.connect() as client:
        client.sendall(put(BIG) + DATA[:ROOM])
        assert reading.wait(10)
        running.server.close(grace=0.05)
        assert done.wait(10)
        assert len(told) == 1


def test_ten_large_bodies_at_once_take_little_memory() -> None:
    size, data = 24 * ROOM, bytes(ROOM)
    with serving(digested) as running:
        before = resident()
        most: list[int] = []

        def upload() -> None:
            with running.connect(60) as client:
                client.sendall(put(size))
                for _ in range(24):
                    client.sendall(data)
                assert answer(client)[0] == 200
                most.append(resident())

        clients = [threading.Thread(target=upload) for _ in range(10)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
    assert len(most) == 10
    assert max(most) - before < 10 * 3 * ROOM + 10_000_000
