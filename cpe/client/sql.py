"""A tracker's store in any database that SQLAlchemy reaches, for processes on several machines.

Needs the extra ``cloud-processing-engine[sql]`` and the database's own driver.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.exc import SQLAlchemyError

from cpe.client.errors import StoreFailed
from cpe.client.rows import (
    ACTIVITY_COLUMNS,
    JOB_COLUMNS,
    JSON_COLUMNS,
    SCHEMA_VERSION,
    activity_row,
    job_row,
    job_state,
)
from cpe.client.state import JobState
from cpe.client.store import MAX_ANSWERS
from cpe.errors import ConfigError

_metadata = sa.MetaData()
_ID = sa.String(256)
_DETAIL = sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb")
_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    **dict.fromkeys(("created", "updated", "progress"), sa.Double()),
    **dict.fromkeys(("attempt", "outputs"), sa.Integer()),
    **dict.fromkeys((*JSON_COLUMNS, "details"), _DETAIL),
}
_NULLABLE = {"progress", "reason", "details", "run_id", "workflow_id", "workflow_name", "workflow_version"}


def _columns(names: Iterable[str]) -> list[sa.Column[Any]]:
    return [
        sa.Column(name, _TYPES.get(name, _ID), nullable=name in _NULLABLE, primary_key=name in _KEYS)
        for name in names
    ]


_KEYS = {"job_id", "activity_id"}
_jobs = sa.Table("cpe_jobs", _metadata, *_columns(JOB_COLUMNS))
_activities = sa.Table("cpe_activities", _metadata, *_columns(("job_id", *ACTIVITY_COLUMNS)))
_events = sa.Table(
    "cpe_events",
    _metadata,
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(700), nullable=False, unique=True),
)
_answers = sa.Table(
    "cpe_answers",
    _metadata,
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(128), nullable=False, unique=True),
    sa.Column("body", _DETAIL, nullable=False),
)
_store = sa.Table("cpe_store", _metadata, sa.Column("version", sa.Integer(), primary_key=True))
sa.Index("cpe_jobs_by_run", _jobs.c.run_id)
sa.Index("cpe_jobs_by_age", _jobs.c.created)


class SqlStore:
    """Keeps jobs, activities and events in tables whose names begin with ``cpe_``; made if missing.

    Any number of processes, on any machines, may share them. What a batch of events changes is one
    transaction, and there is one at a time.

    Args:
        url: As SQLAlchemy writes it, such as ``postgresql+psycopg://user:password@host/name``.
        remember: How many events are remembered to tell duplicates.

    Raises:
        ConfigError: ``DATABASE_UNUSABLE``: no driver, no such database, no right, or of a newer version.

    Example:
        >>> SqlStore("sqlite://").shared
        True
    """

    shared = True

    def __init__(self, url: str, *, remember: int = 100_000) -> None:
        self._remember = remember
        self._lock = threading.RLock()
        self._open: sa.Connection | None = None
        try:
            # A database that was restarted closed the connections that are kept here.
            self._engine = sa.create_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _leave_transactions_to_us)
                sa.event.listen(self._engine, "begin", _begin_immediate)
            _prepare(self._engine)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(
                f"database {_shown(url)}: {_finding(error)}", code="DATABASE_UNUSABLE"
            ) from error

    def close(self) -> None:
        """Close the connections; nothing is lost without."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            if self._open is not None:
                yield
                return
            try:
                with self._engine.begin() as connection:
                    # The one row is the lock; where there is no FOR UPDATE, as in SQLite, the whole file is.
                    connection.execute(sa.select(_store.c.version).with_for_update())
                    self._open = connection
                    yield
            except SQLAlchemyError as error:
                raise StoreFailed(
                    f"database {self._engine.url.render_as_string()}: {_finding(error)}"
                ) from error
            finally:
                self._open = None

    def seen(self, event_id: str) -> bool:
        query = sa.select(_events.c.number).where(_events.c.event_id == event_id)
        return self._connection.execute(query).first() is not None

    def remember(self, event_ids: Iterable[str]) -> None:
        for event_id in event_ids:
            self._add(_events, event_id=event_id, at_most=self._remember)

    def job(self, job_id: str) -> JobState | None:
        row = self._connection.execute(sa.select(_jobs).where(_jobs.c.job_id == job_id)).first()
        return None if row is None else self._with_activities(row)

    def job_of_run(self, run_id: str) -> str | None:
        query = sa.select(_jobs.c.job_id).where(_jobs.c.run_id == run_id)
        return self._connection.execute(query).scalar()

    def jobs(self, newest: int | None = None) -> Sequence[JobState]:
        query = sa.select(_jobs).order_by(_jobs.c.created.desc()).limit(newest)
        rows = self._connection.execute(query).all()
        return [self._with_activities(row) for row in reversed(rows)]

    def save(self, state: JobState, activities: Collection[str] | None = None) -> None:
        changed = list(dict.fromkeys(state.activities if activities is None else activities))
        of_job = _jobs.c.job_id == state.job_id
        self._replace(_jobs, of_job, [job_row(state)])
        if changed:
            of_these = sa.and_(_activities.c.job_id == state.job_id, _activities.c.activity_id.in_(changed))
            rows = [activity_row(state.job_id, state.activities[activity_id]) for activity_id in changed]
            self._replace(_activities, of_these, rows)

    def drop(self, job_id: str) -> None:
        for table in (_jobs, _activities):
            self._connection.execute(table.delete().where(table.c.job_id == job_id))

    def keep_answer(self, request_id: str, body: str) -> None:
        self._connection.execute(_answers.delete().where(_answers.c.request_id == request_id))
        self._add(_answers, request_id=request_id, body=body, at_most=MAX_ANSWERS)

    def take_answer(self, request_id: str) -> str | None:
        mine = _answers.c.request_id == request_id
        body = self._connection.execute(sa.select(_answers.c.body).where(mine)).scalar()
        if body is not None:
            self._connection.execute(_answers.delete().where(mine))
        return body

    @property
    def _connection(self) -> sa.Connection:
        assert self._open is not None, "a store is used within its transaction"  # noqa: S101 - a fault of ours
        return self._open

    def _replace(self, table: sa.Table, which: sa.ColumnElement[bool], rows: list[dict[str, object]]) -> None:
        # Not every database has an upsert, and those that have write it in different ways.
        self._connection.execute(table.delete().where(which))
        self._connection.execute(table.insert(), rows)

    def _add(self, table: sa.Table, *, at_most: int, **values: object) -> None:
        added = self._connection.execute(table.insert().values(**values)).inserted_primary_key
        oldest = (added[0] if added is not None else 0) - at_most
        self._connection.execute(table.delete().where(table.c.number <= oldest))

    def _with_activities(self, row: Sequence[object]) -> JobState:
        columns = [_activities.c[name] for name in ACTIVITY_COLUMNS]
        query = sa.select(*columns).where(_activities.c.job_id == row[0]).order_by(_activities.c.created)
        return job_state(tuple(row), [tuple(each) for each in self._connection.execute(query)])


def _shown(url: str) -> str:
    """A URL without its password."""
    try:
        return sa.engine.make_url(url).render_as_string()
    except SQLAlchemyError:
        return "of this URL"


def _finding(error: Exception) -> str:
    """The first line; after it SQLAlchemy puts the statement and a link."""
    return str(error).partition("\n")[0]


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    """Keep Python's driver of SQLite from beginning transactions by itself, later than we do."""
    connection.isolation_level = None


def _begin_immediate(connection: sa.Connection) -> None:
    """Let SQLite lock the file at once: two that read first and write then would be in each other's way."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare(engine: sa.Engine) -> None:
    try:
        _metadata.create_all(engine)
    except SQLAlchemyError:
        _metadata.create_all(engine)  # another process may have made the same tables at the same moment
    with engine.begin() as connection:
        versions = set(connection.execute(sa.select(_store.c.version)).scalars())
        if not versions:
            connection.execute(_store.insert().values(version=SCHEMA_VERSION))
        elif versions != {SCHEMA_VERSION}:
            raise ConfigError(
                f"database {engine.url.render_as_string()}: made by another version of CPE; name another",
                code="DATABASE_UNUSABLE",
            )
