"""Bodies checked while they are read: their length, hash, chunk signatures and trailing checksums.

In: a body as the wire brings it, and what its signed head says of it. Out: the object's own bytes, in pieces; and
ServiceError from `read` at the moment something is known to be wrong. Touches: the body it is given.

What was read before a refusal is worthless: whoever stores it must keep it apart until the end was reached. The last
bytes are not handed out before all that follows them has been checked, so nobody needs to ask for an end that they
can count.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stepmill.gateway.admission.canonical import EMPTY, Seal
from stepmill.gateway.admission.refusals import S3, incomplete_body, refused, too_large
from stepmill.objects.sums import ALGORITHMS, NotInstalled, begin
from stepmill.services.operations import ServiceError
from stepmill.services.s3.checksums import HEADER, algorithm_of, bad_digest, read

if TYPE_CHECKING:
    from stepmill.objects.bodies import Reader

PIECE = 1 << 20
SMALLEST = 8192  # AWS: only the last chunk of a body may be smaller
_LINE = 512  # longest line between chunks, in bytes; a chunk's own has at most 98
_TRAILERS = 8  # most trailers; S3 knows one checksum an object, and its signature
_AHEAD = 128  # how far to read for a line: what lies behind it is data, and is copied
_sealed = re.compile(rb"([0-9A-Fa-f]{1,16});chunk-signature=([0-9a-f]{64})").fullmatch
_unsealed = re.compile(rb"([0-9A-Fa-f]{1,16})").fullmatch
_SIGNATURE = "x-amz-trailer-signature"


class Checked:
    """A Reader that refuses as soon as it knows, and again whenever it is asked after that.

    trailers: what followed the body, by lower-case name; complete when the last byte has been read.
    """

    def __init__(self) -> None:
        self.trailers: dict[str, str] = {}
        self._refusal: ServiceError | None = None

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, b"" at the end; everything when `size` is negative. Raises ServiceError."""
        if self._refusal is not None:
            raise self._refusal
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        try:
            return self._read(size) if size else b""
        except ServiceError as refusal:
            self._refusal = refusal
            raise

    def _read(self, size: int) -> bytes:
        raise NotImplementedError


class Whole(Checked):
    """A body that comes as it is.

    length: its size in bytes, None when the head does not say. digest: its hex SHA-256, None when it is not signed.
    """

    def __init__(self, body: Reader, length: int | None, *, limit: int, digest: str | None) -> None:
        super().__init__()
        self._body = body
        self.length = length
        self._length = length
        self._limit = limit
        self._stated = digest
        self._hash = hashlib.sha256() if digest is not None else None
        self._total = 0
        self._ended = False
        if length is not None and length > limit:
            raise too_large(S3, limit)
        if length == 0:
            self._end()

    def _read(self, size: int) -> bytes:
        if self._ended:
            return b""
        data = self._body.read(size if self._length is None else min(size, self._length - self._total))
        self._total += len(data)
        if self._total > self._limit:
            raise too_large(S3, self._limit)
        if self._hash is not None:
            self._hash.update(data)
        if not data or self._total == self._length:
            self._end()
        return data

    def _end(self) -> None:
        if self._length is not None and self._total < self._length:
            raise incomplete_body()
        if self._hash is not None and not hmac.compare_digest(self._hash.hexdigest(), str(self._stated)):
            words = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise ServiceError("XAmzContentSHA256Mismatch", words, 400)
        self._ended = True


class Chunked(Checked):
    """A body in `aws-chunked` encoding, decoded.

    length: the size of the object in bytes (x-amz-decoded-content-length). seal: checks the signature of each chunk;
    None when they have none. declared: the trailers that x-amz-trailer promises; None when the encoding has none.
    """

    def __init__(
        self, body: Reader, length: int, *, limit: int, seal: Seal | None, declared: Sequence[str] | None
    ) -> None:
        super().__init__()
        if length > limit:
            raise too_large(S3, limit)
        self._body = body
        self.length = length
        self._length = length
        self._seal = seal
        self._declared = declared
        self._checksums = {name: begin(algorithm_of(name)) for name in declared or ()}
        self._match = _unsealed if seal is None else _sealed
        self._held = b""  # read from the body, and not yet looked at
        self._total = 0
        self._size = SMALLEST  # of the chunk that was opened last
        self._left = 0
        self._hash = hashlib.sha256()
        self._stated = ""
        self._ended = False

    def _read(self, size: int) -> bytes:
        if self._ended:
            return b""
        if not self._left:
            self._open()
            if not self._left:
                return b""
        data = self._take(min(size, self._left))
        self._left -= len(data)
        self._total += len(data)
        if self._seal is not None:
            self._hash.update(data)
        for checksum in self._checksums.values():
            checksum.update(data)
        if not self._left:
            self._close()
            if self._total == self._length:
                self._open()
        return data

    def _open(self) -> None:
        """The line before a chunk; after the last one also everything behind it."""
        found = self._match(self._line())
        if found is None:
            raise _bad("A chunk of the request body does not begin with its size and signature.")
        size = int(found[1], 16)
        if self._seal is not None:
            self._stated = found[2].decode()
            self._hash = hashlib.sha256()
        if self._total + size > self._length or (not size and self._total < self._length):
            raise incomplete_body()
        if not size:
            self._check_seal(EMPTY)
            self._finish()
            return
        if self._size < SMALLEST:
            words = f"Only the last chunk is allowed to have a size less than {SMALLEST} bytes"
            raise ServiceError("InvalidChunkSizeError", words, 403)
        self._size = self._left = size

    def _close(self) -> None:
        """The end of a chunk's data."""
        while len(self._held) < 2:
            self._more()
        if not self._held.startswith(b"\r\n"):
            raise _bad("A chunk of the request body does not end where its size says.")
        self._held = self._held[2:]
        self._check_seal(self._hash.hexdigest() if self._seal is not None else "")

    def _check_seal(self, digest: str) -> None:
        if self._seal is not None and not hmac.compare_digest(self._seal.chunk(digest), self._stated):
            raise refused(S3, "mismatch")

    def _finish(self) -> None:
        """Trailers, their signature, the checksums in them, and nothing more."""
        lines: list[tuple[str, str]] = []
        while line := self._line():
            name, colon, value = line.decode("latin-1").partition(":")
            if self._declared is None or not colon or len(lines) == _TRAILERS:
                raise _bad_trailer()
            lines.append((name.strip().lower(), value.strip()))
        if self._held or self._body.read(1):
            raise _bad("The request body goes on after its last chunk.")
        if self._declared is not None:
            if self._seal is not None:
                self._check_trailer_seal(lines)
            if sorted(name for name, _ in lines) != sorted(self._declared):
                raise _bad_trailer()
            for name, value in lines:
                _compare(name, value, self._checksums[name].digest())
            self.trailers.update(lines)
        self._ended = True

    def _check_trailer_seal(self, lines: list[tuple[str, str]]) -> None:
        if not lines or lines[-1][0] != _SIGNATURE:
            raise _bad_trailer()
        _, stated = lines.pop()
        text = "".join(f"{name}:{value}\n" for name, value in lines).encode("latin-1")
        seal = self._seal
        assert seal is not None
        if not hmac.compare_digest(seal.trailer(hashlib.sha256(text).hexdigest()).encode(), stated.encode("latin-1")):
            raise refused(S3, "mismatch")

    def _line(self) -> bytes:
        while (end := self._held.find(b"\r\n", 0, _LINE)) < 0:
            if len(self._held) >= _LINE:
                raise _bad("A line between the chunks of the request body is too long.")
            self._more()
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    def _take(self, size: int) -> bytes:
        if self._held:
            data, self._held = self._held[:size], self._held[size:]
        else:
            data = self._body.read(size)
            if not data:
                raise incomplete_body()
        return data

    def _more(self) -> None:
        data = self._body.read(_AHEAD)
        if not data:
            raise incomplete_body()
        self._held += data


def declared(names: str) -> tuple[str, ...]:
    """The trailers that an x-amz-trailer header promises, each one a checksum that can be computed here.

    Raises ServiceError: 501 for a checksum of S3's that is not.
    """
    found = tuple(name.strip().lower() for name in names.split(",")) if names.strip() else ()
    for name in found:
        algorithm = algorithm_of(name)
        if not name.startswith(HEADER) or found.count(name) > 1:
            words = "The value specified in the x-amz-trailer header is not supported"
            raise ServiceError("InvalidRequest", words, 400)
        if algorithm not in ALGORITHMS:
            words = f"{name} is not computed here. Use {', '.join(ALGORITHMS)} (ChecksumAlgorithm)."
            raise ServiceError("NotImplemented", words, 501)
        try:
            begin(algorithm)
        except NotInstalled as missing:
            raise ServiceError("NotImplemented", str(missing), 501) from None
    return found


def _compare(name: str, value: str, computed: bytes) -> None:
    algorithm = algorithm_of(name)
    if not hmac.compare_digest(read(algorithm, value, "trailing header"), computed):
        raise bad_digest(algorithm)


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", message, 400)  # S3's own sentence for this is not known


def _bad_trailer() -> ServiceError:
    words = "The request contained trailing data that was not well-formed or did not conform to our published schema."
    return ServiceError("MalformedTrailerError", words, 400)
