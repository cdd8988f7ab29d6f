"""Puts assets into the stage's bucket, each under the key that says what it is.

In: assets. Out: objects. Touches: S3; a scratch folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.assets import Asset
    from stepmill.deploy.aws.account import Account

LIMIT: Final = 5 * 1024**3
"""Bytes of one object in one request (S3 quotas); code and data beside a pipeline stay far below it."""


def upload(account: Account, bucket: str, assets: Sequence[Asset], say: Callable[[str], None]) -> None:
    """Upload assets. An object is there whole or not at all, so that a broken connection leaves nothing half-done.

    Raises DeployRefused, and AssetError when a file changes meanwhile.
    """
    for asset in assets:
        say(f"uploading {asset.source}")
        with tempfile.TemporaryDirectory() as scratch:
            packed = Path(scratch) / "asset"
            if asset.key.endswith("/"):
                asset.write(packed)  # checks that the files are still what was packed, before any is sent
                for key, _ in asset.files():
                    _put(account, bucket, key, packed / key.removeprefix(asset.key))
            else:
                asset.write(packed)
                _put(account, bucket, asset.key, packed)


def _put(account: Account, bucket: str, key: str, path: Path) -> None:
    size = path.stat().st_size
    if size > LIMIT:
        raise DeployRefused(
            f"{path.name} has {size / 1024**3:.1f} GiB; more than 5 GiB cannot be brought along: put it into "
            f"s3://{bucket}/ yourself and name it by its s3:// address"
        )
    with path.open("rb") as body:
        account.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": body, "ContentLength": size})
