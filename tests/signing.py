"""Requests signed by botocore, as the gateway receives them; and the chunked bodies that other clients send."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stepmill.gateway.admission.signatures import Claim, admit, verify
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {KEY_ID: SECRET}
HOST = "localhost:4566"
JSON = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Content-Type": "application/x-amz-json-1.0"}
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class _Stated(S3SigV4Auth):
    """Signs whatever word a client puts in the place of its body's hash."""

    def __init__(self, word: str, *rest: Any) -> None:
        super().__init__(*rest)
        self._word = word

    def payload(self, request: AWSRequest) -> str:
        return self._word


def sign(
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    service: str = "states",
    region: str = "eu-west-1",
    keys: tuple[str, str] = (KEY_ID, SECRET),
    host: str = HOST,
    payload: str | None = None,
    expires: int | None = None,
    token: str | None = None,
) -> Request:
    """One request. expires: seconds, makes it a presigned one. payload: the word for the body's hash (S3)."""
    asked = AWSRequest(method, f"http://{host}{target}", headers=dict(headers or {}), data=body)
    given = (Credentials(*keys, token), service, region)
    if expires is not None:
        query_signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
        signer = query_signer(*given, expires=expires)
        if payload is not None:
            signer.payload = lambda asked: payload
        signer.add_auth(asked)
    elif payload is not None:
        _Stated(payload, *given).add_auth(asked)
    else:
        (S3SigV4Auth if service == "s3" else SigV4Auth)(*given).add_auth(asked)
    path, _, query = asked.url.removeprefix(f"http://{host}").partition("?")
    arrived = {name.lower(): value for name, value in asked.headers.items()} | {"host": host}
    if body or method in ("PUT", "POST"):
        arrived["content-length"] = str(len(body))
    return Request(method, path, query, arrived, io.BytesIO(body))


def when(request: Request) -> float:
    """The moment a request was signed."""
    return claim(request).at


def claim(request: Request) -> Claim:
    from stepmill.gateway.admission.claims import claim_of

    return claim_of(request, "json")


def changed(request: Request, **changes: Any) -> Request:
    """The same request with something else in it; `headers` are merged, those with None taken out."""
    if "headers" in changes:
        headers = {**request.headers, **changes["headers"]}
        changes["headers"] = {name: value for name, value in headers.items() if value is not None}
    if isinstance(changes.get("body"), bytes):
        changes.setdefault("headers", {**request.headers, "content-length": str(len(changes["body"]))})
        changes["body"] = io.BytesIO(changes["body"])
    return replace(request, **changes)


def ask(request: Request, *, now: float | None = None, keys: Mapping[str, str] = KEYS, limit: int = 1 << 20) -> bytes:
    """Admit and verify it, and read its body."""
    admitted = admit(request, keys, when(request) if now is None else now)
    return verify(request, admitted, keys[admitted.key_id], limit=limit).read()


def refusal(act: Callable[[], object]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        act()
    return caught.value


def code(request: Request, **how: Any) -> str:
    """The code with which it is refused."""
    return refusal(lambda: ask(request, **how)).code


class Drops:
    """A body that arrives in pieces of at most `size` bytes, whatever is asked for."""

    def __init__(self, data: bytes, size: int = 1) -> None:
        self._file = io.BytesIO(data)
        self._size = size

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(self._size if size < 0 else min(size, self._size))


def signing_key(date: str, region: str, service: str, secret: str = SECRET) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def upload(
    chunks: Sequence[bytes],
    kind: str = SIGNED,
    trailers: Mapping[str, str] | None = None,
    *,
    declared: str | None = None,
    spoil: Callable[[list[bytes]], list[bytes]] = lambda pieces: pieces,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """A PUT to S3 in aws-chunked encoding. spoil: may change the encoded pieces (a chunk each, then the end)."""
    names = ",".join(trailers or ()) if declared is None else declared
    length = str(sum(map(len, chunks)))
    told = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": length, **(headers or {})}
    if kind.endswith("TRAILER"):
        told["x-amz-trailer"] = names
    head = sign("PUT", "/bucket/key", headers=told, service="s3", payload=kind)
    claimed = claim(head)
    key, previous = signing_key(claimed.date, claimed.region, "s3"), claimed.signature
    stamp = f"{claimed.when}\n{claimed.date}/{claimed.region}/s3/aws4_request"
    empty = hashlib.sha256(b"").hexdigest()
    pieces = []
    for chunk in (*chunks, b""):
        line = f"{len(chunk):x}"
        if kind != UNSIGNED_TRAILER:
            text = f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{previous}\n{empty}\n{hashlib.sha256(chunk).hexdigest()}"
            previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            line += f";chunk-signature={previous}"
        pieces.append(line.encode() + b"\r\n" + (chunk + b"\r\n" if chunk else b""))
    lines = [f"{name}:{value}" for name, value in (trailers or {}).items()]
    if kind == SIGNED_TRAILER:
        text = "".join(f"{line}\n" for line in lines)
        text = f"AWS4-HMAC-SHA256-TRAILER\n{stamp}\n{previous}\n{hashlib.sha256(text.encode()).hexdigest()}"
        lines.append(f"x-amz-trailer-signature:{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}")
    pieces[-1] += "".join(f"{line}\r\n" for line in (*lines, "")).encode()
    return changed(head, body=b"".join(spoil(pieces)))
