"""The sums that S3 takes of what it stores, while it passes by. The one place where checksums are computed.

In: pieces of bytes. Out: an ETag, checksums. Touches: nothing.
Supervisors must not load hashlib for nothing, so what takes a sum is loaded when one is begun. CRC32C and CRC64NVME are
taken by AWS's own `awscrt`, at gigabytes a second; whoever installs Stepmill to run pipelines alone does not need it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    class Sum(Protocol):
        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...


SIZES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
"""The size of each checksum in bytes, by AWS's name of its algorithm."""
ALGORITHMS = tuple(SIZES)
# Each with the lowest power in the highest bit, and without the highest power, as its specification prints it.
_POLYNOMIALS = {"CRC32": 0xEDB88320, "CRC32C": 0x82F63B78, "CRC64NVME": 0x9A6C9329AC4BC9B5}
COMPOSITE = frozenset({"CRC32", "CRC32C", "SHA1", "SHA256"})
"""Of these an object of parts may have the checksum of its parts' checksums (S3 user guide, "Checking integrity")."""
FULL_OBJECT = frozenset(_POLYNOMIALS)
"""Of these it may have the checksum of all its bytes, joined from those of its parts."""


class NotInstalled(Exception):
    """A checksum for which something must be installed; `str()` says what."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(f'{algorithm} checksums need awscrt. Install it with `pip install "stepmill[serve]"`.')


class Sums:
    """The MD5 of a stream, and the checksums asked for: `update` with each piece, then read `md5` and `digests`."""

    __slots__ = ("_md5", "_others", "size")

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._md5 = begin("MD5")
        self._others = {name: begin(name) for name in algorithms}
        self.size = 0

    def update(self, data: bytes) -> None:
        """Take one piece in."""
        self.size += len(data)
        self._md5.update(data)
        for other in self._others.values():
            other.update(data)

    @property
    def md5(self) -> bytes:
        """16 bytes; in hexadecimal, the ETag."""
        return self._md5.digest()

    def digests(self) -> dict[str, bytes]:
        """The checksums by algorithm, raw."""
        return {name: other.digest() for name, other in self._others.items()}


def begin(algorithm: str) -> Sum:
    """A sum of nothing yet; `algorithm` is MD5 or one of ALGORITHMS. Raises NotInstalled."""
    if algorithm in _POLYNOMIALS:
        return _Crc(_taker(algorithm), SIZES[algorithm])
    import hashlib

    sum_: Sum = hashlib.new(algorithm.lower(), usedforsecurity=False)
    return sum_


def _taker(algorithm: str) -> Callable[[bytes, int], int]:
    """What goes on with a CRC: from more bytes and the CRC so far."""
    take: Callable[[bytes, int], int]
    if algorithm == "CRC32":
        from isal.isal_zlib import crc32 as take
    else:
        try:
            from awscrt import checksums
        except ImportError:
            raise NotInstalled(algorithm) from None
        take = checksums.crc32c if algorithm == "CRC32C" else checksums.crc64nvme
    return take


class _Crc:
    """S3 writes it with the highest byte first."""

    __slots__ = ("_size", "_take", "_value")

    def __init__(self, take: Callable[[bytes, int], int], size: int) -> None:
        self._take = take
        self._size = size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._take(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def joined(algorithm: str, parts: Iterable[tuple[bytes, int]]) -> bytes:
    """The CRC of all parts together, from the CRC and the size in bytes of each: no byte is read again.

    algorithm: one of FULL_OBJECT. Appending n bytes multiplies the sum so far by x^(8n) modulo the polynomial; the sum
    of the new part is then added.
    """
    field = _Field(_POLYNOMIALS[algorithm], 8 * SIZES[algorithm])
    total = 0
    shifts: dict[int, int] = {}
    for digest, size in parts:
        if size not in shifts:
            shifts[size] = field.power(8 * size)
        total = field.product(shifts[size], total) ^ int.from_bytes(digest, "big")
    return total.to_bytes(SIZES[algorithm], "big")


class _Field:
    """Polynomials over GF(2) modulo one of them, the lowest power in the highest bit."""

    __slots__ = ("_one", "_polynomial")

    def __init__(self, polynomial: int, bits: int) -> None:
        self._polynomial = polynomial
        self._one = 1 << (bits - 1)

    def product(self, one: int, other: int) -> int:
        """Multiplied."""
        result = 0
        bit = self._one
        while bit:
            if one & bit:
                result ^= other
            other = (other >> 1) ^ (self._polynomial if other & 1 else 0)
            bit >>= 1
        return result

    def power(self, exponent: int) -> int:
        """x to the power of `exponent`."""
        result, base = self._one, self._one >> 1
        while exponent:
            if exponent & 1:
                result = self.product(base, result)
            base = self.product(base, base)
            exponent >>= 1
        return result
