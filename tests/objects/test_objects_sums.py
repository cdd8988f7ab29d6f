"""Checksums: the ones AWS has, in the bytes AWS sends."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepmill.objects.sums import ALGORITHMS, FULL_OBJECT, SIZES, NotInstalled, Sums, begin, joined


def sum_of(algorithm: str, data: bytes) -> bytes:
    sum_ = begin(algorithm)
    sum_.update(data)
    return sum_.digest()


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        ("SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ("MD5", "25f9e794323b453885f5181f1b624d0b"),
    ],
)
def test_known_sums(algorithm: str, value: str) -> None:
    assert sum_of(algorithm, b"123456789").hex() == value


@given(cuts=st.lists(st.integers(0, 300), max_size=6))
def test_sums_do_not_depend_on_how_the_bytes_come(cuts: list[int]) -> None:
    data = random.Random(7).randbytes(300)
    places = [0, *sorted(cuts), 300]
    sums = Sums(ALGORITHMS)
    for start, end in pairwise(places):
        sums.update(data[start:end])
    assert sums.digests() == {name: sum_of(name, data) for name in ALGORITHMS}
    assert {name: len(digest) for name, digest in sums.digests().items()} == SIZES
    assert (sums.md5, sums.size) == (sum_of("MD5", data), 300)


@given(algorithm=st.sampled_from(sorted(FULL_OBJECT)), sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=6))
def test_a_crc_joined_from_parts_is_that_of_the_whole(algorithm: str, sizes: list[int]) -> None:
    parts = [random.Random(size).randbytes(size) for size in sizes]
    assert joined(algorithm, [(sum_of(algorithm, part), len(part)) for part in parts]) == sum_of(
        algorithm, b"".join(parts)
    )


def test_parts_of_gigabytes_are_joined_as_awss_own_library_does() -> None:
    checksums = pytest.importorskip("awscrt.checksums")
    for algorithm, combine in (
        ("CRC32", "combine_crc32"),
        ("CRC32C", "combine_crc32c"),
        ("CRC64NVME", "combine_crc64nvme"),
    ):
        if not hasattr(checksums, combine):  # which only newer versions have
            continue
        one, other = sum_of(algorithm, b"one"), sum_of(algorithm, b"other")
        right = getattr(checksums, combine)(int.from_bytes(one, "big"), int.from_bytes(other, "big"), 5 << 30)
        assert joined(algorithm, [(one, 3), (other, 5 << 30)]) == right.to_bytes(SIZES[algorithm], "big")


@pytest.mark.parametrize("algorithm", ["CRC32C", "CRC64NVME"])
def test_what_needs_a_library_says_which(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    monkeypatch.setitem(sys.modules, "awscrt", None)  # as if it were not installed
    with pytest.raises(NotInstalled, match=rf"{algorithm} checksums need awscrt.*stepmill\[serve\]"):
        begin(algorithm)


def test_a_supervisor_that_takes_no_sum_loads_nothing_to_take_one() -> None:
    program = "import sys, stepmill.objects.sums; print(sorted({'awscrt', 'isal', 'hashlib', 'zlib'} & {*sys.modules}))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
