"""A tracker's store in one SQLite file, for processes that restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

from cpe.client.state import ActivityState, ActivityStatus, JobState, JobStatus
from cpe.errors import ConfigError

_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  job_id TEXT PRIMARY KEY, status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
  run_id TEXT, continued TEXT NOT NULL DEFAULT '{}',
  workflow_id TEXT, workflow_name TEXT, workflow_version TEXT,
  result TEXT NOT NULL, reason TEXT, details TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_run ON jobs (run_id);
CREATE INDEX IF NOT EXISTS jobs_by_age ON jobs (created);
CREATE TABLE IF NOT EXISTS activities (
  job_id TEXT NOT NULL, activity_id TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
  status TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, attempt INTEGER NOT NULL,
  progress REAL, outputs INTEGER NOT NULL, reports TEXT NOT NULL,
  result TEXT NOT NULL, reason TEXT, details TEXT,
  PRIMARY KEY (job_id, activity_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE) STRICT;
"""
# The columns are the fields of the values, by name.
_JOB = tuple(field.name for field in fields(JobState) if field.name != "activities")
_ACTIVITY = tuple(field.name for field in fields(ActivityState))
_JSON = frozenset({"result", "reports", "continued"})
_GET_JOBS = f"SELECT {', '.join(_JOB)} FROM jobs"  # noqa: S608 - column names of this module
_GET_ACTIVITIES = (
    f"SELECT {', '.join(_ACTIVITY)} FROM activities "  # noqa: S608 - column names of this module
    "WHERE job_id = ? ORDER BY created"
)
_PUT_JOB = (
    f"INSERT OR REPLACE INTO jobs ({', '.join(_JOB)}) "  # noqa: S608 - column names of this module
    f"VALUES ({', '.join(f':{name}' for name in _JOB)})"
)
_PUT_ACTIVITY = (
    f"INSERT OR REPLACE INTO activities (job_id, {', '.join(_ACTIVITY)}) "  # noqa: S608 - as above
    f"VALUES (:job_id, {', '.join(f':{name}' for name in _ACTIVITY)})"
)


class SqliteStore:
    """Keeps jobs, activities and events in a SQLite database (write-ahead log; killed at any moment, whole).

    The tables `jobs` and `activities` are plain columns, to be read with any SQLite tool; `result`,
    `reports` and `continued` are JSON.

    Args:
        path: The file; made if missing.
        remember: How many events are remembered to tell duplicates.

    Raises:
        ConfigError: ``DATABASE_UNUSABLE``: no such folder, no right, no database, or of a newer version.
    """

    def __init__(self, path: str | Path, *, remember: int = 100_000) -> None:
        self._remember = remember
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            raise ConfigError(
                f"database {path}: {error}; name another file", code="DATABASE_UNUSABLE"
            ) from error

    def close(self) -> None:
        """Close the file; nothing is lost without."""
        self._connection.close()

    def seen(self, event_id: str) -> bool:
        row = self._connection.execute("SELECT 1 FROM events WHERE event_id = ?", (event_id,)).fetchone()
        return row is not None

    def job(self, job_id: str) -> JobState | None:
        row = self._connection.execute(f"{_GET_JOBS} WHERE job_id = ?", (job_id,)).fetchone()
        return None if row is None else self._job(row)

    def job_of_run(self, run_id: str) -> str | None:
        row = self._connection.execute("SELECT job_id FROM jobs WHERE run_id = ?", (run_id,)).fetchone()
        return None if row is None else str(row[0])

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        # SQLite takes a negative limit for none.
        limit = -1 if newest is None else newest
        rows = self._connection.execute(f"{_GET_JOBS} ORDER BY created DESC LIMIT ?", (limit,)).fetchall()
        return [self._job(row) for row in reversed(rows)]

    def save(self, state: JobState, *, event_id: str | None = None, replaces: str | None = None) -> None:
        with self._connection as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute(_PUT_JOB, _row(state, _JOB))
            database.executemany(
                _PUT_ACTIVITY,
                [
                    {"job_id": state.job_id} | _row(activity, _ACTIVITY)
                    for activity in state.activities.values()
                ],
            )
            if replaces is not None:
                database.execute("DELETE FROM jobs WHERE job_id = ?", (replaces,))
                database.execute("DELETE FROM activities WHERE job_id = ?", (replaces,))
            if event_id is not None:
                self._remember_event(database, event_id)

    def _remember_event(self, database: sqlite3.Connection, event_id: str) -> None:
        number = database.execute("INSERT INTO events (event_id) VALUES (?)", (event_id,)).lastrowid or 0
        database.execute("DELETE FROM events WHERE number <= ?", (number - self._remember,))

    def _job(self, row: tuple[Any, ...]) -> JobState:
        values = _values(row, _JOB)
        activities = [
            _values(activity, _ACTIVITY)
            for activity in self._connection.execute(_GET_ACTIVITIES, (values["job_id"],))
        ]
        return JobState(
            **values | {"status": JobStatus[values["status"]]},
            activities={
                activity["activity_id"]: ActivityState(
                    **activity | {"status": ActivityStatus[activity["status"]]}
                )
                for activity in activities
            },
        )


def _open(path: str | Path) -> sqlite3.Connection:
    with ExitStack() as on_error:
        database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        on_error.callback(database.close)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 1:
            database.execute("ALTER TABLE jobs ADD COLUMN continued TEXT NOT NULL DEFAULT '{}'")
        elif version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"made by another version of CPE ({version})")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA user_version = {_VERSION}")
        on_error.pop_all()
    return database


def _row(state: JobState | ActivityState, columns: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(state, name) for name in columns}
    return {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}


def _values(row: tuple[Any, ...], columns: tuple[str, ...]) -> dict[str, Any]:
    values = zip(columns, row, strict=True)
    return {name: json.loads(value) if name in _JSON else value for name, value in values}
