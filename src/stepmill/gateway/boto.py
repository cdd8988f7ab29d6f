"""A boto3 client whose requests never touch a socket.

In: a gateway and a service's name. Out: boto3's own client; what it sends is signed, parsed and answered as over HTTP.
Touches: nothing; boto3 is imported when a client is made.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from stepmill.gateway.messages import Request, Response
from stepmill.objects.bodies import Slice
from stepmill.stage import Endpoint

Handle = Callable[[Request], Response]


def client(handle: Handle, endpoint: Endpoint, service: str, **more: Any) -> Any:
    """boto3's client for `service`, answered by `handle`.

    endpoint: the key it signs with, the region, and the URL its requests pretend to go to. more: what boto3's own
    `client` takes (`config`, …), but for where it finds the service. Raises ModuleNotFoundError without boto3.
    """
    from boto3.session import Session  # a client of one's own, not of boto3's default session
    from botocore.config import Config

    session = Session(
        aws_access_key_id=endpoint.key, aws_secret_access_key=endpoint.secret, region_name=endpoint.region
    )
    # StartSyncExecution and TestState would go to `sync-` and the host, which is nobody's name here
    given = more.pop("config", None)
    config = Config(inject_host_prefix=False)
    more["config"] = config if given is None else config.merge(given)
    made = session.client(service, endpoint_url=endpoint.url, **more)
    # botocore asks here before it opens a connection; who answers is the server
    made.meta.events.register("before-send", _Carrier(handle).send)
    return made


class _Carrier:
    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def send(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        address = urlsplit(request.url)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        headers.setdefault("host", address.netloc)
        body, length = _body(request.body)
        if length is not None and "transfer-encoding" not in headers:
            headers["content-length"] = str(length)
        answer = self._handle(Request(request.method, address.path or "/", address.query, headers, body))
        raw = _Raw(answer.body if isinstance(answer.body, Slice) else io.BytesIO(answer.body))
        size = answer.body.length if isinstance(answer.body, Slice) else len(answer.body)
        heads = answer.headers if "Content-Length" in answer.headers else answer.headers | {"Content-Length": str(size)}
        return AWSResponse(request.url, answer.status, _headers(heads), raw)


class _Raw:
    """What botocore reads a body from, as it would from urllib3."""

    def __init__(self, body: Slice | io.BytesIO) -> None:
        self._body = body
        self._closed = False

    def read(self, amt: int | None = None, **_: Any) -> bytes:
        if self._closed:
            return b""
        data = self._body.read(-1 if amt is None else amt)
        if amt is None or (amt and not data):
            self.close()  # as a connection goes back when all of it was read
        return data

    def stream(self, amt: int = 1 << 16, **_: Any) -> Iterator[bytes]:
        try:
            while data := self.read(amt):
                yield data
        finally:
            self.close()

    def close(self) -> None:
        self._closed = True
        self._body.close()

    release_conn = close


def _headers(values: dict[str, str]) -> Any:
    from botocore.compat import HTTPHeaders

    made = HTTPHeaders()
    for name, value in values.items():
        made[name] = value
    return made


def _body(body: Any) -> tuple[Any, int | None]:
    if body is None:
        return io.BytesIO(), 0
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes | bytearray):
        return io.BytesIO(body), len(body)
    return body, None  # it knows its own length, and has written it into the head


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
