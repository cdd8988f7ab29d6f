"""Objects one at a time, and deleting many: PutObject, GetObject, HeadObject, DeleteObject, DeleteObjects.

In: requests. Out: responses. Touches: the bucket folders, through objects.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from stepmill.objects.bodies import Slice
from stepmill.objects.facts import Facts
from stepmill.objects.store import ObjectError, ObjectInfo
from stepmill.services.operations import Response, ServiceError
from stepmill.services.s3.checksums import Expected, encoded, shown
from stepmill.services.s3.conditions import READING, check_read, check_write, window
from stepmill.services.s3.headers import OVERRIDES, described, encryption, head
from stepmill.services.s3.requests import CHECKSUMS, DESCRIBING, HARMLESS, MALFORMED, Base, answers, not_done

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

LARGEST = 5 << 30
"""AWS: one put or one part holds at most 5 GiB."""
_TEXT = 256 * 1024
"""AWS: at most this many bytes travel through a state."""


class Single(Base):
    """The operations."""

    @answers(
        "PutObject",
        *("Bucket", "Key"),
        done=f"Body ContentLength ContentMD5 ChecksumAlgorithm IfMatch IfNoneMatch {CHECKSUMS} {DESCRIBING} {HARMLESS}",
    )
    def put_object(self, request: dict[str, Any]) -> Response:
        """Store one object. A body that is no text, bytes, or Reader is stored as JSON text, as Step Functions does."""
        headers, metadata = described(request)
        body = reader_of(request.get("Body", b""))
        expected = Expected("PutObject", request, body)
        facts = Facts(headers=headers, metadata=metadata)

        def describe() -> Facts:
            facts.checksums = encoded(expected.verify())
            facts.etag = expected.sums.md5.hex()
            return facts

        bounded = Bounded(body)
        allow = check_write(request)
        self._objects.put_stream(request["Bucket"], request["Key"], bounded, expected.sums, describe, allow)
        return {"ETag": f'"{facts.etag}"', **shown(facts), **encryption(facts)}

    @answers(
        "GetObject",
        *("Bucket", "Key"),
        done=f"Range PartNumber ChecksumMode {READING} {OVERRIDES}",
    )
    def get_object(self, request: dict[str, Any]) -> Response:
        """One object, or a range of it; `Body` is a Slice that whoever sends it closes."""
        file, info = self._objects.look(request["Bucket"], request["Key"])
        try:
            response, start, length = _told("GetObject", request, info)
            return {"Body": Slice(file, start, length), **response}
        except BaseException:
            file.close()
            raise

    @answers(
        "HeadObject",
        *("Bucket", "Key"),
        done=f"Range PartNumber ChecksumMode {READING} {OVERRIDES}",
    )
    def head_object(self, request: dict[str, Any]) -> Response:
        """What is known of one object, without its bytes."""
        return _told("HeadObject", request, self._objects.info(request["Bucket"], request["Key"]))[0]

    @answers("DeleteObject", "Bucket", "Key", done="IfMatch")
    def delete_object(self, request: dict[str, Any]) -> Response:
        """Remove one object; a missing one is no error, as in S3, except under a condition."""
        self._objects.delete(request["Bucket"], request["Key"], check_write(request))
        return {}

    @answers("DeleteObjects", "Bucket", "Delete", done="ChecksumAlgorithm")
    def delete_objects(self, request: dict[str, Any]) -> Response:
        """Remove up to 1,000 objects; each is removed or has its own error."""
        wanted = request["Delete"]
        rows = wanted.get("Objects") if isinstance(wanted, dict) else None
        if not isinstance(rows, list) or not 1 <= len(rows) <= 1000:
            raise ServiceError("MalformedXML", MALFORMED)
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("Key"), str) or not row["Key"]:
                raise ServiceError("MalformedXML", MALFORMED)
            for member, value in row.items():
                if member not in ("Key", "ETag") and value is not None:
                    raise not_done("DeleteObjects", member)
        self._objects.check_exists(request["Bucket"])
        deleted, errors = [], []
        for row in rows:
            try:
                self._objects.delete(request["Bucket"], row["Key"], check_write({"IfMatch": row.get("ETag")}))
            except (ServiceError, ObjectError) as refusal:
                message = refusal.message if isinstance(refusal, ServiceError) else str(refusal)
                errors.append({"Key": row["Key"], "Code": refusal.code, "Message": message})
            else:
                deleted.append({"Key": row["Key"]})
        response: Response = {}
        if deleted and not wanted.get("Quiet"):
            response["Deleted"] = deleted
        if errors:
            response["Errors"] = errors
        return response


def _told(name: str, request: dict[str, Any], info: ObjectInfo) -> tuple[Response, int, int]:
    facts = info.facts
    check_read(request, info)
    start, length, partly = window(name, request, info, facts)
    response = head(info, facts, request)
    response["ContentLength"] = length
    if partly:
        response["ContentRange"] = f"bytes {start}-{start + length - 1}/{info.size}"
    if "PartNumber" in request and facts.parts:
        response["PartsCount"] = sum(count for _, count in facts.parts)
    if request.get("ChecksumMode") and length == info.size:  # a client checks what it got against it
        response |= shown(facts)
    return response, start, length


def reader_of(body: Any) -> Reader:
    """A body as something to read from: bytes, text, what Step Functions would write as JSON, or a Reader already."""
    if isinstance(body, (bytes, bytearray)):
        return io.BytesIO(body)
    if isinstance(body, str):
        return io.BytesIO(body.encode())
    if hasattr(body, "read"):
        reader: Reader = body
        return reader
    return io.BytesIO(json.dumps(body, ensure_ascii=False).encode())


class Bounded:
    """A Reader that refuses to give more than S3 takes at once."""

    def __init__(self, source: Reader) -> None:
        self._source = source
        self._left = LARGEST

    def read(self, size: int = -1, /) -> bytes:
        """The next piece."""
        data = self._source.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ServiceError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        return data


def text_of(body: Slice) -> str:
    """A body as the text a state gets, and the body closed.

    Of a larger one only so much is read that the result is surely over the limit of a state, which the engine answers
    with States.DataLimitExceeded.
    """
    try:
        return body.read(_TEXT + 1).decode("utf-8", "replace")
    finally:
        body.close()
