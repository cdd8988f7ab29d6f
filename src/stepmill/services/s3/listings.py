"""Listings of a bucket: ListObjectsV2 and ListObjects.

In: requests. Out: pages of at most 1,000 keys and groups of keys, in UTF-8 order. Touches: the bucket folders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from stepmill.objects.folder import FolderStore
from stepmill.objects.store import ObjectInfo
from stepmill.services.operations import Response
from stepmill.services.s3.buckets import token_of, token_text
from stepmill.services.s3.requests import Base, answers, second, whole

MAX_KEYS = 1000  # AWS: a page holds at most 1,000 keys
_LAST = "\U0010ffff"
_WANTED = "Delimiter EncodingType MaxKeys OptionalObjectAttributes Prefix"


class Listings(Base):
    """The operations."""

    @answers("ListObjectsV2", "Bucket", done=f"ContinuationToken FetchOwner StartAfter {_WANTED}")
    def list_objects_v2(self, request: dict[str, Any]) -> Response:
        """A page of keys after StartAfter, or after where ContinuationToken says that the one before ended."""
        token, start = request.get("ContinuationToken"), request.get("StartAfter", "")
        owner = self._owner if request.get("FetchOwner") else ""
        page = _Page(self._objects, request, token_text(token) if token is not None else start, owner)
        response = page.response()
        response["KeyCount"] = page.count
        if token is not None:
            response["ContinuationToken"] = token
        if start:
            response["StartAfter"] = spelling(request)(start)
        if page.truncated:
            response["NextContinuationToken"] = token_of(page.last)
        return response

    @answers("ListObjects", "Bucket", done=f"Marker {_WANTED}")
    def list_objects(self, request: dict[str, Any]) -> Response:
        """A page of keys after Marker; NextMarker comes with a Delimiter only, as in S3."""
        page = _Page(self._objects, request, request.get("Marker", ""), self._owner)
        spelt = spelling(request)
        response = page.response()
        response["Marker"] = spelt(request.get("Marker", ""))
        if page.truncated and request.get("Delimiter"):
            response["NextMarker"] = spelt(page.last)
        return response


class _Page:
    """One page: what is on it, where it ended, and whether there is more."""

    def __init__(self, objects: FolderStore, request: Mapping[str, Any], after: str, owner: str) -> None:
        self._request = request
        self._owner = owner
        self._spelt = spelling(request)
        self._most = whole(request, "MaxKeys", MAX_KEYS, MAX_KEYS)
        self._rows: list[dict[str, Any]] = []
        self._groups: list[str] = []
        self.last = after
        self.truncated = False
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        bucket = request["Bucket"]
        objects.check_exists(bucket)
        grouped = bool(delimiter) and after.startswith(prefix) and after.find(delimiter, len(prefix)) >= 0
        # A page that ended with a group goes on behind everything in it.
        group = after if grouped and after.endswith(delimiter) else ""
        after = after + _LAST if group else after
        while self._most:
            for info in objects.list(bucket, prefix, start_after=after):
                cut = info.key.find(delimiter, len(prefix)) if delimiter else -1
                found = info.key[: cut + len(delimiter)] if cut >= 0 else ""
                if found and found == group:
                    continue
                if self.count >= self._most:
                    self.truncated = True
                    return
                if not found:
                    self._rows.append(self._row(info))
                    self.last = info.key
                    continue
                group = self.last = found
                self._groups.append(found)
                after = found + _LAST  # nothing in the group is looked at
                break
            else:
                return

    @property
    def count(self) -> int:
        return len(self._rows) + len(self._groups)

    def response(self) -> Response:
        """The members that both versions share."""
        request, spelt = self._request, self._spelt
        response: Response = {
            "IsTruncated": self.truncated,
            "Name": request["Bucket"],
            "Prefix": spelt(request.get("Prefix", "")),
            "MaxKeys": self._most,
        }
        if self._rows:
            response["Contents"] = self._rows
        if self._groups:
            response["CommonPrefixes"] = [{"Prefix": spelt(group)} for group in self._groups]
        if request.get("Delimiter"):
            response["Delimiter"] = spelt(request["Delimiter"])
        if "EncodingType" in request:
            response["EncodingType"] = request["EncodingType"]
        return response

    def _row(self, info: ObjectInfo) -> dict[str, Any]:
        facts = info.facts
        row: dict[str, Any] = {
            "Key": self._spelt(info.key),
            "LastModified": second(info.modified),
            "ETag": f'"{facts.etag}"' if facts.etag else info.etag,
            "Size": info.size,
            "StorageClass": "STANDARD",
        }
        if facts.checksums:
            row["ChecksumAlgorithm"] = list(facts.checksums)
            row["ChecksumType"] = "COMPOSITE" if facts.composite else "FULL_OBJECT"
        if self._owner:
            row["Owner"] = {"ID": self._owner}
        return row


def spelling(request: Mapping[str, Any]) -> Callable[[str], str]:
    """How keys are written in the response: as they are, or with EncodingType=url as S3 encodes them."""
    return _encoded if request.get("EncodingType") else str


def _encoded(key: str) -> str:
    return quote_plus(key, safe="/*")
