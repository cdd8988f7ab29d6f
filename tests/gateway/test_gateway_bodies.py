"""Bodies that are wrong, and bodies that are odd."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from stepmill.gateway.messages import Request, Response
from stepmill.gateway.protocols import parse, refuse, respond
from stepmill.gateway.protocols.models import load
from stepmill.gateway.protocols.routing import Router
from stepmill.gateway.protocols.values import Refusal, time_read, time_text
from stepmill.objects.bodies import Slice
from stepmill.services.operations import ServiceError


def asked(service: str, request: Request) -> dict[str, Any]:
    return parse(Router(load(service)).find(request), request)


def started(body: bytes) -> dict[str, Any]:
    headers = {"x-amz-target": "AWSStepFunctions.ListExecutions"}
    return asked("states", Request("POST", "/", "", headers, io.BytesIO(body)))


def deleted(body: bytes) -> dict[str, Any]:
    return asked("s3", Request("POST", "/b", "delete", {}, io.BytesIO(body)))


def answered(service: str, name: str, result: dict[str, Any]) -> Response:
    operation = load(service).operation(name)
    assert operation is not None
    return respond(operation, result, "r")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"maxResults": "1"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"maxResults": true}', "TRUE_VALUE can not be converted to an Integer"),
        (b'{"maxResults": 99999999999}', "NUMBER_VALUE can not be converted to an Integer"),
        (b'{"nextToken": 1}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"nextToken": {}}', "Start of structure or map found where not expected"),
        (b'{"nextToken": []}', "Start of list found where not expected"),
        (b"[]", "Start of list found where not expected"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_awss_words(body: bytes, said: str) -> None:
    with pytest.raises(ServiceError) as refused:
        started(body)
    assert (refused.value.code, refused.value.message) == ("SerializationException", said)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"nextToken": NaN}',
        b'{"nextToken": "\\ud800"}',
        b'{"maxResults": ' + b"1" * 5000 + b"}",
        b'{"nextToken": ' + b"[" * 100_000,
        b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
def test_what_is_no_json_or_too_deep_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        started(body)
    assert refused.value.code == "SerializationException"


def test_a_member_nobody_knows_and_a_null_are_passed_over() -> None:
    assert started(b'{"tomorrow": 1, "nextToken": null, "maxResults": 5.0}') == {"maxResults": 5}


@pytest.mark.parametrize(
    "body",
    [
        b"<Delete>",
        b"<Other/>",
        b"<Delete><Surprise/></Delete>",
        b"<Delete><Quiet>perhaps</Quiet></Delete>",
        b"<Delete><Quiet>true</Quiet><Quiet>true</Quiet></Delete>",
        b'<!DOCTYPE d [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>',
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><Delete/>',
        b"<Delete><Object><Key>&undefined;</Key></Object></Delete>",
        b"<a>" * 5000,
    ],
)
def test_xml_that_is_malformed_or_dangerous_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        deleted(body)
    assert refused.value.code == "MalformedXML"


def test_text_in_xml_is_kept_as_it_is() -> None:
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = f'<Delete xmlns="{space}"><Object><Key> a&amp;b&lt;&#13;前 </Key></Object></Delete>'
    assert deleted(body.encode()) == {"Bucket": "b", "Delete": {"Objects": [{"Key": " a&b<\r前 "}]}}


def test_keys_are_escaped_in_a_listing_and_control_characters_are_numbers() -> None:
    body = answered("s3", "ListObjectsV2", {"Contents": [{"Key": '<&">\r\x01'}], "Prefix": ""}).body
    assert b"<Key>&lt;&amp;&quot;&gt;&#xD;&#x1;</Key>" in body
    assert b"<Prefix></Prefix>" in body
    assert b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' in body


def test_a_bucket_in_us_east_1_has_an_empty_location() -> None:
    for constraint, text in ((None, b"></"), ("eu-west-1", b">eu-west-1</")):
        body = answered("s3", "GetBucketLocation", {"LocationConstraint": constraint}).body
        assert b'doc/2006-03-01/"' + text + b"LocationConstraint>" in body


def test_a_body_that_streams_is_passed_unread() -> None:
    body = io.BytesIO(b"data")
    assert asked("s3", Request("PUT", "/b/k", "", {}, body))["Body"] is body
    assert body.tell() == 0


def test_a_part_of_a_file_is_sent_as_it_is_with_206() -> None:
    part = Slice(io.BytesIO(b"0123456789"), 2, 3)
    response = answered("s3", "GetObject", {"Body": part, "ContentRange": "bytes 2-4/10", "Metadata": {"a": "1"}})
    assert (response.status, response.body) == (206, part)
    assert response.headers["Content-Range"] == "bytes 2-4/10"
    assert response.headers["x-amz-meta-a"] == "1"
    assert "Content-Length" not in response.headers


def test_a_head_tells_the_length_of_the_body_it_does_not_send() -> None:
    response = answered("s3", "HeadObject", {"ContentLength": 7, "LastModified": 0.0, "ETag": '"e"'})
    assert (response.body, response.headers["Content-Length"]) == (b"", "7")
    assert response.headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_a_header_never_ends_early() -> None:
    response = answered("s3", "GetObject", {"Body": b"", "ContentDisposition": "a\r\nSet-Cookie: b"})
    assert response.headers["Content-Disposition"] == "a  Set-Cookie: b"
    for value in ("a%0D%0Ab", "%E5%89%8D"):
        with pytest.raises(ServiceError, match="ISO-8859-1"):
            asked("s3", Request("GET", "/b/k", f"response-content-disposition={value}"))


def test_a_number_that_is_none_is_refused_by_its_name() -> None:
    with pytest.raises(ServiceError, match="Provided max-keys not an integer or within integer range") as refused:
        asked("s3", Request("GET", "/b", "max-keys=many"))
    assert refused.value.code == "InvalidArgument"


def test_a_refused_head_and_a_not_modified_have_no_body() -> None:
    model = load("s3")
    gone = refuse(model, ServiceError("NoSuchKey", "Gone."), "r", Request("HEAD", "/b/k"))
    assert (gone.status, gone.body) == (404, b"")
    assert refuse(model, ServiceError("NotModified", "", 304), "r", Request("GET", "/b/k")).body == b""


def test_an_error_carries_the_members_its_model_describes() -> None:
    error = Refusal("TaskTimedOut", "Late.", 400, {"Unknown": 1})
    assert json.loads(bytes(refuse(load("states"), error, "r").body)) == {"__type": "TaskTimedOut", "message": "Late."}  # type: ignore[arg-type]
    error = Refusal("TooManyRequestsException", "Slow.", 429, {"retryAfterSeconds": "3", "Reason": "Concurrent"})
    response = refuse(load("lambda"), error, "r")
    assert response.headers["Retry-After"] == "3"
    assert json.loads(bytes(response.body)) == {"Type": "User", "message": "Slow.", "Reason": "Concurrent"}  # type: ignore[arg-type]


def test_an_operation_that_streams_events_is_refused_by_name() -> None:
    with pytest.raises(ServiceError, match="SelectObjectContent") as refused:
        asked("s3", Request("POST", "/b/k", "select&select-type=2"))
    assert refused.value.status == 501


def test_times_are_read_in_every_form_and_written_in_the_one_that_is_wanted() -> None:
    at = 1764237600.125
    assert time_read(time_text(at, "iso8601")) == at
    assert time_read(time_text(at, "unixTimestamp")) == at
    assert time_read(time_text(at, "rfc822")) == 1764237600.0
    assert time_read("2025-11-27T19:00:00+09:00") == 1764237600.0
    for text in ("", "soon", "Thu, 31 Feb 2025 00:00:00 GMT", "nan"):
        with pytest.raises(ValueError):
            time_read(text)
