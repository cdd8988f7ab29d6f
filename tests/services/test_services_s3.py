"""Amazon S3's operations over the folders of a store."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from stepmill.local import Local
from stores import refused


def put(local: Local, key: str, body: Any = b"x") -> None:
    local.call("s3", "PutObject", {"Bucket": "stepmill-local", "Key": key, "Body": body})


def listed(local: Local, **more: Any) -> dict[str, Any]:
    return local.call("s3", "ListObjectsV2", {"Bucket": "stepmill-local", **more})


def test_an_object_comes_back_with_what_s3_says_of_it(local: Local):
    put(local, "a/b.json", {"鍵": 1})
    named = {"Bucket": "stepmill-local", "Key": "a/b.json"}
    got = local.call("s3", "GetObject", named)
    with closing(got["Body"]) as body:
        assert body.read().decode() == '{"鍵": 1}'
    assert got["LastModified"] == int(got["LastModified"])
    del got["Body"]
    assert local.call("s3", "HeadObject", named) == got
    local.call(
        "s3", "CopyObject", {"Bucket": "stepmill-local", "Key": "c d", "CopySource": "stepmill-local/a%2Fb.json"}
    )
    assert [row["Key"] for row in listed(local)["Contents"]] == ["a/b.json", "c d"]
    for _ in range(2):
        assert local.call("s3", "DeleteObject", named) == {}
    assert refused(lambda: local.call("s3", "GetObject", named)) == ("NoSuchKey", "The specified key does not exist.")


def test_a_listing_goes_on_where_its_page_ended(local: Local):
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        put(local, key)
    page = listed(local, Delimiter="/", MaxKeys=2)
    assert (page["CommonPrefixes"], [row["Key"] for row in page["Contents"]]) == ([{"Prefix": "a/"}], ["b"])
    rest = listed(local, Delimiter="/", ContinuationToken=page["NextContinuationToken"])
    assert (rest["CommonPrefixes"], [row["Key"] for row in rest["Contents"]]) == ([{"Prefix": "c/"}], ["d"])
    assert not rest["IsTruncated"]
    assert [row["Key"] for row in listed(local, StartAfter="a/1", MaxKeys=2)["Contents"]] == ["a/2", "b"]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetObject", {"Bucket": "stepmill-local"}, "ValidationException"),
        ("GetObject", {"Bucket": "nowhere-at-all", "Key": "k"}, "NoSuchBucket"),
        ("GetObject", {"Bucket": "stepmill-local", "Key": "k", "VersionId": "null"}, "NotImplemented"),
        ("PutObject", {"Bucket": "stepmill-local", "Key": "k" * 1025}, "KeyTooLongError"),
        ("CopyObject", {"Bucket": "stepmill-local", "Key": "k", "CopySource": "bucket"}, "InvalidArgument"),
        ("CreateBucket", {"Bucket": "No"}, "InvalidBucketName"),
    ],
)
def test_what_s3_refuses_is_refused(local: Local, operation: str, request_: dict[str, Any], code: str):
    assert refused(lambda: local.call("s3", operation, request_))[0] == code
