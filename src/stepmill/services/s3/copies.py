"""Copying: CopyObject, and what UploadPartCopy shares with it.

In: requests. Out: responses. Touches: the bucket folders, through objects.
Blocks are shared where the disk can; bytes are read only when a sum must be taken that nobody took before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO
from urllib.parse import unquote

from stepmill.objects.bodies import Slice
from stepmill.objects.facts import Facts
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import ObjectInfo
from stepmill.objects.sums import Sums
from stepmill.services.operations import Response, ServiceError
from stepmill.services.s3.checksums import encoded, shown
from stepmill.services.s3.conditions import COPYING, check_read, check_write
from stepmill.services.s3.headers import described, encryption
from stepmill.services.s3.requests import DESCRIBING, HARMLESS, Base, answers, invalid_argument, not_done, second
from stepmill.services.s3.single import LARGEST

_SAME = (
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
    "metadata, storage class, website redirect location or encryption attributes."
)


class Copies(Base):
    """The operation."""

    @answers(
        "CopyObject",
        *("Bucket", "Key", "CopySource"),
        done=f"ChecksumAlgorithm ExpectedSourceBucketOwner IfMatch IfNoneMatch MetadataDirective TaggingDirective "
        f"{COPYING} {DESCRIBING} {HARMLESS}",
    )
    def copy_object(self, request: dict[str, Any]) -> Response:
        """Copy `CopySource` ("bucket/key", or its dict form) to Bucket and Key."""
        directive = request.get("MetadataDirective", "COPY")
        if directive not in ("COPY", "REPLACE"):
            raise invalid_argument("Unknown metadata directive.")
        bucket, key = source_of("CopyObject", request["CopySource"])
        target = request["Bucket"], request["Key"]
        if (bucket, key) == target and directive == "COPY" and "ServerSideEncryption" not in request:
            raise ServiceError("InvalidRequest", _SAME)
        self._objects.check_exists(request["Bucket"])
        file, info = look(self._objects, bucket, key, request)
        with file:
            if info.size > LARGEST:
                message = "The specified copy source is larger than the maximum allowable size for a copy source"
                raise ServiceError("InvalidRequest", f"{message}: {LARGEST}")
            facts = _carried(request, info, directive)
            allow = check_write(request)
            wanted = _wanted(request, info.facts)
            if not wanted and facts.etag:
                made = self._objects.put_copy(file, *target, facts, allow)
            else:
                sums = Sums(wanted)

                def describe() -> Facts:
                    facts.etag, facts.checksums = sums.md5.hex(), encoded(sums.digests())
                    return facts

                source = Slice(file, 0, info.size)
                made = self._objects.put_stream(*target, source, sums, describe, allow)
        result = {"ETag": f'"{facts.etag}"', "LastModified": second(made.modified), **shown(facts)}
        return {"CopyObjectResult": result, **encryption(facts)}


def look(objects: FolderStore, bucket: str, key: str, request: Mapping[str, Any]) -> tuple[BinaryIO, ObjectInfo]:
    """The source of a copy, open, if the request's conditions allow it."""
    file, info = objects.look(bucket, key)
    try:
        check_read(request, info, "CopySource")
    except BaseException:
        file.close()
        raise
    return file, info


def source_of(name: str, source: Any) -> tuple[str, str]:
    """Bucket and key of a CopySource, as text or as a dict."""
    version: Any
    if isinstance(source, dict):
        bucket, key, version = source.get("Bucket"), source.get("Key"), source.get("VersionId")
    else:
        # As SDKs do, the key comes percent-encoded; a bare `?` begins the version, an encoded one does not.
        path, _, query = str(source).partition("?")
        version = query if query.startswith("versionId=") else None
        if version is None and query:
            path = str(source)
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if version is not None:
        raise not_done(name, "a versionId in CopySource")
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise invalid_argument("Invalid copy source object key")
    return bucket, key


def _carried(request: Mapping[str, Any], info: ObjectInfo, directive: str) -> Facts:
    """The facts of the copy: the source's, or what the request puts in their place."""
    told = info.facts
    headers, metadata = described(request)
    if directive == "COPY":
        asked = {name: headers[name] for name in ("ServerSideEncryption",) if name in headers}
        headers, metadata = {**told.headers, **asked}, told.metadata
    etag = info.etag.strip('"')
    if "-" in etag:
        return Facts("", headers, metadata)
    return Facts(etag, headers, metadata, dict(told.checksums))


def _wanted(request: Mapping[str, Any], told: Facts) -> list[str]:
    """The checksums that must be taken anew: of what is one piece now, or by another algorithm than before."""
    if asked := str(request.get("ChecksumAlgorithm", "")).upper():
        return [] if list(told.checksums) == [asked] and not told.composite else [asked]
    return sorted(told.checksums) if told.composite or told.parts else []
