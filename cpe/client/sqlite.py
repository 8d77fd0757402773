"""A tracker's store in one SQLite file, for processes that restart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cpe.client.errors import StoreFailed
from cpe.client.rows import ACTIVITY_COLUMNS, JOB_COLUMNS, SCHEMA_VERSION, activity_row, job_row, job_state
from cpe.client.state import JobState
from cpe.client.store import MAX_ANSWERS
from cpe.errors import ConfigError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  job_id TEXT PRIMARY KEY, status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
  run_id TEXT, runs TEXT NOT NULL, workflow_id TEXT, workflow_name TEXT, workflow_version TEXT,
  result TEXT NOT NULL, reason TEXT, details TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_run ON jobs (run_id);
CREATE INDEX IF NOT EXISTS jobs_by_age ON jobs (created);
CREATE TABLE IF NOT EXISTS activities (
  job_id TEXT NOT NULL, activity_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
  status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, run_id TEXT, attempt INTEGER NOT NULL,
  progress REAL, outputs INTEGER NOT NULL, reports TEXT NOT NULL,
  result TEXT NOT NULL, reason TEXT, details TEXT,
  PRIMARY KEY (job_id, activity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS answers (
  number INTEGER PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL
) STRICT;
"""
_FROM_VERSION_2 = """
ALTER TABLE jobs ADD COLUMN runs TEXT NOT NULL DEFAULT '{"seen": {}, "continued": {}}';
UPDATE jobs SET runs = json_object('seen', json_object(run_id, created), 'continued', json('{}'))
  WHERE run_id IS NOT NULL;
ALTER TABLE activities ADD COLUMN run_id TEXT;
UPDATE activities SET run_id = (SELECT run_id FROM jobs WHERE jobs.job_id = activities.job_id);
"""
# The statements are made of column names of this package.
_GET_JOBS = f"SELECT {', '.join(JOB_COLUMNS)} FROM jobs"  # noqa: S608 - see above
_GET_ACTIVITIES = f"SELECT {', '.join(ACTIVITY_COLUMNS)} FROM activities WHERE job_id = ? ORDER BY created"  # noqa: S608 - see above
_PUT_JOB = (
    f"INSERT OR REPLACE INTO jobs ({', '.join(JOB_COLUMNS)}) "  # noqa: S608 - see above
    f"VALUES ({', '.join(f':{name}' for name in JOB_COLUMNS)})"
)
_PUT_ACTIVITY = (
    f"INSERT OR REPLACE INTO activities (job_id, {', '.join(ACTIVITY_COLUMNS)}) "  # noqa: S608 - see above
    f"VALUES (:job_id, {', '.join(f':{name}' for name in ACTIVITY_COLUMNS)})"
)
# Another process may hold the file while it takes a batch of events in.
_BUSY_SECONDS = 30.0


class SqliteStore:
    """Keeps jobs, activities and events in a SQLite database (write-ahead log; killed at any moment, whole).

    The tables `jobs` and `activities` are plain columns, to be read with any SQLite tool; `result`,
    `reports` and `runs` are JSON. Several processes of one machine may have the same file open.

    Args:
        path: The file; made if missing.
        remember: How many events are remembered to tell duplicates.

    Raises:
        ConfigError: ``DATABASE_UNUSABLE``: no such folder, no right, no database, or of a newer version.
    """

    shared = True

    def __init__(self, path: str | Path, *, remember: int = 100_000) -> None:
        self._path = path
        self._remember = remember
        self._lock = threading.RLock()
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            # What this module raises itself has no code.
            busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            way_out = "another process holds it, try again" if busy else "name another file"
            raise ConfigError(f"database {path}: {error}; {way_out}", code="DATABASE_UNUSABLE") from error

    def close(self) -> None:
        """Close the file; nothing is lost without."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            try:
                with self._connection as database:
                    database.execute("BEGIN IMMEDIATE")
                    yield
            except sqlite3.Error as error:
                raise StoreFailed(f"database {self._path}: {error}") from error

    def seen(self, event_id: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM events WHERE event_id = ?", (event_id,)).fetchone()
        return row is not None

    def remember(self, event_ids: Iterable[str]) -> None:
        number = 0
        for event_id in event_ids:
            added = self._connection.execute("INSERT INTO events (event_id) VALUES (?)", (event_id,))
            number = added.lastrowid or 0
        self._connection.execute("DELETE FROM events WHERE number <= ?", (number - self._remember,))

    def job(self, job_id: str) -> JobState | None:
        row = self._connection.execute(f"{_GET_JOBS} WHERE job_id = ?", (job_id,)).fetchone()
        return None if row is None else self._with_activities(row)

    def job_of_run(self, run_id: str) -> str | None:
        row = self._connection.execute("SELECT job_id FROM jobs WHERE run_id = ?", (run_id,)).fetchone()
        return None if row is None else str(row[0])

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        # SQLite takes a negative limit for none.
        limit = -1 if newest is None else newest
        rows = self._connection.execute(f"{_GET_JOBS} ORDER BY created DESC LIMIT ?", (limit,)).fetchall()
        return [self._with_activities(row) for row in reversed(rows)]

    def save(self, state: JobState, activities: Collection[str] | None = None) -> None:
        self._connection.execute(_PUT_JOB, job_row(state))
        changed = state.activities if activities is None else activities
        self._connection.executemany(
            _PUT_ACTIVITY,
            [activity_row(state.job_id, state.activities[activity_id]) for activity_id in changed],
        )

    def drop(self, job_id: str) -> None:
        self._connection.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))
        self._connection.execute("DELETE FROM activities WHERE job_id = ?", (job_id,))

    def keep_answer(self, request_id: str, body: str) -> None:
        added = self._connection.execute(
            "INSERT OR REPLACE INTO answers (request_id, body) VALUES (?, ?)", (request_id, body)
        )
        oldest = (added.lastrowid or 0) - MAX_ANSWERS
        self._connection.execute("DELETE FROM answers WHERE number <= ?", (oldest,))

    def take_answer(self, request_id: str) -> str | None:
        row = self._connection.execute(
            "DELETE FROM answers WHERE request_id = ? RETURNING body", (request_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def _with_activities(self, row: Sequence[object]) -> JobState:
        return job_state(row, self._connection.execute(_GET_ACTIVITIES, (row[0],)).fetchall())


def _open(path: str | Path) -> sqlite3.Connection:
    with ExitStack() as on_error:
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS)
        on_error.callback(database.close)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, 1, 2, SCHEMA_VERSION):
            raise sqlite3.DatabaseError(f"made by another version of CPE ({version})")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if version != SCHEMA_VERSION:  # otherwise who writes just now holds nobody up
            _make_tables(database)
        on_error.pop_all()
    return database


def _make_tables(database: sqlite3.Connection) -> None:
    with database:
        database.execute("BEGIN IMMEDIATE")
        # Another process may have been quicker.
        (version,) = database.execute("PRAGMA user_version").fetchone()
        script = _FROM_VERSION_2 if version in (1, 2) else ""
        for statement in (script + _SCHEMA).split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
