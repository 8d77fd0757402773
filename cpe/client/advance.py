"""How a job's state takes an event in: it only grows.

Events come at least once and in any order. So a state is not stepped through transitions: :func:`advance`
keeps of each part what is further, the state's or the event's: first by run, then by attempt, then by status.
The same events give the same state, in whatever order and however often they come.
"""

from __future__ import annotations

from typing import Any

from cpe.client.activity_progress import advance_activity
from cpe.client.quick import quick
from cpe.client.runs import Runs
from cpe.client.state import JobState, JobStatus
from cpe.protocol import CommandType, Event, EventType, WorkflowRef

_STATUS = {
    EventType.WORKFLOW_SCHEDULED: JobStatus.SCHEDULED,
    EventType.WORKFLOW_COMPLETED: JobStatus.COMPLETED,
    EventType.WORKFLOW_FAILED: JobStatus.FAILED,
    EventType.WORKFLOW_CANCELED: JobStatus.CANCELED,
    EventType.WORKFLOW_TIMED_OUT: JobStatus.TIMED_OUT,
    EventType.WORKFLOW_TERMINATED: JobStatus.TERMINATED,
}
# Looking a member of an enum up takes as long as all else that is done to some events.
_RUNNING = JobStatus.RUNNING
_SCHEDULED = EventType.WORKFLOW_SCHEDULED
_CONTINUED = EventType.WORKFLOW_CONTINUED
_REJECTED = EventType.COMMAND_REJECTED

_job_state = quick(JobState)


def requested(job_id: str, time: float) -> JobState:
    """The state of a job of which nothing was heard yet."""
    return JobState(job_id=job_id, status=JobStatus.REQUESTED, created=time, updated=time)


def advance(job: JobState, event: Event) -> JobState:
    """The job's state with one of its events taken in."""
    event_type, workflow = event.type, event.workflow
    runs, run_id, event_run = job.runs, job.run_id, None
    if workflow is not None:
        runs, event_run = _told_run(runs, workflow, event)
        if runs is not job.runs:
            run_id = runs.newest
    status, result, reason, details = job.status, job.result, job.reason, job.details
    if run_id != job.run_id:
        status, result, reason, details = JobStatus.REQUESTED, None, None, None
    if event_run == run_id or event_run is None:
        told = _STATUS.get(event_type, _RUNNING) if event_type is not _REJECTED else _refused(event)
        if told.rank > status.rank or (told is status and told.final):
            status = told
            if told.final:
                result, reason, details = _ending(event, result, reason, details)
    activities, activity = job.activities, event.activity
    if activity is not None:
        activity_id = activity.activity_id
        advanced = advance_activity(activities.get(activity_id), activity, event, runs)
        activities = {**activities, activity_id: advanced}
    workflow_id, name, version = job.workflow_id, job.workflow_name, job.workflow_version
    if workflow_id is None and workflow is not None:
        workflow_id = workflow.workflow_id
    if event_type is _SCHEDULED and (name is None or version is None):
        name, version = _workflow_type(event, name, version)
    created, updated = job.created, job.updated
    if event.time > updated:
        updated = event.time
    elif event.time < created:
        created = event.time
    return _job_state(
        job_id=job.job_id,
        status=status,
        created=created,
        updated=updated,
        run_id=run_id,
        runs=runs,
        workflow_id=workflow_id,
        workflow_name=name,
        workflow_version=version,
        result=result,
        reason=reason,
        details=details,
        activities=activities,
    )


def _told_run(runs: Runs, workflow: WorkflowRef, event: Event) -> tuple[Runs, str]:
    """The runs with the one that an event is about, and which that is."""
    run_id = workflow.run_id
    runs = runs.with_run(run_id, event.time)
    if event.type is not _CONTINUED:
        return runs, run_id
    new_run = _text(event.details.get("newRunId"))
    if new_run is None:
        return runs, run_id
    # That the new one began, and runs, is what is told.
    return runs.with_continuation(run_id, new_run, event.time), new_run


def _refused(event: Event) -> JobStatus:
    """Only a refused START_JOB says something of the job: another command that is refused does not."""
    start = event.details.get("command") in (CommandType.START_JOB, None)
    return JobStatus.REJECTED if start else JobStatus.REQUESTED


def _ending(
    event: Event, result: Any, reason: str | None, details: str | None
) -> tuple[Any, str | None, str | None]:
    """How a run ended; of two events on the same end one may tell more: the other was too large, say."""
    told = event.details
    return (
        told.get("result") if result is None else result,
        reason or _text(told.get("reason")),
        details or _text(told.get("details")),
    )


def _workflow_type(event: Event, name: str | None, version: str | None) -> tuple[str | None, str | None]:
    told = event.details.get("workflowType")
    if not isinstance(told, dict):
        return name, version
    return name or _text(told.get("name")), version or _text(told.get("version"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
