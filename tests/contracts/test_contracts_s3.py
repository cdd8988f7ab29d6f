"""S3 as boto3 sees it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from stepmill.objects.sums import ALGORITHMS, SIZES

MIB = 1 << 20


@pytest.fixture
def s3(client: Any) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = f"b{hashlib.sha256(request.node.name.encode()).hexdigest()[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def refusal(call: Callable[..., Any], **request: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_a_bucket_is_made_found_listed_and_deleted(s3: Any):
    s3.create_bucket(Bucket="bucket-life")
    s3.head_bucket(Bucket="bucket-life")
    s3.get_waiter("bucket_exists").wait(Bucket="bucket-life")
    assert "bucket-life" in [row["Name"] for row in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket="bucket-life")["LocationConstraint"] is None
    s3.put_object(Bucket="bucket-life", Key="k", Body=b"")
    assert refusal(s3.delete_bucket, Bucket="bucket-life") == (409, "BucketNotEmpty")
    s3.delete_object(Bucket="bucket-life", Key="k")
    s3.delete_bucket(Bucket="bucket-life")
    assert refusal(s3.head_bucket, Bucket="bucket-life") == (404, "404")


def test_an_object_comes_back_with_all_that_was_said_of_it(s3: Any, bucket: str):
    text = "größe\n1\n".encode()
    put = s3.put_object(
        Bucket=bucket,
        Key="report.csv",
        Body=text,
        ContentType="text/csv; charset=utf-8",
        CacheControl="no-cache",
        ContentDisposition='attachment; filename="r.csv"',
        Metadata={"Run": "monday", "step": "evaluate"},
    )
    assert put["ETag"] == f'"{hashlib.md5(text).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="report.csv")
    assert got["Body"].read() == text
    head = s3.head_object(Bucket=bucket, Key="report.csv")
    for answer in (got, head):
        assert (answer["ContentType"], answer["CacheControl"]) == ("text/csv; charset=utf-8", "no-cache")
        assert (answer["ContentLength"], answer["ETag"], answer["AcceptRanges"]) == (len(text), put["ETag"], "bytes")
        assert answer["Metadata"] == {"run": "monday", "step": "evaluate"}
        assert isinstance(answer["LastModified"], datetime.datetime)
    other = s3.get_object(Bucket=bucket, Key="report.csv", ResponseContentType="text/plain")
    assert (other["ContentType"], other["Body"].read()) == ("text/plain", text)


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
def test_a_range_of_an_object(s3: Any, bucket: str, asked: str, answer: bytes, said: str):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="digits", Range=asked)
    assert (got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]) == (answer, said, 206)


def test_conditions_are_kept(s3: Any, bucket: str):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == (304, "304")
    assert refusal(s3.get_object, Bucket=bucket, Key="k", IfMatch='"0"') == (412, "PreconditionFailed")
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"1"
    assert refusal(s3.get_object, Bucket=bucket, Key="k", Range="bytes=5-") == (416, "InvalidRange")


KEYS = [
    *("a", "a/", "a/b", "a//b", "../up", "a/../b", "./x", "..", ".", "%2e%2e/x", "with space", "plus+sign"),
    *(
        "q?x=1",
        "amp&er",
        "hash#",
        "back\\slash",
        "日本語/キー",
        "emoji-🙂",
        "tab\tkey",
        "quote'\"",
        "x" * 1024,
        "~tilde",
        "*()!",
    ),
    *("/leading", "trailing./", "CON", "a\u0301", "\u00e1", "line\nbreak", "semi;colon:at@", "<xml>&amp;"),
]


def test_every_key_is_itself_and_nothing_else(s3: Any, bucket: str):
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = [row["Key"] for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 7}) for row in page["Contents"]]  # fmt: skip
    assert listed == sorted(KEYS, key=lambda key: key.encode())
    assert [row["Key"] for row in s3.list_objects(Bucket=bucket)["Contents"]] == listed
    for key in KEYS:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
        s3.delete_object(Bucket=bucket, Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_listing_shows_folders_where_one_asks_for_them(s3: Any, bucket: str):
    for key in ("top", "data/1", "data/2", "data/deep/3", "model/4"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [row["Prefix"] for row in top["CommonPrefixes"]] == ["data/", "model/"]
    assert [row["Key"] for row in top["Contents"]] == ["top"]
    assert top["KeyCount"] == 3
    data = s3.list_objects_v2(Bucket=bucket, Prefix="data/", StartAfter="data/1", Delimiter="/")
    assert [row["Key"] for row in data["Contents"]] == ["data/2"]
    old = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=1)
    assert (old["IsTruncated"], old["NextMarker"]) == (True, "data/")
    assert s3.list_objects(Bucket=bucket, Delimiter="/", Marker="data/")["CommonPrefixes"] == [{"Prefix": "model/"}]


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str):
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    gone = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"k{n}"} for n in (0, 1, 7)]})
    assert sorted(row["Key"] for row in gone["Deleted"]) == ["k0", "k1", "k7"]
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k2"}], "Quiet": True})
    assert "Deleted" not in quiet
    assert [row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k3", "k4"]


def test_an_object_is_copied_with_what_was_said_of_it_or_without(s3: Any, bucket: str):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"x", ContentType="text/x", Metadata={"m": "1"})
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b"})
    assert copied["CopyObjectResult"]["ETag"] == s3.head_object(Bucket=bucket, Key="a b")["ETag"]
    assert s3.head_object(Bucket=bucket, Key="copy")["Metadata"] == {"m": "1"}
    s3.copy_object(
        Bucket=bucket, Key="new", CopySource=f"{bucket}/a b", MetadataDirective="REPLACE", Metadata={"n": "2"}
    )
    assert s3.head_object(Bucket=bucket, Key="new")["Metadata"] == {"n": "2"}
    assert refusal(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/nothing") == (404, "NoSuchKey")


def test_an_upload_in_parts(s3: Any, bucket: str):
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="application/x-tar", Metadata={"a": "b"})
    ident = upload["UploadId"]
    sent = []
    for number in (2, 1, 3):  # in any order
        made = s3.upload_part(
            Bucket=bucket, Key="big", UploadId=ident, PartNumber=number, Body=io.BytesIO(parts[number - 1])
        )
        sent.append({"PartNumber": number, "ETag": made["ETag"]})
    assert [row["Key"] for row in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
    listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=ident)["Parts"]
    assert [(row["PartNumber"], row["Size"]) for row in listed] == [(1, 5 * MIB), (2, 5 * MIB), (3, 3)]
    assert refusal(
        s3.complete_multipart_upload, Bucket=bucket, Key="big", UploadId=ident, MultipartUpload={"Parts": sent}
    ) == (400, "InvalidPartOrder")
    sent.sort(key=lambda part: part["PartNumber"])
    done = s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=ident, MultipartUpload={"Parts": sent})
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert done["ETag"] == f'"{digest}-3"'
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["Body"].read() == b"".join(parts)
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (done["ETag"], "application/x-tar", {"a": "b"})
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_an_upload_that_is_given_up_leaves_nothing(s3: Any, bucket: str):
    ident = s3.create_multipart_upload(Bucket=bucket, Key="gone")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="gone", UploadId=ident, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="gone", UploadId=ident)
    assert refusal(s3.list_parts, Bucket=bucket, Key="gone", UploadId=ident) == (404, "NoSuchUpload")
    assert refusal(s3.head_object, Bucket=bucket, Key="gone") == (404, "404")


def test_a_part_is_copied_from_another_object(s3: Any, bucket: str):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    ident = s3.create_multipart_upload(Bucket=bucket, Key="joined")["UploadId"]
    made = s3.upload_part_copy(
        Bucket=bucket,
        Key="joined",
        UploadId=ident,
        PartNumber=1,
        CopySource=f"{bucket}/source",
        CopySourceRange="bytes=2-5",
    )
    parts = [{"PartNumber": 1, "ETag": made["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(Bucket=bucket, Key="joined", UploadId=ident, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="joined")["Body"].read() == b"2345"


def test_boto3s_own_transfers_go_up_and_down(s3: Any, bucket: str, tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20 * MIB + 17))
    plan = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(source), bucket, "whole", Config=plan, ExtraArgs={"Metadata": {"a": "1"}})
    s3.download_file(bucket, "whole", str(tmp_path / "back"), Config=plan)
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    s3.copy({"Bucket": bucket, "Key": "whole"}, bucket, "copied", Config=plan)
    assert s3.head_object(Bucket=bucket, Key="copied")["ContentLength"] == 20 * MIB + 17
    s3.upload_fileobj(io.BytesIO(b"small"), bucket, "small")
    assert s3.get_object(Bucket=bucket, Key="small")["Body"].read() == b"small"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_that_is_asked_for_is_kept_and_given_back(s3: Any, bucket: str, algorithm: str):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"some bytes", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]
    assert (put["ChecksumType"], head["ChecksumType"]) == ("FULL_OBJECT", "FULL_OBJECT")
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got[f"Checksum{algorithm}"]) == (b"some bytes", put[f"Checksum{algorithm}"])
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k", ChecksumAlgorithm=algorithm)
    assert copied["CopyObjectResult"][f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    wrong = {f"Checksum{algorithm}": base64.b64encode(bytes(SIZES[algorithm])).decode()}
    assert refusal(s3.put_object, Bucket=bucket, Key="no", Body=b"x", **wrong) == (400, "BadDigest")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_upload_in_parts_has_the_checksum_that_was_asked_for(s3: Any, bucket: str, algorithm: str):
    parts = [b"1" * (5 * MIB), b"end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ChecksumAlgorithm=algorithm)
    kind = upload["ChecksumType"]
    about = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    sent = []
    for number, data in enumerate(parts, 1):
        made = s3.upload_part(**about, PartNumber=number, Body=data, ChecksumAlgorithm=algorithm)
        sent.append({"PartNumber": number, "ETag": made["ETag"], (name := f"Checksum{algorithm}"): made[name]})
    done = s3.complete_multipart_upload(**about, MultipartUpload={"Parts": sent})
    assert done["ChecksumType"] == kind == ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head[name] == done[name] and done[name].endswith("-2") is (kind == "COMPOSITE")
    if kind == "FULL_OBJECT":
        whole = s3.put_object(Bucket=bucket, Key="whole", Body=b"".join(parts), ChecksumAlgorithm=algorithm)
        assert whole[name] == done[name]


def test_a_wrong_checksum_stores_nothing(s3: Any, bucket: str):
    assert refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ChecksumSHA256="A" * 43 + "=")[1] == "BadDigest"
    assert refusal(s3.head_object, Bucket=bucket, Key="k") == (404, "404")


@pytest.mark.parametrize(
    ("call", "request_", "answer"),
    [
        ("get_object", {"Key": "nothing"}, (404, "NoSuchKey")),
        ("head_object", {"Key": "nothing"}, (404, "404")),
        ("get_object_tagging", {"Key": "nothing"}, (501, "NotImplemented")),
        ("get_bucket_policy", {}, (501, "NotImplemented")),
        ("put_object_acl", {"Key": "k", "ACL": "public-read"}, (501, "NotImplemented")),
        ("put_object", {"Key": "k", "ACL": "public-read"}, (501, "NotImplemented")),
        ("get_object", {"Key": "k", "VersionId": "1"}, (501, "NotImplemented")),
        ("upload_part", {"Key": "k", "UploadId": "../../etc", "PartNumber": 1}, (404, "NoSuchUpload")),
    ],
)
def test_a_refusal_has_awss_code(s3: Any, bucket: str, call: str, request_: dict[str, Any], answer: tuple[int, str]):
    assert refusal(getattr(s3, call), Bucket=bucket, **request_) == answer


def test_a_bucket_that_is_not_there_or_cannot_be(s3: Any):
    assert refusal(s3.list_objects_v2, Bucket="not-there") == (404, "NoSuchBucket")
    assert refusal(s3.put_object, Bucket="not-there", Key="k") == (404, "NoSuchBucket")
    assert refusal(s3.create_bucket, Bucket="Not.A_Bucket") == (400, "InvalidBucketName")


@pytest.mark.parametrize(("version", "mark"), [("s3", "AWSAccessKeyId="), ("s3v4", "X-Amz-Signature=")])
def test_a_presigned_url_is_a_key_to_one_object(s3: Any, bucket: str, road: Any, version: str, mark: str):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"shared")
    asked = {"Bucket": bucket, "Key": "a b", "ResponseContentType": "text/x; a=b"}
    signer = signing(s3, version)
    url = signer.generate_presigned_url("get_object", Params=asked, ExpiresIn=60)
    assert mark in url
    if s3.meta.endpoint_url != "http://127.0.0.1":  # without a socket there is nobody a plain client could ask
        with urllib.request.urlopen(url) as answer:
            assert (answer.read(), answer.headers["Content-Type"]) == (b"shared", "text/x; a=b")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("a%20b", "other"))
        assert caught.value.code == 403
        caught.value.close()
        url = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "put"}, ExpiresIn=60)
        sent = urllib.request.Request(url, b"by a plain client", {"Content-Type": ""}, method="PUT")
        urllib.request.urlopen(sent).close()
        assert s3.get_object(Bucket=bucket, Key="put")["Body"].read() == b"by a plain client"


def signing(s3: Any, version: str) -> Any:
    """boto3's client for the same place, that presigns with this version."""
    keys = s3._request_signer._credentials
    return boto3.client(
        "s3",
        endpoint_url=s3.meta.endpoint_url,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name=s3.meta.region_name,
        config=Config(signature_version=version),
    )


def test_a_presigned_upload_in_us_east_1_keeps_what_was_signed_with_it(s3: Any, bucket: str):
    if s3.meta.endpoint_url == "http://127.0.0.1":
        return
    asked = {"Bucket": bucket, "Key": "k", "ContentType": "text/x", "Metadata": {"a": "1"}}
    url = signing(s3, "s3").generate_presigned_url("put_object", Params=asked, ExpiresIn=60)
    headers = {"Content-Type": "text/x"}
    urllib.request.urlopen(urllib.request.Request(url, b"1", headers, method="PUT")).close()
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["Metadata"]) == ("text/x", {"a": "1"})
