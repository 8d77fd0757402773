"""What the journal's rows look like: changes to rows, and rows to values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from cpe.local.swf.engine.changes import Event, ExecutionInfo
from cpe.local.swf.registered import Domain, RegisteredType, RegistryChange

Row: TypeAlias = Sequence[Any]

#: The columns that `info` reads, in its order.
INFO = (
    "domain, workflow_id, run_id, type_name, type_version, started_at, closed_at, close_status, "
    "parent_workflow_id, parent_run_id, tags, cancel_requested"
)

_DOMAIN = "domain"


def encode_events(events: Iterable[Event]) -> str:
    """Lay out what was recorded at once."""
    return json.dumps(list(events), separators=(",", ":"))


def decode_events(body: str) -> list[Event]:
    """Read it back."""
    events: list[Event] = json.loads(body)
    return events


def registry_key(change: RegistryChange) -> tuple[str, str, str, str]:
    """Name the one row of a domain or type."""
    if isinstance(change, Domain):
        return _DOMAIN, change.name, "", ""
    return change.kind, change.domain, change.name, change.version


def registry_body(change: Domain | RegisteredType) -> str:
    """Lay out a domain or type."""
    return json.dumps(asdict(change), separators=(",", ":"))


def registry_change(row: Row) -> RegistryChange:
    """Read a row of (class, body)."""
    fields = json.loads(row[1])
    return Domain(**fields) if row[0] == _DOMAIN else RegisteredType(**fields)


def closing(info: ExecutionInfo, last_event_id: int) -> tuple[Any, ...]:
    """Lay out what is known of an execution once it is closed."""
    parent_workflow_id, parent_run_id = info.parent or (None, None)
    return (
        *(info.type_name, info.type_version, info.started_at, info.closed_at, info.close_status),
        *(parent_workflow_id, parent_run_id, json.dumps(info.tags), info.cancel_requested, last_event_id),
    )


def info(row: Row) -> ExecutionInfo:
    """Read a closed execution's `INFO`."""
    domain, workflow_id, run_id, type_name, type_version, started_at, closed_at, status, *rest = row
    parent_workflow_id, parent_run_id, tags, cancel_requested = rest
    return ExecutionInfo(
        domain=domain,
        workflow_id=workflow_id,
        run_id=run_id,
        type_name=type_name,
        type_version=type_version,
        started_at=started_at,
        closed_at=closed_at,
        close_status=status,
        parent=None if parent_run_id is None else (parent_workflow_id, parent_run_id),
        tags=tuple(json.loads(tags)),
        cancel_requested=bool(cancel_requested),
    )
