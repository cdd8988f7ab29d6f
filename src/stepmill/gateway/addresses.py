"""What the address of a request says: its bucket and key, and the parameters of its query.

In: a path, a host, a query. Out: the same, told apart. Touches: nothing. Whoever verifies a request and whoever
understands it must read its address alike, so both read it here; what is signed of it is admission's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*?)\.(?:s3\.)?localhost(?::\d+)?", re.ASCII)


def bucket_in_path(path: str, host: str) -> str:
    """The path with the bucket in front, when the host names it: `bucket.localhost:4566`, `bucket.s3.localhost`."""
    match = _VIRTUAL_HOST.fullmatch(host.lower())
    if match is None or match["bucket"] == "s3":
        return path
    return f"/{match['bucket']}{path if path != '/' else ''}"


def has_key(path: str) -> bool:
    """Whether a path with the bucket in front names an object: neither `/` nor `/bucket` nor `/bucket/` does."""
    return "/" in path[1:].removesuffix("/")


def parameters(query: str) -> Iterator[tuple[bytes, bytes | None]]:
    """The parameters of a query or a form, decoded once, in order; None is the value of a name alone."""
    for piece in query.split("&"):
        if piece:
            name, equals, value = piece.replace("+", " ").partition("=")
            yield unquote_to_bytes(name), unquote_to_bytes(value) if equals else None
