"""Signature Version 2, as boto3 still puts it into presigned URLs of S3: what is signed, and the signature of that.

In: a Request, a key's secret. Out: bytes, a signature in base64. Touches: nothing.

Only in a query, only for S3. It covers less than Version 4: of the query only what SIGNED names, of the headers only
`x-amz-*`, Content-MD5 and Content-Type. So the rest of the query must be harmless, or else whoever has a URL could make
another request of it.

From AWS's "Signing and authenticating REST requests (Signature Version 2)". One weakness is the scheme's own: values
are signed decoded, so a `&` in one may pass for a border. Sign no `response-…` of a stranger's with Version 2.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterator

from stepmill.gateway.addresses import bucket_in_path, has_key, parameters
from stepmill.gateway.admission.canonical import octets
from stepmill.gateway.messages import CONTROL, Request
from stepmill.services.operations import ServiceError

PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")
METHODS = ("GET", "HEAD", "PUT", "DELETE")
OVERRIDES = tuple(
    f"response-{name}"
    for name in (
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    )
)
SIGNED = frozenset(
    (
        *("accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location"),
        *("logging", "metrics", "notification", "object-lock", "partNumber", "policy", "replication"),
        *("requestPayment", "restore", "select", "select-type", "storageClass", "tagging", "torrent", "uploadId"),
        *("uploads", "versionId", "versioning", "versions", "website", *OVERRIDES),
    )
)
"""AWS's list, and what botocore signs beside."""
UNSIGNED = frozenset(
    (
        *("continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type", "marker"),
        *("max-keys", "max-parts", "max-uploads", "part-number-marker", "prefix", "start-after", "upload-id-marker"),
        *("version-id-marker", "x-id"),
    )
)
"""What may stand in the query though no signature covers it: it pages and filters what was asked for anyway."""
STANDARD = ("content-md5", "content-type")
"""Headers that are signed beside `x-amz-*`, in the order in which they are."""


def speaks(query: str) -> bool:
    """Whether a query claims to be signed so. `AWSAccessKeyId` with `SignatureVersion` is another service's."""
    begins = query.startswith(("AWSAccessKeyId=", "Signature=")) or "&AWSAccessKeyId=" in query
    return (begins or "&Signature=" in query) and "SignatureVersion=" not in query


def named(query: str) -> Iterator[tuple[str, bytes | None]]:
    """The parameters, by the names that all of ours have; what is not ASCII is none of them."""
    for name, value in parameters(query):
        yield name.decode("latin-1"), value


def carried(query: str, *, standard: bool = False) -> dict[str, str]:
    """The headers that a presigned query carries in their place, by lower-case name: every `x-amz-*`.

    standard: Content-MD5 and Content-Type too, which botocore puts there in Version 2. Values are in Latin-1, as if
    they had come in the head. Raises ServiceError for what no header could hold.
    """
    found: dict[str, str] = {}
    for name, value in named(query):
        lower = name.lower()
        if not (lower.startswith("x-amz-") or (standard and lower in STANDARD)):
            continue
        text = (value or b"").decode("latin-1")
        if lower in found or CONTROL.search(text):
            raise ServiceError("InvalidArgument", f"{lower[:40]} must be given once, and hold no control character.")
        found[lower] = text
    return found


def check_query(query: str) -> None:
    """Raises ServiceError when the query holds what would change the request and is not signed."""
    for name, _ in named(query):
        lower = name.lower()
        known = name in PARAMETERS or name in SIGNED or name in UNSIGNED
        if not (known or lower in STANDARD or lower.startswith("x-amz-")):
            words = (
                f"AWS Signature Version 2 does not cover the query parameter {name[:40]}. Please use AWS4-HMAC-SHA256."
            )
            raise ServiceError("InvalidRequest", words, 400)


def signatures(request: Request, expires: str, secret: str) -> Iterator[str]:
    """The signatures that are right: two when the path names a bucket alone, with and without the slash behind it."""
    headers = carried(request.query, standard=True) | dict(request.headers)
    above = [request.method, *(headers.get(name, "").strip() for name in STANDARD), expires]
    above += [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-amz-")]
    path = bucket_in_path(request.path, request.headers.get("host", ""))
    bare = path.removesuffix("/")
    for one in (path,) if has_key(path) or not bare else (bare, f"{bare}/"):
        text = b"\n".join(octets(line) for line in (*above, one)) + _asked(request.query)
        yield b64encode(hmac.digest(secret.encode(), text, "sha1")).decode()


def _asked(query: str) -> bytes:
    """The parameters of the query that are signed, sorted by name."""
    chosen = sorted(
        ((name.encode(), value) for name, value in named(query) if name in SIGNED), key=lambda pair: pair[0]
    )
    lines = [name if value is None else name + b"=" + value for name, value in chosen]
    return b"?" + b"&".join(lines) if lines else b""
