"""Jobs in words: shared by the poller and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cpe.client import ActivityState, ActivityStatus, JobState, JobStatus
from cpe.protocol import Event, EventType

STATUS_STYLE = {
    JobStatus.COMPLETED: "green",
    JobStatus.REJECTED: "red",
    JobStatus.FAILED: "red",
    JobStatus.TIMED_OUT: "red",
    JobStatus.TERMINATED: "red",
    JobStatus.CANCELED: "yellow",
    ActivityStatus.COMPLETED: "green",
    ActivityStatus.FAILED: "red",
    ActivityStatus.TIMED_OUT: "red",
    ActivityStatus.CANCELED: "yellow",
}
"""Colours of final states; all others have none."""

_WORDS = {
    ActivityStatus.SCHEDULED: "waiting for a worker",
    ActivityStatus.STARTED: "started",
    ActivityStatus.PREPARING: "fetching the input",
    ActivityStatus.RUNNING: "working",
    ActivityStatus.FINISHING: "publishing the outputs",
    ActivityStatus.COMPLETED: "done",
    ActivityStatus.FAILED: "failed",
    ActivityStatus.TIMED_OUT: "timed out",
    ActivityStatus.CANCELED: "cancelled",
}


def activity_words(activity: ActivityState) -> str:
    """Tell in a few words what an activity does, and how far it is with the output it works on."""
    if activity.status is not ActivityStatus.RUNNING or not activity.reports:
        return phase_words(activity)
    words = _report_words(list(activity.reports.values())[-1]) or phase_words(activity)
    if activity.outputs > 1:
        return f"output {len(activity.reports)} of {activity.outputs}: {words}"
    return words


def phase_words(activity: ActivityState) -> str:
    """Tell in a few words which phase an activity is in."""
    words = _WORDS[activity.status]
    return f"{words}: {activity.reason}" if activity.done and activity.reason else words


def reason_words(reason: str | None, details: str | None) -> str:
    """A code and its explanation, as far as there are any."""
    return ": ".join(part for part in (reason, details) if part)


def time_words(time: float) -> str:
    """A time in seconds since the epoch, in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def event_line(event: Event, job: JobState | None) -> str:
    """One event as one line of plain text, with stable fields.

    Args:
        event: The event.
        job: The state of its job after it; None if it told nothing of one.

    Example:
        ``2024-05-01T12:00:01Z 954e8de9 ACTIVITY_PROGRESS TranscodeAssetStep 42% 4.2 of 10.0 s, 3.1x``
    """
    words = [
        time_words(event.time),
        (job.job_id if job is not None else event.job_id) or "-",
        event.type.value,
    ]
    if event.type is EventType.COMMAND_REJECTED:
        told = (event.details.get(key) or "-" for key in ("command", "reason", "details"))
        words.append("{} {}: {}".format(*told))
    elif event.type.is_answer:
        words += [event.activity.activity_id] if event.activity is not None else []
        words.append(_answer_words(event.details))
    elif job is not None and event.activity is not None:
        words += _activity_fields(job.activities[event.activity.activity_id])
    elif job is not None and job.done:
        words.append(reason_words(job.reason, job.details))
    # A text from a message must not break the line.
    return " ".join(" ".join(words).split())


def _answer_words(told: Mapping[str, Any]) -> str:
    """What an answer tells, in a word or two."""
    job = told.get("job")
    if isinstance(job, dict):
        return str(job.get("status"))
    for name in ("jobs", "activities"):
        if isinstance(told.get(name), list):
            return f"{len(told[name])} {name}"
    return str(told.get("status") or told.get("signal") or "")


def _activity_fields(activity: ActivityState) -> list[str]:
    words = [activity.activity_id]
    if activity.progress is not None:
        words.append(f"{activity.progress:.0f}%")
    if activity.status is ActivityStatus.RUNNING:
        words.append(activity_words(activity))
    elif activity.done:
        words.append(reason_words(activity.reason, activity.details))
    return words


def _report_words(report: Mapping[str, Any]) -> str:
    """What a transcode reports, in words."""
    done, duration, speed, eta = (_number(report.get(key)) for key in ("done", "duration", "speed", "eta"))
    words = []
    if done is not None and duration is not None:
        words.append(f"{done:.1f} of {duration:.1f} s")
    if speed is not None:
        words.append(f"{speed:.1f}x")
    if eta:
        words.append(f"{eta:.0f} s left")
    return ", ".join(words)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
