"""Buckets, listings, and what is refused by name."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import pytest

from stepmill.objects.folder import FolderStore
from stepmill.services.operations import Operations, ServiceError
from stepmill.services.s3 import S3
from stores import refused

Call = Callable[..., dict[str, Any]]
OWNER = "000000000000"


def service(folder: Path, region: str = "us-east-1") -> Call:
    operations = Operations()
    operations.add("s3", S3(FolderStore(folder / "objects"), OWNER, region))

    def call(name: str, **members: Any) -> dict[str, Any]:
        return operations.call("s3", name, members)

    return call


@pytest.fixture
def s3(tmp_path: Path) -> Call:
    s3 = service(tmp_path)
    s3("CreateBucket", Bucket="bucket")
    return s3


def fill(s3: Call, *keys: str) -> None:
    for key in keys:
        s3("PutObject", Bucket="bucket", Key=key, Body=b"x")


def test_a_bucket_is_made_found_and_removed_when_empty(s3: Call) -> None:
    assert s3("CreateBucket", Bucket="bucket")["Location"] == "/bucket"
    assert s3("HeadBucket", Bucket="bucket")["BucketRegion"] == "us-east-1"
    assert s3("GetBucketLocation", Bucket="bucket") == {"LocationConstraint": None}
    fill(s3, "a/b")
    with pytest.raises(ServiceError) as refusal:
        s3("DeleteBucket", Bucket="bucket")
    assert (refusal.value.code, refusal.value.status) == ("BucketNotEmpty", 409)
    s3("DeleteObject", Bucket="bucket", Key="a/b")
    upload = s3("CreateMultipartUpload", Bucket="bucket", Key="k")["UploadId"]
    s3("DeleteBucket", Bucket="bucket")
    for name in ("HeadBucket", "DeleteBucket", "ListObjectsV2", "ListMultipartUploads", "GetBucketLocation"):
        assert refused(lambda name=name: s3(name, Bucket="bucket"))[0] == "NoSuchBucket"
    s3("CreateBucket", Bucket="bucket")
    assert refused(lambda: s3("ListParts", Bucket="bucket", Key="k", UploadId=upload))[0] == "NoSuchUpload"


def test_buckets_are_listed_with_their_birth_in_pages(s3: Call) -> None:
    born = s3("ListBuckets")["Buckets"][0]["CreationDate"]
    fill(s3, "later")
    assert s3("ListBuckets")["Buckets"] == [{"Name": "bucket", "CreationDate": born}]
    for name in ("aaa", "bbb"):
        s3("CreateBucket", Bucket=name)
    page = s3("ListBuckets", MaxBuckets=2)
    assert [row["Name"] for row in page["Buckets"]] == ["aaa", "bbb"]
    rest = s3("ListBuckets", MaxBuckets=2, ContinuationToken=page["ContinuationToken"])
    assert ([row["Name"] for row in rest["Buckets"]], "ContinuationToken" in rest) == (["bucket"], False)
    assert [row["Name"] for row in s3("ListBuckets", Prefix="b")["Buckets"]] == ["bbb", "bucket"]
    assert s3("ListBuckets", BucketRegion="eu-west-1")["Buckets"] == []


def test_a_bucket_lies_in_the_one_region_there_is(tmp_path: Path) -> None:
    first, other = service(tmp_path / "1"), service(tmp_path / "2", "eu-west-1")
    here = {"LocationConstraint": "eu-west-1"}
    unfit = "IllegalLocationConstraintException"
    assert refused(lambda: first("CreateBucket", Bucket="bbb", CreateBucketConfiguration=here))[0] == unfit
    usa = {"LocationConstraint": "us-east-1"}
    assert refused(lambda: first("CreateBucket", Bucket="bbb", CreateBucketConfiguration=usa))[0] == (
        "InvalidLocationConstraint"
    )
    assert "unspecified" in refused(lambda: other("CreateBucket", Bucket="bbb"))[1]
    other("CreateBucket", Bucket="bbb", CreateBucketConfiguration=here)
    again = refused(lambda: other("CreateBucket", Bucket="bbb", CreateBucketConfiguration=here))
    assert again[0] == "BucketAlreadyOwnedByYou"
    assert other("GetBucketLocation", Bucket="bbb") == here


def test_every_key_and_group_comes_once_whatever_the_page_holds(s3: Call) -> None:
    keys = ["a", "a/1", "a/2", "a/b/3", "b+c d", "c/1", "c/2", "d", "処/1"]
    fill(s3, *keys)
    for version, mark, following in (
        ("ListObjectsV2", "ContinuationToken", "NextContinuationToken"),
        ("ListObjects", "Marker", "NextMarker"),
    ):
        for size in (1, 2, 3, 1000):
            seen: list[str] = []
            more: dict[str, Any] = {}
            while True:
                page = s3(version, Bucket="bucket", Delimiter="/", MaxKeys=size, **more)
                seen += [row["Key"] for row in page.get("Contents", [])]
                seen += [row["Prefix"] for row in page.get("CommonPrefixes", [])]
                if not page["IsTruncated"]:
                    break
                more = {mark: page[following]}
            assert sorted(seen) == ["a", "a/", "b+c d", "c/", "d", "処/"], (version, size)
    page = s3("ListObjects", Bucket="bucket", MaxKeys=2)
    assert page["IsTruncated"] and "NextMarker" not in page
    page = s3("ListObjectsV2", Bucket="bucket", Prefix="a/", Delimiter="/", FetchOwner=True)
    assert [row["Key"] for row in page["Contents"]] == ["a/1", "a/2"]
    assert page["Contents"][0]["Owner"] == {"ID": OWNER}
    assert (page["CommonPrefixes"], page["KeyCount"]) == ([{"Prefix": "a/b/"}], 3)
    page = s3("ListObjectsV2", Bucket="bucket", StartAfter="b", EncodingType="url")
    assert [row["Key"] for row in page["Contents"]] == ["b%2Bc+d", "c/1", "c/2", "d", "%E5%87%A6/1"]
    assert s3("ListObjectsV2", Bucket="bucket", MaxKeys=0)["IsTruncated"] is False
    assert refused(lambda: s3("ListObjectsV2", Bucket="bucket", ContinuationToken="é"))[0] == "InvalidArgument"


def test_an_account_that_is_not_the_owner_is_denied(s3: Call) -> None:
    assert (
        refused(lambda: s3("ListObjectsV2", Bucket="bucket", ExpectedBucketOwner="111111111111"))[0] == "AccessDenied"
    )
    s3("ListObjectsV2", Bucket="bucket", ExpectedBucketOwner=OWNER, RequestPayer="requester")


REFUSED = Path(__file__).parents[1] / "golden/s3_refused.txt"


def test_what_is_refused_of_each_operation_is_what_the_list_says(s3: Call) -> None:
    """Each member that AWS's model has and that is refused by name; a change of the list is seen in the review."""
    folder = Path(botocore.__file__).parent / "data/s3/2006-03-01/service-2.json.gz"
    model = json.loads(gzip.decompress(folder.read_bytes()))
    given = {"Bucket": "bucket", "Key": "k", "CopySource": "bucket/k", "UploadId": "x", "PartNumber": 1}
    lines: list[str] = []
    no: dict[str, set[str]] = {}
    for name in sorted(model["operations"]):
        try:
            s3(name, **given)
        except ServiceError as refusal:
            if refusal.code == "UnknownOperationException":
                continue
        shape = model["shapes"][model["operations"][name]["input"]["shape"]]
        required = {member: given.get(member, {}) for member in shape.get("required", [])}
        no[name] = set()
        for member in sorted(set(shape["members"]) - set(required)):
            try:
                s3(name, **required, **{member: "?"})
            except ServiceError as refusal:
                if refusal.code == "NotImplemented" and refusal.message.startswith(f"{name} with {member} is"):
                    assert refusal.status == 501
                    no[name].add(member)
        lines.append(f"{name}: {' '.join(sorted(no[name]))}".rstrip())
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        REFUSED.write_text("".join(f"{line}\n" for line in lines))
    for line in REFUSED.read_text().splitlines():
        name, _, members = line.partition(":")
        shape = model["shapes"][model["operations"][name]["input"]["shape"]]["members"]
        assert {member for member in members.split() if member in shape} <= no[name], name
