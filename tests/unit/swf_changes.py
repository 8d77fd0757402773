"""Changes as the engine leaves them behind, for tests of stores."""

from __future__ import annotations

from typing import Any

from cpe.local.swf.engine.changes import Event, EventsRecorded, ExecutionClosed, ExecutionInfo


def events(first: int, last: int) -> list[Event]:
    """Events of these ids, both included."""
    return [
        {"eventId": number, "eventType": "MarkerRecorded", "eventTimestamp": 1000.0 + number / 8}
        for number in range(first, last + 1)
    ]


def recorded(
    name: str, first: int, last: int, *, domain: str = "media", run: str | None = None
) -> EventsRecorded:
    """Events of the execution with this workflow id; its run id is ``run-`` and the same unless given."""
    return EventsRecorded(
        domain=domain, workflow_id=name, run_id=run or f"run-{name}", events=events(first, last)
    )


def lived(
    name: str, length: int = 3, *, domain: str = "media", run: str | None = None, **known: Any
) -> tuple[EventsRecorded, ExecutionClosed]:
    """A whole execution, from its start to its end."""
    started = recorded(name, 1, length, domain=domain, run=run)
    told = {"type_name": "Job", "type_version": "1", "close_status": "COMPLETED"}
    times = {"started_at": 1.0, "closed_at": 2.0}
    info = ExecutionInfo(domain=domain, workflow_id=name, run_id=started.run_id, **told | times | known)
    return started, ExecutionClosed(info=info, events=started.events)
