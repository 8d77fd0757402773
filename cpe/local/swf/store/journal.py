"""The journal: an SQLite database in a data directory, where everything that was answered stands first.

One call of `Journal.save` is one transaction. When it returns, what it saved survives the end of this
process by any means, ``kill -9`` at any moment included. The machine's own end (power loss, a crashed kernel)
may take what came after SQLite's last checkpoint; what is left is whole even then.

Open executions are read once, at start. Closed ones stay here and are asked for here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cpe.errors import CpeError
from cpe.local.swf.engine.changes import Change, Event, ExecutionFilter, ExecutionInfo, Snapshot
from cpe.local.swf.store import closed, recovery, rows, snapshot
from cpe.local.swf.store.directory import DataDirectory
from cpe.local.swf.store.history import StoredHistory
from cpe.local.swf.store.schema import TABLES, transaction
from cpe.local.swf.store.writing import ChangeWriter

_log = logging.getLogger(__name__)

#: The database's name in the data directory.
FILE = "swf.sqlite"


class Journal:
    """A `Store` that outlives the process. Whoever calls it takes care that one thread does at a time.

    Args:
        directory: Made if need be, and locked while the journal is open.

    Attributes:
        path: The database.
        recovered: What was found damaged and what was done, as a person reads it; None if nothing was. It is
            logged as a warning as well.

    Raises:
        ConfigError: The directory is in use (``DATA_IN_USE``) or unusable (``DATA_UNUSABLE``); what lies in
            it is no journal (``JOURNAL_UNREADABLE``) or one of a newer version (``JOURNAL_TOO_NEW``).
    """

    def __init__(self, directory: Path) -> None:
        self._directory = DataDirectory(directory)
        self.path = directory / FILE
        try:
            self._connection, self.recovered = recovery.open_journal(self.path)
        except BaseException:
            self._directory.release()
            raise
        if self.recovered is not None:
            _log.warning("%s", self.recovered)
        self._writer = ChangeWriter(self._connection)
        self._unsaved: tuple[Change, ...] = ()

    def save(self, changes: Sequence[Change]) -> None:
        """Keep all of these or none; when it returns they survive the process.

        What cannot be kept now (the disk is full) goes before the next changes, so that nothing is left out.

        Raises:
            CpeError: ``JOURNAL_FAILED``: they are not kept yet; nothing that rests on them may be answered.
        """
        if self._unsaved:
            changes = (*self._unsaved, *changes)
        if not changes:
            return
        try:
            self._writer.write(changes)
        except sqlite3.Error as error:
            self._unsaved = tuple(changes)
            raise CpeError(
                f"the journal {self.path} cannot be written: {error}; nothing is answered until it can",
                code="JOURNAL_FAILED",
                retryable=True,
            ) from error
        self._unsaved = ()

    def load(self) -> Snapshot:
        """Give back what was kept of the open executions, the registry and the secret."""
        return snapshot.read(self._connection)

    def closed_history(self, domain: str, workflow_id: str, run_id: str) -> Sequence[Event] | None:
        """Give a closed execution's events, or None when there is no such execution."""
        found = self._one_closed("id, events", domain, workflow_id, run_id)
        return None if found is None else StoredHistory(self._connection, *found)

    def closed_info(self, domain: str, workflow_id: str, run_id: str) -> ExecutionInfo | None:
        """Give what is told of one closed execution."""
        found = self._one_closed(rows.INFO, domain, workflow_id, run_id)
        return None if found is None else rows.info(found)

    def closed_infos(
        self,
        domain: str,
        where: ExecutionFilter,
        *,
        newest_first: bool = True,
        after: tuple[float, str] | None = None,
    ) -> Iterator[ExecutionInfo]:
        """Give closed executions, ordered by (start or close time, run id), as `where` says."""
        return closed.closed_infos(self._connection, domain, where, newest_first=newest_first, after=after)

    def forget_closed(self, domain: str, closed_before: float) -> int:
        """Drop a domain's executions that closed before a time; say how many."""
        return closed.forget(self._connection, domain, closed_before)

    def clear(self) -> None:
        """Drop everything."""
        with transaction(self._connection) as run:
            for table in TABLES:
                run(f"DELETE FROM {table}")  # noqa: S608  # names of this package's own
        self._writer = ChangeWriter(self._connection)
        self._unsaved = ()

    def close(self) -> None:
        """Let go of the files, in good order. A second time does nothing."""
        self._connection.close()
        self._directory.release()

    def _one_closed(self, columns: str, domain: str, workflow_id: str, run_id: str) -> tuple[Any, ...] | None:
        query = (
            f"SELECT {columns} FROM executions "  # noqa: S608  # columns are named in this module
            "WHERE run_id = ? AND workflow_id = ? AND domain = ? AND closed_at IS NOT NULL"
        )
        found: tuple[Any, ...] | None = self._connection.execute(
            query, (run_id, workflow_id, domain)
        ).fetchone()
        return found
