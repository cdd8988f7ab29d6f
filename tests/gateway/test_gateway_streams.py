"""Bodies checked while they are read: chunk by chunk, and what follows them."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import sys
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER, Drops, ask, changed, code, refusal, sign, upload, when
from stepmill.gateway.admission.canonical import EMPTY
from stepmill.gateway.admission.signatures import admit, verify
from stepmill.gateway.admission.streams import Whole
from stepmill.gateway.messages import Request
from stepmill.objects.sums import ALGORITHMS, begin

KINDS = [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]
CHUNKS = [random.Random(1).randbytes(8192), random.Random(2).randbytes(9000), b"the last one"]
BODY = b"".join(CHUNKS)


def crc32(data: bytes) -> dict[str, str]:
    return {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()}


def trailers(kind: str, data: bytes = BODY) -> dict[str, str]:
    return crc32(data) if kind.endswith("TRAILER") else {}


def body_of(request: Request) -> bytes:
    return request.body.read()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunks", [CHUNKS, CHUNKS[:1], CHUNKS[2:], []])
def test_a_chunked_body_is_decoded(kind: str, chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    assert ask(upload(chunks, kind, trailers(kind, data))) == data


@pytest.mark.parametrize("kind", KINDS)
def test_a_chunked_body_may_arrive_in_drops(kind: str) -> None:
    request = upload(CHUNKS, kind, trailers(kind))
    assert ask(changed(request, headers={}, body=Drops(body_of(request)))) == BODY


@settings(deadline=None, max_examples=40)
@given(arriving=st.integers(1, 9000), asking=st.integers(1, 20000), kind=st.sampled_from(KINDS), seed=st.integers(0, 9))
def test_where_a_chunked_body_is_cut_makes_no_difference(arriving: int, asking: int, kind: str, seed: int) -> None:
    data = random.Random(seed).randbytes(8192 * 2 + seed)
    request = upload([data[:8192], data[8192:]], kind, trailers(kind, data))
    cut = changed(request, headers={}, body=Drops(body_of(request), arriving))
    reader = verify(cut, admit(cut, {"AKIDEXAMPLE": ""}, when(cut)), _secret(), limit=1 << 20)
    pieces = list(iter(lambda: reader.read(asking), b""))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= asking
    assert reader.read(1) == b""


def _secret() -> str:
    from signing import SECRET

    return SECRET


def test_the_trailers_are_offered_when_the_last_byte_has_been_read() -> None:
    request = upload(CHUNKS, UNSIGNED_TRAILER, crc32(BODY))
    reader = verify(request, admit(request, {"AKIDEXAMPLE": ""}, when(request)), _secret(), limit=1 << 20)
    count = 0
    while count < len(BODY):
        assert reader.trailers == {}  # type: ignore[attr-defined]
        count += len(reader.read(4096))
    assert reader.trailers == crc32(BODY)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("x-amz-checksum-sha1", hashlib.sha1(BODY).digest()),
        ("x-amz-checksum-sha256", hashlib.sha256(BODY).digest()),
    ],
)
def test_a_hash_may_follow_a_body(name: str, digest: bytes) -> None:
    assert ask(upload(CHUNKS, SIGNED_TRAILER, {name: base64.b64encode(digest).decode()})) == BODY
    wrong = base64.b64encode(digest[::-1]).decode()
    assert code(upload(CHUNKS, SIGNED_TRAILER, {name: wrong})) == "BadDigest"


def flip(pieces: list[bytes], piece: int, at: int) -> list[bytes]:
    data = bytearray(pieces[piece])
    data[at] = ord("1") if data[at] == ord("0") else ord("0")  # still a digit, where there was one
    return [*pieces[:piece], bytes(data), *pieces[piece + 1 :]]


SPOILT: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a byte of the first chunk": lambda pieces: flip(pieces, 0, 2000),
    "a byte of the last chunk": lambda pieces: flip(pieces, 2, -3),
    "a chunk's signature": lambda pieces: flip(pieces, 1, 30),
    "the order of chunks": lambda pieces: [pieces[1], pieces[0], *pieces[2:]],
    "a chunk twice": lambda pieces: [pieces[0], pieces[0], *pieces[2:]],
    "the signature of the end": lambda pieces: flip(pieces, 3, 30),
}


@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.parametrize("kind", [SIGNED, SIGNED_TRAILER])
def test_a_chunk_changed_on_its_way_is_refused(kind: str, what: str) -> None:
    found = code(upload(CHUNKS, kind, trailers(kind), spoil=SPOILT[what]))
    assert found in ("SignatureDoesNotMatch", "IncompleteBody")


BROKEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a chunk left out": lambda pieces: [pieces[0], *pieces[2:]],
    "no end": lambda pieces: pieces[:-1],
    "cut in a chunk": lambda pieces: [pieces[0], pieces[1][:500]],
    "cut in the end": lambda pieces: [*pieces[:-1], pieces[-1][:-1]],
    "cut in the first line": lambda pieces: [pieces[0][:3]],
    "nothing": lambda pieces: [],
    "more after the end": lambda pieces: [*pieces, b"x"],
    "a second body": lambda pieces: pieces * 2,
    "a chunk more": lambda pieces: [*pieces[:3], pieces[0], pieces[3]],
    "no end to a line": lambda pieces: [b"0" * 100_000],
    "no number": lambda pieces: [b"zz" + pieces[0], *pieces[1:]],
    "a negative number": lambda pieces: [b"-" + pieces[0], *pieces[1:]],
    "an enormous number": lambda pieces: [b"f" * 15 + pieces[0][4:], *pieces[1:]],
    "an extension": lambda pieces: [pieces[0].replace(b"\r\n", b";a=b\r\n", 1), *pieces[1:]],
    "bare line feeds": lambda pieces: [pieces[0].replace(b"\r\n", b"\n", 1), *pieces[1:]],
    "a size one too small": lambda pieces: [pieces[0].replace(b"2000", b"1fff", 1), *pieces[1:]],
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_encoding_is_refused(kind: str, what: str) -> None:
    refused = refusal(lambda: ask(upload(CHUNKS, kind, trailers(kind), spoil=BROKEN[what])))
    assert refused.code in ("IncompleteBody", "InvalidRequest", "SignatureDoesNotMatch", "MalformedTrailerError")
    assert refused.status in (400, 403)


@pytest.mark.parametrize("kind", [SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_a_checksum_that_does_not_fit_is_refused(kind: str) -> None:
    refused = refusal(lambda: ask(upload(CHUNKS, kind, crc32(b"other"))))
    assert (refused.code, refused.status) == ("BadDigest", 400)
    assert refused.message == "The CRC32 you specified did not match the calculated checksum."
    for value in ("", "AAA", "AAAAAAAA", "!!!!", "é"):
        request = upload(CHUNKS, UNSIGNED_TRAILER, {"x-amz-checksum-crc32": value})
        assert code(request) == "InvalidRequest"


def test_a_trailer_changed_on_its_way_is_refused() -> None:
    def other(pieces: list[bytes]) -> list[bytes]:
        return [*pieces[:-1], pieces[-1].replace(crc32(BODY)["x-amz-checksum-crc32"].encode(), b"AAAAAA==")]

    def unsigned(pieces: list[bytes]) -> list[bytes]:
        return [*pieces[:-1], pieces[-1].partition(b"x-amz-trailer-signature")[0] + b"\r\n"]

    assert code(upload(CHUNKS, SIGNED_TRAILER, crc32(BODY), spoil=other)) == "SignatureDoesNotMatch"
    assert code(upload(CHUNKS, SIGNED_TRAILER, crc32(BODY), spoil=unsigned)) == "MalformedTrailerError"
    assert code(upload(CHUNKS, UNSIGNED_TRAILER, crc32(BODY), spoil=other)) == "BadDigest"


@pytest.mark.parametrize("kind", [SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_the_trailers_are_those_that_were_declared(kind: str) -> None:
    both = {**crc32(BODY), "x-amz-checksum-sha1": base64.b64encode(hashlib.sha1(BODY).digest()).decode()}
    assert ask(upload(CHUNKS, kind, both)) == BODY
    assert code(upload(CHUNKS, kind, both, declared="x-amz-checksum-crc32")) == "MalformedTrailerError"
    assert code(upload(CHUNKS, kind, {}, declared="x-amz-checksum-crc32")) == "MalformedTrailerError"
    assert code(upload(CHUNKS, kind, crc32(BODY), declared="")) == "MalformedTrailerError"


def test_a_body_without_declared_trailers_has_none() -> None:
    def added(pieces: list[bytes]) -> list[bytes]:
        return [*pieces[:-1], pieces[-1][:-2] + b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n"]

    assert code(upload(CHUNKS, SIGNED, spoil=added)) == "MalformedTrailerError"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", [SIGNED_TRAILER, UNSIGNED_TRAILER])
def test_a_trailer_is_compared_with_the_bytes_whatever_its_algorithm(kind: str, algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm.lower()}"
    sum_ = begin(algorithm)
    sum_.update(BODY)
    assert ask(upload(CHUNKS, kind, {name: base64.b64encode(sum_.digest()).decode()})) == BODY
    sum_.update(b"x")
    refused = refusal(lambda: ask(upload(CHUNKS, kind, {name: base64.b64encode(sum_.digest()).decode()})))
    assert (refused.code, algorithm in refused.message) == ("BadDigest", True)
    assert code(upload(CHUNKS, kind, {name: "AAAA"})) == "InvalidRequest"


@pytest.mark.parametrize("name", ["x-amz-checksum-md5", "x-amz-checksum-sha512", "x-amz-checksum-xxhash3"])
def test_a_checksum_that_nobody_computes_is_refused_by_name(name: str) -> None:
    refused = refusal(lambda: ask(upload(CHUNKS, UNSIGNED_TRAILER, {name: "AAAAAA=="})))
    assert (refused.code, refused.status) == ("NotImplemented", 501)
    assert name in refused.message


@pytest.mark.parametrize("algorithm", ["CRC32C", "CRC64NVME"])
def test_a_checksum_that_needs_more_installed_says_so(monkeypatch: pytest.MonkeyPatch, algorithm: str) -> None:
    monkeypatch.setitem(sys.modules, "awscrt", None)  # as if it were not installed
    refused = refusal(lambda: ask(upload(CHUNKS, UNSIGNED_TRAILER, {f"x-amz-checksum-{algorithm.lower()}": "AAAA"})))
    assert (refused.code, refused.status) == ("NotImplemented", 501)
    assert algorithm in refused.message and "stepmill[serve]" in refused.message


def test_a_trailer_that_is_no_checksum_is_refused() -> None:
    assert code(upload(CHUNKS, UNSIGNED_TRAILER, {"x-amz-meta-a": "b"})) == "InvalidRequest"


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_last_chunk_may_be_small(kind: str) -> None:
    refused = refusal(lambda: ask(upload([b"small", CHUNKS[0]], kind, trailers(kind, b"small" + CHUNKS[0]))))
    assert (refused.code, refused.status) == ("InvalidChunkSizeError", 403)


@pytest.mark.parametrize("length", ["-1", "", "many", "1" * 30])
def test_a_chunked_body_says_how_long_the_object_is(length: str) -> None:
    refused = refusal(lambda: ask(upload(CHUNKS, headers={"x-amz-decoded-content-length": length})))
    assert (refused.code, refused.status) == ("MissingContentLength", 411)


@pytest.mark.parametrize("length", [0, len(BODY) - 1, len(BODY) + 1, 1 << 18])
@pytest.mark.parametrize("kind", KINDS)
def test_an_object_has_the_length_that_was_said(kind: str, length: int) -> None:
    told = {"x-amz-decoded-content-length": str(length)}
    assert code(upload(CHUNKS, kind, trailers(kind), headers=told)) == "IncompleteBody"


def test_an_object_larger_than_the_limit_is_refused_before_it_is_read() -> None:
    request = upload(CHUNKS)
    claim = admit(request, {"AKIDEXAMPLE": ""}, when(request))
    assert refusal(lambda: verify(request, claim, _secret(), limit=len(BODY) - 1)).code == "EntityTooLarge"
    assert verify(request, claim, _secret(), limit=len(BODY)).read() == BODY


def test_the_last_bytes_are_not_handed_out_before_all_was_checked() -> None:
    request = upload(CHUNKS, UNSIGNED_TRAILER, crc32(b"other"))
    reader = verify(request, admit(request, {"AKIDEXAMPLE": ""}, when(request)), _secret(), limit=1 << 20)
    count = 0

    def all_of_it() -> None:
        nonlocal count
        while count < len(BODY):
            count += len(reader.read(4096))

    assert refusal(all_of_it).code == "BadDigest"
    assert count < len(BODY)
    assert refusal(lambda: reader.read(1)).code == "BadDigest"  # and it stays so


def test_a_whole_body_is_checked_with_its_last_byte() -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    reader = Whole(io.BytesIO(BODY), len(BODY), limit=1 << 20, digest=digest)
    assert reader.read(len(BODY)) == BODY
    reader = Whole(io.BytesIO(BODY), len(BODY), limit=1 << 20, digest=EMPTY)
    assert refusal(lambda: reader.read(len(BODY))).code == "XAmzContentSHA256Mismatch"
    assert refusal(lambda: Whole(io.BytesIO(), 0, limit=1, digest=digest)).code == "XAmzContentSHA256Mismatch"


def test_a_chunked_body_needs_the_signature_of_its_head() -> None:
    request = upload(CHUNKS)
    assert code(changed(request, path="/bucket/other")) == "SignatureDoesNotMatch"
    other = body_of(sign("PUT", "/bucket/key", BODY, service="s3"))
    assert code(changed(request, body=other)) in ("InvalidRequest", "IncompleteBody")
