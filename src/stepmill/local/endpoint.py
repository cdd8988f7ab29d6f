"""Where a store is served, and the key that opens it.

In: a store. Out: its key, and the endpoint while a process serves it. Touches: `key.json`, `endpoint.json` and
`serve.lock` in the store's folder, for its user alone (0600).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from stepmill.history.log import StoreError
from stepmill.local.locks import held, take
from stepmill.local.store import Store
from stepmill.stage import Endpoint, Settings

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_PREFIX = "SMIL"  # not AKIA: nobody's scanner shall take it for a key of AWS, and nobody's eye
_LOOKS, _GLANCE = 5, 0.01  # looks at a lock before it is believed to be held, and the seconds between them
_KEY_LENGTH, _SECRET_BYTES = 20, 30  # as AWS's: 20 characters, and 40 of base64


def key_of(store: Store) -> tuple[str, str]:
    """The access key of a store, (id, secret); made at random when it has none, and the same from then on.

    Raises StoreError when the file cannot be read.
    """
    path = store.root / "key.json"
    for _ in range(2):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return str(found["id"]), str(found["secret"])
        except FileNotFoundError:
            _make_key(path)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise StoreError(f"{path}: is no key of ours ({fault!r}); remove it, and a new one is made") from None
    raise StoreError(f"{path}: cannot be made")


def _make_key(path: Path) -> None:
    import secrets  # once in a store's life

    made = {
        "id": _PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_KEY_LENGTH - len(_PREFIX))),
        "secret": secrets.token_urlsafe(_SECRET_BYTES),
    }
    fresh = path.with_name(f"key.{secrets.token_hex(6)}")
    try:
        _write(fresh, json.dumps(made))
        with contextlib.suppress(FileExistsError):  # another process was faster: its key is the store's
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


class Sign:
    """The sign on a store's door: one process at a time serves a store, and says where."""

    def __init__(self, store: Store) -> None:
        self._record = store.root / "endpoint.json"
        self._lock_file = store.root / "serve.lock"
        self._lock: int | None = None

    def take(self) -> bool:
        """Become the process that serves the store, if nobody does."""
        for _ in range(_LOOKS):
            self._lock = take(self._lock_file)
            if self._lock is not None:
                self._record.unlink(missing_ok=True)
                return True
            time.sleep(_GLANCE)  # it may be somebody who only looks
        return False

    def put_up(self, url: str) -> None:
        """Say where."""
        fresh = self._record.with_suffix(f".{os.getpid()}")
        _write(fresh, json.dumps({"url": url, "pid": os.getpid()}))
        fresh.replace(self._record)

    def take_down(self) -> None:
        """Serve no more."""
        if self._lock is not None:
            self._record.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


class Served(NamedTuple):
    """A living process that serves a store: where, and its process id."""

    url: str
    pid: int


def server_of(store: Store) -> Served | None:
    """The process that serves this store, or None."""
    if not held(store.root / "serve.lock"):
        return None
    try:
        found = json.loads((store.root / "endpoint.json").read_text(encoding="utf-8"))
        return Served(str(found["url"]), int(found["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is just beginning, or ending


def endpoint_of(settings: Settings) -> Endpoint | None:
    """The endpoint of the store in these settings, while it is served; else None."""
    store = Store(settings.store)
    found = server_of(store)
    return Endpoint(found.url, *key_of(store), settings.region) if found is not None else None


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
