"""The code of functions: zips unpacked once, into folders named by their content.

In: a zip, as bytes or as an object. Out: its sha256 in hex, its size, its folder. Touches: the folder of unpacked code.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stepmill.objects.archives import BadArchive, Limits, extract
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import NoSuchBucket, NoSuchKey
from stepmill.services.operations import ServiceError

_UNPACKED_LIMIT = 262_144_000  # bytes; AWS: a deployment package is at most 250 MB, unzipped
_DIRECT_LIMIT = 52_428_800  # bytes; AWS: 50 MB when the zip is in the request


class Package(NamedTuple):
    """A zip: its `digest` (sha256, hex), which names its folder, and its size in bytes."""

    digest: str
    size: int


class Code:
    """The unpacked code in `root`. `objects` has the zips that lie in buckets."""

    def __init__(self, root: Path, objects: FolderStore) -> None:
        self._root = root
        self._objects = objects

    def folder(self, digest: str) -> Path:
        """Where the code of this digest lies."""
        return self._root / digest

    def take(self, code: Mapping[str, Any], operation: str, *, keep: bool = True) -> Package:
        """The package that a request names by `ZipFile`, or `S3Bucket` and `S3Key`; unpacked when it is to be kept.

        Raises ServiceError as AWS does for what is no package.
        """
        data = self._bytes(code, operation)
        package = Package(hashlib.sha256(data).hexdigest(), len(data))
        if keep and not self.folder(package.digest).is_dir():
            self._unpack(data, self.folder(package.digest))
        return package

    def _bytes(self, code: Mapping[str, Any], operation: str) -> bytes:
        data = code.get("ZipFile")
        if data is not None:
            data = data if isinstance(data, bytes) else data.read()
            if not data:
                raise _bad("Uploaded file must be a non-empty zip")
            if len(data) > _DIRECT_LIMIT:
                limit = f"Request must be smaller than 70167211 bytes for the {operation} operation"
                raise ServiceError("RequestEntityTooLargeException", limit, 413)
            return bytes(data)
        if not code.get("S3Bucket") or not code.get("S3Key"):
            raise _bad("Please provide a source for function code.")
        said = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: The specified {} does not exist."
        try:
            return self._objects.get(code["S3Bucket"], code["S3Key"])
        except NoSuchBucket:
            raise _bad(said.format("NoSuchBucket", "bucket")) from None
        except NoSuchKey:
            raise _bad(said.format("NoSuchKey", "key")) from None

    def _unpack(self, data: bytes, folder: Path) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root) as scratch:
            package, fresh = Path(scratch) / "package.zip", Path(scratch) / "code"
            package.write_bytes(data)
            try:
                extract(package, fresh, limits=Limits(size=_UNPACKED_LIMIT))
                fresh.rename(folder)
            except (OSError, BadArchive) as fault:
                if not folder.is_dir():  # another thread may have unpacked the same code first
                    said = "Could not unzip uploaded file. Please check your file, then try to upload again."
                    raise _bad(f"{said} ({fault})") from None


def _bad(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message)
