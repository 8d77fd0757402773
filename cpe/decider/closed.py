"""The event of a run that closed, from the last event of its history: for what no decider reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.decider.history import HistoryEvent
from cpe.protocol import Event, EventType, JobIdentity, WorkflowRef
from cpe.protocol.events import closed_id

_TYPES: Mapping[str, EventType] = {
    "WorkflowExecutionCompleted": EventType.WORKFLOW_COMPLETED,
    "WorkflowExecutionFailed": EventType.WORKFLOW_FAILED,
    "WorkflowExecutionCanceled": EventType.WORKFLOW_CANCELED,
    "WorkflowExecutionTimedOut": EventType.WORKFLOW_TIMED_OUT,
    "WorkflowExecutionTerminated": EventType.WORKFLOW_TERMINATED,
    "WorkflowExecutionContinuedAsNew": EventType.WORKFLOW_CONTINUED,
}
_DETAILS: Mapping[EventType, tuple[str, ...]] = {
    EventType.WORKFLOW_COMPLETED: (),
    EventType.WORKFLOW_FAILED: ("reason", "details"),
    EventType.WORKFLOW_CANCELED: ("details",),
    EventType.WORKFLOW_TIMED_OUT: ("timeoutType",),
    EventType.WORKFLOW_TERMINATED: ("reason", "details", "cause"),
    EventType.WORKFLOW_CONTINUED: (),
}


def closing_event(last: HistoryEvent, *, identity: JobIdentity, run_id: str, result: Any) -> Event | None:
    """Make the event that closes a job, or says that it goes on as a new run.

    The same fact has the same id as when a decider reports it.

    Args:
        last: The last event of the run's history.
        identity: Whose job it is.
        run_id: Which run.
        result: What WORKFLOW_COMPLETED carries, parsed.

    Returns:
        None if the event closes nothing: the run is still open.
    """
    kind = _TYPES.get(last.type)
    if kind is None:
        return None
    details = {name: last.attributes[name] for name in _DETAILS[kind] if name in last.attributes}
    if kind is EventType.WORKFLOW_COMPLETED:
        details["result"] = result
    if kind is EventType.WORKFLOW_CONTINUED:
        details["newRunId"] = last.attributes["newExecutionRunId"]
    return Event(
        type=kind,
        time=last.time,
        event_id=closed_id(run_id),
        job_id=identity.job_id,
        workflow=WorkflowRef(workflow_id=identity.workflow_id, run_id=run_id),
        details=details,
    )
