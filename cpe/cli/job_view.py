"""Jobs and activities as tables for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cpe.cli.json_text import json_text
from cpe.cli.moments import duration, moment

if TYPE_CHECKING:
    from cpe.jobs import ActivityReport, JobReport, JobSummary

STYLES = {
    "RUNNING": "cyan",
    "STARTED": "cyan",
    "SCHEDULED": "dim",
    "COMPLETED": "green",
    "FAILED": "bold red",
    "TIMED_OUT": "bold red",
    "TERMINATED": "red",
    "CANCELED": "yellow",
}
"""How a status looks in a table."""

JOB_HEADERS = ("job", "workflow", "status", "started", "took")
ACTIVITY_HEADERS = ("activity", "type", "status", "attempt", "scheduled", "started", "took", "reason")

_LONGEST = 300


def visible(text: str, *, most: int = _LONGEST) -> str:
    r"""Lay a text out on one line, cut where it is too long, without what terminals take for commands.

    Example:
        >>> visible("two\nlines \x1b[2J")
        'two lines \\x1b[2J'
    """
    line = " ".join(text.split())
    if len(line) > most:
        line = f"{line[: most - 1]}…"
    return "".join(
        f"\\x{ord(sign):02x}" if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign for sign in line
    )


def job_row(job: JobSummary, *, now: float) -> Sequence[str]:
    """A job as a row under :data:`JOB_HEADERS`; what runs has taken until `now`, seconds since the epoch."""
    return (
        visible(job.identity.workflow_id),
        visible(f"{job.workflow_name} {job.workflow_version}"),
        job.status.value,
        moment(job.started),
        duration(max((now if job.closed is None else job.closed) - job.started, 0.0)),
    )


def activity_rows(activities: Iterable[ActivityReport], *, now: float) -> Iterator[Sequence[str]]:
    """Activities as rows under :data:`ACTIVITY_HEADERS`."""
    for activity in activities:
        yield (
            visible(activity.activity_id),
            visible(f"{activity.name} {activity.version}"),
            activity.status.value,
            str(activity.attempt),
            moment(activity.scheduled),
            moment(activity.started),
            _taken(activity, now),
            _why(activity.reason, _explained(activity)),
        )


def _explained(activity: ActivityReport) -> str | None:
    if activity.heartbeat is None:
        return activity.explanation
    return f"{activity.explanation}; its last heartbeat: {json_line(activity.heartbeat)}"


def job_lines(job: JobReport, *, now: float) -> Iterator[tuple[str, str]]:
    """What there is to say of a job besides its activities, as pairs of a name and a text."""
    summary = job.summary
    yield "job", visible(summary.identity.workflow_id)
    yield "workflow", visible(f"{summary.workflow_name} {summary.workflow_version}")
    yield "run", summary.run_id
    yield (
        "status",
        summary.status.value + (", asked to stop" if job.cancel_requested and summary.closed is None else ""),
    )
    yield "started", moment(summary.started)
    if summary.closed is not None:
        yield "closed", moment(summary.closed)
    yield "took", duration(max((now if summary.closed is None else summary.closed) - summary.started, 0.0))
    if why := _why(job.reason, job.explanation):
        yield "reason", why
    if job.result is not None:
        yield "result", visible(json_line(job.result))


def json_line(value: Any) -> str:
    """Write a JSON value on one line."""
    return json_text(value, indent=None, separators=(", ", ": "))


def _taken(activity: ActivityReport, now: float) -> str:
    if activity.started is None:
        return ""
    return duration(max((now if activity.ended is None else activity.ended) - activity.started, 0.0))


def _why(reason: str | None, explanation: str | None) -> str:
    return visible(": ".join(part for part in (reason, explanation) if part))
