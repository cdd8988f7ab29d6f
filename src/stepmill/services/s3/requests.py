"""What every request to S3 goes through: its members are known, its owner is right, its errors are S3's.

In: requests as boto3 spells them. Out: the same without what says nothing, or ServiceError. Touches: nothing.
A member that would change the answer and is not done here is refused by name; the lists below say what is done.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

from stepmill.objects import facts
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import ObjectError
from stepmill.objects.sums import ALGORITHMS, NotInstalled
from stepmill.objects.uploads import Uploads
from stepmill.services.operations import Response, ServiceError, operation

_Method = TypeVar("_Method", bound=Callable[..., Response])

_ALWAYS = {"Bucket", "ExpectedBucketOwner", "RequestPayer"}
_STATUS = {"NoSuchKey": 404, "NoSuchBucket": 404, "NoSuchUpload": 404, "BucketNotEmpty": 409}
# What AWS takes and what changes nothing for buckets of one owner, without tags, locks and other storage classes.
_ONLY: Mapping[str, tuple[Any, ...]] = {
    "ACL": ("private", "bucket-owner-full-control", "bucket-owner-read"),
    "BucketKeyEnabled": (False,),
    "BucketNamespace": ("global",),
    "ChecksumAlgorithm": ALGORITHMS,
    "ChecksumMode": ("ENABLED",),
    "EncodingType": ("url",),
    "ObjectLockEnabledForBucket": (False,),
    "ObjectOwnership": ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
    "RequestPayer": ("requester",),
    "ServerSideEncryption": ("AES256",),
    "StorageClass": ("STANDARD",),
    "TaggingDirective": ("COPY", "REPLACE"),
}
HARMLESS = "ACL BucketKeyEnabled ServerSideEncryption StorageClass"
DESCRIBING = "CacheControl ContentDisposition ContentEncoding ContentLanguage ContentType Expires Metadata"
MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
CHECKSUMS = " ".join(f"Checksum{name}" for name in ALGORITHMS)


class Base:
    """What the parts of S3 share."""

    _objects: FolderStore
    _uploads: Uploads
    _owner: str
    _region: str

    def _begin(self, objects: FolderStore, owner: str, region: str) -> None:
        self._objects = objects
        self._uploads = Uploads(objects)
        self._owner = owner
        self._region = region

    @property
    def owner(self) -> str:
        """The account that every bucket belongs to."""
        return self._owner


def answers(name: str, *required: str, done: str = "") -> Callable[[_Method], _Method]:
    """Mark a method as the one that answers S3's operation `name`; `done` are the members it heeds besides."""
    known = _ALWAYS | set(required) | set(done.split())

    def mark(method: _Method) -> _Method:
        @functools.wraps(method)
        def checked(self: Base, request: dict[str, Any], *, token: str | None = None) -> Response:
            given = {member: value for member, value in request.items() if value is not None}
            _check(name, given, known, self.owner)
            with refusals():
                return method(self, given)

        return operation(name, *required)(cast("_Method", checked))

    return mark


def not_done(name: str, what: str) -> ServiceError:
    """What S3 can and this machine cannot."""
    return ServiceError("NotImplemented", f"{name} with {what} is not implemented on this machine", 501)


def invalid_argument(message: str) -> ServiceError:
    """AWS's InvalidArgument."""
    return ServiceError("InvalidArgument", message)


def _check(name: str, request: Mapping[str, Any], known: set[str], owner: str) -> None:
    for member, value in request.items():
        if member not in known:
            raise not_done(name, member)
        allowed = _ONLY.get(member)
        if allowed is not None and value not in allowed:
            if isinstance(value, str) and value.upper() in allowed:
                continue
            raise not_done(name, f"{member}={value!r}")
        if member in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner") and value != owner:
            raise ServiceError("AccessDenied", "Access Denied", 403)
        if member in ("Bucket", "Key") and (not isinstance(value, str) or not value):
            raise ServiceError("ValidationException", f"{member} must be a non-empty text")


@contextmanager
def refusals() -> Iterator[None]:
    """Turns the store's own errors into S3's."""
    try:
        yield
    except ObjectError as refusal:
        raise ServiceError(refusal.code, str(refusal), _STATUS.get(refusal.code, 400)) from None
    except NotInstalled as missing:
        raise ServiceError("NotImplemented", str(missing), 501) from None
    except facts.TooLong:
        raise too_much_metadata() from None


def too_much_metadata() -> ServiceError:
    """AWS's answer to more than 2 KB of the user's own metadata, and ours to more than a file can carry."""
    return ServiceError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")


def second(at: float) -> float:
    """S3 keeps whole seconds."""
    return float(int(at))


def moment(value: Any, member: str) -> float:
    """A time in a request, however it is spelt (seconds, ISO 8601, HTTP), in epoch seconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime):
        return value.timestamp()
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(str(value))
        except ValueError:
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    raise invalid_argument(f"{member}: {str(value)[:100]!r} is not a time")


def whole(request: Mapping[str, Any], member: str, default: int, most: int) -> int:
    """A count in a request, at most `most`."""
    value = request.get(member, default)
    try:
        count = int(value)
    except (TypeError, ValueError):
        raise invalid_argument(f"Provided {member.lower()} not an integer or within integer range") from None
    if count < 0:
        raise invalid_argument(f"Argument {member.lower()} must be an integer between 0 and 2147483647")
    return min(count, most)
