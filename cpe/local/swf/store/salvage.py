"""A new journal, made of what can be read of a damaged one."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from cpe.errors import ConfigError
from cpe.local.swf.store.pages import Value, salvage_rows
from cpe.local.swf.store.schema import DamagedError, connect, transaction

# The types with which each table's rows begin; no two tables have rows of the same kind.
_SHAPES: dict[str, tuple[int, tuple[type, ...]]] = {
    "meta": (2, (str, bytes)),
    "tags": (3, (str, str, int)),
    "heartbeats": (4, (int, int)),
    "events": (5, (int, int, int, int, str)),
    "registry": (5, (str, str, str, str, str)),
    "executions": (14, (int, str, str, str)),
}

# What makes the rows fit together. An execution's events end before the first that is missing.
_SETTLE = (
    "DELETE FROM events WHERE NOT json_valid(body) OR execution NOT IN (SELECT id FROM executions)",
    """
    DELETE FROM events WHERE id IN (
        SELECT id FROM (
            SELECT id, last_id, sum(last_id - first_id + 1) OVER (
                PARTITION BY execution ORDER BY first_id
            ) AS found
            FROM events
        ) WHERE found <> last_id
    )
    """,
    "DELETE FROM executions WHERE id NOT IN (SELECT execution FROM events)",
    """
    UPDATE executions SET events = (SELECT max(last_id) FROM events WHERE execution = executions.id)
    WHERE closed_at IS NOT NULL
    """,
    "DELETE FROM tags WHERE execution NOT IN (SELECT id FROM executions WHERE closed_at IS NOT NULL)",
    """
    DELETE FROM heartbeats WHERE scheduled_id > coalesce(
        (SELECT max(last_id) FROM events WHERE events.execution = heartbeats.execution), 0
    )
    """,
)


def rebuild(path: Path, damage: DamagedError) -> Path:
    """Put a new journal in the place of a damaged one; tell where that went.

    Raises:
        ConfigError: ``JOURNAL_UNREADABLE``: there is not one execution or domain left; nothing was moved.
    """
    rebuilt = path.with_name(f"{path.name}-rebuilt")
    rebuilt.unlink(missing_ok=True)
    _take_log(path)
    with contextlib.closing(connect(rebuilt)) as journal, transaction(journal) as run:
        with contextlib.suppress(ValueError, struct.error):
            _insert(journal, salvage_rows(path))
        for statement in _SETTLE:
            run(statement)
        (left,) = run("SELECT (SELECT count(*) FROM executions) + (SELECT count(*) FROM registry)").fetchone()
    if not left:
        rebuilt.unlink()
        raise ConfigError(
            f"{path} is damaged, and nothing in it can be read ({damage}); "
            "move it away, put a copy in its place, or give another data directory",
            code="JOURNAL_UNREADABLE",
        ) from damage
    numbered = (path.with_name(f"{path.name}.damaged-{number}") for number in itertools.count(1))
    aside = next(place for place in numbered if not place.exists())
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    rebuilt.rename(path)
    return aside


def _take_log(path: Path) -> None:
    """Let SQLite take what is in the log into the file, if it can."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as damaged:
        # Without it SQLite refuses a file that is shorter than its header says.
        damaged.execute("PRAGMA writable_schema = ON")
        with contextlib.suppress(sqlite3.DatabaseError):
            damaged.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(journal: sqlite3.Connection, rows: Iterator[list[Value]]) -> None:
    for row in rows:
        table = _table_of(row)
        if table is not None:
            places = ", ".join("?" * len(row))
            # Rows that are not as they must be are none of ours.
            journal.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)  # noqa: S608  # `_SHAPES` names it


def _table_of(row: Sequence[Value]) -> str | None:
    for table, (length, types) in _SHAPES.items():
        if len(row) == length and all(map(isinstance, row, types)):
            return table
    return None
