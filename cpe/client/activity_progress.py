"""How an activity's state takes an event in; see :mod:`cpe.client.advance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cpe.client.quick import quick
from cpe.client.runs import Runs
from cpe.client.state import ActivityState, ActivityStatus
from cpe.protocol import ActivityRef, Event, EventType

_STATUS = {
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
# Looking a member of an enum up takes as long as all else that is done to some events.
_STARTED = ActivityStatus.STARTED
_RUNNING = ActivityStatus.RUNNING
_COMPLETED = ActivityStatus.COMPLETED
_FAILED = EventType.ACTIVITY_FAILED

# What an INTEGER of every database holds.
_MOST_ATTEMPTS = 2**31 - 1

_activity_state = quick(ActivityState)
Reports = Mapping[str, Mapping[str, Any]]


def advance_activity(
    known: ActivityState | None, ref: ActivityRef, event: Event, runs: Runs
) -> ActivityState:
    """The activity's state with one of its events taken in.

    Args:
        known: None if nothing was heard of it.
        ref: The activity that the event names.
        event: The event.
        runs: The job's runs, the event's among them.
    """
    run_id = event.workflow.run_id if event.workflow is not None else None
    attempt = _attempt(event)
    if known is not None:
        same_run = run_id == known.run_id
        newer = not same_run and _is_newer(runs, run_id, known.run_id)
        if newer or (same_run and attempt is not None and attempt > known.attempt):
            fresh = _fresh(ref, run_id, attempt or 1, event.time)
            known = replace(
                fresh, created=min(known.created, event.time), updated=max(known.updated, event.time)
            )
        elif not same_run or (attempt is not None and attempt < known.attempt):
            return replace(
                known, created=min(known.created, event.time), updated=max(known.updated, event.time)
            )
    else:
        known = _fresh(ref, run_id, attempt or 1, event.time)
    return _advance_attempt(known, event)


def _is_newer(runs: Runs, run_id: str | None, than: str | None) -> bool:
    return than is None or (run_id is not None and runs.is_newer(run_id, than))


def _fresh(ref: ActivityRef, run_id: str | None, attempt: int, time: float) -> ActivityState:
    return ActivityState(
        activity_id=ref.activity_id,
        name=ref.name,
        version=ref.version,
        status=ActivityStatus.SCHEDULED,
        created=time,
        updated=time,
        run_id=run_id,
        attempt=attempt,
    )


def _attempt(event: Event) -> int | None:
    """Which attempt an event tells of; None when it does not say, as a worker's may not."""
    attempt = event.details.get("attempt")
    if event.type is _FAILED:
        result = event.details.get("result")
        attempt = result.get("attempt") if isinstance(result, dict) else attempt
    return attempt if isinstance(attempt, int) and 0 < attempt <= _MOST_ATTEMPTS else None


def _advance_attempt(known: ActivityState, event: Event) -> ActivityState:
    created, updated = known.created, known.updated
    if event.time > updated:
        updated = event.time
    elif event.time < created:
        created = event.time
    status, before = _STATUS[event.type], known.status
    counts = status is before or status.rank > before.rank
    progress, outputs, reports = known.progress, known.outputs, known.reports
    result, reason, details = known.result, known.reason, known.details
    if status is _RUNNING:
        told = event.details.get("result")
        if isinstance(told, dict):
            reports, progress = _with_report(known, told)
    elif status is _STARTED:
        outputs = max(outputs, _outputs(event.details.get("input")))
    elif status is _COMPLETED:
        progress = 100.0
        if counts and result is None:
            result = event.details.get("result")
    if counts and status.final:
        why, explanation = _fault(event)
        reason, details = reason or why, details or explanation
    return _activity_state(
        activity_id=known.activity_id,
        name=known.name,
        version=known.version,
        status=status if counts else before,
        created=created,
        updated=updated,
        run_id=known.run_id,
        attempt=known.attempt,
        progress=progress,
        outputs=outputs,
        reports=reports,
        result=result,
        reason=reason,
        details=details,
    )


def _fault(event: Event) -> tuple[str | None, str | None]:
    """Why an activity ended: a code, and the same for a person."""
    result = event.details.get("result")
    if event.type is _FAILED and isinstance(result, dict):
        return _text(result.get("reason")), _text(result.get("details"))
    return _text(event.details.get("timeoutType")), _text(event.details.get("details"))


def _with_report(known: ActivityState, report: Mapping[str, Any]) -> tuple[Reports, float | None]:
    """The reports with one more, and the percentage of the whole activity.

    Of two reports on the same output the further one counts. Each output counts the same, and one that told
    nothing is at 0.
    """
    output = str(report.get("output", ""))
    percent, progress = _percent(report), known.progress
    before = known.reports.get(output)
    if before is not None and (_percent(before) or 0.0) > (percent or 0.0):
        return known.reports, progress
    reports = {**known.reports, output: report}
    if len(reports) == 1:
        total, count = percent or 0.0, 0 if percent is None else 1
    else:
        told = [one for each in reports.values() if (one := _percent(each)) is not None]
        total, count = sum(told), len(told)
    if count == 0:
        return reports, progress
    whole = total / max(known.outputs, count)
    return reports, whole if progress is None or whole > progress else progress


def _outputs(activity_input: object) -> int:
    assets = activity_input.get("output_assets") if isinstance(activity_input, dict) else None
    return len(assets) if isinstance(assets, list) else 1


def _percent(report: Mapping[str, Any]) -> float | None:
    value = report.get("progress")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    if value <= 0:
        return 0.0
    return float(value) if value < 100 else 100.0  # noqa: PLR2004 - percent


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
