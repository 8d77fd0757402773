"""Stores that several processes share, and one in any database that SQLAlchemy reaches."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from cpe.client import SqliteStore, Store, StoreFailed, Tracker, sqlite
from cpe.client.sql import SqlStore
from cpe.errors import ConfigError
from tests.unit.test_client_state import whole_story


def stores(kind: str, folder: Path) -> tuple[Store, Store]:
    """The same database, opened twice."""
    if kind == "sqlite":
        return SqliteStore(folder / "j.sqlite"), SqliteStore(folder / "j.sqlite")
    url = f"sqlite:///{folder / 'j.db'}"
    return SqlStore(url), SqlStore(url)


@pytest.mark.parametrize("kind", ["sqlite", "sql"])
def test_two_who_take_events_in_at_once_make_one_job(kind: str, tmp_path: Path) -> None:
    events = whole_story()
    both = stores(kind, tmp_path)

    def take_in(store: Store, offset: int) -> None:
        tracker = Tracker(store)
        for start in range(offset, len(events), 20):
            tracker.apply_all(events[start : start + 10])

    threads = [threading.Thread(target=take_in, args=(store, 10 * n)) for n, store in enumerate(both)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    expected = Tracker()
    expected.apply_all(events)
    for store in both:
        assert store.shared
        assert Tracker(store).job("j1") == expected.job("j1")
        assert isinstance(store, SqliteStore | SqlStore)
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "sql"])
def test_an_answer_is_taken_once_by_whom_it_is_for(kind: str, tmp_path: Path) -> None:
    reader, asker = (Tracker(store) for store in stores(kind, tmp_path))
    answer = whole_story()[0]
    assert asker.take_answer("q1") is None
    reader.keep_answer("q1", answer)
    reader.keep_answer("q1", answer)
    assert asker.take_answer("q2") is None
    assert asker.take_answer("q1") == answer
    assert asker.take_answer("q1") is None


def test_answers_that_nobody_takes_are_dropped(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "j.sqlite")) as store, store.transaction():
        for number in range(1100):
            store.keep_answer(str(number), "{}")
        assert store.take_answer("0") is None
        assert store.take_answer("1099") == "{}"


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        ("nonsense", "Could not parse"),
        ("nosuchdb://host/name", "nosuchdb"),
        ("sqlite:////no/such/folder/j.db", "unable to open database file"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(url: str, finding: str) -> None:
    with pytest.raises(ConfigError, match=finding) as caught:
        SqlStore(url)
    assert caught.value.code == "DATABASE_UNUSABLE"
    assert "\n" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        SqlStore("nosuchdb://somebody:secret@host/name")
    assert "secret" not in str(caught.value)


def test_tables_of_another_version_are_left_alone(tmp_path: Path) -> None:
    SqlStore(f"sqlite:///{tmp_path / 'j.db'}").close()
    with closing(sqlite3.connect(tmp_path / "j.db")) as database:
        database.execute("UPDATE cpe_store SET version = 99")
        database.commit()
    with pytest.raises(ConfigError, match="another version"):
        SqlStore(f"sqlite:///{tmp_path / 'j.db'}")


@pytest.mark.parametrize("kind", ["sqlite", "sql"])
def test_a_database_that_fails_later_takes_nothing_in(kind: str, tmp_path: Path) -> None:
    store, other = stores(kind, tmp_path)
    (file,) = tmp_path.glob("j.*[be]")
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            "DROP TABLE events;" if kind == "sqlite" else "DROP TABLE cpe_events; DROP TABLE cpe_answers;"
        )
    with pytest.raises(StoreFailed) as caught:
        Tracker(store).apply(whole_story()[0])
    assert caught.value.retryable
    assert Tracker(other).job("j1") is None


def test_a_connection_that_the_database_closed_is_made_again(tmp_path: Path) -> None:
    opened: list[sqlite3.Connection] = []

    def note(connection: sqlite3.Connection, _record: object) -> None:
        opened.append(connection)

    sa.event.listen(sa.Engine, "connect", note)
    try:
        with closing(SqlStore(f"sqlite:///{tmp_path}/j.db")) as store:
            tracker = Tracker(store)
            tracker.request("j1", 1.0)
            for connection in opened:
                connection.close()
            assert tracker.job("j1") is not None
    finally:
        sa.event.remove(sa.Engine, "connect", note)


def test_a_database_is_opened_while_somebody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    known, new = tmp_path / "known.sqlite", tmp_path / "new.sqlite"
    SqliteStore(known).close()
    for file in (known, new):
        with closing(sqlite3.connect(file, isolation_level=None)) as writer:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("BEGIN EXCLUSIVE")
            if file == known:
                with closing(SqliteStore(file)) as store, pytest.raises(StoreFailed):
                    Tracker(store).request("j1", 1.0)
            else:
                with pytest.raises(
                    ConfigError, match="database is locked; another process holds it, try again"
                ):
                    SqliteStore(file)


def test_a_database_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "j.sqlite")) as database:
        database.executescript("""
            CREATE TABLE jobs (
              job_id TEXT PRIMARY KEY, status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
              run_id TEXT, continued TEXT NOT NULL DEFAULT '{}',
              workflow_id TEXT, workflow_name TEXT, workflow_version TEXT,
              result TEXT NOT NULL, reason TEXT, details TEXT
            ) STRICT;
            CREATE TABLE activities (
              job_id TEXT NOT NULL, activity_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
              status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, attempt INTEGER NOT NULL,
              progress REAL, outputs INTEGER NOT NULL, reports TEXT NOT NULL,
              result TEXT NOT NULL, reason TEXT, details TEXT,
              PRIMARY KEY (job_id, activity_id)
            ) STRICT, WITHOUT ROWID;
            INSERT INTO jobs VALUES ('j1', 'RUNNING', 1001.0, 1002.0, 'run1', '{}', 'ClientA.j1', NULL, NULL,
              'null', NULL, NULL);
            INSERT INTO activities VALUES ('j1', 'Step', 'Work', '1', 'STARTED', 1002.0, 1002.0, 1, NULL, 1, '{}',
              'null', NULL, NULL);
            PRAGMA user_version = 2;
        """)
    with closing(SqliteStore(tmp_path / "j.sqlite")) as store:
        tracker = Tracker(store)
        state = tracker.job("j1")
        assert state is not None
        assert (state.run_id, dict(state.runs.seen)) == ("run1", {"run1": 1001.0})
        assert state.activities["Step"].run_id == "run1"
        tracker.apply_all(whole_story())
        assert tracker.jobs()[0].done
