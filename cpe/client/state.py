"""What a client knows of a job, as values that only grow.

Events come at least once and in any order. So a state is not stepped through transitions: :func:`advance`
keeps of each part what is further, the state's or the event's. The same events give the same state, in
whatever order and however often they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from cpe.protocol import ActivityRef, CommandType, Event, EventType


class _Status(StrEnum):
    """A status and its rank: a state of higher rank is further. All final states rank the same."""

    rank: int

    def __new__(cls, value: str, rank: int) -> Self:
        status = str.__new__(cls, value)
        status._value_ = value
        status.rank = rank
        return status


class ActivityStatus(_Status):
    """How far an activity is; the last four are final."""

    SCHEDULED = "SCHEDULED", 0
    STARTED = "STARTED", 1
    PREPARING = "PREPARING", 2
    RUNNING = "RUNNING", 3
    FINISHING = "FINISHING", 4
    COMPLETED = "COMPLETED", 5
    FAILED = "FAILED", 5
    TIMED_OUT = "TIMED_OUT", 5
    CANCELED = "CANCELED", 5

    @property
    def final(self) -> bool:
        """True for the statuses that end an attempt."""
        return self.rank == ActivityStatus.COMPLETED.rank


class JobStatus(_Status):
    """How far a job is; REJECTED and the last five are final.

    REJECTED says that a START_JOB was refused. It ends the wait for a job that never was, but yields to a
    job of that id that runs: the refused command was a second one.
    """

    REQUESTED = "REQUESTED", 0
    REJECTED = "REJECTED", 1
    SCHEDULED = "SCHEDULED", 2
    RUNNING = "RUNNING", 3
    COMPLETED = "COMPLETED", 4
    FAILED = "FAILED", 4
    CANCELED = "CANCELED", 4
    TIMED_OUT = "TIMED_OUT", 4
    TERMINATED = "TERMINATED", 4

    @property
    def final(self) -> bool:
        """True for the statuses after which nothing more is to come."""
        return self.rank == JobStatus.COMPLETED.rank or self is JobStatus.REJECTED


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityState:
    """One activity of a job.

    Attributes:
        created: When the oldest event that was seen happened, in seconds since the epoch.
        updated: When the newest one did.
        attempt: Which attempt this is, from 1; a later one replaces an earlier one. What names no attempt
            belongs to the latest.
        progress: Percent, 0 to 100; within an attempt it never falls.
        report: What the newest ACTIVITY_PROGRESS carried: for a transcode `duration`, `done`, `speed`, `eta`…
        reported: When that was.
        result: What ACTIVITY_COMPLETED carried.
        reason: Why it failed, as a code; for TIMED_OUT which timeout it was.
        details: Why it failed, for a person.
    """

    activity_id: str
    name: str
    version: str
    status: ActivityStatus
    created: float
    updated: float
    attempt: int = 1
    progress: float | None = None
    report: Mapping[str, Any] | None = None
    reported: float = 0.0
    result: Any = None
    reason: str | None = None
    details: str | None = None

    @property
    def done(self) -> bool:
        """True when nothing more is to come of this attempt."""
        return self.status.final


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """One job.

    Attributes:
        created: When the oldest event that was seen happened, in seconds since the epoch.
        updated: When the newest one did.
        result: What WORKFLOW_COMPLETED carried.
        reason: Why it ended otherwise, as a code.
        details: The same for a person.
        activities: By activity id.
    """

    job_id: str
    status: JobStatus
    created: float
    updated: float
    run_id: str | None = None
    workflow_id: str | None = None
    workflow_name: str | None = None
    workflow_version: str | None = None
    result: Any = None
    reason: str | None = None
    details: str | None = None
    activities: Mapping[str, ActivityState] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """True when nothing more is to come."""
        return self.status.final


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
    workflow_type = details.get("workflowType") if status is JobStatus.SCHEDULED else None
    if not isinstance(workflow_type, dict):
        workflow_type = {}
    return JobState(
        job_id=job.job_id,
        status=status if further else job.status,
        created=min(time, job.created),
        updated=max(time, job.updated),
        run_id=job.run_id or (event.workflow.run_id if event.workflow else None),
        workflow_id=job.workflow_id or (event.workflow.workflow_id if event.workflow else None),
        workflow_name=job.workflow_name or _text(workflow_type.get("name")),
        workflow_version=job.workflow_version or _text(workflow_type.get("version")),
        result=details.get("result") if final else job.result,
        reason=_text(details.get("reason")) if final else job.reason,
        details=_text(details.get("details")) if final else job.details,
        activities=activities,
    )


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
    reports = status is ActivityStatus.RUNNING and isinstance(result, dict) and time > known.reported
    reason, explanation = _fault(event) if final else (known.reason, known.details)
    return ActivityState(
        activity_id=known.activity_id,
        name=known.name,
        version=known.version,
        status=status if further else known.status,
        created=min(time, known.created),
        updated=max(time, known.updated),
        attempt=known.attempt,
        progress=_further(known.progress, _percent(status, result)),
        report=result if reports else known.report,
        reported=time if reports else known.reported,
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


def _percent(status: ActivityStatus, result: object) -> float | None:
    """How far an event says the activity is, in percent."""
    if status is ActivityStatus.COMPLETED:
        return 100.0
    if status is not ActivityStatus.RUNNING or not isinstance(result, dict):
        return None
    value = result.get("progress")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(float(value), 0.0), 100.0)


def _further(left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return right if left is None else left
    return max(left, right)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
