"""Amazon S3, as far as pipelines on this machine ask for it.

In: S3 requests as boto3 spells them. Out: responses with bytes bodies and dates in seconds. Touches: the bucket
folders, through objects.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from stepmill.objects.folder import FolderStore
from stepmill.objects.store import BadName, NoSuchBucket, NoSuchKey, ObjectInfo
from stepmill.services.operations import Response, ServiceError, operation

# What would change the answer, and does not here: refused, never ignored.
_REFUSED = {
    *("Range", "PartNumber", "VersionId", "IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"),
    *("CopySourceIfMatch", "CopySourceIfNoneMatch", "CopySourceIfModifiedSince", "CopySourceIfUnmodifiedSince"),
}
MAX_KEYS = 1000  # AWS: a ListObjectsV2 page holds at most 1,000 keys


class S3:
    """Buckets and objects, kept as folders of plain files."""

    def __init__(self, objects: FolderStore, owner: str) -> None:
        self._objects = objects
        self._owner = owner

    @operation("CreateBucket", "Bucket")
    def create_bucket(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Make a bucket; making it again is no error, as in us-east-1."""
        try:
            self._objects.create_bucket(request["Bucket"])
        except BadName as refusal:
            raise ServiceError("InvalidBucketName", str(refusal)) from None
        return {"Location": f"/{request['Bucket']}"}

    @operation("ListBuckets")
    def list_buckets(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Every bucket, by name."""
        return {"Buckets": [{"Name": name} for name in self._objects.buckets()], "Owner": {"ID": self._owner}}

    @operation("PutObject", "Bucket", "Key")
    def put_object(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Store one object. A body that is not text or bytes is stored as its JSON text, as Step Functions does."""
        body = request.get("Body", b"")
        if not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        with _refusals(request):
            info = self._objects.put(request["Bucket"], request["Key"], body)
        return {"ETag": info.etag}

    @operation("GetObject", "Bucket", "Key")
    def get_object(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """One object, whole."""
        with _refusals(request):
            info = self._objects.info(request["Bucket"], request["Key"])
            body = self._objects.get(request["Bucket"], request["Key"])
        return {"AcceptRanges": "bytes", "Body": body, **_head(info)}

    @operation("HeadObject", "Bucket", "Key")
    def head_object(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What is known of one object, without its bytes."""
        with _refusals(request):
            return {"AcceptRanges": "bytes", **_head(self._objects.info(request["Bucket"], request["Key"]))}

    @operation("CopyObject", "Bucket", "Key", "CopySource")
    def copy_object(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Copy `CopySource` ("bucket/key", or its dict form) to Bucket and Key."""
        source = request["CopySource"]
        if isinstance(source, dict):
            bucket, key = source.get("Bucket"), source.get("Key")
        else:
            bucket, _, key = unquote(str(source)).lstrip("/").partition("/")
        if not bucket or not key:
            raise ServiceError("InvalidArgument", "Invalid copy source object key")
        with _refusals({"Bucket": bucket, "Key": key}):
            body = self._objects.get(bucket, key)
        with _refusals(request):
            info = self._objects.put(request["Bucket"], request["Key"], body)
        return {"CopyObjectResult": {"ETag": info.etag, "LastModified": _second(info.modified)}}

    @operation("DeleteObject", "Bucket", "Key")
    def delete_object(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Remove one object; a missing one is no error, as in S3."""
        try:
            with _refusals(request):
                self._objects.delete(request["Bucket"], request["Key"])
        except ServiceError as refusal:
            if refusal.code != "NoSuchKey":
                raise
        return {}

    @operation("ListObjectsV2", "Bucket")
    def list_objects(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """A page of at most 1,000 keys in UTF-8 order, with Prefix, Delimiter, StartAfter and ContinuationToken."""
        bucket, prefix = request["Bucket"], request.get("Prefix", "")
        delimiter = request.get("Delimiter", "")
        most = max(0, min(int(request.get("MaxKeys", MAX_KEYS)), MAX_KEYS))
        after = request.get("ContinuationToken") or request.get("StartAfter", "")
        contents: list[dict[str, Any]] = []
        groups: list[str] = []
        last, truncated = "", False
        with _refusals(request):
            for info in self._objects.list(bucket, prefix, start_after=after):
                cut = info.key.find(delimiter, len(prefix)) if delimiter else -1
                group = info.key[: cut + len(delimiter)] if cut >= 0 else None
                if group is not None and (group in groups[-1:] or (after and after.startswith(group))):
                    last = info.key
                    continue
                if len(contents) + len(groups) >= most:
                    truncated = bool(most)
                    break
                last = info.key
                if group is not None:
                    groups.append(group)
                else:
                    contents.append(
                        {
                            "Key": info.key,
                            "LastModified": _second(info.modified),
                            "ETag": info.etag,
                            "Size": info.size,
                            "StorageClass": "STANDARD",
                        }
                    )
        response: Response = {
            "IsTruncated": truncated,
            "Name": bucket,
            "Prefix": prefix,
            "MaxKeys": most,
            "KeyCount": len(contents) + len(groups),
        }
        if contents:
            response["Contents"] = contents
        if groups:
            response["CommonPrefixes"] = [{"Prefix": group} for group in groups]
        if truncated:
            response["NextContinuationToken"] = last
        return response


def _second(at: float) -> float:
    """S3 keeps whole seconds."""
    return float(int(at))


def _head(info: ObjectInfo) -> dict[str, Any]:
    return {
        "LastModified": _second(info.modified),
        "ContentLength": info.size,
        "ETag": info.etag,
        "ContentType": "binary/octet-stream",
        "Metadata": {},
    }


class _refusals:  # noqa: N801 - reads as a word in `with`
    """Turns the store's own errors into S3's."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request

    def __enter__(self) -> None:
        if asked := sorted(_REFUSED & self._request.keys()):
            raise ServiceError("NotImplemented", f"{asked[0]} is not implemented on this machine yet", 501)
        for field in ("Bucket", *(("Key",) if "Key" in self._request else ())):
            if not isinstance(self._request.get(field), str) or not self._request[field]:
                raise ServiceError("ValidationException", f"{field} must be a non-empty text")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NoSuchKey):
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404) from None
        if isinstance(error, NoSuchBucket):
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404) from None
        if isinstance(error, BadName):
            raise ServiceError("InvalidArgument", str(error)) from None
