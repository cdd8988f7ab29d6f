"""Who is believed: what botocore signs is, and nothing else."""

from __future__ import annotations

import hashlib

import pytest

from signing import JSON, KEY_ID, SECRET, Drops, ask, changed, claim, code, refusal, sign, when

S3_TARGETS = [
    "/",
    "/bucket",
    "/bucket/",
    "/bucket/key",
    "/bucket//a///b/",
    "/bucket/a/../b",
    "/bucket/../../etc/passwd",
    "/bucket/./.",
    "/bucket/a%20b%2Bc",
    "/bucket/~tilde_-.txt",
    "/bucket/%E5%89%8D%E5%87%A6%E7%90%86.csv",
    "/bucket/%C3%A4%CC%88",
    "/bucket/%25",
    "/bucket/a%2Fb",
    "/bucket/a%00b",
    "/bucket/x%5C..%5Cy",
    "/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F",
    "/bucket?acl",
    "/bucket?acl=&versions",
    "/bucket?prefix=a%20b&prefix=",
    "/bucket?prefix=%E5%89%8D&marker=a%2Bb%3Dc%26d",
    "/bucket?b=2&a=1&B=3&a=0&aa=4&a-b=5",
    "/bucket/key?partNumber=2&uploadId=AbC.d_e-f~g",
]
OTHER_TARGETS = [
    "/",
    "/2015-03-31/functions/name/invocations",
    "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Ax",
    "/2015-03-31/functions//a/",
    "/a/./b/../c/",
    "/../..",
    "/a%20b/%25",
    "/%E5%89%8D",
    "/functions/?Marker=a%2Fb&MaxItems=5",
    "/functions/?Version",
]
HEADERS = {
    "x-amz-meta-spaces": "  a   b  c ",
    "x-amz-meta-quoted": '"a   b"',
    "x-amz-meta-empty": "",
    "x-amz-meta-comma": "a,b, c",
    "x-amz-meta-long": "x" * 2000,
    "content-type": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("target", S3_TARGETS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_botocore_signs_for_s3_is_believed(method: str, target: str) -> None:
    body = b"some bytes" if method == "PUT" else b""
    request = sign(method, target, body, HEADERS, service="s3")
    path = request.path
    assert ask(request) == body
    assert request.path == path  # a path is judged, never changed


@pytest.mark.parametrize("target", S3_TARGETS)
def test_what_botocore_presigns_for_s3_is_believed(target: str) -> None:
    assert ask(sign("GET", target, service="s3", expires=60)) == b""


@pytest.mark.parametrize("target", OTHER_TARGETS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_botocore_signs_for_other_services_is_believed(method: str, target: str) -> None:
    body = b'{"a": 1}' if method == "POST" else b""
    assert ask(sign(method, target, body, HEADERS, service="lambda")) == body


def test_what_botocore_presigns_for_other_services_is_believed() -> None:
    assert ask(sign("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", service="sts", expires=60)) == b""


def test_a_presigned_upload_needs_no_hash_of_its_body() -> None:
    assert ask(changed(sign("PUT", "/bucket/key", service="s3", expires=60), body=b"anything")) == b"anything"


def test_a_presigned_upload_may_state_the_hash_of_its_body_in_the_query() -> None:
    digest = hashlib.sha256(b"object").hexdigest()
    for stated, expected in (("UNSIGNED-PAYLOAD", b"object"), (digest, b"object")):
        head = sign("PUT", f"/b/k?X-Amz-Content-Sha256={stated}", service="s3", payload=stated, expires=60)
        assert ask(changed(head, body=b"object")) == expected
    assert code(changed(head, body=b"another")) == "XAmzContentSHA256Mismatch"


def test_a_needless_escape_is_signed_as_what_it_means() -> None:
    for target, sent in (("/b/~.A", "/b/%7E%2e%41"), ("/b?x=~A", "/b?x=%7e%41"), ("/b/%2F%C3%A4", "/b/%2f%c3%a4")):
        path, _, query = sent.partition("?")
        assert ask(changed(sign("GET", target, service="s3"), path=path, query=query)) == b""


def test_a_header_in_utf_8_is_believed_as_the_bytes_it_came_in() -> None:
    name = "à la carte"  # read as Latin-1, the second byte of its first letter is a space
    request = sign("PUT", "/bucket/key", headers={"x-amz-meta-name": name}, service="s3")
    carried = changed(request, headers={"x-amz-meta-name": name.encode().decode("latin-1")})
    assert ask(carried) == b""


def test_a_body_that_comes_in_drops_is_the_same_body() -> None:
    body = b'{"maxResults": 10}'
    request = sign(body=body, headers=JSON)
    assert ask(changed(request, headers={}, body=Drops(body))) == body


def test_a_body_may_come_in_chunks_of_unknown_number() -> None:
    body = b'{"maxResults": 10}'
    request = sign(body=body, headers=JSON)
    assert ask(changed(request, headers={"content-length": None, "transfer-encoding": "chunked"})) == body


JSON_REQUEST = {"target": "/a?x=1&y=2", "body": b'{"input": "{}"}', "headers": {**JSON, "x-amz-extra": "1"}}
S3_REQUEST = {"target": "/bucket/key?x=1&y=2", "body": b"object", "headers": {"x-amz-meta-extra": "1"}}
PRESIGNED = {"method": "PUT", "target": "/bucket/key?x=1", "headers": {"x-amz-meta-extra": "1"}, "expires": 60}
TAMPERED = [
    {"method": "DELETE"},
    {"path": "/other"},
    {"path": "/bucket/key/"},
    {"path": "/%62ucket%2Fkey"},
    {"query": "x=1"},
    {"query": "x=1&y=3"},
    {"query": "x=1&y=2&z"},
    {"query": "x=1&y=2&"},
    {"headers": {"host": "localhost:4567"}},
    {"headers": {"host": "other.localhost:4566"}},
    {"headers": {"x-amz-extra": "2", "x-amz-meta-extra": "2"}},
    {"headers": {"x-amz-extra": None, "x-amz-meta-extra": None}},
]


@pytest.mark.parametrize("change", TAMPERED)
def test_a_request_changed_on_its_way_is_refused(change: dict[str, object]) -> None:
    for service, parts, expected in (
        ("states", JSON_REQUEST, {"InvalidSignatureException"}),
        ("s3", S3_REQUEST, {"SignatureDoesNotMatch", "AccessDenied"}),
    ):
        request = sign("POST", service=service, **parts)  # type: ignore[arg-type]
        assert ask(request) == parts["body"]
        assert code(changed(request, body=parts["body"], **change)) in expected  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [change for change in TAMPERED if "query" not in change])
def test_a_presigned_request_changed_on_its_way_is_refused(change: dict[str, object]) -> None:
    request = sign(service="s3", **PRESIGNED)  # type: ignore[arg-type]
    assert ask(request) == b""
    assert code(changed(request, **change)) in ("SignatureDoesNotMatch", "AccessDenied")


@pytest.mark.parametrize("name", ["X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "x"])
def test_each_parameter_of_a_presigned_query_is_covered(name: str) -> None:
    request = sign("GET", "/bucket/key?x=1", service="s3", expires=60)
    others = {"X-Amz-Expires": "61", "X-Amz-SignedHeaders": "date%3Bhost", "X-Amz-Signature": "0" * 64}
    parameters = []
    for piece in request.query.split("&"):
        key, _, value = piece.partition("=")
        if key == name == "X-Amz-Date":
            value = value[:-2] + f"{(int(value[-2]) + 1) % 10}Z"
        elif key == name:
            value = others.get(key, value + "0")
        parameters.append(f"{key}={value}")
    assert code(changed(request, query="&".join(parameters)), now=when(request)) == "SignatureDoesNotMatch"


def test_a_parameter_added_to_a_presigned_query_is_refused() -> None:
    request = sign("GET", "/bucket/key", service="s3", expires=60)
    assert code(changed(request, query=request.query + "&versionId=1")) == "SignatureDoesNotMatch"


def test_characters_that_some_read_alike_are_not_signed_alike() -> None:
    for target, other in (("prefix=a%2Bb", "prefix=a+b"), ("prefix=a%20b", "prefix=a+b")):
        request = sign("GET", f"/bucket?{target}", service="s3")
        assert code(changed(request, query=other)) == "SignatureDoesNotMatch"
    request = sign("GET", "/bucket/a/b", service="s3")
    assert code(changed(request, path="/bucket/a%2Fb")) == "SignatureDoesNotMatch"


def test_a_tampered_body_is_refused() -> None:
    request = sign(body=b'{"a": 1}', headers=JSON)
    for body in (b'{"a": 2}', b'{"a": 1} ', b"", b'{"a": 1'):
        assert code(changed(request, body=body)) == "InvalidSignatureException"
    request = sign("PUT", "/bucket/key", b"object", service="s3")
    for body in (b"objecT", b"objects", b"objec", b""):
        refused = refusal(lambda body=body: ask(changed(request, body=body)))  # type: ignore[misc]
        assert (refused.code, refused.status) == ("XAmzContentSHA256Mismatch", 400)


def test_a_body_that_ends_early_is_refused() -> None:
    for service in ("states", "s3"):
        request = sign("PUT", "/bucket/key", b"object", service=service)
        assert code(changed(request, headers={}, body=Drops(b"obje"))) == "IncompleteBody"


def test_what_follows_a_body_is_not_read() -> None:
    for service in ("states", "s3"):
        request = sign("PUT", "/bucket/key", b"object", service=service)
        assert ask(changed(request, headers={}, body=Drops(b"objectGET / HTTP/1.1", 100))) == b"object"


def test_another_hash_of_the_body_than_the_head_states_is_refused() -> None:
    request = sign("PUT", "/bucket/key", b"object", service="s3")
    stated = changed(request, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    assert code(stated) == "SignatureDoesNotMatch"


def test_an_unsigned_body_is_believed_for_s3_alone() -> None:
    assert ask(sign("PUT", "/b/k", b"object", service="s3", payload="UNSIGNED-PAYLOAD")) == b"object"
    assert code(sign("PUT", "/b/k", b"object", JSON, payload="UNSIGNED-PAYLOAD")) == "InvalidSignatureException"


@pytest.mark.parametrize("part", [0, 1, 2, 3, 4])
def test_each_part_of_the_scope_is_covered(part: int) -> None:
    others = ["UNKNOWNKEY", "20200101", "us-east-1", "lambda", "aws5_request"]
    for service, codes in (
        ("states", ["UnrecognizedClientException", *["InvalidSignatureException"] * 3, "IncompleteSignatureException"]),
        ("s3", ["InvalidAccessKeyId", "AuthorizationHeaderMalformed", *["SignatureDoesNotMatch"] * 2, None]),
    ):
        request = sign("GET", headers=JSON, service=service)
        authorization = request.headers["authorization"]
        scope = authorization.split("Credential=")[1].split(",")[0].split("/")
        scope[part] = others[part]
        head = f"AWS4-HMAC-SHA256 Credential={'/'.join(scope)}, {authorization.split(', ', 1)[1]}"
        found = code(changed(request, headers={"authorization": head}), now=when(request))
        if service == "states" or part < 3:
            assert found == codes[part]
        else:  # what is scoped to another service is refused in that one's words
            assert found in (
                "InvalidSignatureException",
                "IncompleteSignatureException",
                "AuthorizationHeaderMalformed",
            )


def test_a_signature_made_with_another_secret_is_refused() -> None:
    for service, expected in (("states", "InvalidSignatureException"), ("s3", "SignatureDoesNotMatch")):
        assert code(sign("GET", headers=JSON, service=service, keys=(KEY_ID, SECRET[:-1]))) == expected
        assert code(sign("GET", "/b", service=service, headers=JSON, keys=(KEY_ID, "test"), expires=9)) == expected


@pytest.mark.parametrize("value", ["", "0" * 64, "f" * 63, "Z" * 64, "0" * 65, "é" * 64])
def test_a_made_up_signature_is_refused(value: str) -> None:
    request = sign(headers=JSON)
    head = request.headers["authorization"].split("Signature=")[0] + f"Signature={value}"
    refused = refusal(lambda: ask(changed(request, headers={"authorization": head})))
    assert refused.code in ("InvalidSignatureException", "IncompleteSignatureException")
    assert refused.status == 400


def test_a_refusal_tells_no_signature_and_no_secret() -> None:
    request = sign("GET", "/b", service="s3")
    right = claim(request).signature
    head = request.headers["authorization"].replace(right, "0" * 64)
    message = str(refusal(lambda: ask(changed(request, headers={"authorization": head}))))
    assert right not in message
    assert SECRET not in message


def test_a_key_that_was_replaced_no_longer_opens() -> None:
    request = sign(headers=JSON)
    assert ask(request) == b""
    assert code(request, keys={KEY_ID: "another"}) == "InvalidSignatureException"


def test_the_well_known_key_is_no_key_unless_it_is_given() -> None:
    request = sign(headers=JSON, keys=("test", "test"))
    assert code(request) == "UnrecognizedClientException"
    assert ask(request, keys={"test": "test"}) == b""
