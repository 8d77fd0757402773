"""A journal opened whatever befell it: cut off in mid-record, or damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cpe.errors import ConfigError
from cpe.local.swf.store.schema import TABLES, DamagedError, connect, pragma, reading, transaction
from cpe.local.swf.store.wal import torn_bytes


def open_journal(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """Open a journal, and make it if there is none.

    Returns:
        The connection, and what was found damaged and done about it, as a person reads it.

    Raises:
        ConfigError: It is no journal, one of a newer version, or nothing in it can be read.
    """
    torn = torn_bytes(path.with_name(path.name + "-wal"))
    try:
        connection = connect(path)
        _check(connection, path)
    except DamagedError as damage:
        aside = _rebuild(path, damage)
        return connect(path), (
            f"the journal {path} is damaged ({damage}); it was recovered up to its last whole record, "
            f"and the damaged file is kept as {aside.name}"
        )
    if torn:
        return connection, (
            f"the journal {path} ended in mid-record; "
            f"its last {torn} bytes were dropped and everything before them is kept"
        )
    return connection, None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Look at every page (1.5 s a gigabyte), and take what a killed process left in the log."""
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        with reading(path):
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if finding != "ok":
                raise DamagedError(finding)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # SQLite takes the missing rest of the last page for zeros.
            if path.stat().st_size < pragma(connection, "page_count") * pragma(connection, "page_size"):
                raise DamagedError("its last page is cut off")
        undo.pop_all()


def _rebuild(path: Path, damage: DamagedError) -> Path:
    """Put a new journal, of all that can be read, in the place of a damaged one; tell where that went."""
    rebuilt = path.with_name(path.name + "-rebuilt")
    rebuilt.unlink(missing_ok=True)
    source = sqlite3.connect(path, isolation_level=None)
    target = connect(rebuilt)
    try:
        # Without it SQLite refuses a file that is shorter than its header says.
        source.execute("PRAGMA writable_schema = ON")
        with transaction(target):
            for table in TABLES:
                _copy(source, target, table)
            _drop_remains(target)
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"{path} is damaged, and nothing in it can be read ({error}); "
            "move it away, put a copy in its place, or give another data directory",
            code="JOURNAL_UNREADABLE",
        ) from damage
    finally:
        source.close()
        target.close()
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    rebuilt.rename(path)
    return aside


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """Copy a table's rows up to the first that cannot be read, or is none."""
    names = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"  # noqa: S608  # names of the schema
    rows = _readable(source.execute(f"SELECT {', '.join(names)} FROM {table}"))  # noqa: S608
    # A row of a page that is lost in part has nothing where something must be.
    with contextlib.suppress(sqlite3.IntegrityError):
        for row in rows:
            target.execute(insert, row)


def _readable(rows: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
    with contextlib.suppress(sqlite3.DatabaseError):
        yield from rows


def _drop_remains(journal: sqlite3.Connection) -> None:
    """Make what was copied fit together.

    Events were copied in the order in which they were recorded, up to some moment: each execution has the
    state of that moment. One that closed later is open again.
    """
    for statement in (
        "DELETE FROM events WHERE id >= (SELECT min(id) FROM events WHERE NOT json_valid(body))",
        "DELETE FROM events WHERE execution NOT IN (SELECT id FROM executions)",
        "DELETE FROM executions WHERE id NOT IN (SELECT execution FROM events)",
        "UPDATE executions SET closed_at = NULL, close_status = NULL "
        "WHERE events > (SELECT max(last_id) FROM events WHERE execution = executions.id)",
        "DELETE FROM tags WHERE execution NOT IN (SELECT id FROM executions WHERE closed_at IS NOT NULL)",
        "DELETE FROM heartbeats WHERE scheduled_id > "
        "coalesce((SELECT max(last_id) FROM events WHERE events.execution = heartbeats.execution), 0)",
    ):
        journal.execute(statement)
