"""What a client is told once SWF has its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cpe.protocol import Event, EventType, JobIdentity, WorkflowRef
from cpe.protocol.events import workflow_scheduled_id


def scheduled_event(
    identity: JobIdentity,
    run_id: str,
    *,
    workflow_type: Mapping[str, str],
    data: Any,
    time: float,
    request_id: str | None = None,
) -> Event:
    """Make WORKFLOW_SCHEDULED of a run: the one event in which client and run meet.

    Args:
        identity: Whose job it is, and which.
        run_id: The run.
        workflow_type: Its `name` and `version`.
        data: The job's own input.
        time: In seconds since the epoch.
        request_id: That of the command that it answers, if that had one.
    """
    asked = {} if request_id is None else {"requestId": request_id}
    return Event(
        type=EventType.WORKFLOW_SCHEDULED,
        time=time,
        event_id=workflow_scheduled_id(run_id),
        job_id=identity.job_id,
        workflow=WorkflowRef(workflow_id=identity.workflow_id, run_id=run_id),
        details={"workflowType": workflow_type, "input": data, **asked},
    )
