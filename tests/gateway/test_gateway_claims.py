"""What a request claims: its form, its time, what it covers, and the words in which it is refused."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import HOST, JSON, KEY_ID, SECRET, ask, changed, claim, code, refusal, sign, when
from stepmill.gateway.admission.signatures import SKEW, admit, verify
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError


def test_a_request_is_of_this_quarter_of_an_hour() -> None:
    for service, expected in (("states", "InvalidSignatureException"), ("s3", "RequestTimeTooSkewed")):
        request = sign("GET", headers=JSON, service=service)
        at = when(request)
        for now in (at - SKEW, at, at + SKEW):
            assert ask(request, now=now) == b""
        for now in (at - SKEW - 1, at + SKEW + 1, at + 86400):
            assert code(request, now=now) == expected


def test_a_late_request_is_told_both_times() -> None:
    request = sign(headers=JSON)
    message = refusal(lambda: ask(request, now=when(request) + 1000)).message
    assert message.startswith(f"Signature expired: {claim(request).when} is now earlier than 20")
    assert message.endswith("Z - 15 min.)")
    message = refusal(lambda: ask(request, now=when(request) - 1000)).message
    assert message.startswith(f"Signature not yet current: {claim(request).when} is still later than 20")
    assert message.endswith("Z + 15 min.)")


def test_a_presigned_request_lives_as_long_as_it_says() -> None:
    request = sign("GET", "/b/k", service="s3", expires=3600)
    at = when(request)
    assert ask(request, now=at + 3600) == b""
    refused = refusal(lambda: ask(request, now=at + 3601))
    assert (refused.code, refused.message, refused.status) == ("AccessDenied", "Request has expired", 403)
    assert refusal(lambda: ask(request, now=at - SKEW - 1)).message == "Request is not yet valid"


@pytest.mark.parametrize("expires", ["604801", "-1", "1e3", "99999999999", "٣"])
def test_a_presigned_request_lives_a_week_at_most(expires: str) -> None:
    request = sign("GET", "/b/k", service="s3", expires=604800)
    assert ask(request, now=when(request) + 604800) == b""
    query = request.query.replace("X-Amz-Expires=604800", f"X-Amz-Expires={expires}")
    assert code(changed(request, query=query), now=when(request)) == "AuthorizationQueryParametersError"


def test_an_exact_repetition_is_accepted_as_aws_does() -> None:
    request = sign(headers=JSON)
    assert [ask(request), ask(request)] == [b"", b""]


def test_the_date_of_the_scope_is_the_date_of_the_request() -> None:
    request = changed(sign(headers=JSON), headers={"x-amz-date": "20200101T000000Z"})
    assert "Date in Credential scope does not match" in refusal(lambda: ask(request, now=0)).message


def test_the_date_header_stands_in_for_the_other() -> None:
    request = sign(headers={**JSON, "Date": "Mon, 09 Sep 2030 12:00:00 GMT"})
    assert "x-amz-date" not in request.headers  # botocore writes the time where it finds one
    assert "date" in claim(request).signed_headers
    assert ask(request) == b""


def test_the_host_must_be_signed() -> None:
    for service, expected in (("states", "InvalidSignatureException"), ("s3", "AccessDenied")):
        request = sign("GET", headers=JSON, service=service)
        head = request.headers["authorization"].replace("host;", "")
        assert code(changed(request, headers={"authorization": head})) == expected


def test_an_amz_header_that_is_not_signed_is_refused() -> None:
    for parts in ({}, {"expires": 60}):
        request = sign("PUT", "/b/k", service="s3", **parts)  # type: ignore[arg-type]
        refused = refusal(lambda request=request: ask(changed(request, headers={"x-amz-acl": "public-read"})))  # type: ignore[misc]
        assert (refused.code, refused.status) == ("AccessDenied", 403)
        assert "not signed" in refused.message
    moved = changed(sign(), headers={"x-amz-target": "AWSStepFunctions.DeleteStateMachine"})
    assert code(moved) == "InvalidSignatureException"


def test_a_session_token_is_none_of_ours() -> None:
    assert code(sign(headers=JSON, token="token")) == "UnrecognizedClientException"
    assert code(sign("GET", "/b", service="s3", token="token")) == "InvalidToken"
    assert code(sign("GET", "/b", service="s3", token="token", expires=9)) == "InvalidToken"


def test_each_family_says_in_its_own_words_that_nobody_signed() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for parts, expected in (
        ({"method": "POST", "headers": JSON}, ("MissingAuthenticationTokenException", 400)),
        ({"path": "/2015-03-31/functions", "headers": {}}, ("MissingAuthenticationTokenException", 403)),
        ({"path": "/bucket", "headers": {}}, ("AccessDenied", 403)),
        ({"path": "/", "headers": form}, ("MissingAuthenticationToken", 403)),
    ):
        request = changed(sign("GET"), query="", headers={"authorization": None, "x-amz-date": None})
        headers = {name.lower(): value for name, value in parts["headers"].items()}  # type: ignore[attr-defined]
        request = dataclasses.replace(request, path=str(parts.get("path", "/")), headers=headers)
        refused = refusal(lambda request=request: admit(request, {}, 0))  # type: ignore[misc]
        assert (refused.code, refused.status) == expected


def test_each_family_says_in_its_own_words_that_it_knows_no_such_key() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for request, expected in (
        (sign(headers=JSON, keys=("A", "b")), ("UnrecognizedClientException", 400)),
        (sign("GET", service="lambda", keys=("A", "b")), ("UnrecognizedClientException", 403)),
        (sign("GET", service="s3", keys=("A", "b")), ("InvalidAccessKeyId", 403)),
        (sign(headers=form, service="sts", keys=("A", "b")), ("InvalidClientTokenId", 403)),
    ):
        refused = refusal(lambda request=request: ask(request))  # type: ignore[misc]
        assert (refused.code, refused.status) == expected


def test_a_scope_written_to_be_misread_is_refused() -> None:
    request = sign("PUT", "/bucket/key", service="lambda", expires=9)
    assert ask(request) == b""
    disguised = changed(request, query=request.query.replace("X-Amz-Credential", "X%2DAmz-Credential"))
    assert code(disguised) == "AuthorizationHeaderMalformed"  # taken for S3, with its limit, and found to be none


def test_a_signature_is_given_once() -> None:
    presigned = sign("GET", "/b", service="s3", expires=60)
    both = changed(presigned, headers={"authorization": sign("GET", "/b", service="s3").headers["authorization"]})
    assert "Only one auth mechanism" in refusal(lambda: admit(both, {}, 0)).message
    twice = changed(presigned, query=presigned.query + "&X-Amz-Signature=" + "0" * 64)
    assert refusal(lambda: admit(twice, {}, 0)).code == "AuthorizationQueryParametersError"
    odd = changed(presigned, query=presigned.query + "&X%2DAmz-Signatur%65=0")
    assert refusal(lambda: admit(odd, {}, 0)).code == "AuthorizationQueryParametersError"
    request = sign(headers=JSON)
    right = request.headers["authorization"]
    for part in right.partition(" ")[2].split(", "):
        twice = changed(request, headers={"authorization": f"{right}, {part}"})
        assert refusal(lambda twice=twice: admit(twice, {}, 0)).code == "IncompleteSignatureException"  # type: ignore[misc]
    joined = changed(request, headers={"authorization": ", ".join([right] * 2)})
    assert refusal(lambda: admit(joined, {}, 0)).code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    "head",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/states/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=/20300101/r/states/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/../aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/states/aws4_request, SignedHeaders=host;date, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/states/aws4_request, SignedHeaders=Host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/states/aws4_request, SignedHeaders=host;host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A/20300101/r/states/aws4_request, SignedHeaders=, Signature=0",
        "AWS4-HMAC-SHA256 Credential=A, Credential=B, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA512 Credential=A/20300101/r/states/aws4_request, SignedHeaders=host, Signature=0",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "é" * 5000,
    ],
)
def test_a_malformed_authorization_is_refused_as_one(head: str) -> None:
    headers = {"authorization": head, "x-amz-date": "20300101T000000Z"}
    request = changed(sign(headers=JSON), headers=headers)
    assert refusal(lambda: admit(request, {"A": "b"}, 1893456000)).code == "IncompleteSignatureException"


@pytest.mark.parametrize("date", ["", "20300101", "20301301T000000Z", "tomorrow", "20300101T000000Z, 20300101T000000Z"])
def test_a_date_that_is_none_is_refused(date: str) -> None:
    request = changed(sign(headers=JSON), headers={"x-amz-date": date})
    assert refusal(lambda: admit(request, {}, 0)).code == "IncompleteSignatureException"


def test_other_versions_of_signatures_are_refused_by_name() -> None:
    both = "AWSAccessKeyId=A&Signature=b&SignatureVersion=2&Expires=1"
    for parts in ({"headers": {"authorization": "AWS AKID:c2ln"}}, {"query": both}):
        request = changed(sign("GET", "/b", service="s3"), headers={"authorization": None})
        refused = refusal(lambda request=request, parts=parts: admit(changed(request, **parts), {}, 0))  # type: ignore[misc]
        assert refused.code == "InvalidRequest"
        assert "AWS4-HMAC-SHA256" in refused.message
    request = sign(headers=JSON)
    head = request.headers["authorization"].replace("HMAC-SHA256", "ECDSA-P256-SHA256")
    refused = refusal(lambda: admit(changed(request, headers={"authorization": head}), {}, 0))
    assert (refused.code, refused.status) == ("NotImplemented", 501)
    assert "4A" in refused.message


def test_a_request_for_s3_must_state_the_hash_of_its_body() -> None:
    request = changed(sign("GET", service="s3", headers=JSON), headers={"x-amz-content-sha256": None})
    assert code(request) == "InvalidRequest"
    assert code(sign("PUT", "/b/k", b"", service="s3", payload="NONE")) == "InvalidArgument"
    assert code(sign("PUT", "/b/k", b"", service="s3", payload="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")) == (
        "NotImplemented"
    )


def test_nobody_without_a_key_makes_us_read_a_body() -> None:
    class Unread:
        def read(self, size: int = -1, /) -> bytes:
            raise AssertionError("the body was read")

    for request in (sign(body=b"{}", headers=JSON, keys=("A", "b")), sign(body=b"{}", headers=JSON, token="t")):
        refusal(lambda request=request: admit(changed(request, headers={}, body=Unread()), {}, when(request)))  # type: ignore[misc]
    request = sign("PUT", "/b/k", b"object", service="s3", keys=(KEY_ID, "wrong"))
    assert code(changed(request, headers={}, body=Unread())) == "SignatureDoesNotMatch"


def test_a_body_larger_than_the_limit_is_not_kept() -> None:
    request = sign(body=b"x" * 101, headers=JSON)
    refused = refusal(lambda: ask(request, limit=100))
    assert (refused.code, refused.status) == ("RequestEntityTooLargeException", 413)
    unknown = changed(request, headers={"content-length": None, "transfer-encoding": "chunked"})
    assert code(unknown, limit=100) == "RequestEntityTooLargeException"
    assert code(sign("PUT", "/b/k", b"x" * 101, service="s3"), limit=100) == "EntityTooLarge"
    assert ask(sign("PUT", "/b/k", b"x" * 100, service="s3"), limit=100) == b"x" * 100


def test_a_claim_says_who_and_for_what() -> None:
    request = sign(headers=JSON)
    admitted = admit(request, {KEY_ID: SECRET}, when(request))
    assert (admitted.key_id, admitted.region, admitted.service) == (KEY_ID, "eu-west-1", "states")
    assert admitted.presigned is False
    assert set(admitted.signed_headers) == {"content-type", "host", "x-amz-date", "x-amz-target"}
    assert request.headers["host"] == HOST
    assert verify(request, admitted, SECRET, limit=1).read() == b""


_WORDS = st.sampled_from(
    [
        *(
            "AWS4-HMAC-SHA256",
            " ",
            "Credential=",
            "SignedHeaders=",
            "Signature=",
            ",",
            ", ",
            "/",
            "host",
            ";",
            "=",
            "&",
        ),
        *(
            "AKIDEXAMPLE/20300101/r/s3/aws4_request",
            "AKIDEXAMPLE%2F20300101%2Fr%2Fs3%2Faws4_request",
            "0" * 64,
            "%",
            "%2",
        ),
        *("X-Amz-Algorithm=", "X-Amz-Credential=", "X-Amz-Date=", "X-Amz-Expires=", "X-Amz-SignedHeaders="),
        *("X-Amz-Signature=", "20300101T000000Z", "20301301T000000Z", "00000000T000000Z", "60", "é", "²"),
        *("&", "%", "%2", "\xa0"),
    ]
)
_TEXT = st.lists(_WORDS, max_size=20).map("".join)


@settings(deadline=None, max_examples=300)
@given(header=st.none() | _TEXT, query=_TEXT, date=st.none() | _TEXT, service=st.sampled_from(["s3", "json"]))
def test_whatever_is_written_gets_an_answer_in_aws_words(
    header: str | None, query: str, date: str | None, service: str
) -> None:
    headers = {"host": HOST, "authorization": header, "x-amz-date": date, "date": date}
    headers |= {"x-amz-target": "SageMaker.ListModels"} if service == "json" else {}
    written = {name: value for name, value in headers.items() if value is not None}
    request = Request("GET", "/b/k", query, written)
    with contextlib.suppress(ServiceError):
        claimed = admit(request, {KEY_ID: SECRET}, 1893456000)
        with pytest.raises(ServiceError):
            verify(request, claimed, SECRET, limit=100)
