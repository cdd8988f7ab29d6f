"""The contract both histories keep, and what the file adds to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from stepmill.history.events import Event, public
from stepmill.history.log import History, MemoryHistory, Record, StoreError, StoreFull, StoreTooNew
from stepmill.history.sqlite import SqliteHistory


def event(id_: int) -> Event:
    return Event(id_, id_ - 1, 1.5, "PassStateEntered", {"name": "前処理", "input": "{}", "_branch": "3.0"})


@pytest.fixture(params=["memory", "sqlite"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    kept: History = MemoryHistory() if request.param == "memory" else SqliteHistory(tmp_path / "s" / "store.db")
    yield kept
    kept.close()


def test_events_come_back_as_written_and_in_order(history: History) -> None:
    history.append([("a", [event(1), event(2)]), ("b", [event(1)])])
    history.append([("a", [event(3)])])
    assert history.read("a") == [event(1), event(2), event(3)]
    assert history.read("a", after=1, limit=1) == [event(2)]
    assert history.read("nobody") == []
    history.remove("a")
    assert history.read("a") == []


def test_an_append_is_all_or_nothing(history: History) -> None:
    history.append([("a", [event(1)])])
    with pytest.raises(StoreError):
        history.append([("b", [event(1)]), ("a", [event(1)])], [Record("states", "execution", "x", {})])
    assert history.read("b") == []
    assert history.record("states", "execution", "x") is None


def test_a_history_has_no_gaps(history: History) -> None:
    with pytest.raises(StoreError, match="do not follow the 0"):
        history.append([("a", [event(2)])])
    with pytest.raises(StoreError):
        history.append([("a", [event(1), event(3)])])
    assert history.read("a") == []


def test_records_keep_their_place_when_written_again(history: History) -> None:
    history.put(Record("states", "execution", "p:1", {"n": 1}), Record("states", "execution", "p:2", {"n": 2}))
    history.put(Record("states", "machine", "p:9", {}), Record("states", "execution", "q:3", {"n": 3}))
    history.put(Record("states", "execution", "p:1", {"n": 10}))
    assert history.records("states", "execution") == [("q:3", {"n": 3}), ("p:2", {"n": 2}), ("p:1", {"n": 10})]
    assert history.records("states", "execution", prefix="p:", newest_first=False, limit=1) == [("p:1", {"n": 10})]
    history.put(Record("states", "execution", "p:1", None))
    assert history.record("states", "execution", "p:1") is None


def test_a_waiting_reader_is_woken_by_a_write(history: History) -> None:
    assert not history.wait("a", 0, 0)
    writer = threading.Thread(target=lambda: history.append([("a", [event(1)])]))
    writer.start()
    assert history.wait("a", 0, 10)
    writer.join()


def test_another_process_sees_what_is_written(tmp_path: Path) -> None:
    writer = SqliteHistory(tmp_path / "store.db")
    reader = SqliteHistory(tmp_path / "store.db", readonly=True)
    assert not reader.wait("a", 0, 0)
    thread = threading.Thread(target=lambda: writer.append([("a", [event(1)])]))
    thread.start()
    assert reader.wait("a", 0, 10)
    assert reader.read("a") == [event(1)]
    with pytest.raises(StoreError):
        reader.put(Record("a", "b", "c", {}))
    thread.join()
    reader.close()
    writer.close()


def test_a_store_of_a_later_stepmill_is_refused_by_name(tmp_path: Path) -> None:
    SqliteHistory(tmp_path / "store.db").close()
    db = apsw.Connection(str(tmp_path / "store.db"))
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreTooNew, match="schema 99"):
        SqliteHistory(tmp_path / "store.db")


def test_a_full_disk_is_said_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    kept = SqliteHistory(tmp_path / "store.db")
    kept.append([("a", [event(1)])])
    kept._db.execute("PRAGMA max_page_count = 8")
    big = Event(2, 1, 1.5, "PassStateEntered", {"input": "x" * 200_000})
    with pytest.raises(StoreFull, match="disk is full"):
        kept.append([("a", [big])])
    assert kept.read("a") == [event(1)]
    kept.close()


def test_a_missing_store_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        SqliteHistory(tmp_path / "none" / "store.db", readonly=True)
    assert not (tmp_path / "none").exists()


def test_our_own_facts_never_reach_the_api() -> None:
    shown = public(event(2))
    assert shown == {
        "id": 2,
        "previousEventId": 1,
        "timestamp": 1.5,
        "type": "PassStateEntered",
        "stateEnteredEventDetails": {"name": "前処理", "input": "{}", "inputDetails": {"truncated": False}},
    }
    assert set(public(Event(3, 2, 1.0, "ParallelStateStarted", {"_branches": 2}))) == {
        "id",
        "previousEventId",
        "timestamp",
        "type",
    }


def test_secrets_are_masked_before_they_reach_the_file(tmp_path: Path) -> None:
    class Mask:
        def value(self, json: Any) -> Any:
            if isinstance(json, dict):
                return {key: self.value(value) for key, value in json.items()}
            return json.replace("hunter2", "***") if isinstance(json, str) else json

    kept = SqliteHistory(tmp_path / "store.db", redactor=Mask())
    details = {"input": '{"password":"hunter2"}'}
    kept.append([("a", [Event(1, 0, 0.0, "ExecutionStarted", details)])], [Record("a", "b", "c", {"x": "hunter2"})])
    assert kept.read("a")[0].details == {"input": '{"password":"***"}'}
    assert kept.record("a", "b", "c") == {"x": "***"}
    kept.close()
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0
