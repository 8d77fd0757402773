"""A JOB_STATUS as the events that it stands for.

The stack makes it from SWF's history, as it makes the events. So it tells a tracker what got lost: on a queue
that kept messages too short a time, or before there was a tracker. It is taken in like the events: what
is further counts, and nothing goes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from cpe.client.reports import ActivityReport, JobReport, job_report
from cpe.client.state import ActivityStatus, JobStatus
from cpe.errors import ProtocolError
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef

_JOB_EVENTS = {
    JobStatus.COMPLETED: EventType.WORKFLOW_COMPLETED,
    JobStatus.FAILED: EventType.WORKFLOW_FAILED,
    JobStatus.CANCELED: EventType.WORKFLOW_CANCELED,
    JobStatus.TIMED_OUT: EventType.WORKFLOW_TIMED_OUT,
    JobStatus.TERMINATED: EventType.WORKFLOW_TERMINATED,
}
_ACTIVITY_EVENTS = {
    ActivityStatus.COMPLETED: EventType.ACTIVITY_COMPLETED,
    ActivityStatus.FAILED: EventType.ACTIVITY_FAILED,
    ActivityStatus.TIMED_OUT: EventType.ACTIVITY_TIMEOUT,
    ActivityStatus.CANCELED: EventType.ACTIVITY_CANCELED,
}


def recalled(answer: Event) -> list[Event]:
    """The events that a JOB_STATUS stands for; none if it does not say enough."""
    try:
        report = job_report(answer.details.get("job"))
    except ProtocolError:
        return []
    if report.job_id != answer.job_id:
        return []
    return list(_events(answer, report))


def _events(answer: Event, report: JobReport) -> Iterator[Event]:
    run = WorkflowRef(workflow_id=report.workflow_id, run_id=report.run_id)

    def event(
        event_type: EventType, time: float, activity: ActivityReport | None = None, **details: object
    ) -> Event:
        ref = (
            ActivityRef(activity_id=activity.activity_id, name=activity.name, version=activity.version)
            if activity is not None
            else None
        )
        return Event(
            type=event_type,
            time=time,
            event_id=answer.event_id,
            job_id=answer.job_id,
            workflow=run,
            activity=ref,
            details=details,
        )

    workflow_type = {"name": report.workflow_name, "version": report.workflow_version}
    yield event(EventType.WORKFLOW_SCHEDULED, report.started, workflowType=workflow_type)
    for activity in report.activities:
        attempt = activity.attempt
        if activity.scheduled is not None:
            yield event(EventType.ACTIVITY_SCHEDULED, activity.scheduled, activity, attempt=attempt)
        if activity.started is not None:
            yield event(EventType.ACTIVITY_STARTED, activity.started, activity, attempt=attempt)
        end = _ACTIVITY_EVENTS.get(activity.status)
        if end is not None and activity.ended is not None:
            yield event(end, activity.ended, activity, **_end(activity))
    end = _JOB_EVENTS.get(report.status)
    if end is not None:
        told = {"result": report.result, "reason": report.reason, "details": report.details}
        yield event(end, report.closed or answer.time, **told)


def _end(activity: ActivityReport) -> dict[str, object]:
    """The details of the event that ends an activity, where events have them."""
    if activity.status is ActivityStatus.FAILED:
        failure = {"reason": activity.reason, "details": activity.details, "attempt": activity.attempt}
        return {"result": failure}
    return {
        "result": activity.result,
        "timeoutType": activity.timeout_type,
        "details": activity.details,
        "attempt": activity.attempt,
    }
