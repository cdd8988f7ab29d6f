"""The words every object store shares: what an object is called, what is known of it, what can go wrong.

In: URLs and names. Out: checked names, `ObjectInfo`, errors with AWS's code and wording. Touches: nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO, Protocol

    from stepmill.objects.facts import Facts

    class ObjectStore(Protocol):
        """What moves folders in and out of `s3://` needs of a store; `FolderStore` says what each does."""

        def info(self, bucket: str, key: str) -> ObjectInfo: ...
        def list(self, bucket: str, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]: ...
        def open(self, bucket: str, key: str) -> BinaryIO: ...
        def path(self, bucket: str, key: str) -> Path: ...
        def put_file(
            self, bucket: str, key: str, path: str | Path, move: bool = False, *, durable: bool = True
        ) -> ObjectInfo: ...


MAX_KEY_BYTES = 1024
"""Longest key in UTF-8 bytes (Amazon S3 user guide, "Creating object key names")."""

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


class ObjectError(Exception):
    """What S3 answers with an error: `code` is AWS's error code, `str()` its message."""

    code = "InternalError"


class NoSuchKey(ObjectError):
    """The bucket is there, the object is not."""

    code = "NoSuchKey"

    def __init__(self, bucket: str, key: str) -> None:
        super().__init__("The specified key does not exist.")
        self.bucket = bucket
        self.key = key


class NoSuchBucket(ObjectError):
    """The bucket is not there."""

    code = "NoSuchBucket"

    def __init__(self, bucket: str) -> None:
        super().__init__("The specified bucket does not exist")
        self.bucket = bucket


class NoSuchUpload(ObjectError):
    """The multipart upload is not there: aborted, completed, or never begun."""

    code = "NoSuchUpload"

    def __init__(self) -> None:
        super().__init__(
            "The specified upload does not exist. The upload ID may be invalid, "
            "or the upload may have been aborted or completed."
        )


class BucketNotEmpty(ObjectError):
    """The bucket that should be removed holds something."""

    code = "BucketNotEmpty"

    def __init__(self, bucket: str) -> None:
        super().__init__("The bucket you tried to delete is not empty")
        self.bucket = bucket


class BadName(ObjectError):
    """A bucket, key or URL that S3 would refuse, or a key that cannot become a file where one was asked for."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ObjectInfo:
    """One object: `key`, `size` in bytes, `modified` in epoch seconds; `etag` and `facts` when they are asked for."""

    __slots__ = ("_etag", "_facts", "key", "modified", "size")

    def __init__(
        self, key: str, size: int, modified: float, etag: Callable[[], str], facts: Callable[[], Facts]
    ) -> None:
        self.key = key
        self.size = size
        self.modified = modified
        self._etag = etag
        self._facts = facts

    @property
    def etag(self) -> str:
        """In double quotes: the MD5 of the bytes in hexadecimal, or S3's sum of sums (`…-N`) for one of N parts."""
        return self._etag()

    @property
    def facts(self) -> Facts:
        """What the bytes cannot tell: content type, metadata, checksums."""
        return self._facts()

    def __repr__(self) -> str:
        return f"ObjectInfo(key={self.key!r}, size={self.size}, modified={self.modified})"


def parse_url(url: str) -> tuple[str, str]:
    """`s3://bucket/key` → `("bucket", "key")`; the key may be empty. Raises BadName for anything else."""
    if not url.startswith("s3://"):
        raise BadName("InvalidURI", f"{url!r} is not an S3 URL; write it as s3://bucket/key")
    bucket, _, key = url[5:].partition("/")
    check_bucket(bucket)
    return bucket, key


def check_bucket(name: str) -> None:
    """Raise BadName unless `name` is a general purpose bucket name (S3 user guide, "Bucket naming rules")."""
    problem = _bucket_problem(name)
    if problem:
        raise BadName("InvalidBucketName", f"The specified bucket is not valid: {name!r} {problem}")


def _bucket_problem(name: str) -> str:
    if not 3 <= len(name) <= 63:
        return f"has {len(name)} characters; 3 to 63 are allowed"
    for letter in name:
        if letter not in _LETTERS and letter not in ".-":
            return f"contains {letter!r}; only lower-case letters, digits, dots and hyphens are allowed"
    if name[0] not in _LETTERS or name[-1] not in _LETTERS:
        return "must begin and end with a letter or a digit"
    if ".." in name:
        return "has two dots in a row"
    parts = name.split(".")
    if len(parts) == 4 and all(part.isdigit() for part in parts):
        return "looks like an IP address"
    for start in _RESERVED_STARTS:
        if name.startswith(start):
            return f"begins with {start!r}, which AWS keeps for itself"
    for end in _RESERVED_ENDS:
        if name.endswith(end):
            return f"ends with {end!r}, which AWS keeps for itself"
    return ""


def check_key(key: str) -> None:
    """Raise BadName unless `key` is 1 to 1024 bytes of UTF-8."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise BadName("InvalidURI", f"The key {key!r} is not valid UTF-8 text") from None
    if length == 0:
        raise BadName("InvalidURI", "An object needs a key; the one given is empty")
    if length > MAX_KEY_BYTES:
        raise BadName("KeyTooLongError", f"Your key is too long: {length} bytes, at most {MAX_KEY_BYTES} are allowed")
