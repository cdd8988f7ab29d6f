"""Uploads in parts: Create, UploadPart, UploadPartCopy, Complete, Abort, ListParts, ListMultipartUploads.

In: requests. Out: responses. Touches: the bucket folders, through objects.
Completing again after it succeeded answers as it did the first time, as long as the object is still the one that came
of it: a client whose answer got lost may ask again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepmill.objects.bodies import Slice
from stepmill.objects.facts import Facts
from stepmill.objects.parts import NO_PART, Part
from stepmill.objects.store import NoSuchKey, NoSuchUpload
from stepmill.objects.sums import COMPOSITE, FULL_OBJECT, begin, joined
from stepmill.objects.uploads import Upload
from stepmill.services.operations import Response, ServiceError
from stepmill.services.s3.checksums import Expected, bad_digest, encoded, given, shown
from stepmill.services.s3.conditions import COPYING, check_write, part_number
from stepmill.services.s3.copies import look, source_of
from stepmill.services.s3.headers import described, encryption
from stepmill.services.s3.listings import spelling
from stepmill.services.s3.requests import (
    CHECKSUMS,
    DESCRIBING,
    HARMLESS,
    MALFORMED,
    Base,
    answers,
    invalid_argument,
    not_done,
    second,
    whole,
)
from stepmill.services.s3.single import Bounded, reader_of

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

SMALLEST = 5 << 20
"""AWS: every part but the last holds at least 5 MiB."""
_MOST = 1000
_RUNS = 16


class Multipart(Base):
    """The operations."""

    @answers(
        "CreateMultipartUpload",
        *("Bucket", "Key"),
        done=f"ChecksumAlgorithm ChecksumType {DESCRIBING} {HARMLESS}",
    )
    def create_multipart_upload(self, request: dict[str, Any]) -> Response:
        """Begin an upload."""
        headers, metadata = described(request)
        algorithm = str(request.get("ChecksumAlgorithm", "")).upper()
        kind = request.get("ChecksumType")
        if kind is not None and (not algorithm or kind not in ("COMPOSITE", "FULL_OBJECT")):
            raise ServiceError("InvalidRequest", "The x-amz-checksum-type header can only be used with an algorithm.")
        kind = kind or ("COMPOSITE" if algorithm in COMPOSITE else "FULL_OBJECT" if algorithm else "")
        if algorithm:
            begin(algorithm)  # refused now, if it must be, and not when the parts are here
        if kind and algorithm not in (COMPOSITE if kind == "COMPOSITE" else FULL_OBJECT):
            message = f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
            raise ServiceError("InvalidRequest", message)
        Facts(headers=headers, metadata=metadata).check()
        about = {"headers": headers, "metadata": metadata, "algorithm": algorithm, "type": kind}
        upload = self._uploads.begin(request["Bucket"], request["Key"], about)
        response: Response = {"Bucket": upload.bucket, "Key": upload.key, "UploadId": upload.id}
        if algorithm:
            response |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
        return response | encryption(Facts(headers=headers))

    @answers(
        "UploadPart",
        *("Bucket", "Key", "PartNumber", "UploadId"),
        done=f"Body ChecksumAlgorithm ContentLength ContentMD5 {CHECKSUMS}",
    )
    def upload_part(self, request: dict[str, Any]) -> Response:
        """Store one part, in the place of an earlier one of its number."""
        number = part_number(request["PartNumber"])
        upload = self._find(request)
        body = reader_of(request.get("Body", b""))
        algorithm = upload.about["algorithm"]
        sent = next(iter(given(request)), str(request.get("ChecksumAlgorithm", "")).upper())
        composite = upload.about["type"] == "COMPOSITE"
        if algorithm and (sent != algorithm if sent else composite and not hasattr(body, "trailers")):
            raise _mismatch(algorithm, sent or "null")
        expected = Expected("UploadPart", request, body, [algorithm] if algorithm and not sent else [])
        digests: dict[str, bytes] = {}

        def checksum() -> bytes:
            if composite and not sent and not getattr(body, "trailers", {}):
                raise _mismatch(algorithm, "null")
            # Without an algorithm for the whole, a part's checksum is verified and not kept.
            digests.update(expected.verify())
            return digests.get(algorithm, b"")

        part = upload.put_part(number, Bounded(body), expected.sums, checksum, _size_of(request))
        told = {f"Checksum{name}": value for name, value in encoded(digests).items()} if sent else {}
        return {"ETag": f'"{part.etag}"', **told, **encryption(_facts_of(upload))}

    @answers(
        "UploadPartCopy",
        *("Bucket", "Key", "PartNumber", "UploadId", "CopySource"),
        done=f"CopySourceRange ExpectedSourceBucketOwner {COPYING}",
    )
    def upload_part_copy(self, request: dict[str, Any]) -> Response:
        """Store a part that is an object, or `CopySourceRange` of one."""
        number = part_number(request["PartNumber"])
        upload = self._find(request)
        file, info = look(self._objects, *source_of("UploadPartCopy", request["CopySource"]), request)
        with file:
            start, length = _copied_range(request.get("CopySourceRange"), info.size)
            algorithm = upload.about["algorithm"]
            source: Reader = Slice(file, start, length)
            expected = Expected("UploadPartCopy", {}, source, [algorithm] if algorithm else [])
            part = upload.put_part(
                number, Bounded(source), expected.sums, lambda: expected.verify().get(algorithm, b""), _slotted(length)
            )
        result = {"ETag": f'"{part.etag}"', "LastModified": second(part.modified), **_checksum_of(part, algorithm)}
        return {"CopyPartResult": result, **encryption(_facts_of(upload))}

    @answers(
        "CompleteMultipartUpload",
        *("Bucket", "Key", "UploadId"),
        done=f"ChecksumType IfMatch IfNoneMatch MpuObjectSize MultipartUpload {CHECKSUMS}",
    )
    def complete_multipart_upload(self, request: dict[str, Any]) -> Response:
        """Join the parts to the object."""
        listed = request.get("MultipartUpload")
        rows = listed.get("Parts") if isinstance(listed, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not rows:
            raise ServiceError("MalformedXML", MALFORMED)
        bucket, key = request["Bucket"], request["Key"]
        try:
            upload = self._find(request)
            chosen = _chosen(upload, rows)
            facts = _joined_facts(upload, chosen, request)
            upload.complete(chosen, facts, check_write(request))
        except NoSuchUpload:
            try:
                facts = self._objects.info(bucket, key).facts
            except NoSuchKey:
                raise NoSuchUpload from None
            if facts.upload != request["UploadId"]:
                raise NoSuchUpload from None
        return {
            "Location": f"https://{bucket}.s3.{self._region}.amazonaws.com/{quote(key)}",
            "Bucket": bucket,
            "Key": key,
            "ETag": f'"{facts.etag}"',
            **shown(facts),
            **encryption(facts),
        }

    @answers("AbortMultipartUpload", "Bucket", "Key", "UploadId")
    def abort_multipart_upload(self, request: dict[str, Any]) -> Response:
        """Drop an upload and its parts."""
        self._find(request).abort()
        return {}

    @answers("ListParts", "Bucket", "Key", "UploadId", done="MaxParts PartNumberMarker")
    def list_parts(self, request: dict[str, Any]) -> Response:
        """The parts that have arrived, by number, in pages of at most 1,000."""
        upload = self._find(request)
        after, most = whole(request, "PartNumberMarker", 0, 1 << 31), whole(request, "MaxParts", _MOST, _MOST)
        left = [part for part in upload.parts() if part.number > after]
        algorithm = upload.about["algorithm"]
        response: Response = {
            "Bucket": upload.bucket,
            "Key": upload.key,
            "UploadId": upload.id,
            "PartNumberMarker": after,
            "MaxParts": most,
            "IsTruncated": len(left) > most > 0,
            "Initiator": {"ID": self._owner},
            "Owner": {"ID": self._owner},
            "StorageClass": "STANDARD",
            "NextPartNumberMarker": left[:most][-1].number if left[:most] else 0,
        }
        if parts := [_listed(part, algorithm) for part in left[:most]]:
            response["Parts"] = parts
        if algorithm:
            response |= {"ChecksumAlgorithm": algorithm, "ChecksumType": upload.about["type"]}
        return response

    @answers(
        "ListMultipartUploads",
        "Bucket",
        done="Delimiter EncodingType KeyMarker MaxUploads Prefix UploadIdMarker",
    )
    def list_multipart_uploads(self, request: dict[str, Any]) -> Response:
        """The uploads that were begun and not ended, by key and time, in pages of at most 1,000."""
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        key_marker, id_marker = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
        most, spelt = whole(request, "MaxUploads", _MOST, _MOST), spelling(request)
        uploads = [upload for upload in self._uploads.all(request["Bucket"]) if upload.key.startswith(prefix)]
        left = _behind(uploads, key_marker, id_marker)
        rows: list[dict[str, Any]] = []
        groups: list[str] = []
        last, truncated = (key_marker, id_marker), False
        for upload in left:
            cut = upload.key.find(delimiter, len(prefix)) if delimiter else -1
            group = upload.key[: cut + len(delimiter)] if cut >= 0 else ""
            if group and (group in groups[-1:] or group == key_marker):
                continue
            if len(rows) + len(groups) >= most:
                truncated = most > 0
                break
            last = (group, "") if group else (upload.key, upload.id)
            if group:
                groups.append(group)
            else:
                rows.append(_upload_row(upload, self._owner, spelt(upload.key)))
        response: Response = {
            "Bucket": request["Bucket"],
            "KeyMarker": spelt(key_marker),
            "UploadIdMarker": id_marker,
            "Prefix": spelt(prefix),
            "MaxUploads": most,
            "IsTruncated": truncated,
            **({"Delimiter": spelt(delimiter)} if delimiter else {}),
            **({"EncodingType": request["EncodingType"]} if "EncodingType" in request else {}),
            **({"NextKeyMarker": spelt(last[0]), "NextUploadIdMarker": last[1]} if truncated else {}),
            **({"Uploads": rows} if rows else {}),
            **({"CommonPrefixes": [{"Prefix": spelt(group)} for group in groups]} if groups else {}),
        }
        return response

    def _find(self, request: dict[str, Any]) -> Upload:
        return self._uploads.find(request["Bucket"], request["Key"], str(request["UploadId"]))


def _size_of(request: dict[str, Any]) -> int | None:
    """How many bytes a part will have; None when nobody says, or it can only be a last one, which is soon copied."""
    body = request.get("Body", b"")
    if isinstance(body, (bytes, bytearray)):
        return _slotted(len(body))
    # On the wire ContentLength may count what is wrapped around the body; a reader from there knows better.
    known = getattr(body, "length", None if hasattr(body, "trailers") else request.get("ContentLength"))
    return _slotted(known) if isinstance(known, int) and hasattr(body, "read") else None


def _slotted(size: int) -> int | None:
    return size if size >= SMALLEST else None


def _mismatch(expected: str, actual: str) -> ServiceError:
    kinds = f"expected checksum Type: {expected.lower()}, actual checksum Type: {actual.lower()}"
    return ServiceError("InvalidRequest", f"Checksum Type mismatch occurred, {kinds}")


def _facts_of(upload: Upload) -> Facts:
    return Facts(headers=upload.about["headers"], metadata=upload.about["metadata"])


def _checksum_of(part: Part, algorithm: str) -> dict[str, str]:
    if not algorithm or not part.checksum:
        return {}
    return {f"Checksum{algorithm}": encoded({algorithm: part.checksum})[algorithm]}


def _listed(part: Part, algorithm: str) -> dict[str, Any]:
    return {
        "PartNumber": part.number,
        "LastModified": second(part.modified),
        "ETag": f'"{part.etag}"',
        "Size": part.size,
        **_checksum_of(part, algorithm),
    }


def _upload_row(upload: Upload, owner: str, key: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "UploadId": upload.id,
        "Key": key,
        "Initiated": upload.begun,
        "StorageClass": "STANDARD",
        "Owner": {"ID": owner},
        "Initiator": {"ID": owner},
    }
    if upload.about["algorithm"]:
        row |= {"ChecksumAlgorithm": upload.about["algorithm"], "ChecksumType": upload.about["type"]}
    return row


def _behind(uploads: Sequence[Upload], key: str, upload_id: str) -> list[Upload]:
    """What comes after a page that ended with this key and this upload of it."""
    if not key:
        return list(uploads)
    ids = [upload.id for upload in uploads if upload.key == key]
    done = ids[: ids.index(upload_id) + 1] if upload_id in ids else ids if not upload_id else []
    return [
        upload
        for upload in uploads
        if upload.key.encode() > key.encode() or (upload.key == key and upload.id not in done)
    ]


def _chosen(upload: Upload, rows: Sequence[dict[str, Any]]) -> list[Part]:
    """The parts that a request to complete names, if they are there, in order and large enough."""
    numbers = [part_number(row.get("PartNumber")) for row in rows]
    if any(one >= other for one, other in pairwise(numbers)):
        message = "The list of parts was not in ascending order. Parts must be ordered by part number."
        raise ServiceError("InvalidPartOrder", message)
    arrived = {part.number: part for part in upload.parts()}
    algorithm = upload.about["algorithm"]
    chosen = []
    for number, row in zip(numbers, rows, strict=True):
        for member in row:
            if member not in ("PartNumber", "ETag", *CHECKSUMS.split()) and row[member] is not None:
                raise not_done("CompleteMultipartUpload", member)
        part = arrived.get(number)
        if part is None or str(row.get("ETag", "")).strip('"') != part.etag:
            raise ServiceError("InvalidPart", NO_PART)
        told = given({name: value for name, value in row.items() if value is not None})
        if algorithm and not told and upload.about["type"] == "COMPOSITE":
            raise ServiceError(
                "InvalidRequest",
                f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the "
                f"checksum for each part. It was missing for part {number} in the request.",
            )
        if algorithm and told and told != {algorithm: part.checksum}:
            raise ServiceError("InvalidPart", NO_PART)
        chosen.append(part)
    if any(part.size < SMALLEST for part in chosen[:-1]):
        raise ServiceError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    return chosen


def _joined_facts(upload: Upload, chosen: Sequence[Part], request: dict[str, Any]) -> Facts:
    """What is known of the object that the parts become. Raises where the request knows better."""
    facts = _facts_of(upload)
    total = sum(part.size for part in chosen)
    if "MpuObjectSize" in request and str(request["MpuObjectSize"]) != str(total):
        message = f"The provided 'x-amz-mp-object-size' header value {request['MpuObjectSize']} does not match: {total}"
        raise ServiceError("InvalidRequest", message)
    etags = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in chosen), usedforsecurity=False)
    facts.etag = f"{etags.hexdigest()}-{len(chosen)}"
    facts.upload = upload.id
    algorithm, kind = upload.about["algorithm"], upload.about["type"]
    if request.get("ChecksumType", kind) != kind:
        raise _mismatch(kind or "null", str(request["ChecksumType"]))
    if algorithm:
        facts.composite = kind == "COMPOSITE"
        if facts.composite:
            sums = begin(algorithm)
            sums.update(b"".join(part.checksum for part in chosen))
            value = f"{encoded({algorithm: sums.digest()})[algorithm]}-{len(chosen)}"
        else:
            value = encoded({algorithm: joined(algorithm, ((part.checksum, part.size) for part in chosen))})[algorithm]
        facts.checksums = {algorithm: value}
    for member in CHECKSUMS.split():
        if member in request:
            name = member.removeprefix("Checksum")
            if str(request[member]).partition("-")[0] != facts.checksums.get(name, "").partition("-")[0]:
                raise bad_digest(name)
    facts.parts = _runs(chosen)
    return facts


def _runs(chosen: Sequence[Part]) -> list[list[int]]:
    """The sizes as `[size, how many]`; empty when there are too many to keep, or numbers are left out."""
    runs: list[list[int]] = []
    for number, part in enumerate(chosen, 1):
        if part.number != number:
            return []
        if runs and runs[-1][0] == part.size:
            runs[-1][1] += 1
        else:
            runs.append([part.size, 1])
    return runs if len(runs) <= _RUNS else []


def _copied_range(asked: Any, size: int) -> tuple[int, int]:
    """Start and length of `bytes=first-last`, which here must lie in the object."""
    if asked is None:
        return 0, size
    first, dash, last = str(asked).removeprefix("bytes=").partition("-")
    if not str(asked).startswith("bytes=") or not dash or not first.isdecimal() or not last.isdecimal():
        message = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
        raise invalid_argument(message + "zero-based offsets of the first and last bytes to copy")
    if int(last) < int(first) or int(last) >= size:
        raise invalid_argument(f"Range specified is not valid for source object of size: {size}")
    return int(first), int(last) - int(first) + 1
