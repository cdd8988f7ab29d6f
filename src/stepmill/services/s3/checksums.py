"""Checksums that come with bytes: verified while they are stored, kept, and given back.

In: requests and the bodies they came with. Out: what to keep, members of responses, BadDigest. Touches: nothing.
A checksum that the wire has verified already (a trailer) is kept as it came.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stepmill.objects.facts import Facts
from stepmill.objects.sums import ALGORITHMS, SIZES, Sums
from stepmill.services.operations import ServiceError
from stepmill.services.s3.requests import not_done

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

HEADER = "x-amz-checksum-"
"""What a header or trailer with a checksum begins with; the algorithm follows, in lower case."""


class Expected:
    """What a body must add up to. Feed `sums`, then `verify`."""

    def __init__(self, name: str, request: Mapping[str, Any], body: Reader, needed: Iterable[str] = ()) -> None:
        self._name = name
        self._given = given(request)
        self._md5 = _decoded(request["ContentMD5"], 16) if "ContentMD5" in request else None
        if "ContentMD5" in request and self._md5 is None:
            raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")
        self._body = body
        self._asked = str(request.get("ChecksumAlgorithm", "")).upper()
        # The wire has seen the trailer's algorithm; a caller without a wire leaves the sum to us.
        self._trailed = bool(self._asked) and not self._given and hasattr(body, "trailers")
        taken = {*self._given, *needed}
        if self._asked and not self._trailed:
            taken.add(self._asked)
        self.sums = Sums(sorted(taken))

    def verify(self) -> dict[str, bytes]:
        """The checksums to keep, by algorithm. Raises BadDigest when the bytes were not what the request says."""
        digests = self.sums.digests()
        if self._md5 is not None and self._md5 != self.sums.md5:
            raise ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.")
        for algorithm, digest in self._given.items():
            if digests[algorithm] != digest:
                raise bad_digest(algorithm)
        for header, value in getattr(self._body, "trailers", {}).items():
            if header.lower().startswith(HEADER):
                algorithm = algorithm_of(header)
                if algorithm not in ALGORITHMS:
                    raise not_done(self._name, f"a {algorithm} checksum")
                digests.setdefault(algorithm, read(algorithm, value))
                self._trailed = False
        if self._trailed:
            raise ServiceError(
                "InvalidRequest",
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                "headers were found.",
            )
        return digests


def given(request: Mapping[str, Any]) -> dict[str, bytes]:
    """The checksums in the head of a request, raw; at most one."""
    found = {name: request[f"Checksum{name}"] for name in ALGORITHMS if f"Checksum{name}" in request}
    if len(found) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise ServiceError("InvalidRequest", message)
    return {name: read(name, value) for name, value in found.items()}


def bad_digest(algorithm: str) -> ServiceError:
    """AWS's answer to bytes that are not what their checksum says."""
    return ServiceError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")


def shown(facts: Facts) -> dict[str, str]:
    """The members of a response that tell the checksums of an object."""
    if not facts.checksums:
        return {}
    kind = "COMPOSITE" if facts.composite else "FULL_OBJECT"
    return {f"Checksum{name}": value for name, value in facts.checksums.items()} | {"ChecksumType": kind}


def encoded(digests: Mapping[str, bytes]) -> dict[str, str]:
    """As they are kept and sent."""
    return {name: b64encode(digest).decode() for name, digest in digests.items()}


def algorithm_of(header: str) -> str:
    """The algorithm that the name of a header or trailer says: `CRC32` of `x-amz-checksum-crc32`."""
    return header[len(HEADER) :].upper()


def read(algorithm: str, value: Any, kind: str = "header") -> bytes:
    """The checksum that a header says, or another `kind` of it. Raises InvalidRequest."""
    digest = _decoded(value, SIZES[algorithm])
    if digest is None:
        raise ServiceError("InvalidRequest", f"Value for {HEADER}{algorithm.lower()} {kind} is invalid.")
    return digest


def _decoded(value: Any, size: int) -> bytes | None:
    try:
        digest = b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == size else None
