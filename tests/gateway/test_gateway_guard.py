"""What is turned away at the door, signed or not."""

from __future__ import annotations

import pytest

from signing import HOST, JSON, changed, refusal, sign
from stepmill.gateway.admission.guard import METHODS, Guard, Limits
from stepmill.gateway.admission.refusals import service_of
from stepmill.gateway.messages import Request

GUARD = Guard()
MIB = 1 << 20


def turned_away(request: Request, guard: Guard = GUARD) -> tuple[str, int]:
    refused = refusal(lambda: guard.check(request))
    return refused.code, refused.status


HOSTS = [
    "localhost",
    "localhost:4566",
    "127.0.0.1:1",
    "[::1]:4566",
    "[::1]",
    "LOCALHOST:80",
    "my-bucket.localhost:4566",
]
EVIL = [
    "evil.example",
    "evil.example:4566",
    "localhost.evil.example",
    "evillocalhost",
    "127.0.0.1.nip.io",
    "127.0.0.2",
    "0.0.0.0:4566",
    "2130706433",
    "localhost.",
    "[::]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
]
UNREADABLE = [
    "",
    ":80",
    "localhost:",
    "localhost:port",
    "localhost, evil.example",
    "user@localhost",
    "a b",
    "é",
    ".localhost",
]


@pytest.mark.parametrize("host", HOSTS)
def test_this_machine_answers_by_its_own_names(host: str) -> None:
    GUARD.check(sign(headers=JSON, host=host))


@pytest.mark.parametrize("host", EVIL)
@pytest.mark.parametrize("method", METHODS)
def test_a_name_that_is_not_ours_is_misdirected(method: str, host: str) -> None:
    assert turned_away(sign(method, headers=JSON, host=host)) == ("MisdirectedRequest", 421)


@pytest.mark.parametrize("host", UNREADABLE)
def test_a_request_has_one_host_that_can_be_read(host: str) -> None:
    assert turned_away(changed(sign(headers=JSON), headers={"host": host}))[1] == 400
    assert turned_away(changed(sign(headers=JSON), headers={"host": None}))[1] == 400


def test_other_names_can_be_configured() -> None:
    guard = Guard(["Stepmill.internal", "*.s3.internal"])
    for host in ("stepmill.internal:4566", "bucket.s3.internal", "localhost"):
        guard.check(sign(headers=JSON, host=host))
    for host in ("other.stepmill.internal", "s3.internal", "evil.example"):
        assert turned_away(sign(headers=JSON, host=host), guard) == ("MisdirectedRequest", 421)


BROWSER = [
    ("origin", "http://evil.example"),
    ("origin", "null"),
    ("origin", "http://localhost:4566"),
    ("origin", ""),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-dest", "image"),
    ("sec-fetch-user", "?1"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-ch-ua", '"Chromium"'),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "x-amz-target"),
    ("access-control-request-private-network", "true"),
    ("referer", "http://localhost:4566/"),
]


@pytest.mark.parametrize(("name", "value"), BROWSER)
@pytest.mark.parametrize("method", METHODS)
def test_a_page_in_a_browser_is_refused_whatever_its_signature(method: str, name: str, value: str) -> None:
    known = ("test", "test")
    for request in (
        sign(method, headers={**JSON, name: value}, keys=known),
        sign(method, "/bucket/key", headers={name: value}, service="s3", keys=known, expires=60),
        changed(sign(method, "/bucket", service="s3"), headers={name: value}),
    ):
        assert turned_away(request) == ("AccessDenied", 403)


def test_a_simple_request_of_a_page_is_refused() -> None:
    headers = {"host": "localhost:4566", "content-type": "text/plain", "origin": "http://evil.example"}
    assert turned_away(Request("POST", "/", "", headers)) == ("AccessDenied", 403)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""])
def test_a_method_that_no_operation_has_is_refused(method: str) -> None:
    assert turned_away(changed(sign(headers=JSON), method=method)) == ("MethodNotAllowed", 405)


def test_a_head_has_a_size() -> None:
    large = {f"x-amz-meta-{number}": "x" * 1000 for number in range(17)}
    assert turned_away(sign(headers=JSON | large)) == ("RequestHeaderSectionTooLarge", 431)
    assert turned_away(sign("GET", headers=large, service="s3")) == ("RequestHeaderSectionTooLarge", 400)
    many = {f"x-{number}": "" for number in range(201)}
    assert turned_away(sign(headers=JSON | many)) == ("RequestHeaderSectionTooLarge", 431)
    GUARD.check(sign("GET", headers={f"x-amz-meta-{number}": "x" * 80 for number in range(20)}, service="s3"))


def test_the_longest_key_fits_with_a_presigned_query() -> None:
    key = "%E5%89%8D" * 341 + "a"  # 1,024 bytes in UTF-8
    GUARD.check(sign("GET", f"/bucket/{key}", service="s3", expires=60))
    GUARD.check(sign("GET", f"/bucket?prefix={key}&start-after={key}", service="s3", expires=60))
    assert turned_away(sign("GET", "/bucket/" + "a" * 16384, service="s3")) == ("RequestURITooLong", 414)


@pytest.mark.parametrize("path", ["", "*", "http://evil.example/", "/a b", "/a\x00", "/a\r\nx: y", "/é"])
def test_a_target_that_is_no_path_is_refused(path: str) -> None:
    assert turned_away(changed(sign(headers=JSON), path=path)) == ("InvalidURI", 400)


@pytest.mark.parametrize("path", ["/bucket/../../etc/passwd", "/bucket/%2e%2e/x", "/bucket//a", "/bucket/..%5cx"])
def test_a_path_is_let_through_as_it_is(path: str) -> None:
    request = sign("GET", path, service="s3")
    GUARD.check(request)
    assert request.path == path


@pytest.mark.parametrize("value", ["a\r\nx-amz-target: b", "a\x00", "a\x7f"])
def test_a_control_character_in_a_header_is_refused(value: str) -> None:
    assert turned_away(changed(sign(headers=JSON), headers={"user-agent": value}))[1] == 400


@pytest.mark.parametrize("length", ["-1", "+1", "1.0", "0x10", "", "1, 1", "1e3", "٣", "9" * 20, " 1"])
def test_a_length_is_a_number(length: str) -> None:
    request = changed(sign(headers=JSON), headers={"content-length": length})
    assert turned_away(request) == ("MalformedHttpRequestException", 400)


def test_a_body_has_one_border() -> None:
    both = changed(sign(body=b"{}", headers=JSON), headers={"transfer-encoding": "chunked"})
    assert turned_away(both) == ("MalformedHttpRequestException", 400)
    assert turned_away(changed(sign("PUT", "/b/k", b"x", service="s3"), headers={"transfer-encoding": "chunked"})) == (
        "InvalidRequest",
        400,
    )


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""])
def test_no_coding_but_chunks_is_taken(coding: str) -> None:
    headers = {"content-length": None, "transfer-encoding": coding}
    assert turned_away(changed(sign(headers=JSON), headers=headers)) == ("NotImplemented", 501)


def test_an_upload_says_how_long_it_is() -> None:
    request = changed(sign("PUT", "/b/k", b"x", service="s3"), headers={"content-length": None})
    assert turned_away(request) == ("MissingContentLength", 411)
    chunked = changed(request, headers={"transfer-encoding": "chunked"})
    assert turned_away(chunked) == ("NotImplemented", 501)
    GUARD.check(changed(chunked, headers={"x-amz-decoded-content-length": "1"}))
    GUARD.check(changed(sign(headers=JSON), headers={"content-length": None}))
    GUARD.check(sign("GET", "/b/k", service="s3"))


LIMITS = [
    ("states", "POST", "/", MIB),
    ("sagemaker", "POST", "/", MIB),
    ("unheard-of", "POST", "/", MIB),
    ("dynamodb", "POST", "/", 16 * MIB),
    ("lambda", "POST", "/2015-03-31/functions/f/invocations", 6 * MIB + 100),
    ("lambda", "POST", "/2015-03-31/functions", 69905067),
    ("lambda", "PUT", "/2015-03-31/functions/f/code", 69905067),
    ("lambda", "PUT", "/2015-03-31/functions/f/configuration", MIB),
    ("s3", "PUT", "/bucket/key", 5 << 30),
    ("s3", "PUT", "/bucket/key?partNumber=1&uploadId=x", 5 << 30),
    ("s3", "PUT", "/bucket/key?x-id=PutObject", 5 << 30),
    ("s3", "PUT", "/bucket/key?tagging", 2 * MIB),
    ("s3", "PUT", "/bucket", 2 * MIB),
    ("s3", "PUT", "/bucket/", 2 * MIB),
    ("s3", "POST", "/bucket?delete", 2 * MIB),
    ("s3", "POST", "/bucket/key?uploadId=x", 2 * MIB),
]


@pytest.mark.parametrize(("service", "method", "target", "limit"), LIMITS)
def test_a_body_is_at_most_as_large_as_its_service_takes(service: str, method: str, target: str, limit: int) -> None:
    request = sign(method, target, headers=JSON if service in ("states", "sagemaker") else {}, service=service)
    assert GUARD.limit(request) == limit
    GUARD.check(changed(request, headers={"content-length": str(limit)}))
    code, status = turned_away(changed(request, headers={"content-length": str(limit + 1)}))
    if service != "s3":
        assert (code, status) == ("RequestEntityTooLargeException", 413)
    else:
        assert (code, status) == ("EntityTooLarge" if limit == 5 << 30 else "MaxMessageLengthExceeded", 400)


def test_an_upload_may_be_presigned_or_name_its_bucket_in_the_host() -> None:
    assert GUARD.limit(sign("PUT", "/bucket/key", service="s3", expires=60)) == 5 << 30
    assert GUARD.limit(sign("PUT", "/key", service="s3", host="bucket.localhost:4566")) == 5 << 30
    second = sign("PUT", "/bucket/key?AWSAccessKeyId=A&Signature=B&Expires=1&content-type=c", service="s3")
    assert GUARD.limit(second) == 5 << 30


def test_what_makes_a_bucket_is_a_document_wherever_the_bucket_is_named() -> None:
    for target, host in (("/bucket", HOST), ("/bucket/", HOST), ("/", "bucket.localhost:4566"), ("/", HOST)):
        assert GUARD.limit(sign("PUT", target, service="s3", host=host)) == 2 << 20
    for target, host in (("/bucket//", HOST), ("//", "bucket.localhost:4566")):  # the key is a slash
        assert GUARD.limit(sign("PUT", target, service="s3", host=host)) == 5 << 30


def test_the_lines_between_chunks_come_on_top_of_an_object() -> None:
    request = changed(sign("PUT", "/b/k", service="s3"), headers={"x-amz-decoded-content-length": str(5 << 30)})
    GUARD.check(changed(request, headers={"content-length": str((5 << 30) + (5 << 30) // 8192 * 90)}))
    assert turned_away(changed(request, headers={"content-length": str(6 << 30)})) == ("EntityTooLarge", 400)


def test_limits_can_be_set() -> None:
    guard = Guard(limits=Limits(json=10))
    guard.check(sign(body=b"x" * 10, headers=JSON))
    assert turned_away(sign(body=b"x" * 11, headers=JSON), guard) == ("RequestEntityTooLargeException", 413)


def test_the_service_is_guessed_from_the_head() -> None:
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    for request, service in (
        (sign(service="logs"), "logs"),
        (sign("GET", service="s3", expires=9), "s3"),
        (sign("GET", service="sts", expires=9), "sts"),
        (Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.ListActivities"}), "states"),
        (Request("POST", "/", "", {"x-amz-target": "SageMaker.ListModels"}), "sagemaker"),
        (Request("POST", "/", "", {"x-amz-target": "Logs_20140328.GetLogEvents"}), "logs"),
        (Request("POST", "/", "", {"x-amz-target": "DynamoDB_20120810.PutItem"}), "dynamodb"),
        (Request("POST", "/", "", form), "sts"),
        (Request("GET", "/2015-03-31/functions/", "", {}), "lambda"),
        (Request("GET", "/", "", {}), "s3"),
        (Request("GET", "/b/2015-03-31/", "", {"authorization": "nonsense"}), "s3"),
    ):
        assert service_of(request) == service


def test_a_service_cannot_be_slipped_in_through_another_parameter() -> None:
    hidden = "%26X-Amz-Credential%3DA%2F20300101%2Fr%2Fs3%2Faws4_request"
    request = sign("PUT", f"/key?a={hidden}", service="lambda", expires=9)
    assert service_of(request) == "lambda"
