"""A journal opened whatever befell it: cut off in mid-record, or damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from cpe.local.swf.store import snapshot
from cpe.local.swf.store.salvage import rebuild
from cpe.local.swf.store.schema import DamagedError, connect, pragma, reading
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
        aside = rebuild(path, damage)
        return connect(path), (
            f"the journal {path} is damaged ({damage}); the whole records in it were recovered, "
            f"and the damaged file is kept as {aside.name}"
        )
    if torn:
        return connection, (
            f"the journal {path} ended in mid-record; "
            f"its last {torn} bytes were dropped and everything before them is kept"
        )
    return connection, None


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Look at every page (1.5 s a gigabyte) and all that is open; take what is left in the log."""
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
            snapshot.read(connection)
        undo.pop_all()
