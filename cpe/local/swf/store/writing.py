"""Changes, written to the journal's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cpe.local.swf.engine.changes import (
    Change,
    EventsRecorded,
    ExecutionClosed,
    HeartbeatRecorded,
    SecretChosen,
)
from cpe.local.swf.registered import Domain, RegisteredType, TypeDeleted
from cpe.local.swf.store import rows
from cpe.local.swf.store.schema import transaction

Run: TypeAlias = Callable[..., sqlite3.Cursor]

_CLOSE = """
UPDATE executions SET
    type_name = ?, type_version = ?, started_at = ?, closed_at = ?, close_status = ?,
    parent_workflow_id = ?, parent_run_id = ?, tags = ?, cancel_requested = ?, events = ?
WHERE id = ?
"""


class ChangeWriter:
    """Writes changes, all that belong together in one transaction.

    It knows the numbers that open executions have in the journal, and no closed one's.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = dict(
            connection.execute("SELECT run_id, id FROM executions WHERE closed_at IS NULL")
        )

    def write(self, changes: Sequence[Change]) -> None:
        """Write all of these, or none and raise `sqlite3.Error`."""
        numbers = _Numbers(self._numbers)
        with transaction(self._connection) as run:
            for change in changes:
                _write(run, change, numbers)
        numbers.keep()


class _Numbers:
    """The executions' numbers as one transaction changes them."""

    def __init__(self, kept: dict[str, int]) -> None:
        self._kept = kept
        self._opened: dict[str, int] = {}
        self._closed: list[str] = []

    def open(self, run_id: str, number: int) -> None:
        self._opened[run_id] = number

    def close(self, run_id: str) -> int:
        self._closed.append(run_id)
        return self[run_id]

    def __getitem__(self, run_id: str) -> int:
        number = self._kept.get(run_id)
        return self._opened[run_id] if number is None else number

    def keep(self) -> None:
        """Say that the transaction is through."""
        self._kept.update(self._opened)
        for run_id in self._closed:
            del self._kept[run_id]


def _write(run: Run, change: Change, numbers: _Numbers) -> None:
    match change:
        case EventsRecorded():
            _record(run, change, numbers)
        case ExecutionClosed():
            _close(run, change, numbers)
        case HeartbeatRecorded():
            run(
                "REPLACE INTO heartbeats (execution, scheduled_id, at, details) VALUES (?, ?, ?, ?)",
                (numbers[change.run_id], change.scheduled_event_id, change.at, change.details),
            )
        case SecretChosen():
            run("REPLACE INTO meta (name, value) VALUES ('secret', ?)", (change.secret,))
        case TypeDeleted():
            key = rows.registry_key(change)
            run("DELETE FROM registry WHERE class = ? AND domain = ? AND name = ? AND version = ?", key)
        case Domain() | RegisteredType():
            row = (*rows.registry_key(change), rows.registry_body(change))
            run("REPLACE INTO registry (class, domain, name, version, body) VALUES (?, ?, ?, ?, ?)", row)


def _record(run: Run, change: EventsRecorded, numbers: _Numbers) -> None:
    first = change.first_event_id
    if first == 1:
        named = (change.domain, change.workflow_id, change.run_id)
        started = run("INSERT INTO executions (domain, workflow_id, run_id) VALUES (?, ?, ?)", named)
        numbers.open(change.run_id, int(started.lastrowid or 0))
    batch: tuple[Any, ...] = (
        numbers[change.run_id],
        first,
        first + len(change.events) - 1,
        rows.encode_events(change.events),
    )
    run("INSERT INTO events (execution, first_id, last_id, body) VALUES (?, ?, ?, ?)", batch)


def _close(run: Run, change: ExecutionClosed, numbers: _Numbers) -> None:
    number = numbers.close(change.info.run_id)
    run(_CLOSE, (*rows.closing(change.info, len(change.events)), number))
    for tag in dict.fromkeys(change.info.tags):
        run("INSERT INTO tags (domain, tag, execution) VALUES (?, ?, ?)", (change.info.domain, tag, number))
    run("DELETE FROM heartbeats WHERE execution = ?", (number,))
