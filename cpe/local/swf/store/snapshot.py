"""What the engine begins with, read from the journal."""

from __future__ import annotations

import itertools
import operator
import sqlite3
from collections import defaultdict

from cpe.local.swf.engine.changes import HeartbeatRecorded, OpenExecution, Snapshot
from cpe.local.swf.store import rows

_EVENTS = """
SELECT executions.domain, executions.workflow_id, executions.run_id, executions.id, events.body
FROM executions JOIN events ON events.execution = executions.id
WHERE executions.closed_at IS NULL
ORDER BY executions.id, events.first_id
"""
_HEARTBEATS = """
SELECT executions.run_id, scheduled_id, at, details
FROM heartbeats JOIN executions ON executions.id = heartbeats.execution
"""


def read(connection: sqlite3.Connection) -> Snapshot:
    """Read the open executions, the registry and the secret."""
    secret = connection.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()
    registry = connection.execute("SELECT class, body FROM registry")
    return Snapshot(
        executions=_executions(connection),
        registry=[rows.registry_change(row) for row in registry],
        secret=None if secret is None else bytes(secret[0]),
    )


def _executions(connection: sqlite3.Connection) -> list[OpenExecution]:
    heartbeats = _heartbeats(connection)
    batches = connection.execute(_EVENTS)
    return [
        OpenExecution(
            domain=domain,
            workflow_id=workflow_id,
            run_id=run_id,
            events=[event for batch in group for event in rows.decode_events(batch[-1])],
            heartbeats=heartbeats.get(run_id, {}),
        )
        for (domain, workflow_id, run_id), group in itertools.groupby(batches, operator.itemgetter(0, 1, 2))
    ]


def _heartbeats(connection: sqlite3.Connection) -> dict[str, dict[int, HeartbeatRecorded]]:
    found: defaultdict[str, dict[int, HeartbeatRecorded]] = defaultdict(dict)
    for run_id, scheduled_id, at, details in connection.execute(_HEARTBEATS):
        found[run_id][scheduled_id] = HeartbeatRecorded(
            run_id=run_id, scheduled_event_id=scheduled_id, at=at, details=details
        )
    return found
