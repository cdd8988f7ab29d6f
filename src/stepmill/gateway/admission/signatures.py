"""Who may ask: AWS Signature Version 4, and S3's presigned Version 2, from the side that verifies them.

In: requests, the secret of each key, the time in epoch seconds. Out: what a request claims, then its body; or
ServiceError in the words of its service. Touches: the request's body.

First `admit`, by the head alone, so that nobody without a key makes us read a body; then `verify`.

Everything needs a signature: no operation is public. Keys are a store's own random ones. The well-known pair `test`,
`test` is a key only if whoever starts the server adds it, because with a secret that the world knows any web page can
compute a presigned URL, and a page may send that as a plain link; even then requests that bear a browser's headers are
refused, by `guard`.

A request that is repeated exactly, within its fifteen minutes, is accepted as AWS accepts it: clients that retry within
a second send the same signature again. What must not happen twice has a token of its own (ClientToken, name).

A body is always signed outside S3; AWS's few operations that allow UNSIGNED-PAYLOAD there are not answered here.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stepmill.gateway.admission import version2
from stepmill.gateway.admission.canonical import Seal, canonical_request, signature, signing_key
from stepmill.gateway.admission.claims import Claim, claim_of, stamp
from stepmill.gateway.admission.refusals import S3, family_of, incomplete_body, refused, service_of, too_large
from stepmill.gateway.admission.streams import PIECE, Chunked, Whole, declared
from stepmill.gateway.messages import Request
from stepmill.services.operations import ServiceError

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

__all__ = ["Claim", "admit", "said", "service_of", "verify"]

SKEW = 900
"""How far a request's time may be from ours, in seconds, either way (AWS: 15 minutes)."""
_hex64 = re.compile(r"[0-9a-f]{64}").fullmatch
_SIGNED, _UNSIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_STREAMS = {_SIGNED, f"{_SIGNED}-TRAILER", _UNSIGNED}


def admit(request: Request, keys: Mapping[str, str], now: float) -> Claim:
    """Judge a request by its head: its claim has form, names a key of ours, is of this hour and covers what it must.

    keys: secrets by key id. now: epoch seconds. Nothing is verified yet, and no body is read. Raises ServiceError.
    """
    service = service_of(request)
    family = family_of(service, request)
    claim = claim_of(request, family)
    if claim.service != service:  # the limit for the body was chosen by the guess
        raise refused(family, "incomplete")
    if claim.key_id not in keys:
        raise refused(family, "unknown")
    if claim.token is not None:  # our keys have none, so this one was not given by us
        raise refused(family, "token")
    _check_time(claim, now)
    if claim.version == 4:  # Version 2 covers the headers that it must by what it is
        _check_covered(request, claim)
    return claim


def verify(request: Request, claim: Claim, secret: str, *, limit: int) -> Reader:
    """Check the signature, and give the body as the client meant it.

    claim: from `admit`. limit: most bytes of a body, decoded. For S3 the signature is checked at once and the body
    while it is read: `read` raises ServiceError at the moment something is wrong, and `.trailers` holds what followed
    it. For other services the body is read here, and whole. Raises ServiceError.
    """
    if claim.version == 2:
        return _second(request, claim, secret, limit)
    key = signing_key(secret, claim.date, claim.region, claim.service)
    if claim.service != "s3":
        body = _read(request, claim, limit)
        digest = hashlib.sha256(body).hexdigest()
        _check_signature(request, claim, key, digest)
        return io.BytesIO(body)
    stated = request.headers.get("x-amz-content-sha256")
    if stated is None and claim.presigned:
        stated = claim.payload or "UNSIGNED-PAYLOAD"
    if stated is None:
        words = "Missing required header for this request: x-amz-content-sha256"
        raise ServiceError("InvalidRequest", words, 400)
    _check_signature(request, claim, key, stated)
    if stated == "UNSIGNED-PAYLOAD":
        return Whole(request.body, request.length, limit=limit, digest=None)
    if _hex64(stated):
        return Whole(request.body, request.length, limit=limit, digest=stated)
    if stated in _STREAMS:
        return _chunked(request, claim, key, stated, limit)
    if stated.startswith("STREAMING-AWS4-ECDSA"):
        raise ServiceError("NotImplemented", f"{stated} is not verified here. Please use {_SIGNED}.", 501)
    words = f"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, {_UNSIGNED}, {_SIGNED}, {_SIGNED}-TRAILER"
    raise ServiceError("InvalidArgument", f"{words} or a valid sha256 value.", 400)


def _check_time(claim: Claim, now: float) -> None:
    if claim.expires is not None:
        if now > claim.at + claim.expires:
            raise _late(claim, now, "Request has expired", claim.expires)
        if claim.version == 4 and claim.at > now + SKEW:
            raise _early(claim, now, "Request is not yet valid")
    elif claim.at < now - SKEW:
        raise _late(claim, now, "", SKEW)
    elif claim.at > now + SKEW:
        raise _early(claim, now, "")


def _late(claim: Claim, now: float, presigned: str, window: int) -> ServiceError:
    if claim.family == S3:
        return _skewed(presigned)
    words = (
        f"Signature expired: {claim.when} is now earlier than {stamp(now - window)} ({stamp(now)} - {_span(window)})"
    )
    return refused(claim.family, "mismatch", words)


def _early(claim: Claim, now: float, presigned: str) -> ServiceError:
    if claim.family == S3:
        return _skewed(presigned)
    words = f"Signature not yet current: {claim.when} is still later than {stamp(now + SKEW)} ({stamp(now)} + 15 min.)"
    return refused(claim.family, "mismatch", words)


def _skewed(presigned: str) -> ServiceError:
    if presigned:
        return ServiceError("AccessDenied", presigned, 403)
    words = "The difference between the request time and the current time is too large."
    return ServiceError("RequestTimeTooSkewed", words, 403)


def _span(window: int) -> str:
    return f"{window // 60} min." if window % 60 == 0 else f"{window} sec."


def _check_covered(request: Request, claim: Claim) -> None:
    """The host and every x-amz-* header must be signed, so that neither can be changed nor added on the way."""
    signed = claim.signed_headers
    if "host" not in signed:
        if claim.family == S3:
            raise _not_signed()
        words = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        raise refused(claim.family, "mismatch", words)
    for name in request.headers:
        if name.startswith("x-amz-") and name not in signed:
            if claim.family == S3:
                raise _not_signed()
            words = f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            raise refused(claim.family, "mismatch", words)


def _not_signed() -> ServiceError:
    return ServiceError("AccessDenied", "There were headers present in the request which were not signed", 403)


def _check_signature(request: Request, claim: Claim, key: bytes, payload: str) -> None:
    canonical = canonical_request(request, claim.signed_headers, payload, claim.service)
    if canonical is None:
        raise refused(claim.family, "mismatch")
    if not hmac.compare_digest(signature(key, claim.when, claim.scope, canonical), claim.signature):
        raise refused(claim.family, "mismatch")


def _second(request: Request, claim: Claim, secret: str, limit: int) -> Reader:
    stated = claim.payload
    if stated not in (None, "UNSIGNED-PAYLOAD") and not _hex64(stated):  # chunks are sealed with a key of Version 4
        raise ServiceError("NotImplemented", f"{stated[:64]} goes with AWS4-HMAC-SHA256 only.", 501)
    right = version2.signatures(request, claim.when, secret)
    if not any(hmac.compare_digest(one.encode(), claim.signature.encode()) for one in right):
        raise refused(S3, "mismatch")
    return Whole(request.body, request.length, limit=limit, digest=stated if stated and _hex64(stated) else None)


def said(request: Request, claim: Claim) -> Mapping[str, str]:
    """The headers of an admitted request; of a presigned one for S3 also those that its query carries in their place.

    Botocore puts them there in Version 2, the SDKs for JavaScript and Go in Version 4. A header that came as one wins:
    it is what was signed. Raises ServiceError.
    """
    if not claim.presigned or claim.service != "s3":
        return request.headers
    return version2.carried(request.query, standard=claim.version == 2) | dict(request.headers)


def _read(request: Request, claim: Claim, limit: int) -> bytes:
    """A whole body of at most `limit` bytes."""
    length = request.length
    if length == 0:
        return b""
    if length is not None and length > limit:
        raise too_large(claim.family, limit)
    pieces: list[bytes] = []
    total = 0
    while total != length and (piece := request.body.read(PIECE if length is None else min(PIECE, length - total))):
        pieces.append(piece)
        total += len(piece)
        if total > limit:
            raise too_large(claim.family, limit)
    if length is not None and total < length:
        raise incomplete_body()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _chunked(request: Request, claim: Claim, key: bytes, kind: str, limit: int) -> Chunked:
    text = request.headers.get("x-amz-decoded-content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    trailers = declared(request.headers.get("x-amz-trailer", "")) if kind.endswith("-TRAILER") else None
    seal = None if kind == _UNSIGNED else Seal(key, claim.when, claim.scope, claim.signature)
    return Chunked(request.body, int(text), limit=limit, seal=seal, declared=trailers)
