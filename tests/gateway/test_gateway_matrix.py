"""Every route of the table under every verb, by somebody who may not: refused, in 4xx, and nothing is done.

The table is made of AWS's own models; what is not in it is refused too, even when it is signed.
"""

from __future__ import annotations

import calendar
import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stepmill.gateway.endpoint import Gateway
from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols.models import load
from stepmill.gateway.protocols.routing import Route, routes
from stepmill.services.reach import owned

KEY, SECRET = "SMILAAAABBBBCCCCDDDD", "a-secret-that-no-answer-may-hold-0123456"
HOST = "127.0.0.1:8420"
VERBS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
ANSWERED = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
SERVICES = ("states", "sagemaker", "lambda", "s3", "logs", "sts")
ROUTES = [(service, route) for service in SERVICES for route in routes(load(service))]
OWNED = owned()


class Watch:
    """A gateway whose operations tell that they were reached; time stands where the requests were signed."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, str]] = []
        self.bugs: list[BaseException] = []
        self.now = 0.0
        self.gateway = Gateway(
            self._call,
            self._elsewhere,
            {KEY: SECRET},
            owned=OWNED,
            clock=lambda: self.now,
            report=self.bugs.append,
        )

    def _call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.reached.append((service, operation))
        return {}

    def _elsewhere(self, service: str, request: Request) -> Response:
        self.reached.append((service, ""))
        return Response(200)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def url_of(route: Route) -> str:
    path = re.sub(r"\{[^}]+\}", "some-name", route.template)
    query = "&".join(key if value is None else f"{key}={value}" for key, value in route.constants)
    more = "&".join(f"{key}=1" for key in route.query)
    joined = "&".join(part for part in (query, more) if part)
    return f"http://{HOST}{path}{'?' + joined if joined else ''}"


def signed(service: str, route: Route, verb: str) -> tuple[Request, float]:
    """A request for a route, signed as botocore signs, and the time at which it was."""
    headers = {"Content-Type": "application/x-amz-json-1.0", **dict.fromkeys(route.header, "other/name")}
    if route.action and service != "sts":
        headers["X-Amz-Target"] = f"{load(service).target}.{route.operation}"
    body = b"{}"
    if service == "sts":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = f"Action={route.operation}&Version=2011-06-15".encode()
    if verb in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"):
        body = b""
    asked = AWSRequest(verb, url_of(route), headers, body)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(KEY, SECRET), service, "us-east-1").add_auth(asked)
    found = {name.lower(): str(value) for name, value in asked.headers.items()}
    found |= {"host": HOST, "content-length": str(len(body))}
    path, _, query = asked.url.removeprefix(f"http://{HOST}").partition("?")
    at = calendar.timegm(time.strptime(found["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    return Request(verb, path, query, found, io.BytesIO(body)), float(at)


def with_header(name: str, value: str) -> Callable[[Request], Request]:
    return lambda request: replace(request, headers={**request.headers, name: value})


def without(name: str) -> Callable[[Request], Request]:
    return lambda request: replace(request, headers={k: v for k, v in request.headers.items() if k != name})


def forged(request: Request) -> Request:
    text = request.headers["authorization"]
    return with_header("authorization", text[:-1] + ("0" if text[-1] != "0" else "1"))(request)


WRONGS: dict[str, tuple[Callable[[Request], Request], set[int]]] = {
    "a host that is not this machine's": (with_header("host", "evil.example:8420"), {421}),
    "a rebound host with our name in it": (with_header("host", "127.0.0.1.evil.example"), {421}),
    "no host": (without("host"), {400}),
    "an origin": (with_header("origin", "http://localhost:8420"), {403}),
    "a browser's Sec-Fetch-Site": (with_header("sec-fetch-site", "none"), {403}),
    "a browser's Sec-Fetch-Mode": (with_header("sec-fetch-mode", "no-cors"), {403}),
    "no signature": (without("authorization"), {400, 403}),
    "a forged signature": (forged, {400, 403}),
    "another path": (lambda request: replace(request, path=request.path + "x"), {400, 403}),
    "another query": (lambda request: replace(request, query=request.query + "&z=1"), {400, 403}),
    "a header of S3's that was not signed": (with_header("x-amz-acl", "public-read"), {400, 403}),
    "a head that is too large": (with_header("x-padding", "x" * 17_000), {400, 431}),
    "a body that is too large": (with_header("content-length", str(10**14)), {400, 413}),
    "two lengths": (with_header("transfer-encoding", "chunked"), {400}),
}


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_comes_in_by_any_route_and_verb(watch: Watch, service: str):
    table = [route for owner, route in ROUTES if owner == service]
    several: set[tuple[str, str]] = set()  # where only the target tells operations apart, one of them has every verb
    for route in table:
        verbs = VERBS if (route.template, route.method) not in several else (route.method,)
        several.add((route.template, route.method))
        for verb in verbs:
            request, watch.now = signed(service, route, verb)
            for wrong, (change, statuses) in WRONGS.items():
                answer = watch.gateway.handle(change(replace(request, body=io.BytesIO())))
                allowed = statuses if verb in ANSWERED else {*statuses, 405}
                assert answer.status in allowed, (wrong, verb, route, answer.status, answer.body)
                assert isinstance(answer.body, bytes)
                assert SECRET.encode() not in answer.body
    assert watch.reached == []
    assert watch.bugs == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_signature_is_no_good_an_hour_later_or_earlier(watch: Watch, service: str):
    route = next(route for owner, route in ROUTES if owner == service)
    request, at = signed(service, route, route.method)
    for watch.now in (at - 3600, at + 3600, at + 901):
        assert watch.gateway.handle(request).status in (400, 403)
    assert watch.reached == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_verb_that_the_table_does_not_have_reaches_nothing_though_it_is_signed(watch: Watch, service: str):
    table = [route for owner, route in ROUTES if owner == service]
    known = {(route.template, route.method) for route in table}
    for route in table:
        for verb in VERBS:
            if (route.template, verb) in known or (service == "sts" and verb in ("GET", "POST")):
                continue
            if route.template == "/WriteGetObjectResponse":
                continue  # a bucket may have that name
            request, watch.now = signed(service, route, verb)
            answer = watch.gateway.handle(request)
            # 501: S3 has the operation, by another template that this path fits too, and we do not
            assert 400 <= answer.status < 500 or answer.status == 501, (verb, route, answer.status, answer.body)
    assert watch.reached == []
    assert watch.bugs == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_of_the_table_leads_to_its_own_operation_or_is_refused_by_name(watch: Watch, service: str):
    for route in (route for owner, route in ROUTES if owner == service):
        request, watch.now = signed(service, route, route.method)
        watch.reached.clear()
        answer = watch.gateway.handle(request)
        if route.operation in OWNED[service]:
            assert watch.reached in ([], [(service, route.operation)]), route  # [] when members are missing
            assert watch.reached or 400 <= answer.status < 500, (route, answer)
        elif service not in ("sagemaker", "sts"):
            assert watch.reached == [], route
            assert 400 <= answer.status <= 501, (route, answer)
    assert watch.bugs == []
