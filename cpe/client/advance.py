"""How a job's state takes an event in: it only grows.

Events come at least once and in any order. So a state is not stepped through transitions: :func:`advance`
keeps of each part what is further, the state's or the event's. The same events give the same state, in
whatever order and however often they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cpe.client.state import ActivityState, ActivityStatus, JobState, JobStatus
from cpe.protocol import ActivityRef, CommandType, Event, EventType

_ACTIVITY_STATUS = {
    EventType.ACTIVITY_SCHEDULED: ActivityStatus.SCHEDULED,
    EventType.ACTIVITY_STARTED: ActivityStatus.STARTED,
    EventType.ACTIVITY_PREPARING: ActivityStatus.PREPARING,
    EventType.ACTIVITY_PROGRESS: ActivityStatus.RUNNING,
    EventType.ACTIVITY_FINISHING: ActivityStatus.FINISHING,
    EventType.ACTIVITY_COMPLETED: ActivityStatus.COMPLETED,
    EventType.ACTIVITY_FAILED: ActivityStatus.FAILED,
    EventType.ACTIVITY_TIMEOUT: ActivityStatus.TIMED_OUT,
    EventType.ACTIVITY_CANCELED: ActivityStatus.CANCELED,
}
_JOB_STATUS = {
    EventType.WORKFLOW_SCHEDULED: JobStatus.SCHEDULED,
    EventType.WORKFLOW_COMPLETED: JobStatus.COMPLETED,
    EventType.WORKFLOW_FAILED: JobStatus.FAILED,
    EventType.WORKFLOW_CANCELED: JobStatus.CANCELED,
    EventType.WORKFLOW_TIMED_OUT: JobStatus.TIMED_OUT,
    EventType.WORKFLOW_TERMINATED: JobStatus.TERMINATED,
}


def requested(job_id: str, time: float) -> JobState:
    """The state of a job of which nothing was heard yet."""
    return JobState(job_id=job_id, status=JobStatus.REQUESTED, created=time, updated=time)


def advance(job: JobState, event: Event) -> JobState:
    """The job's state with one of its events taken in."""
    time, details = event.time, event.details
    status = _job_status(event)
    further = status.rank > job.status.rank
    final = further and status.final
    activities = job.activities
    if event.activity is not None:
        known = activities.get(event.activity.activity_id)
        activities = {
            **activities,
            event.activity.activity_id: _advance_activity(known, event.activity, event),
        }
    continued = job.continued
    new_run = _text(details.get("newRunId"))
    if event.type is EventType.WORKFLOW_CONTINUED and event.workflow is not None and new_run is not None:
        continued = {**continued, event.workflow.run_id: new_run}
    workflow_type = details.get("workflowType") if status is JobStatus.SCHEDULED else None
    if not isinstance(workflow_type, dict):
        workflow_type = {}
    return JobState(
        job_id=job.job_id,
        status=status if further else job.status,
        created=min(time, job.created),
        updated=max(time, job.updated),
        run_id=_last_run(job.run_id or (event.workflow.run_id if event.workflow else None), continued),
        continued=continued,
        workflow_id=job.workflow_id or (event.workflow.workflow_id if event.workflow else None),
        workflow_name=job.workflow_name or _text(workflow_type.get("name")),
        workflow_version=job.workflow_version or _text(workflow_type.get("version")),
        result=details.get("result") if final else job.result,
        reason=_text(details.get("reason")) if final else job.reason,
        details=_text(details.get("details")) if final else job.details,
        activities=activities,
    )


def _last_run(run_id: str | None, continued: Mapping[str, str]) -> str | None:
    """The run that a job is in: the one known first, or where that one went on."""
    for _ in continued:  # a chain has at most so many links
        run_id = continued.get(run_id, run_id) if run_id is not None else None
    return run_id


def _job_status(event: Event) -> JobStatus:
    if event.type is EventType.COMMAND_REJECTED:
        # Only a refused START_JOB says something of the job: a refused question does not.
        start = event.details.get("command") in (CommandType.START_JOB, None)
        return JobStatus.REJECTED if start else JobStatus.REQUESTED
    return _JOB_STATUS.get(event.type, JobStatus.RUNNING)


def _advance_activity(known: ActivityState | None, ref: ActivityRef, event: Event) -> ActivityState:
    attempt = _attempt(event) or (known.attempt if known is not None else 1)
    if known is None or attempt > known.attempt:
        known = ActivityState(
            activity_id=ref.activity_id,
            name=ref.name,
            version=ref.version,
            status=ActivityStatus.SCHEDULED,
            created=event.time if known is None else min(known.created, event.time),
            updated=event.time if known is None else max(known.updated, event.time),
            attempt=attempt,
        )
    elif attempt < known.attempt:
        return replace(known, created=min(known.created, event.time), updated=max(known.updated, event.time))
    return _advance_attempt(known, event)


def _attempt(event: Event) -> int | None:
    """Which attempt an event tells of; None when it does not say, as a worker's do not."""
    result = event.details.get("result")
    attempt = event.details.get("attempt")
    if event.type is EventType.ACTIVITY_FAILED and isinstance(result, dict):
        attempt = result.get("attempt")
    return attempt if isinstance(attempt, int) and attempt > 0 else None


def _advance_attempt(known: ActivityState, event: Event) -> ActivityState:
    time = event.time
    status = _ACTIVITY_STATUS[event.type]
    further = status.rank > known.status.rank
    final = further and status.final
    result = event.details.get("result")
    progress, outputs, reports = known.progress, known.outputs, known.reports
    if status is ActivityStatus.RUNNING and isinstance(result, dict):
        reports = _with_report(reports, result)
        progress = _progress(progress, reports, outputs)
    elif status is ActivityStatus.STARTED:
        outputs = max(outputs, _outputs(event.details.get("input")))
    elif status is ActivityStatus.COMPLETED:
        progress = 100.0
    reason, explanation = _fault(event) if final else (known.reason, known.details)
    return ActivityState(
        activity_id=known.activity_id,
        name=known.name,
        version=known.version,
        status=status if further else known.status,
        created=min(time, known.created),
        updated=max(time, known.updated),
        attempt=known.attempt,
        progress=progress,
        outputs=outputs,
        reports=reports,
        result=result if final and status is ActivityStatus.COMPLETED else known.result,
        reason=reason,
        details=explanation,
    )


def _fault(event: Event) -> tuple[str | None, str | None]:
    """Why an activity ended: a code, and the same for a person."""
    result = event.details.get("result")
    if event.type is EventType.ACTIVITY_FAILED and isinstance(result, dict):
        return _text(result.get("reason")), _text(result.get("details"))
    return _text(event.details.get("timeoutType")), _text(event.details.get("details"))


def _with_report(
    reports: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """The reports with one more; of two on the same output the further one counts."""
    output = str(report.get("output", ""))
    known = reports.get(output)
    if known is not None and (_percent(known) or 0) > (_percent(report) or 0):
        return reports
    return {**reports, output: report}


def _progress(known: float | None, reports: Mapping[str, Mapping[str, Any]], outputs: int) -> float | None:
    """Percent of the whole activity: each output counts the same, and one that told nothing is at 0."""
    told = [percent for report in reports.values() if (percent := _percent(report)) is not None]
    if not told:
        return known
    return max(known or 0.0, sum(told) / max(outputs, len(told)))


def _outputs(activity_input: object) -> int:
    assets = activity_input.get("output_assets") if isinstance(activity_input, dict) else None
    return len(assets) if isinstance(assets, list) else 1


def _percent(report: Mapping[str, Any]) -> float | None:
    value = report.get("progress")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(float(value), 0.0), 100.0)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
