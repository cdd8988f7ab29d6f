"""Trailing checksums from the wire to the object, as the AWS CLI sends them by default."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from signing import KEYS, UNSIGNED_TRAILER, sign, upload, when
from stepmill.gateway.endpoint import Gateway
from stepmill.gateway.messages import Request, Response
from stepmill.objects.folder import FolderStore
from stepmill.objects.sums import ALGORITHMS, begin
from stepmill.services.operations import Operations
from stepmill.services.s3 import S3


def sum_of(algorithm: str, data: bytes) -> str:
    sum_ = begin(algorithm)
    sum_.update(data)
    return b64encode(sum_.digest()).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_trailing_checksum_is_verified_once_kept_and_given_back(tmp_path: Path, algorithm: str) -> None:
    store = FolderStore(tmp_path / "objects")
    store.create_bucket("bucket")
    operations = Operations()
    operations.add("s3", S3(store, "000000000000"))

    def handle(request: Request) -> Response:
        bugs: list[BaseException] = []
        gateway = Gateway(
            *(operations.call, nobody, KEYS),
            owned={"s3": frozenset({"PutObject", "HeadObject"})},
            clock=lambda: when(request),
            report=bugs.append,
        )
        answer = gateway.handle(request)
        assert bugs == []
        return answer

    header, told = f"x-amz-checksum-{algorithm.lower()}", {"x-amz-sdk-checksum-algorithm": algorithm}
    chunks = [b"1" * 8192, b"the end"]
    right, wrong = sum_of(algorithm, b"".join(chunks)), sum_of(algorithm, b"other")
    answer = handle(upload(chunks, UNSIGNED_TRAILER, {header: wrong}, headers=told))
    assert (answer.status, b"BadDigest" in bytes(answer.body)) == (400, True)  # type: ignore[arg-type]
    assert handle(sign("HEAD", "/bucket/key", service="s3")).status == 404
    answer = handle(upload(chunks, UNSIGNED_TRAILER, {header: right}, headers=told))
    assert (answer.status, answer.headers[header]) == (200, right)
    asked = sign("HEAD", "/bucket/key", headers={"x-amz-checksum-mode": "ENABLED"}, service="s3")
    assert handle(asked).headers[header] == right


def nobody(service: str, request: Request) -> Any:
    raise AssertionError(service)
