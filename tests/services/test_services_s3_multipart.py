"""Uploads in parts: what they become, what is refused, and what a crash leaves."""

from __future__ import annotations

import hashlib
import io
import sys
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from stepmill.objects.folder import FolderStore
from stepmill.objects.sums import ALGORITHMS
from stepmill.services.operations import Operations
from stepmill.services.s3 import S3
from stores import refused

Call = Callable[..., dict[str, Any]]
BIG = 5 << 20
ONE, TWO, END = b"1" * BIG, b"2" * BIG, b"end"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "objects")
    store.create_bucket("bucket")
    return store


@pytest.fixture
def s3(store: FolderStore) -> Call:
    operations = Operations()
    operations.add("s3", S3(store, "000000000000"))

    def call(name: str, key: str | None = "k", **members: Any) -> dict[str, Any]:
        return operations.call("s3", name, {"Bucket": "bucket", "Key": key, **members})

    return call


def begin(s3: Call, *parts: bytes, **members: Any) -> tuple[str, dict[str, Any]]:
    """An upload with these parts → its id, and what completes it."""
    upload = s3("CreateMultipartUpload", **members)["UploadId"]
    rows = []
    more = {"ChecksumAlgorithm": members["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in members else {}
    for number, data in enumerate(parts, 1):
        answer = s3("UploadPart", UploadId=upload, PartNumber=number, Body=data, **more)
        rows.append({"PartNumber": number, **{name: answer[name] for name in answer if name != "ChecksumType"}})
    return upload, {"Parts": rows}


def got(s3: Call, **members: Any) -> bytes:
    with closing(s3("GetObject", **members)["Body"]) as body:
        return bytes(body.read())


def test_parts_become_one_object_under_s3s_sum_of_sums(s3: Call, store: FolderStore) -> None:
    upload, parts = begin(s3, ONE, END, ContentType="a/b", Metadata={"m": "1"})
    s3("UploadPart", UploadId=upload, PartNumber=1, Body=b"x")
    again = s3("UploadPart", UploadId=upload, PartNumber=1, Body=ONE)
    assert again["ETag"] == parts["Parts"][0]["ETag"]
    answer = s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload=parts)
    sums = hashlib.md5(hashlib.md5(ONE).digest() + hashlib.md5(END).digest()).hexdigest()
    assert answer["ETag"] == f'"{sums}-2"'
    head = s3("HeadObject")
    assert (head["ETag"], head["ContentType"], head["Metadata"]) == (answer["ETag"], "a/b", {"m": "1"})
    assert got(s3) == ONE + END
    assert [info.etag for info in store.list("bucket")] == [answer["ETag"]]
    assert [*Path(store.root, ".uploads").iterdir(), *Path(store.root, ".tmp").iterdir()] == []
    assert s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload=parts) == answer
    assert s3("HeadObject", PartNumber=2)["ContentRange"] == f"bytes {BIG}-{BIG + 2}/{BIG + 3}"
    assert (got(s3, PartNumber=2), s3("HeadObject", PartNumber=1)["PartsCount"]) == (END, 2)
    s3("PutObject", Body=b"other")
    assert refused(lambda: s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload=parts))[0] == "NoSuchUpload"


def test_checksums_of_parts_become_the_checksum_of_the_whole(s3: Call) -> None:
    upload, parts = begin(s3, ONE, END, ChecksumAlgorithm="CRC32")
    answer = s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload=parts)
    sums = b"".join(zlib.crc32(data).to_bytes(4, "big") for data in (ONE, END))
    composite = b64encode(zlib.crc32(sums).to_bytes(4, "big")).decode() + "-2"
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (composite, "COMPOSITE")
    assert s3("HeadObject", ChecksumMode="ENABLED")["ChecksumCRC32"] == composite
    upload, parts = begin(s3, ONE, TWO, END, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    whole = b64encode(zlib.crc32(ONE + TWO + END).to_bytes(4, "big")).decode()
    wrong = b64encode(b"0000").decode()
    request = {"UploadId": upload, "MultipartUpload": parts}
    assert refused(lambda: s3("CompleteMultipartUpload", ChecksumCRC32=wrong, **request))[0] == "BadDigest"
    answer = s3("CompleteMultipartUpload", ChecksumCRC32=whole, MpuObjectSize=2 * BIG + 3, **request)
    assert (answer["ChecksumCRC32"], answer["ChecksumType"]) == (whole, "FULL_OBJECT")
    copied = s3("CopyObject", "copy", CopySource="bucket/k")["CopyObjectResult"]
    assert (copied["ETag"], copied["ChecksumCRC32"]) == (f'"{hashlib.md5(ONE + TWO + END).hexdigest()}"', whole)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_a_crc_of_the_whole_is_joined_from_those_of_its_parts(s3: Call, algorithm: str) -> None:
    name = f"Checksum{algorithm}"
    whole = s3("PutObject", "whole", Body=ONE + TWO + END, ChecksumAlgorithm=algorithm)[name]
    upload, parts = begin(s3, ONE, TWO, END, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    assert all(row[name] for row in parts["Parts"])
    request = {"UploadId": upload, "MultipartUpload": parts, "ChecksumType": "FULL_OBJECT"}
    wrong = b64encode(bytes(len(b64decode(whole)))).decode()
    assert refused(lambda: s3("CompleteMultipartUpload", **request, **{name: wrong}))[0] == "BadDigest"
    answer = s3("CompleteMultipartUpload", **request, **{name: whole})
    assert (answer[name], answer["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert s3("CopyObject", "copy", CopySource="bucket/k")["CopyObjectResult"][name] == whole


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_how_checksums_of_parts_may_be_joined_is_as_aws_allows(s3: Call, algorithm: str) -> None:
    begun = s3("CreateMultipartUpload", ChecksumAlgorithm=algorithm)
    assert begun["ChecksumType"] == ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
    for kind, taken in (("COMPOSITE", algorithm != "CRC64NVME"), ("FULL_OBJECT", algorithm.startswith("CRC"))):
        request = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
        if taken:
            assert s3("CreateMultipartUpload", **request)["ChecksumType"] == kind
        else:
            code, message = refused(lambda r=request: s3("CreateMultipartUpload", **r))
            words = f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
            assert (code, message) == ("InvalidRequest", words)


def test_an_upload_whose_checksum_needs_more_installed_is_refused_before_its_parts_come(
    s3: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "awscrt", None)  # as if it were not installed
    for algorithm in ("CRC32C", "CRC64NVME"):
        code, message = refused(lambda a=algorithm: s3("CreateMultipartUpload", ChecksumAlgorithm=a))
        assert (code, "stepmill[serve]" in message) == ("NotImplemented", True)
        code, message = refused(lambda a=algorithm: s3("PutObject", Body=b"x", ChecksumAlgorithm=a))
        assert (code, algorithm in message) == ("NotImplemented", True)
    s3("PutObject", Body=b"x", ChecksumAlgorithm="CRC32")


def test_a_part_that_is_not_as_the_upload_was_begun_is_refused(s3: Call) -> None:
    upload, parts = begin(s3, END, ChecksumAlgorithm="SHA256")
    for more in ({}, {"ChecksumAlgorithm": "CRC32"}):
        code, message = refused(lambda m=more: s3("UploadPart", UploadId=upload, PartNumber=2, Body=b"", **m))
        assert (code, "expected checksum Type: sha256" in message) == ("InvalidRequest", True)
    bare = {"Parts": [{"PartNumber": 1, "ETag": parts["Parts"][0]["ETag"]}]}
    assert (
        "missing for part 1" in refused(lambda: s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload=bare))[1]
    )
    full = {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    assert refused(lambda: s3("CreateMultipartUpload", **full))[0] == "InvalidRequest"


def test_a_list_of_parts_that_does_not_hold_is_refused_and_the_upload_stays(s3: Call) -> None:
    upload, parts = begin(s3, ONE, b"small", END)
    one, two, three = parts["Parts"]
    for rows, code in (
        ([two, one], "InvalidPartOrder"),
        ([one, one], "InvalidPartOrder"),
        ([one, {**three, "PartNumber": 4}], "InvalidPart"),
        ([one, {**three, "ETag": '"other"'}], "InvalidPart"),
        ([one, two, three], "EntityTooSmall"),
        ([], "MalformedXML"),
        ([{"PartNumber": 0, "ETag": "x"}], "InvalidArgument"),
    ):
        request = {"UploadId": upload, "MultipartUpload": {"Parts": rows}}
        assert refused(lambda request=request: s3("CompleteMultipartUpload", **request))[0] == code
    s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload={"Parts": [one, three]})
    assert got(s3) == ONE + END
    assert refused(lambda: s3("HeadObject", PartNumber=1))[0] == "NotImplemented"


@pytest.mark.parametrize("upload", ["", "..", "../bucket", "0" * 48, "x/y", "0" * 47 + "\0"])
def test_an_upload_that_is_not_there_is_refused_by_name(s3: Call, upload: str) -> None:
    for name, more in (
        ("UploadPart", {"PartNumber": 1}),
        ("AbortMultipartUpload", {}),
        ("ListParts", {}),
        ("CompleteMultipartUpload", {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "x"}]}}),
    ):
        assert refused(lambda name=name, more=more: s3(name, UploadId=upload, **more))[0] == "NoSuchUpload"


def test_an_upload_is_of_its_own_key_and_gone_when_aborted(s3: Call) -> None:
    upload, _ = begin(s3, END)
    assert refused(lambda: s3("ListParts", "other", UploadId=upload))[0] == "NoSuchUpload"
    s3("AbortMultipartUpload", UploadId=upload)
    assert refused(lambda: s3("AbortMultipartUpload", UploadId=upload))[0] == "NoSuchUpload"
    assert "Uploads" not in s3("ListMultipartUploads", None)


def test_parts_and_uploads_are_listed_in_pages(s3: Call) -> None:
    upload, _ = begin(s3, b"1", b"22", b"333")
    page = s3("ListParts", UploadId=upload, MaxParts=2)
    assert ([part["Size"] for part in page["Parts"]], page["NextPartNumberMarker"]) == ([1, 2], 2)
    page = s3("ListParts", UploadId=upload, PartNumberMarker=2)
    assert ([part["PartNumber"] for part in page["Parts"]], page["IsTruncated"]) == ([3], False)
    ids = [s3("CreateMultipartUpload", key)["UploadId"] for key in ("a/1", "a/2", "k", "z")]
    seen: list[tuple[str, str]] = []
    marks: dict[str, Any] = {}
    while True:
        page = s3("ListMultipartUploads", None, MaxUploads=2, **marks)
        seen += [(row["Key"], row["UploadId"]) for row in page.get("Uploads", [])]
        if not page["IsTruncated"]:
            break
        marks = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert sorted(row for row in seen) == sorted(zip(("a/1", "a/2", "k", "z", "k"), [*ids, upload], strict=True))
    page = s3("ListMultipartUploads", None, Delimiter="/", MaxUploads=1)
    assert (page["CommonPrefixes"], page["NextKeyMarker"]) == ([{"Prefix": "a/"}], "a/")
    page = s3("ListMultipartUploads", None, Delimiter="/", KeyMarker="a/")
    assert [row["Key"] for row in page["Uploads"]] == ["k", "k", "z"]


def test_a_part_may_be_a_range_of_an_object(s3: Call) -> None:
    s3("PutObject", "source", Body=ONE + b"0123456789")
    upload = s3("CreateMultipartUpload", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    rows = []
    for number, asked in enumerate((f"bytes=0-{BIG - 1}", f"bytes={BIG}-{BIG + 4}"), 1):
        more = {"UploadId": upload, "PartNumber": number, "CopySource": "bucket/source"}
        result = s3("UploadPartCopy", CopySourceRange=asked, **more)["CopyPartResult"]
        rows.append({"PartNumber": number, "ETag": result["ETag"], "ChecksumCRC32": result["ChecksumCRC32"]})
        assert refused(lambda more=more: s3("UploadPartCopy", CopySourceRange=f"bytes=0-{BIG + 10}", **more))[0] == (
            "InvalidArgument"
        )
    s3("CompleteMultipartUpload", UploadId=upload, MultipartUpload={"Parts": rows})
    assert got(s3) == ONE + b"01234"


def test_a_part_whose_length_is_known_lies_where_the_object_needs_it(s3: Call, store: FolderStore) -> None:
    class Sized(io.BytesIO):
        length = BIG

    class Wrapped(io.BytesIO):
        length = BIG
        trailers: ClassVar[dict[str, str]] = {}

    class Unknown(io.BytesIO):
        length = None

    for body, more, slotted in (
        (ONE, {}, True),
        (Sized(ONE), {}, True),
        (Wrapped(ONE), {"ContentLength": BIG + 90}, True),
        (io.BytesIO(ONE), {"ContentLength": BIG}, True),
        (io.BytesIO(ONE), {}, False),
        (Unknown(ONE), {"ContentLength": BIG}, False),
        (END, {}, False),
    ):
        upload = s3("CreateMultipartUpload")["UploadId"]
        s3("UploadPart", UploadId=upload, PartNumber=1, Body=body, **more)
        assert Path(store.root, ".uploads", upload, f"data-{BIG}").exists() is slotted
        s3("AbortMultipartUpload", UploadId=upload)
    upload = s3("CreateMultipartUpload")["UploadId"]
    wrong = {"UploadId": upload, "PartNumber": 1, "Body": io.BytesIO(ONE), "ContentLength": BIG + 1}
    assert refused(lambda: s3("UploadPart", **wrong))[0] == "IncompleteBody"
    assert "Parts" not in s3("ListParts", UploadId=upload)


def test_completing_under_a_condition_heeds_what_is_there(s3: Call) -> None:
    upload, parts = begin(s3, END)
    s3("PutObject", Body=b"there")
    request = {"UploadId": upload, "MultipartUpload": parts}
    assert refused(lambda: s3("CompleteMultipartUpload", IfNoneMatch="*", **request))[0] == "PreconditionFailed"
    etag = s3("HeadObject")["ETag"]
    s3("CompleteMultipartUpload", IfMatch=etag, **request)
    assert got(s3) == END


def test_a_crash_while_completing_leaves_the_upload_or_the_object(s3: Call, store: FolderStore) -> None:
    """The process ends before the n-th thing that is done to the disk, for every n; another one asks again."""
    left = [0]

    class Crash(BaseException):
        pass

    def watch(event: str, args: tuple[object, ...]) -> None:
        ours = event in ("open", "os.rename", "os.remove", "os.truncate", "os.rmdir") and left[0]
        if ours and isinstance(args[0], str) and args[0].startswith(store.root):
            left[0] -= 1
            if not left[0]:
                raise Crash

    sys.addaudithook(watch)
    crashes = 0
    while True:
        upload, parts = begin(s3, ONE, TWO, END)
        request = {"UploadId": upload, "MultipartUpload": parts}
        left[0] = crashes + 1
        try:
            s3("CompleteMultipartUpload", **request)
        except Crash:
            crashes += 1
        else:
            break
        finally:
            left[0] = 0
        assert s3("CompleteMultipartUpload", **request)["ETag"].endswith('-3"')
        assert got(s3) == ONE + TWO + END
        assert "Uploads" not in s3("ListMultipartUploads", None)
        s3("DeleteObject")
    assert crashes > 12
