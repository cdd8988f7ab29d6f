"""Buckets: CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation.

In: requests. Out: responses. Touches: the bucket folders, through objects.
"""

from __future__ import annotations

import binascii
import contextlib
from base64 import b64decode, urlsafe_b64encode
from typing import Any

from stepmill.objects.store import NoSuchUpload
from stepmill.services.operations import Response, ServiceError
from stepmill.services.s3.requests import MALFORMED, Base, answers, invalid_argument, not_done, whole

_MOST = 10_000
_FIRST_REGION = "us-east-1"


class Buckets(Base):
    """The operations."""

    @answers(
        "CreateBucket",
        "Bucket",
        done="ACL BucketNamespace CreateBucketConfiguration ObjectLockEnabledForBucket ObjectOwnership",
    )
    def create_bucket(self, request: dict[str, Any]) -> Response:
        """Make a bucket in the one region there is. Making it again is no error in us-east-1, and one elsewhere."""
        self._check_location(request.get("CreateBucketConfiguration") or {})
        name = request["Bucket"]
        if not self._objects.create_bucket(name) and self._region != _FIRST_REGION:
            message = "Your previous request to create the named bucket succeeded and you already own it."
            raise ServiceError("BucketAlreadyOwnedByYou", message, 409)
        return {"Location": f"/{name}"}

    @answers("HeadBucket", "Bucket")
    def head_bucket(self, request: dict[str, Any]) -> Response:
        """Whether a bucket is there, and where."""
        self._objects.check_exists(request["Bucket"])
        return {"BucketRegion": self._region, "AccessPointAlias": False}

    @answers("GetBucketLocation", "Bucket")
    def get_bucket_location(self, request: dict[str, Any]) -> Response:
        """The region of a bucket; None stands for us-east-1, as in S3."""
        self._objects.check_exists(request["Bucket"])
        return {"LocationConstraint": None if self._region == _FIRST_REGION else self._region}

    @answers("DeleteBucket", "Bucket")
    def delete_bucket(self, request: dict[str, Any]) -> Response:
        """Remove an empty bucket, and the uploads that were begun in it."""
        uploads = self._uploads.all(request["Bucket"])
        self._objects.delete_bucket(request["Bucket"])
        for upload in uploads:
            with contextlib.suppress(NoSuchUpload):
                upload.abort()
        return {}

    @answers("ListBuckets", done="BucketRegion ContinuationToken MaxBuckets Prefix")
    def list_buckets(self, request: dict[str, Any]) -> Response:
        """Every bucket, by name, in pages where MaxBuckets asks for them."""
        prefix = request.get("Prefix", "")
        most = whole(request, "MaxBuckets", _MOST, _MOST)
        if not most:
            raise invalid_argument("Argument max-buckets must be an integer between 1 and 10000")
        after = token_text(request["ContinuationToken"]) if "ContinuationToken" in request else ""
        here = request.get("BucketRegion", self._region) == self._region
        names = [name for name in self._objects.buckets() if here and name.startswith(prefix) and name > after]
        page = names[:most]
        response: Response = {
            "Buckets": [{"Name": name, "CreationDate": self._objects.created(name)} for name in page],
            "Owner": {"ID": self._owner},
        }
        if prefix:
            response["Prefix"] = prefix
        if len(names) > most:
            response["ContinuationToken"] = token_of(page[-1])
        return response

    def _check_location(self, wanted: Any) -> None:
        if not isinstance(wanted, dict):
            raise ServiceError("MalformedXML", MALFORMED)
        for member, value in wanted.items():
            if member != "LocationConstraint" and value:
                raise not_done("CreateBucket", member)
        asked = wanted.get("LocationConstraint")
        if asked == _FIRST_REGION:
            raise ServiceError("InvalidLocationConstraint", "The specified location-constraint is not valid")
        if (asked or _FIRST_REGION) != self._region:
            message = (
                f"The {asked or 'unspecified'} location constraint is incompatible for the region specific endpoint "
                "this request was sent to."
            )
            raise ServiceError("IllegalLocationConstraintException", message)


def token_of(text: str) -> str:
    """Where a page ended, as a client is to send it back."""
    return urlsafe_b64encode(text.encode()).decode()


def token_text(token: Any) -> str:
    """Where the page before ended."""
    try:
        return b64decode(str(token).encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_argument("The continuation token provided is incorrect") from None
