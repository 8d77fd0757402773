"""A job and its activities in full, as the history of its newest run tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cpe.decider import Execution, HistoryEvent
from cpe.decider.attempt_words import json_or_text
from cpe.decider.execution import Attempt, Ended, Ending
from cpe.decider.failures import failure_of
from cpe.jobs.summary import JobSummary
from cpe.jobs.times import Times, attempt_times


class ActivityStatus(StrEnum):
    """Where the newest attempt at an activity stands."""

    SCHEDULED = "SCHEDULED"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityReport:
    """The newest attempt at an activity, or at a step that runs a workflow.

    Attributes:
        scheduled, started, ended: In seconds since the epoch; None for what has not happened, and for what a
            run before this one did.
        reason, explanation: Why it failed or was cancelled, as a code and for a person.
        timeout_type: Which timeout it was.
        heartbeat: What the activity told by its last heartbeat before that: parsed, or the text where it is
            no JSON.
        child: The execution that it runs as: `workflowId`, and `runId` once it has started.
        result: What it returned, as SWF carries it: a text that may be a reference.
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
    explanation: str | None = None
    timeout_type: str | None = None
    heartbeat: Any = None
    child: Mapping[str, str] | None = None
    result: str | None = None

    @property
    def is_open(self) -> bool:
        """True until the attempt has ended."""
        return self.status in {ActivityStatus.SCHEDULED, ActivityStatus.STARTED}

    def details(self) -> dict[str, Any]:
        """The activity as it travels: `Activity` of the protocol."""
        told = {
            "reason": self.reason,
            "details": self.explanation,
            "timeoutType": self.timeout_type,
            "heartbeat": self.heartbeat,
            "childWorkflow": self.child,
        }
        return {
            "activityId": self.activity_id,
            "activityType": {"name": self.name, "version": self.version},
            "status": self.status.value,
            "attempt": self.attempt,
            "scheduled": self.scheduled,
            "started": self.started,
            "ended": self.ended,
            "cancelRequested": self.cancel_requested,
            **{name: value for name, value in told.items() if value is not None},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """A job in full.

    Attributes:
        summary: Whose it is, and where it stands.
        cancel_requested: Whether somebody asked for it to stop.
        result: What it came to, if it completed: parsed, or the text where it is no JSON.
        reason, explanation: Why it ended otherwise, as a code and for a person.
        activities: In the order in which they were first scheduled.
    """

    summary: JobSummary
    cancel_requested: bool = False
    result: Any = None
    reason: str | None = None
    explanation: str | None = None
    activities: Sequence[ActivityReport] = field(default_factory=tuple)

    def activity(self, activity_id: str) -> ActivityReport | None:
        """Find an activity; None if it was never scheduled."""
        return next((one for one in self.activities if one.activity_id == activity_id), None)

    def details(self) -> dict[str, Any]:
        """The job as it travels: `Job` of the protocol."""
        told = {"result": self.result, "reason": self.reason, "details": self.explanation}
        return {
            **self.summary.details(),
            "cancelRequested": self.cancel_requested,
            **{name: value for name, value in told.items() if value is not None},
            "activities": [activity.details() for activity in self.activities],
        }


def make_report(summary: JobSummary, execution: Execution, events: Sequence[HistoryEvent]) -> JobReport:
    """Report a job.

    Args:
        summary: Where it stands.
        execution: Its newest run, folded from the history.
        events: The same history.
    """
    times = attempt_times(events)
    closing = events[-1].attributes if summary.closed is not None and events else {}
    return JobReport(
        summary=summary,
        cancel_requested=execution.cancel_requested,
        result=json_or_text(closing.get("result")),
        reason=closing.get("reason"),
        explanation=closing.get("details"),
        activities=tuple(
            _activity(attempt, times.get(name), asked=name in execution.cancels_wanted)
            for name, attempt in execution.attempts.items()
        ),
    )


_ENDINGS = {
    Ending.COMPLETED: ActivityStatus.COMPLETED,
    Ending.FAILED: ActivityStatus.FAILED,
    Ending.TIMED_OUT: ActivityStatus.TIMED_OUT,
    Ending.CANCELED: ActivityStatus.CANCELED,
    Ending.TERMINATED: ActivityStatus.FAILED,
}


def _activity(attempt: Attempt, times: Times | None, *, asked: bool) -> ActivityReport:
    times = times or Times()
    ended = attempt.ended
    status = ActivityStatus.SCHEDULED if times.started is None else ActivityStatus.STARTED
    if ended is not None:
        status = _ENDINGS[ended.ending]
    return ActivityReport(
        activity_id=attempt.activity_id,
        name=attempt.name,
        version=attempt.version,
        status=status,
        attempt=max(attempt.number, 1),  # what an earlier run did before a retry is counted no longer
        scheduled=times.scheduled,
        started=times.started,
        ended=times.ended,
        cancel_requested=attempt.cancel_requested or asked,
        child=_child(attempt),
        result=ended.result if ended is not None else None,
        **_failure(attempt, ended),
    )


def _failure(attempt: Attempt, ended: Ended | None) -> dict[str, Any]:
    if ended is None or ended.ending is Ending.COMPLETED:
        return {}
    if ended.ending is Ending.CANCELED:
        return {"explanation": ended.details}
    failure = failure_of(attempt, ended)
    return {
        "reason": failure.reason,
        "explanation": failure.details,
        "timeout_type": ended.timeout_type,
        "heartbeat": json_or_text(ended.details) if ended.timeout_type is not None else None,
    }


def _child(attempt: Attempt) -> dict[str, str] | None:
    if attempt.child is None:
        return None
    run = {"runId": attempt.child.run_id} if attempt.child.run_id is not None else {}
    return {"workflowId": attempt.child.workflow_id, **run}
