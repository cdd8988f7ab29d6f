"""Which operation a request means, and what is refused because it means none."""

from __future__ import annotations

import io

import pytest

from stepmill.gateway.addresses import bucket_in_path
from stepmill.gateway.messages import Request
from stepmill.gateway.protocols import parse
from stepmill.gateway.protocols.models import load
from stepmill.gateway.protocols.routing import Router, routes, shadowed
from stepmill.services.operations import ServiceError
from wire_examples import SERVICES


def s3(method: str, path: str, query: str = "", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Router(load("s3")).find(Request(method, path, query, named)).operation.name


@pytest.mark.parametrize("service", SERVICES)
def test_no_two_routes_of_a_service_answer_the_same_request(service: str) -> None:
    table = routes(load(service))
    assert len({route.address for route in table}) == len(table)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_a_route_unless_another_took_its_address(service: str) -> None:
    model = load(service)
    named = {route.operation for route in routes(model)}
    assert named | set(shadowed(model)) == set(model.operations)
    assert set(shadowed(model).values()) <= named


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("GET /", "ListBuckets"),
        ("GET /b", "ListObjects"),
        ("GET /b/", "ListObjects"),
        ("GET /b?list-type=2", "ListObjectsV2"),
        ("GET /b?list-type=2&prefix=policy", "ListObjectsV2"),
        ("GET /b?x-id=ListObjects", "ListObjects"),
        ("GET /b?policy", "GetBucketPolicy"),
        ("GET /b?policy=", "GetBucketPolicy"),
        ("GET /b?tagging", "GetBucketTagging"),
        ("GET /b?acl", "GetBucketAcl"),
        ("GET /b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET /b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("GET /b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("PUT /b?lifecycle", "PutBucketLifecycleConfiguration"),
        ("GET /b/k", "GetObject"),
        ("GET /b/k/", "GetObject"),
        ("GET /b//", "GetObject"),
        ("GET /b/../k", "GetObject"),
        ("GET /b/k?partNumber=1", "GetObject"),
        ("GET /b/k?acl", "GetObjectAcl"),
        ("GET /b/k?tagging", "GetObjectTagging"),
        ("GET /b/k?uploadId=u", "ListParts"),
        ("HEAD /b/k", "HeadObject"),
        ("PUT /b/k", "PutObject"),
        ("PUT /b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("POST /b/k?uploads", "CreateMultipartUpload"),
        ("POST /b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE /b/k?uploadId=u", "AbortMultipartUpload"),
        ("DELETE /b/k", "DeleteObject"),
        ("POST /b?delete", "DeleteObjects"),
    ],
)
def test_the_most_telling_route_is_meant(line: str, meant: str) -> None:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    assert s3(method, path, query) == meant


def test_a_header_tells_a_copy_from_an_upload() -> None:
    assert s3("PUT", "/b/k", x_amz_copy_source="b/o") == "CopyObject"
    assert s3("PUT", "/b/k", "partNumber=1&uploadId=u", x_amz_copy_source="b/o") == "UploadPartCopy"


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("DELETE", "/b", "versioning"),
        ("DELETE", "/b", "acl"),
        ("DELETE", "/b/k", "acl"),
        ("GET", "/b/k", "policy"),
        ("PUT", "/b/k", "uploadId=u"),
        ("PUT", "/b/k", "partNumber=1"),
        ("POST", "/b", ""),
        ("POST", "/b/k", ""),
        ("PATCH", "/b/k", ""),
    ],
)
def test_a_feature_nobody_knows_there_never_falls_through_to_another(method: str, path: str, query: str) -> None:
    with pytest.raises(ServiceError) as refused:
        s3(method, path, query)
    assert (refused.value.code, refused.value.status) == ("MethodNotAllowed", 405)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("a%2Bb", "a+b"),
        ("a+b", "a+b"),
        ("a%252Fb", "a%2Fb"),
        ("a//b", "a//b"),
        ("/a", "/a"),
        ("../..", "../.."),
        ("a/./b/", "a/./b/"),
        ("%E5%89%8D%E5%87%A6%E7%90%86", "前処理"),
        ("a%0Ab", "a\nb"),
        ("a%3Fb%23", "a?b#"),
    ],
)
def test_a_key_is_decoded_once_and_never_tidied(written: str, key: str) -> None:
    request = Request("GET", f"/b/{written}")
    assert parse(Router(load("s3")).find(request), request) == {"Bucket": "b", "Key": key}


def test_a_key_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ServiceError) as refused:
        s3("GET", "/b/%ff")
    assert refused.value.code == "InvalidURI"


@pytest.mark.parametrize(
    ("host", "path", "whole"),
    [
        ("b.localhost:4566", "/k", "/b/k"),
        ("my.b.localhost", "/", "/my.b"),
        ("b.s3.localhost:80", "/k//", "/b/k//"),
        ("localhost:4566", "/b/k", "/b/k"),
        ("s3.localhost:4566", "/b/k", "/b/k"),
        ("127.0.0.1:4566", "/b/k", "/b/k"),
    ],
)
def test_a_host_may_name_the_bucket(host: str, path: str, whole: str) -> None:
    assert bucket_in_path(path, host) == whole


def test_an_arn_in_a_path_is_one_label() -> None:
    arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af"
    request = Request("GET", f"/2015-03-31/functions/{arn}/configuration")
    found = Router(load("lambda")).find(request)
    assert found.operation.name == "GetFunctionConfiguration"
    assert parse(found, request)["FunctionName"] == "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.mark.parametrize(
    ("service", "request_", "code", "status"),
    [
        (
            "states",
            Request("POST", "/", "", {"x-amz-target": "AWSStepFunctions.Nope"}),
            "UnknownOperationException",
            400,
        ),
        ("states", Request("POST", "/"), "UnknownOperationException", 400),
        ("lambda", Request("GET", "/2015-03-31/nothing"), "UnknownOperationException", 404),
        ("sts", Request("POST", "/", "", {}, io.BytesIO(b"Action=Nope&Version=2011-06-15")), "InvalidAction", 400),
        ("sts", Request("POST", "/"), "MissingAction", 400),
    ],
)
def test_an_operation_nobody_knows_is_refused_as_the_service_does(
    service: str, request_: Request, code: str, status: int
) -> None:
    with pytest.raises(ServiceError) as refused:
        Router(load(service)).find(request_)
    assert (refused.value.code, refused.value.status) == (code, status)
