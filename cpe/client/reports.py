"""What the stack answers to questions: jobs and activities as its history has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cpe.client.state import ActivityStatus, JobStatus
from cpe.errors import ProtocolError
from cpe.protocol.fields import Fields

S = TypeVar("S", JobStatus, ActivityStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """A job in a list. Times are in seconds since the epoch; `closed` is None while it runs."""

    job_id: str
    workflow_id: str
    run_id: str
    workflow_name: str
    workflow_version: str
    status: JobStatus
    started: float
    closed: float | None

    @property
    def done(self) -> bool:
        """True when nothing more is to come of this run."""
        return self.status.final


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityReport:
    """The newest attempt at an activity.

    Attributes:
        scheduled, started, ended: In seconds since the epoch; None for what has not happened, or happened in
            a run before this one.
        reason, details: Why it failed: a code, and the same for a person.
        timeout_type: Which timeout it was, as SWF names it.
        child_workflow: `workflowId` and `runId` where the step runs a workflow.
        result: What it returned; only where one activity was asked for.
    """

    activity_id: str
    name: str
    version: str
    status: ActivityStatus
    attempt: int
    scheduled: float | None = None
    started: float | None = None
    ended: float | None = None
    cancel_requested: bool = False
    reason: str | None = None
    details: str | None = None
    timeout_type: str | None = None
    child_workflow: Mapping[str, str] | None = None
    result: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport(JobSummary):
    """A job's newest run and its activities.

    Attributes:
        result: What WORKFLOW_COMPLETED carries.
        reason, details: Why it ended otherwise: a code, and the same for a person.
    """

    cancel_requested: bool
    activities: tuple[ActivityReport, ...]
    result: Any = None
    reason: str | None = None
    details: str | None = None


def job_summary(value: object) -> JobSummary:
    """Read an entry of JOB_LIST.

    Raises:
        ProtocolError: It is none.
    """
    return JobSummary(**_summary(_fields(value, "job")))


def job_summaries(value: object) -> tuple[JobSummary, ...]:
    """Read `jobs` of JOB_LIST.

    Raises:
        ProtocolError: They are none, or were left out because the answer was too large.
    """
    if not isinstance(value, list):
        raise _incomplete("jobs")
    return tuple(job_summary(each) for each in value)


def job_report(value: object) -> JobReport:
    """Read `job` of JOB_STATUS.

    Raises:
        ProtocolError: It is none, or was left out because the answer was too large.
    """
    job = _fields(value, "job")
    return JobReport(
        **_summary(job),
        cancel_requested=job.values.get("cancelRequested") is True,
        activities=activity_reports(job.values.get("activities")),
        result=job.values.get("result"),
        reason=_text(job, "reason"),
        details=_text(job, "details"),
    )


def activity_reports(value: object) -> tuple[ActivityReport, ...]:
    """Read a list of activities.

    Raises:
        ProtocolError: It is none, or was left out because the answer was too large.
    """
    if not isinstance(value, list):
        raise _incomplete("activities")
    return tuple(activity_report(each) for each in value)


def activity_report(value: object) -> ActivityReport:
    """Read an activity.

    Raises:
        ProtocolError: It is none.
    """
    activity = _fields(value, "activity")
    name, version = _type(activity, "activityType")
    child = activity.values.get("childWorkflow")
    attempt = activity.values.get("attempt")
    return ActivityReport(
        activity_id=activity.text("activityId"),
        name=name,
        version=version,
        status=_status(activity, ActivityStatus),
        attempt=attempt if isinstance(attempt, int) else 1,
        scheduled=_time(activity, "scheduled"),
        started=_time(activity, "started"),
        ended=_time(activity, "ended"),
        cancel_requested=activity.values.get("cancelRequested") is True,
        reason=_text(activity, "reason"),
        details=_text(activity, "details"),
        timeout_type=_text(activity, "timeoutType"),
        child_workflow=child if isinstance(child, Mapping) else None,
        result=activity.values.get("result"),
    )


def _summary(job: Fields) -> dict[str, Any]:
    name, version = _type(job, "workflowType")
    return {
        "job_id": job.text("jobId"),
        "workflow_id": job.text("workflowId"),
        "run_id": job.text("runId"),
        "workflow_name": name,
        "workflow_version": version,
        "status": _status(job, JobStatus),
        "started": job.seconds_since_epoch("started"),
        "closed": _time(job, "closed"),
    }


def _fields(value: object, what: str) -> Fields:
    if value is None:
        raise _incomplete(what)
    if not isinstance(value, Mapping):
        raise ProtocolError(f"{what} must be an object", code="INVALID_FIELD")
    return Fields(value, what)


def _incomplete(what: str) -> ProtocolError:
    return ProtocolError(
        f"the answer's {what} was too large for the queue; let the client read where the stack keeps large"
        " payloads",
        code="ANSWER_TRUNCATED",
    )


def _type(fields: Fields, name: str) -> tuple[str, str]:
    named = fields.object(name)
    return named.text("name"), named.number_or_text("version")


def _status(fields: Fields, statuses: type[S]) -> S:
    try:
        return statuses[fields.text("status")]
    except KeyError:
        raise fields.invalid("status", "is none that this version knows") from None


def _time(fields: Fields, name: str) -> float | None:
    return fields.seconds_since_epoch(name) if fields.has(name) else None


def _text(fields: Fields, name: str) -> str | None:
    value = fields.values.get(name)
    return value if isinstance(value, str) else None
