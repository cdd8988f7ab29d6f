"""What a client sends is what the handler reads, and what it gives is what the client gets, in order."""

from __future__ import annotations

import http.client
import os
import threading
from pathlib import Path

import pytest
from servers import all_of, answer, echo, get, put, serving

from stepmill.gateway.messages import Request, Response
from stepmill.objects.bodies import Slice

SIZES = [0, 1, 1000, 128 * 1024, 256 * 1024 + 1, 3_000_000]


def test_a_body_of_any_size_arrives_whole_in_either_framing() -> None:
    with serving() as running:
        client = http.client.HTTPConnection(*running.address, timeout=10)
        for size in SIZES:
            body = os.urandom(size)
            pieces = [body[at : at + 70_000] for at in range(0, size, 70_000)]
            for given in (body, iter(pieces)):
                client.request("PUT", "/x", body=given, encode_chunked=True)
                assert client.getresponse().read() == body
        client.close()


@pytest.mark.slow
def test_a_body_of_64_megabytes_arrives_whole() -> None:
    with serving() as running:
        client = http.client.HTTPConnection(*running.address, timeout=60)
        body = os.urandom(64 << 20)
        client.request("PUT", "/x", body=body)
        assert client.getresponse().read() == body
        client.close()


def test_the_request_is_what_the_client_wrote() -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return Response(200)

    with serving(handle) as running, running.connect() as client:
        client.sendall(b"DELETE /b%2Fc//d?versionId=&x=%20 HTTP/1.1\r\nHost: here\r\nX-A: 1 \r\nx-a:2\r\n\r\n")
        assert answer(client) == (200, b"")
    (request,) = seen
    assert (request.method, request.path, request.query) == ("DELETE", "/b%2Fc//d", "versionId=&x=%20")
    assert request.headers == {"host": "here", "x-a": "1,2"}
    assert request.length == 0


def test_pipelined_requests_are_answered_in_order() -> None:
    def handle(request: Request) -> Response:
        return Response(200, {}, request.path.encode() + b";")

    with serving(handle) as running, running.connect() as client:
        client.sendall(b"".join(get(f"/{n}") for n in range(300)) + get("/end", Connection="close"))
        text = all_of(client)
    assert text.count(b"HTTP/1.1 200 OK") == 301
    bodies = [line.split(b";")[0] for line in text.split(b"\r\n\r\n")[1:]]
    assert bodies == [b"/%d" % n for n in range(300)] + [b"/end"]


def test_a_bad_request_is_refused_after_those_before_it_are_answered() -> None:
    with serving() as running, running.connect() as client:
        client.sendall(get("/1") + get("/2") + b"GET /3 HTTP/1.1\r\nno header\r\n\r\n")
        text = all_of(client)
    assert [line[9:12] for line in text.split(b"\r\n") if line.startswith(b"HTTP/1.1")] == [b"200", b"200", b"400"]


def test_a_connection_is_kept_for_http_1_1_and_closed_for_1_0() -> None:
    with serving() as running:
        with running.connect() as client:
            for _ in range(3):
                client.sendall(get())
                assert answer(client)[0] == 200
            client.sendall(get(Connection="close"))
            assert b"Connection: close\r\n" in all_of(client)
        with running.connect() as client:
            client.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert b"Connection: close\r\n" in all_of(client)


def test_who_waits_for_leave_to_send_nothing_gets_it() -> None:
    # botocore, told anything else, takes it for the answer to its next request on the connection
    with serving() as running, running.connect() as client:
        for _ in range(2):
            client.sendall(put(0, "Expect: 100-continue"))
            assert client.recv(25, 0x100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # MSG_WAITALL
            assert answer(client) == (200, b"")


def test_continue_is_sent_when_the_body_is_first_read_and_not_before() -> None:
    reading = threading.Event()

    def handle(request: Request) -> Response:
        if request.path != "/x":
            return Response(403, {}, b"no")
        reading.wait(10)
        return echo(request)

    with serving(handle) as running, running.connect() as client:
        client.sendall(put(5, "Expect: 100-continue"))
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(10)
        reading.set()
        assert client.recv(25, 0x100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # MSG_WAITALL
        client.sendall(b"hello")
        assert answer(client) == (200, b"hello")
        client.sendall(put(5, "Expect: 100-continue").replace(b"/x", b"/no"))
        text = all_of(client)  # a client that was refused may or may not send the body: nobody can tell
        assert text.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"Connection: close\r\n" in text


def test_a_file_is_sent_from_where_it_was_asked_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "data"
    data = os.urandom(5_000_000)
    path.write_bytes(data)
    given: list[Slice] = []

    def handle(request: Request) -> Response:
        start, length = map(int, request.path[1:].split("-"))
        given.append(Slice(path.open("rb"), start, length))
        return Response(206, {"Content-Length": "7"} if request.method == "HEAD" else {}, given[-1])

    with serving(handle) as running:
        client = http.client.HTTPConnection(*running.address, timeout=10)
        for start, length in ((0, 0), (3, 100), (1, 131_073), (1_000_000, 4_000_000)):
            client.request("GET", f"/{start}-{length}")
            assert client.getresponse().read() == data[start : start + length]
        client.request("HEAD", "/0-4000000")
        response = client.getresponse()
        assert (response.getheader("Content-Length"), response.read()) == ("7", b"")
        client.close()
    assert all(slice.file.closed for slice in given)


def test_a_file_that_ends_early_ends_the_connection_rather_than_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(bytes(1_000_000))

    def handle(request: Request) -> Response:
        return Response(200, {}, Slice(path.open("rb"), 0, 2_000_000))

    with serving(handle) as running, running.connect() as client:
        client.sendall(get())
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer(client)


def test_answers_without_a_body_say_no_length() -> None:
    with serving(lambda request: Response(204)) as running, running.connect() as client:
        client.sendall(get(Connection="close"))
        text = all_of(client)
    assert text.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert b"Content-Length" not in text


def test_what_the_handler_raises_is_reported_and_the_client_is_told_nothing_of_it() -> None:
    def handle(request: Request) -> Response:
        if request.path == "/bad":
            raise ValueError("secret")
        if request.path == "/split":
            return Response(200, {"X-Key": "a\r\nSet-Cookie: b"})
        return Response(200)

    with serving(handle) as running, running.connect() as client:
        for path in ("/bad", "/split"):
            client.sendall(get(path))
            status, body = answer(client)
            assert (status, body) == (500, b"The request could not be handled.")
        client.sendall(get("/good"))
        assert answer(client)[0] == 200
    assert [type(fault) for fault in running.reported] == [ValueError, ValueError]
