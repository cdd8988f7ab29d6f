"""Presigned URLs of Signature Version 2, made by botocore, from the side that verifies them."""

from __future__ import annotations

import io
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import boto3
import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from signing import HOST, JSON, KEY_ID, KEYS, SECRET, changed, refusal, sign
from stepmill.gateway.admission.guard import MIB, Guard, Limits
from stepmill.gateway.admission.signatures import admit, said, service_of, verify
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError


def arrived(method: str, url: str, body: bytes = b"", **headers: str) -> Request:
    """What a plain client sends when it is given `url`."""
    path, _, query = url.partition("://")[2].partition("/")[2].partition("?")
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    told = {"host": urlsplit(url).netloc, "content-length": str(len(body))} | told
    return Request(method, f"/{path}", query, told, io.BytesIO(body))


def presigned(
    method: str = "GET", target: str = "/bucket/key", expires: int = 60, token: str | None = None, **headers: str
) -> Request:
    asked = AWSRequest(method, f"http://{HOST}{target}", headers={k.replace("_", "-"): v for k, v in headers.items()})
    HmacV1QueryAuth(Credentials(KEY_ID, SECRET, token), expires=expires).add_auth(asked)
    return arrived(method, asked.url)


def ask(request: Request, *, now: float | None = None, limit: int = 1 << 20) -> bytes:
    claim = admit(request, KEYS, time.time() if now is None else now)
    return verify(request, claim, KEYS[claim.key_id], limit=limit).read()


def code(request: Request, **how: Any) -> str:
    return refusal(lambda: ask(request, **how)).code


def boto(**config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(**config),
    )


@pytest.fixture(scope="module")
def s3() -> Any:
    return boto()


@pytest.mark.parametrize(
    "key",
    [
        "k",
        "a b",
        "a/b//c",
        "plus+sign",
        "q?x=1",
        "amp&er",
        "日本語/キー",
        "semi;colon:at@",
        "*()!'",
        "%2e%2e",
        "/led",
        "end/",
    ],
)
@pytest.mark.parametrize(
    ("call", "method"),
    [("get_object", "GET"), ("head_object", "HEAD"), ("put_object", "PUT"), ("delete_object", "DELETE")],
)
def test_what_boto3_presigns_in_us_east_1_is_admitted(s3: Any, call: str, method: str, key: str) -> None:
    url = s3.generate_presigned_url(call, Params={"Bucket": "bucket", "Key": key}, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url
    request = arrived(method, url, b"body" if method == "PUT" else b"")
    Guard().check(request)
    assert ask(request) == (b"body" if method == "PUT" else b"")
    assert code(changed(request, method="PUT" if method != "PUT" else "DELETE")) == "SignatureDoesNotMatch"
    assert code(changed(request, path=request.path + "x")) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("call", "method", "params"),
    [
        ("list_objects_v2", "GET", {"Prefix": "a b/", "Delimiter": "/"}),
        ("list_objects", "GET", {}),
        ("head_bucket", "HEAD", {}),
        ("create_bucket", "PUT", {}),
        ("delete_bucket", "DELETE", {}),
        ("get_bucket_location", "GET", {}),
        ("get_object", "GET", {"Key": "k", "VersionId": "3/L4+"}),
        ("upload_part", "PUT", {"Key": "k", "UploadId": "abc", "PartNumber": 2}),
        ("list_parts", "GET", {"Key": "k", "UploadId": "abc", "MaxParts": 5}),
        ("abort_multipart_upload", "DELETE", {"Key": "k", "UploadId": "abc"}),
        ("get_object_tagging", "GET", {"Key": "k"}),
        (
            "get_object",
            "GET",
            {
                "Key": "k",
                "ResponseContentType": "image/svg+xml; charset=utf-8",
                "ResponseContentDisposition": 'attachment; filename="größe & a=b.txt"',
                "ResponseCacheControl": "no-cache",
            },
        ),
    ],
)
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_sub_resources_and_overrides_are_signed(call: str, method: str, params: dict[str, Any], style: str) -> None:
    client = boto(s3={"addressing_style": style})
    url = client.generate_presigned_url(call, Params={"Bucket": "bucket", **params}, ExpiresIn=60)
    request = arrived(method, url)
    assert request.headers["host"] == (
        f"bucket.{HOST}" if style == "virtual" and call != "get_bucket_location" else HOST
    )
    assert ask(request) == b""
    if style == "virtual" and request.headers["host"] != HOST:
        assert code(changed(request, headers={"host": f"other.{HOST}"})) == "SignatureDoesNotMatch"
    for name, _ in parse_qsl(request.query):
        if name.startswith("response-") or name in ("versionId", "uploadId", "partNumber"):
            spoilt = changed(request, query=request.query.replace(f"{name}=", f"{name}=x"))
            assert code(spoilt) == "SignatureDoesNotMatch"


def test_a_url_opens_nothing_but_what_was_signed() -> None:
    for more in ("acl", "versionId=1", "tagging", "response-expires=1", "uploads"):
        request = presigned()
        assert code(changed(request, query=f"{request.query}&{more}")) == "SignatureDoesNotMatch", more
    for more in ("retention", "legal-hold", "renameObject", "attributes", "ACL", "%72etention=1", "é"):
        request = presigned("PUT")
        refused = refusal(lambda r=request, m=more: ask(changed(r, query=f"{r.query}&{quote(m, safe='=&%')}")))  # type: ignore[misc]
        assert (refused.code, "does not cover" in refused.message) == ("InvalidRequest", True)


def test_headers_that_a_signature_covers_cannot_be_changed_nor_added() -> None:
    request = presigned(
        "PUT", content_type="text/plain", content_md5="1B2M2Y8AsgTpgAmY7PhCfg==", x_amz_meta_a="one, two"
    )
    assert ask(request) == b""  # botocore puts them into the query, and who sends them as headers sends the same
    same = {"content-type": "text/plain", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "x-amz-meta-a": "one, two"}
    assert ask(changed(request, headers=same)) == b""
    for name in same:
        assert code(changed(request, headers={name: "x"})) == "SignatureDoesNotMatch"
        assert code(changed(request, query=request.query.replace(f"{name}=", f"{name}=x"))) == "SignatureDoesNotMatch"
    assert code(changed(request, headers={"x-amz-acl": "public-read"})) == "SignatureDoesNotMatch"
    assert code(changed(request, query=f"{request.query}&x-amz-acl=public-read")) == "SignatureDoesNotMatch"
    assert code(changed(request, query=f"{request.query}&x-amz-meta-a=2")) == "InvalidArgument"
    assert code(changed(request, query=f"{request.query}&x-amz-meta-b=%0Ax")) == "InvalidArgument"


def test_headers_in_a_presigned_query_are_those_of_the_request() -> None:
    request = presigned("PUT", content_type="text/plain", x_amz_meta_a="größe")
    told = said(request, admit(request, KEYS, time.time()))
    assert (told["content-type"], told["x-amz-meta-a"].encode("latin-1").decode()) == ("text/plain", "größe")
    four = sign("PUT", "/bucket/key?x-amz-meta-a=b&content-type=x", service="s3", expires=60)
    told = said(four, admit(four, KEYS, time.time()))
    assert told["x-amz-meta-a"] == "b" and "content-type" not in told
    header = sign("PUT", "/bucket/key?x-amz-meta-a=b", service="s3")
    assert said(header, admit(header, KEYS, time.time())) == header.headers


def test_an_expired_url_is_refused_as_s3_does() -> None:
    request = presigned(expires=60)
    refused = refusal(lambda: ask(request, now=time.time() + 61.5))
    assert (refused.code, refused.message, refused.status) == ("AccessDenied", "Request has expired", 403)
    assert ask(presigned(expires=30 * 86400)) == b""  # Version 2 knows no week
    later = changed(request, query=request.query.replace("Expires=", "Expires=9"))
    assert code(later) == "SignatureDoesNotMatch"
    for expires in ("", "soon", "-1", "1e9", "٣", "9" * 16):
        spoilt = "&".join(p for p in request.query.split("&") if not p.startswith("Expires="))
        spoilt = f"{spoilt}&Expires={quote(expires)}"
        refused = refusal(lambda q=spoilt: ask(changed(request, query=q)))  # type: ignore[misc]
        assert (refused.code, refused.status) == ("AccessDenied", 403)


def test_a_signature_that_is_wrong_missing_or_of_an_unknown_key() -> None:
    request = presigned()
    parts = dict(parse_qsl(request.query))
    spoilt = changed(request, query=request.query.replace("Signature=", "Signature=A"))
    refused = refusal(lambda: ask(spoilt))
    assert (refused.code, refused.status) == ("SignatureDoesNotMatch", 403)
    assert parts["Signature"] not in refused.message
    assert code(changed(request, query=request.query.replace(KEY_ID, "AKIDOTHER"))) == "InvalidAccessKeyId"
    for name in ("Signature", "AWSAccessKeyId"):
        kept = "&".join(part for part in request.query.split("&") if not part.startswith(f"{name}="))
        assert "requires the Signature" in refusal(lambda q=kept: ask(changed(request, query=q))).message  # type: ignore[misc]
    assert code(changed(request, query=f"{request.query}&Expires={parts['Expires']}")) == "InvalidArgument"
    assert code(presigned(token="session")) == "InvalidToken"


def test_there_is_one_signature_and_it_is_for_s3() -> None:
    request = presigned()
    both = changed(request, headers={"authorization": sign("GET", "/b", service="s3").headers["authorization"]})
    assert code(both) == "InvalidArgument"
    four = sign("GET", "/bucket/key", service="s3", expires=60)
    assert code(changed(request, query=f"{request.query}&{four.query}")) == "InvalidArgument"
    other = sign(headers=JSON)
    assert (
        code(changed(other, query=presigned().query)) == "InvalidSignatureException"
    )  # it is one, and covers the query
    assert code(changed(request, query=f"{request.query}&SignatureVersion=2")) == "InvalidRequest"
    assert code(presigned("POST", "/bucket/key?uploads")) == "InvalidRequest"
    for path in ("/2015-03-31/functions", "/"):
        assert service_of(changed(request, path=path, headers={"x-amz-target": "SageMaker.ListModels"})) == "s3"


def test_a_body_is_unsigned_within_the_limit_unless_its_hash_is_stated() -> None:
    request = changed(presigned("PUT"), body=b"whatever")
    assert ask(request) == b"whatever"
    assert code(request, limit=7) == "EntityTooLarge"
    assert Guard(limits=Limits(object=9 * MIB)).limit(request) == 9 * MIB
    assert code(changed(request, headers={"content-length": "9"})) == "IncompleteBody"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    stated = changed(presigned("PUT", x_amz_content_sha256=empty), body=b"whatever")
    assert code(stated) == "XAmzContentSHA256Mismatch"
    chunked = presigned("PUT", x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert code(chunked) == "NotImplemented"


def test_the_header_form_stays_refused_by_name() -> None:
    request = changed(sign("GET", "/b", service="s3"), headers={"authorization": f"AWS {KEY_ID}:c2ln"})
    refused: ServiceError = refusal(lambda: ask(request))
    assert (refused.code, "AWS4-HMAC-SHA256" in refused.message) == ("InvalidRequest", True)
