"""A history kept in one SQLite file.

In: batches of events and records. Out: the same, read back, after any crash. Touches: the store's file.

One process writes, any number read (`readonly=True`). Why APSW, WAL and FULL: docs/decisions/0003-store-apsw.md.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import apsw

from stepmill.asl.text import dumps
from stepmill.history.events import Event
from stepmill.history.log import Record, StoreError, StoreFull, StoreTooNew

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE event (
  subject TEXT NOT NULL, id INTEGER NOT NULL, previous INTEGER NOT NULL, at REAL NOT NULL, type TEXT NOT NULL,
  details TEXT NOT NULL, PRIMARY KEY (subject, id)) WITHOUT ROWID;
CREATE TABLE record (
  service TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (service, kind, name)) WITHOUT ROWID;
CREATE INDEX record_order ON record (service, kind, at);
PRAGMA user_version = 1;
"""
_POLL = 0.05  # seconds between looks at what another process may have written

# `at` counts first writings, so that a record keeps its place in lists when it is written again.
_UPSERT = """
INSERT INTO record (service, kind, name, body, at)
VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(at), 0) + 1 FROM record WHERE service = ?1 AND kind = ?2))
ON CONFLICT (service, kind, name) DO UPDATE SET body = excluded.body
"""


class Masker(Protocol):
    """What replaces secrets in anything written; `stepmill.history.redaction.Redactor` is one."""

    def value(self, json: Any) -> Any:
        """The same JSON with every secret masked."""
        ...


class SqliteHistory:
    """See `stepmill.history.log.History`.

    `readonly` opens a store another process writes. Raises StoreTooNew for a store of a later Stepmill, StoreFull when
    the disk is full, StoreError for everything else that goes wrong with the file.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False, redactor: Masker | None = None) -> None:
        self.path = Path(path)
        self._readonly = readonly
        self._redactor = redactor
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        if readonly and not self.path.exists():
            raise StoreError(f"{self.path}: there is no store here yet; run something first")
        fresh = not readonly and not self.path.exists()
        try:
            with _translated(self.path, "try again" if fresh else "run `stepmill resume`"):
                self._db = self._open()
                self._prepare()
        except BaseException:
            if fresh:  # nothing was kept in it: no half of a store stays behind
                self._remove()
            raise

    def _remove(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()
        for ending in ("", "-wal", "-shm", "-journal"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def _open(self) -> apsw.Connection:
        if self._readonly:
            db = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            db = apsw.Connection(str(self.path))
        db.set_busy_timeout(5000)
        return db

    def _prepare(self) -> None:
        version = int(self._one("PRAGMA user_version") or 0)
        if version > SCHEMA_VERSION:
            self._db.close()
            raise StoreTooNew(
                f"{self.path}: written by a later Stepmill (schema {version}; this one knows up to {SCHEMA_VERSION}). "
                "Upgrade Stepmill, or point STEPMILL_STORE at another folder"
            )
        if self._readonly:
            self._db.execute("PRAGMA query_only = ON")
            self._db.execute("PRAGMA wal_autocheckpoint = 0")
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            self._db.execute("PRAGMA fullfsync = ON")
        if version == 0:
            with self._transaction():
                self._db.execute(_SCHEMA)

    def _one(self, sql: str, bindings: tuple[Any, ...] = ()) -> Any:
        row = self._db.execute(sql, bindings).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing. SQLite may itself have rolled back (disk full), so that is asked before saying it again."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
        """See History.append."""
        mask = self._redactor.value if self._redactor else None
        rows = [
            (subject, id_, previous, at, type_, dumps(mask(details) if mask else details))
            for subject, events in batches
            for id_, previous, at, type_, details in events
        ]
        with self._lock, _translated(self.path):
            with self._transaction():
                for subject, events in batches:
                    have = self._one("SELECT max(id) FROM event WHERE subject = ?", (subject,)) or 0
                    if [event.id for event in events] != list(range(have + 1, have + 1 + len(events))):
                        raise StoreError(f"{subject}: events do not follow the {have} already written")
                self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", rows)
                self._write(records)
            self._changed.notify_all()

    def _write(self, records: Sequence[Record]) -> None:
        for service, kind, name, body in records:
            if body is None:
                self._db.execute(
                    "DELETE FROM record WHERE service = ? AND kind = ? AND name = ?", (service, kind, name)
                )
            else:
                shown = self._redactor.value(body) if self._redactor else body
                self._db.execute(_UPSERT, (service, kind, name, dumps(shown)))

    def read(self, subject: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See History.read."""
        with self._lock, _translated(self.path):
            rows: list[Any] = self._db.execute(
                "SELECT id, previous, at, type, details FROM event WHERE subject = ? AND id > ? ORDER BY id LIMIT ?",
                (subject, after, -1 if limit is None else limit),
            ).fetchall()
        return [Event(id_, previous, at, type_, json.loads(details)) for id_, previous, at, type_, details in rows]

    def record(self, service: str, kind: str, name: str) -> dict[str, Any] | None:
        """See History.record."""
        with self._lock, _translated(self.path):
            body = self._one(
                "SELECT body FROM record WHERE service = ? AND kind = ? AND name = ?", (service, kind, name)
            )
        return None if body is None else json.loads(body)

    def records(
        self, service: str, kind: str, prefix: str = "", newest_first: bool = True, limit: int | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """See History.records."""
        order = "DESC" if newest_first else "ASC"
        with self._lock, _translated(self.path):
            rows: list[Any] = self._db.execute(
                "SELECT name, body FROM record WHERE service = ? AND kind = ? AND substr(name, 1, ?) = ? "  # noqa: S608 - two fixed words
                f"ORDER BY at {order} LIMIT ?",
                (service, kind, len(prefix), prefix, -1 if limit is None else limit),
            ).fetchall()
        return [(name, json.loads(body)) for name, body in rows]

    def put(self, *records: Record) -> None:
        """See History.put."""
        self.append((), records)

    def remove(self, subject: str, records: Sequence[Record] = ()) -> None:
        """See History.remove."""
        with self._lock, _translated(self.path):
            with self._transaction():
                self._db.execute("DELETE FROM event WHERE subject = ?", (subject,))
                self._write(records)
            self._changed.notify_all()

    def wait(self, subject: str, after: int, timeout: float | None) -> bool:
        """See History.wait. What another process writes is seen within 50 ms."""
        until = None if timeout is None else time.monotonic() + timeout
        with self._lock, _translated(self.path):
            seen: Any = None
            fresh = True
            while True:
                # data_version changes only by other processes' commits; our own wake the condition.
                version = self._one("PRAGMA data_version")
                if fresh or version != seen:
                    seen = version
                    if (self._one("SELECT max(id) FROM event WHERE subject = ?", (subject,)) or 0) > after:
                        return True
                left = _POLL if until is None else min(_POLL, until - time.monotonic())
                if left <= 0:
                    return False
                fresh = self._changed.wait(left)

    def close(self) -> None:
        """See History.close."""
        with self._lock:
            self._db.close()


@contextmanager
def _translated(path: Path, then: str = "run `stepmill resume`") -> Iterator[None]:
    """SQLite's refusals as ours; `then` is what to do when there is room again."""
    try:
        yield
    except apsw.FullError as error:
        raise StoreFull(f"{path}: the disk is full; free some space and {then}") from error
    except (apsw.ReadOnlyError, apsw.CantOpenError) as error:
        what = "the store must be readable and writable for you, even to look at it"
        raise StoreError(f"{path}: {error}; {what}") from error
    except apsw.Error as error:
        raise StoreError(f"{path}: {error}") from error
