"""The journal's tables, and how a journal is opened."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from cpe.errors import ConfigError

#: Tells a journal from any other SQLite file: "cswf".
APPLICATION_ID = 0x63737766
#: Goes up when older versions of CPE could not read what newer ones write.
FORMAT = 1

# Most requests change three or four pages by a few hundred bytes, and a page is always written whole.
_PAGE_SIZE = 1024
# Pages that the log holds before they are taken into the database and the disk is waited for.
_CHECKPOINT = 4000

# Of SQLite's error codes; the rest of one says more exactly what happened.
_PRIMARY = 0xFF

# `executions` are numbered in the order in which they were started. The columns from `type_name` on are
# set when an execution closes; until then its events alone tell what it is. `events` holds what was recorded
# at once in a row. Tables keep their rows in leaves of their own, which is what `pages` can read.
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE registry (
    class TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (class, domain, name, version)
);
CREATE TABLE executions (
    id INTEGER PRIMARY KEY,
    domain TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL UNIQUE,
    type_name TEXT,
    type_version TEXT,
    started_at REAL,
    closed_at REAL,
    close_status TEXT,
    parent_workflow_id TEXT,
    parent_run_id TEXT,
    tags TEXT,
    cancel_requested INTEGER,
    events INTEGER
);
CREATE INDEX by_close ON executions (domain, closed_at, run_id) WHERE closed_at IS NOT NULL;
CREATE INDEX by_start ON executions (domain, started_at, run_id) WHERE closed_at IS NOT NULL;
CREATE INDEX by_workflow ON executions (domain, workflow_id) WHERE closed_at IS NOT NULL;
CREATE INDEX by_type_close ON executions (domain, type_name, closed_at, run_id) WHERE closed_at IS NOT NULL;
CREATE INDEX by_type_start ON executions (domain, type_name, started_at, run_id) WHERE closed_at IS NOT NULL;
CREATE INDEX by_status_close ON executions (domain, close_status, closed_at, run_id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX by_status_start ON executions (domain, close_status, started_at, run_id)
    WHERE closed_at IS NOT NULL;
CREATE INDEX opened ON executions (id) WHERE closed_at IS NULL;
CREATE TABLE tags (
    domain TEXT NOT NULL, tag TEXT NOT NULL, execution INTEGER NOT NULL,
    PRIMARY KEY (domain, tag, execution)
);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (execution, first_id)
);
CREATE TABLE heartbeats (
    execution INTEGER NOT NULL, scheduled_id INTEGER NOT NULL, at REAL NOT NULL, details TEXT,
    PRIMARY KEY (execution, scheduled_id)
);
"""

#: The tables, those first that others refer to.
TABLES = ("meta", "registry", "executions", "tags", "events", "heartbeats")


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal, and make it if there is none.

    With WAL and ``synchronous=NORMAL`` a transaction is in the system's hands when its commit returns: it
    survives the end of this process by any means. It survives the machine's once SQLite has synced it to the
    disk, which happens with every checkpoint (each 4,000 pages of 1 KiB).

    Raises:
        ConfigError: It is no journal or cannot be opened (``JOURNAL_UNREADABLE``), or it is of a newer
            version (``JOURNAL_TOO_NEW``).
        DamagedError: Its pages contradict each other.
    """
    with reading(path), contextlib.ExitStack() as undo:
        # Autocommit: transactions begin and end where this package says so.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        undo.callback(connection.close)
        if _is_journal(connection, path):
            connection.execute("PRAGMA journal_mode = WAL")
        else:
            _create(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
        undo.pop_all()
    return connection


class DamagedError(Exception):
    """A journal that SQLite cannot make sense of."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell damage from what else may be in the way of reading a journal."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise DamagedError(f"a record is none: {error}") from error
    except sqlite3.DatabaseError as error:
        # Text that is not UTF-8 has no code: it is Python that cannot read it.
        match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY:
            case sqlite3.SQLITE_CORRUPT:
                raise DamagedError(str(error)) from error
            case sqlite3.SQLITE_NOTADB:
                raise _foreign(path) from error
        raise ConfigError(
            f"the journal {path} cannot be opened: {error}; give another data directory",
            code="JOURNAL_UNREADABLE",
        ) from error


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[Callable[..., sqlite3.Cursor]]:
    """Do all of what is run in the block, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection.execute
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back already after some errors.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Read a number that SQLite tells of a database."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _is_journal(connection: sqlite3.Connection, path: Path) -> bool:
    """Tell a journal from an empty file, and refuse anything else."""
    application, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    empty = application == 0 and pragma(connection, "schema_version") == 0
    if empty:
        return False
    if application != APPLICATION_ID:
        raise _foreign(path)
    if version > FORMAT:
        raise ConfigError(
            f"{path} was written by a newer version (format {version}; this one reads up to {FORMAT}); "
            "update CPE or give another data directory",
            code="JOURNAL_TOO_NEW",
        )
    return True


def _create(connection: sqlite3.Connection) -> None:
    # Whoever is killed in here leaves an empty file behind, or a whole journal.
    connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {_SCHEMA} COMMIT;"
    )


def _foreign(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is not a journal of the local SWF; move it away or give another data directory",
        code="JOURNAL_UNREADABLE",
    )
