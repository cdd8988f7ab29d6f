"""The contract every history keeps, and the one kept in memory.

In: batches of events and records. Out: the same, read back. Touches: nothing; `sqlite` holds the one kept in a file.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from stepmill.history.events import Event


class Record(NamedTuple):
    """A document under (service, kind, name); a body of None deletes it."""

    service: str
    kind: str
    name: str
    body: dict[str, Any] | None


class StoreError(Exception):
    """The store could not do it. After an append it is unknown whether the events are on disk: read them again."""


class StoreFull(StoreError):
    """The disk has no room left. What was acknowledged before is safe."""


class StoreTooNew(StoreError):
    """A later Stepmill wrote this store."""


class History(Protocol):
    """Append-only events by subject, and records by name. Safe to use from several threads."""

    def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
        """Write all of it or nothing, in one transaction; durable on return. Raises StoreError."""
        ...

    def read(self, subject: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """Events of a subject with an id above `after`, oldest first."""
        ...

    def record(self, service: str, kind: str, name: str) -> dict[str, Any] | None:
        """The body of one record, None if there is none."""
        ...

    def records(
        self, service: str, kind: str, prefix: str = "", newest_first: bool = True, limit: int | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """Names and bodies in the order they were first written."""
        ...

    def put(self, *records: Record) -> None:
        """Write records alone, in one transaction."""
        ...

    def remove(self, subject: str, records: Sequence[Record] = ()) -> None:
        """Forget all events of a subject, and write `records` in the same transaction."""
        ...

    def wait(self, subject: str, after: int, timeout: float | None) -> bool:
        """Block until the subject has an event with an id above `after`; False when `timeout` seconds passed."""
        ...

    def close(self) -> None:
        """Give back what is held. A closed history answers nothing."""
        ...


class MemoryHistory:
    """A history that ends with the process; for tests and for trying a definition out."""

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = {}
        self._records: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._changed = threading.Condition()

    def append(self, batches: Sequence[tuple[str, Sequence[Event]]], records: Sequence[Record] = ()) -> None:
        """See History.append."""
        with self._changed:
            for subject, events in batches:
                have = len(self._events.get(subject, ()))
                if [event.id for event in events] != list(range(have + 1, have + 1 + len(events))):
                    raise StoreError(f"{subject}: events do not follow the {have} already written")
            for subject, events in batches:
                self._events.setdefault(subject, []).extend(events)
            self._write(records)
            self._changed.notify_all()

    def _write(self, records: Sequence[Record]) -> None:
        for service, kind, name, body in records:
            if body is None:
                self._records.pop((service, kind, name), None)
            else:
                self._records[service, kind, name] = body

    def read(self, subject: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """See History.read."""
        with self._changed:
            return self._events.get(subject, [])[after : None if limit is None else after + limit]

    def record(self, service: str, kind: str, name: str) -> dict[str, Any] | None:
        """See History.record."""
        with self._changed:
            return self._records.get((service, kind, name))

    def records(
        self, service: str, kind: str, prefix: str = "", newest_first: bool = True, limit: int | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """See History.records."""
        with self._changed:
            found = [
                (name, body)
                for (a_service, a_kind, name), body in self._records.items()
                if a_service == service and a_kind == kind and name.startswith(prefix)
            ]
        if newest_first:
            found.reverse()
        return found[:limit]

    def put(self, *records: Record) -> None:
        """See History.put."""
        with self._changed:
            self._write(records)
            self._changed.notify_all()

    def remove(self, subject: str, records: Sequence[Record] = ()) -> None:
        """See History.remove."""
        with self._changed:
            self._events.pop(subject, None)
            self._write(records)
            self._changed.notify_all()

    def wait(self, subject: str, after: int, timeout: float | None) -> bool:
        """See History.wait."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._events.get(subject, ())) > after, timeout)

    def close(self) -> None:
        """See History.close."""
