"""The sums that S3 takes of what it stores, while it passes by.

In: pieces of bytes. Out: an ETag, checksums. Touches: nothing.
Supervisors must not load hashlib for nothing, so it is loaded when a sum is begun.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    class Sum(Protocol):
        def update(self, data: bytes, /) -> None: ...
        def digest(self) -> bytes: ...


ALGORITHMS = ("CRC32", "SHA1", "SHA256")
"""The checksums that are taken here; CRC32C and CRC64NVME would need a library, or seconds for each megabyte."""
SIZES = {"CRC32": 4, "SHA1": 20, "SHA256": 32}
_POLYNOMIAL = 0xEDB88320


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
    """A sum of nothing yet; `algorithm` is MD5 or one of ALGORITHMS."""
    if algorithm == "CRC32":
        return _Crc32()
    import hashlib

    sum_: Sum = hashlib.new(algorithm.lower(), usedforsecurity=False)
    return sum_


class _Crc32:
    """By isal where it is installed: several times as fast as zlib."""

    __slots__ = ("_crc", "_value")

    def __init__(self) -> None:
        try:
            from isal.isal_zlib import crc32
        except ImportError:
            from zlib import crc32
        self._crc = crc32
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._crc(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def joined_crc32(parts: Iterable[tuple[bytes, int]]) -> bytes:
    """The CRC32 of all parts together, from the CRC32 and the size in bytes of each: no byte is read again.

    Appending n bytes multiplies the sum so far by x^(8n) modulo the polynomial; the sum of the new part is then added.
    """
    total = 0
    shifts: dict[int, int] = {}
    for digest, size in parts:
        if size not in shifts:
            shifts[size] = _power(8 * size)
        total = _product(shifts[size], total) ^ int.from_bytes(digest, "big")
    return total.to_bytes(4, "big")


def _product(one: int, other: int) -> int:
    """Two polynomials over GF(2), lowest power in the highest bit, multiplied modulo the polynomial of CRC32."""
    result = 0
    bit = 1 << 31
    while bit:
        if one & bit:
            result ^= other
        other = (other >> 1) ^ (_POLYNOMIAL if other & 1 else 0)
        bit >>= 1
    return result


def _power(exponent: int) -> int:
    """x to the power of `exponent`."""
    result, base = 1 << 31, 1 << 30
    while exponent:
        if exponent & 1:
            result = _product(base, result)
        base = _product(base, base)
        exponent >>= 1
    return result
