"""One object at a time, as S3 answers: ranges, conditions, what was told of it, copies."""

from __future__ import annotations

import hashlib
import io
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stepmill.objects.folder import FolderStore
from stepmill.services.operations import Operations, ServiceError
from stepmill.services.s3 import S3, text_of
from stores import refused

Call = Callable[..., dict[str, Any]]
OWNER = "000000000000"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "objects")
    store.create_bucket("bucket")
    return store


@pytest.fixture
def s3(store: FolderStore) -> Call:
    operations = Operations()
    operations.add("s3", S3(store, OWNER))

    def call(name: str, key: str | None = "k", **members: Any) -> dict[str, Any]:
        return operations.call("s3", name, {"Bucket": "bucket", "Key": key, **members})

    return call


def body(response: dict[str, Any]) -> bytes:
    with closing(response["Body"]) as part:
        return bytes(part.read())


def crc32(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


class Pieces:
    """A body that comes in pieces, and may break."""

    def __init__(self, *pieces: bytes, trouble: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.trouble = trouble
        self.largest = 0

    def read(self, size: int = -1, /) -> bytes:
        self.largest = max(self.largest, size)
        if self.pieces:
            return self.pieces.pop(0)
        if self.trouble:
            raise self.trouble
        return b""


def left_behind(store: FolderStore) -> list[Path]:
    return [*Path(store.root, ".tmp").iterdir(), *Path(store.root, "bucket").iterdir()]


def test_what_was_told_of_an_object_comes_back_with_it(s3: Call) -> None:
    told = {
        "ContentType": "text/plain",
        "CacheControl": "no-store",
        "ContentLanguage": "ja",
        "ContentDisposition": "inline",
        "Expires": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Metadata": {"epoch": "処"},
    }
    s3("PutObject", Body=b"x", ContentEncoding="aws-chunked,gzip", **told)
    for name in ("GetObject", "HeadObject"):
        answer = s3(name)
        assert {member: answer[member] for member in told} == told
        assert answer["ContentEncoding"] == "gzip"
        if "Body" in answer:
            answer["Body"].close()
    assert s3("HeadObject", ResponseContentType="a/b")["ContentType"] == "a/b"
    assert s3("PutObject", Body=b"y", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
    assert s3("HeadObject")["ContentType"] == "binary/octet-stream"


def test_a_body_in_pieces_is_stored_without_being_held(s3: Call, store: FolderStore) -> None:
    source = Pieces(b"a" * 300_000, b"b", b"c" * 100)
    etag = s3("PutObject", Body=source)["ETag"]
    data = b"a" * 300_000 + b"b" + b"c" * 100
    assert etag == f'"{hashlib.md5(data).hexdigest()}"'
    assert 256 << 10 <= source.largest <= 1 << 20
    assert body(s3("GetObject")) == data


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart"])
def test_a_body_that_breaks_leaves_nothing_behind(s3: Call, store: FolderStore, operation: str) -> None:
    more = {}
    if operation == "UploadPart":
        more = {"UploadId": s3("CreateMultipartUpload")["UploadId"], "PartNumber": 1}
    bad = ServiceError("SignatureDoesNotMatch", "tampered", 403)
    assert refused(lambda: s3(operation, Body=Pieces(b"half", trouble=bad), **more))[0] == "SignatureDoesNotMatch"
    assert left_behind(store) == []
    if more:
        del more["PartNumber"]
        assert "Parts" not in s3("ListParts", **more)


def test_a_checksum_that_does_not_hold_is_refused_and_leaves_nothing(s3: Call, store: FolderStore) -> None:
    good = b64encode(hashlib.md5(b"x").digest()).decode()
    for member, value, code in (
        ("ContentMD5", b64encode(b"0" * 16).decode(), "BadDigest"),
        ("ContentMD5", "???", "InvalidDigest"),
        ("ChecksumCRC32", crc32(b"y"), "BadDigest"),
        ("ChecksumSHA256", b64encode(b"0" * 32).decode(), "BadDigest"),
        ("ChecksumSHA1", "AAAA", "InvalidRequest"),
    ):
        assert refused(lambda member=member, value=value: s3("PutObject", Body=b"x", **{member: value}))[0] == code
        assert left_behind(store) == []
    s3("PutObject", Body=b"x", ContentMD5=good)


def test_a_checksum_is_kept_and_given_when_it_is_asked_for_but_not_for_a_range(s3: Call) -> None:
    put = s3("PutObject", Body=b"hello", ChecksumCRC32=crc32(b"hello"))
    assert (put["ChecksumCRC32"], put["ChecksumType"]) == (crc32(b"hello"), "FULL_OBJECT")
    assert "ChecksumCRC32" not in s3("HeadObject")
    assert s3("HeadObject", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc32(b"hello")
    ranged = s3("GetObject", ChecksumMode="ENABLED", Range="bytes=0-1")
    assert body(ranged) == b"he" and "ChecksumCRC32" not in ranged
    assert s3("PutObject", Body=b"a", ChecksumAlgorithm="SHA1")["ChecksumSHA1"]


def test_a_trailer_that_the_wire_verified_is_kept(s3: Call) -> None:
    source = Pieces(b"hello")
    source.trailers = {"x-amz-checksum-crc32": crc32(b"hello")}  # type: ignore[attr-defined]
    assert s3("PutObject", Body=source, ChecksumAlgorithm="CRC32")["ChecksumCRC32"] == crc32(b"hello")
    assert s3("HeadObject", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc32(b"hello")
    source = Pieces(b"hello")
    source.trailers = {}  # type: ignore[attr-defined]
    assert refused(lambda: s3("PutObject", Body=source, ChecksumAlgorithm="CRC32"))[0] == "InvalidRequest"


@pytest.mark.parametrize(
    ("asked", "got", "said"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-30", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-1,4-5", b"0123456789", None),
        ("bytes=4-2", b"0123456789", None),
        ("lines=1-2", b"0123456789", None),
    ],
)
def test_a_range_is_that_part_of_the_bytes(s3: Call, asked: str, got: bytes, said: str | None) -> None:
    s3("PutObject", Body=b"0123456789")
    answer = s3("GetObject", Range=asked)
    assert body(answer) == got
    assert (answer["ContentLength"], answer.get("ContentRange")) == (len(got), said)
    head = s3("HeadObject", Range=asked)
    assert (head["ContentLength"], head.get("ContentRange")) == (len(got), said)


def test_a_range_beyond_the_end_is_refused(s3: Call) -> None:
    s3("PutObject", Body=b"0123456789")
    s3("PutObject", "empty", Body=b"")
    for key, asked in (("k", "bytes=10-"), ("k", "bytes=-0"), ("empty", "bytes=0-0"), ("empty", "bytes=-1")):
        with pytest.raises(ServiceError, match="not satisfiable") as refusal:
            s3("GetObject", key, Range=asked)
        assert (refusal.value.code, refusal.value.status) == ("InvalidRange", 416)
    assert s3("HeadObject", PartNumber=1)["ContentRange"] == "bytes 0-9/10"
    assert refused(lambda: s3("GetObject", PartNumber=2))[0] == "InvalidPartNumber"


def test_reading_under_a_condition_is_304_or_412_when_it_does_not_hold(s3: Call) -> None:
    etag = s3("PutObject", Body=b"x")["ETag"]
    at = s3("HeadObject")["LastModified"]
    for members, status in (
        ({"IfMatch": etag}, 200),
        ({"IfMatch": '"other"'}, 412),
        ({"IfMatch": "*"}, 200),
        ({"IfNoneMatch": etag}, 304),
        ({"IfNoneMatch": '"other"'}, 200),
        ({"IfModifiedSince": at}, 304),
        ({"IfModifiedSince": at - 1}, 200),
        ({"IfUnmodifiedSince": at}, 200),
        ({"IfUnmodifiedSince": at - 1}, 412),
        ({"IfMatch": etag, "IfUnmodifiedSince": at - 1}, 200),
        ({"IfNoneMatch": '"other"', "IfModifiedSince": at}, 200),
        ({"IfModifiedSince": "2001-01-01T00:00:00Z"}, 200),
        ({"IfModifiedSince": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
    ):
        try:
            s3("HeadObject", **members)
        except ServiceError as refusal:
            assert refusal.status == status, members
        else:
            assert status == 200, members


def test_writing_under_a_condition_heeds_what_is_there(s3: Call) -> None:
    assert refused(lambda: s3("PutObject", IfMatch='"x"'))[0] == "NoSuchKey"
    etag = s3("PutObject", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(lambda: s3("PutObject", Body=b"2", IfNoneMatch="*"))[0] == "PreconditionFailed"
    assert refused(lambda: s3("PutObject", Body=b"2", IfNoneMatch=etag))[0] == "NotImplemented"
    assert refused(lambda: s3("PutObject", Body=b"2", IfMatch='"x"'))[0] == "PreconditionFailed"
    etag = s3("PutObject", Body=b"2", IfMatch=etag)["ETag"]
    assert refused(lambda: s3("DeleteObject", IfMatch='"x"'))[0] == "PreconditionFailed"
    s3("DeleteObject", IfMatch=etag)
    assert s3("DeleteObject") == {}


def test_a_file_changed_by_hand_keeps_its_type_and_loses_its_sums(s3: Call, store: FolderStore) -> None:
    s3("PutObject", Body=b"one", ContentType="a/b", ChecksumCRC32=crc32(b"one"))
    Path(store.root, "bucket", "k").write_bytes(b"three")
    head = s3("HeadObject", ChecksumMode="ENABLED")
    assert (head["ETag"], head["ContentType"]) == (f'"{hashlib.md5(b"three").hexdigest()}"', "a/b")
    assert "ChecksumCRC32" not in head
    Path(store.root, "bucket", "dropped").write_bytes(b"in")
    assert body(s3("GetObject", "dropped")) == b"in"


def test_a_copy_carries_what_was_told_or_replaces_it(s3: Call) -> None:
    s3("PutObject", "a b", Body=b"x", ContentType="a/b", Metadata={"m": "1"}, ChecksumCRC32=crc32(b"x"))
    result = s3("CopyObject", "copy", CopySource="/bucket/a%20b")["CopyObjectResult"]
    assert result["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"' and result["ChecksumCRC32"] == crc32(b"x")
    assert (s3("HeadObject", "copy")["ContentType"], s3("HeadObject", "copy")["Metadata"]) == ("a/b", {"m": "1"})
    source = {"Bucket": "bucket", "Key": "a b"}
    s3("CopyObject", "copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert (s3("HeadObject", "copy")["ContentType"], s3("HeadObject", "copy")["Metadata"]) == (
        "binary/octet-stream",
        {"n": "2"},
    )
    taken = s3("CopyObject", "copy", CopySource=source, ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    assert taken["ChecksumSHA256"] == b64encode(hashlib.sha256(b"x").digest()).decode()
    assert "without changing" in refused(lambda: s3("CopyObject", "a b", CopySource=source))[1]
    assert refused(lambda: s3("CopyObject", CopySource="bucket/a%20b?versionId=1"))[0] == "NotImplemented"
    assert refused(lambda: s3("CopyObject", CopySource=source, CopySourceIfNoneMatch="*"))[0] == "PreconditionFailed"
    assert refused(lambda: s3("CopyObject", CopySource="bucket/none"))[0] == "NoSuchKey"


def test_many_are_deleted_at_once_each_with_its_own_outcome(s3: Call, store: FolderStore) -> None:
    for key in "ab":
        s3("PutObject", key, Body=b"")
    rows = [{"Key": "a"}, {"Key": "none"}, {"Key": "b", "ETag": '"other"'}, {"Key": "k" * 1025}]
    answer = s3("DeleteObjects", None, Delete={"Objects": rows})
    assert answer["Deleted"] == [{"Key": "a"}, {"Key": "none"}]
    assert [row["Code"] for row in answer["Errors"]] == ["PreconditionFailed", "KeyTooLongError"]
    assert s3("DeleteObjects", None, Delete={"Objects": [{"Key": "b"}], "Quiet": True}) == {}
    assert [info.key for info in store.list("bucket")] == []
    for rows, code in (([{"Key": "k"}] * 1001, "MalformedXML"), ([{"Key": "k", "VersionId": "1"}], "NotImplemented")):
        assert refused(lambda rows=rows: s3("DeleteObjects", None, Delete={"Objects": rows}))[0] == code


def test_more_metadata_than_s3_or_a_file_takes_is_refused(s3: Call, store: FolderStore) -> None:
    s3("PutObject", Body=b"", Metadata={"m": "x" * 2047})
    for members in ({"Metadata": {"m": "x" * 2048}}, {"CacheControl": "x" * 4000}):
        assert refused(lambda members=members: s3("PutObject", "new", Body=b"", **members))[0] == "MetadataTooLarge"
        if "CacheControl" in members:
            assert refused(lambda m=members: s3("CreateMultipartUpload", "new", **m))[0] == "MetadataTooLarge"
    assert [info.key for info in store.list("bucket")] == ["k"]


def test_a_state_gets_as_much_of_a_body_as_shows_that_it_is_too_much(s3: Call) -> None:
    s3("PutObject", Body=b"x" * 300_000)
    answer = s3("GetObject")
    assert len(text_of(answer["Body"])) == 256 * 1024 + 1
    assert answer["Body"].file.closed


CORPUS = [
    *("..", ".", "../../etc/passwd", "a/../b", "a/./b", "/etc/passwd", "//a", "a\0b", "%2e%2e", "%2E%2E/x"),
    *("trailing.", "trailing..", "a/", "x" * 1024, "処" * 341, "e\u0301", "\u202e", "a\\..\\b", ".tmp/x", ".uploads/x"),
    *("a%self", "%e", "con", "a\nb", "../bucket2/x", ".lock", "format.json"),
]


@pytest.mark.parametrize("key", CORPUS)
def test_a_name_is_a_key_in_its_bucket_and_nowhere_else(s3: Call, store: FolderStore, tmp_path: Path, key: str) -> None:
    outside = {path for path in tmp_path.rglob("*") if "bucket" not in path.parts}
    s3("PutObject", key, Body=io.BytesIO(b"x"))
    assert body(s3("GetObject", key)) == b"x"
    s3("CopyObject", "copy", CopySource={"Bucket": "bucket", "Key": key})
    assert {info.key for info in store.list("bucket")} == {key, "copy"}
    upload = s3("CreateMultipartUpload", key)["UploadId"]
    s3("AbortMultipartUpload", key, UploadId=upload)
    new = {path for path in tmp_path.rglob("*") if "bucket" not in path.parts} - outside
    assert {path.name for path in new} <= {".tmp", ".lock", ".uploads"}
    s3("DeleteObject", key)
    assert refused(lambda: s3("GetObject", key))[0] == "NoSuchKey"


@pytest.mark.parametrize("bucket", ["..", ".tmp", ".uploads", "../objects", "a/b", "format.json/..", "\0ab", "ABC"])
def test_a_bucket_that_is_no_name_is_refused_everywhere(store: FolderStore, bucket: str) -> None:
    operations = Operations()
    operations.add("s3", S3(store, OWNER))
    request = {"Bucket": bucket, "Key": "k", "CopySource": "bucket/k", "Delete": {"Objects": [{"Key": "k"}]}}
    request |= {"UploadId": "0" * 48, "PartNumber": 1}
    for _, name in operations.names():
        if name != "ListBuckets":
            required = operations._handlers["s3", name].__stepmill_required__  # type: ignore[attr-defined]
            members = {member: request[member] for member in required}
            if name == "CompleteMultipartUpload":
                members["MultipartUpload"] = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
            code = refused(lambda name=name, members=members: operations.call("s3", name, members))[0]
            assert code == "InvalidBucketName", name
