"""What S3 gives back as it was given: content type and its kin, and the user's own metadata.

In: requests, what is known of an object. Out: headers to keep, members of responses. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from stepmill.objects.facts import Facts
from stepmill.objects.store import ObjectInfo
from stepmill.services.operations import ServiceError
from stepmill.services.s3.requests import moment, second, too_much_metadata

KEPT = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    "ServerSideEncryption",
)
_METADATA_BYTES = 2048  # S3 user guide, "Working with object metadata": names and values together, in UTF-8
_OVERRIDES = {f"Response{name}": name for name in KEPT if name != "ServerSideEncryption"}
OVERRIDES = " ".join(_OVERRIDES)


def described(request: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The headers to keep, and the user's metadata with the lower-case names that S3 gives them."""
    headers = {name: _text(name, request[name]) for name in KEPT if name in request}
    if "ContentEncoding" in headers:  # how the body travelled is not what it is
        rest = [part.strip() for part in headers["ContentEncoding"].split(",")]
        headers["ContentEncoding"] = ",".join(part for part in rest if part and part != "aws-chunked")
    metadata = request.get("Metadata", {})
    if not isinstance(metadata, Mapping):
        raise ServiceError("InvalidArgument", "Metadata must be an object of texts")
    own = {str(name).lower(): str(value) for name, value in metadata.items()}
    if sum(len(name.encode()) + len(value.encode()) for name, value in own.items()) > _METADATA_BYTES:
        raise too_much_metadata()
    return {name: value for name, value in headers.items() if value}, own


def head(info: ObjectInfo, facts: Facts, request: Mapping[str, Any]) -> dict[str, Any]:
    """What GetObject and HeadObject say of an object, with what the request wants said otherwise."""
    return {
        "AcceptRanges": "bytes",
        "LastModified": second(info.modified),
        "ContentLength": info.size,
        "ETag": info.etag,
        "ContentType": "binary/octet-stream",
        "Metadata": dict(facts.metadata),
        **facts.headers,
        **{name: _text(name, request[member]) for member, name in _OVERRIDES.items() if member in request},
    }


def encryption(facts: Facts) -> dict[str, Any]:
    """The encryption that was asked for, said again: S3 always does what AES256 asks for."""
    return {name: facts.headers[name] for name in ("ServerSideEncryption",) if name in facts.headers}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name == "Expires":  # S3 keeps this text as it stands; a number is the moment it means
        from datetime import UTC, datetime

        return format_datetime(datetime.fromtimestamp(moment(value, name), UTC), usegmt=True)
    raise ServiceError("InvalidArgument", f"{name} must be a text")
