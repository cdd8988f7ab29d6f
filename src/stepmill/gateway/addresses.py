"""Where an object is, whether its bucket stands in the path or in the name of the host.

In: a path and a host. Out: a path. Touches: nothing.
"""

from __future__ import annotations

import re

_VIRTUAL_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*?)\.(?:s3\.)?localhost(?::\d+)?", re.ASCII)


def bucket_in_path(path: str, host: str) -> str:
    """The path with the bucket in front, when the host names it: `bucket.localhost:4566`, `bucket.s3.localhost`."""
    match = _VIRTUAL_HOST.fullmatch(host)
    if match is None or match["bucket"] == "s3":
        return path
    return f"/{match['bucket']}{path if path != '/' else ''}"
