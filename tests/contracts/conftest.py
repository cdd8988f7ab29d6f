"""The same test over two roads: boto3 without a socket, and boto3 over HTTP to a server in this process.

Each module has a store of its own on each road; tests of a module share it, and use names of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from stepmill.local import Local
from stepmill.stage import Endpoint
from stores import open_store

Clients = Callable[..., Any]
# one attempt, so that a test sees what the first answer was
_ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60, connect_timeout=5, inject_host_prefix=False)


@pytest.fixture(scope="module", params=["without a socket", "over HTTP"])
def road(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Local, Clients]]:
    """A store, and what makes boto3's clients for it."""
    local = open_store(tmp_path_factory.mktemp("store"))
    local.host()
    try:
        if request.param == "over HTTP":
            with local.serve() as endpoint:
                yield local, cache(lambda service: over_http(endpoint, service))
        else:
            yield local, cache(lambda service: local.client(service, config=_ONCE))
    finally:
        local.release()


@pytest.fixture(scope="module")
def store(road: tuple[Local, Clients]) -> Local:
    """The store behind the clients."""
    return road[0]


@pytest.fixture(scope="module")
def client(road: tuple[Local, Clients]) -> Clients:
    """`client("s3")` → boto3's client, over the road of this test."""
    return road[1]


def over_http(endpoint: Endpoint, service: str, **more: Any) -> Any:
    """boto3's client for a served store."""
    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        aws_access_key_id=endpoint.key,
        aws_secret_access_key=endpoint.secret,
        region_name=endpoint.region,
        config=more.pop("config", _ONCE),
        **more,
    )


def code(folder: Path, body: str) -> bytes:
    """The zip of a function whose module `app` is `body`."""
    import io
    import textwrap
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(body))
    return packed.getvalue()
