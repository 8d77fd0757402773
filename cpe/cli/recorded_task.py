"""An activity task as a history recorded it, to be run once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cpe.activity import TaskInfo
from cpe.decider import HistoryEvent
from cpe.errors import CommandRejected
from cpe.protocol import JobIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTask:
    """One attempt at an activity: which it is, and the input that it was given as text."""

    info: TaskInfo
    attempt: int
    input: str | None


def find_task(
    events: Iterable[Mapping[str, Any]],
    activity_id: str,
    *,
    workflow_id: str,
    run_id: str,
    attempt: int | None = None,
) -> RecordedTask:
    """Find an attempt at an activity in a run's history.

    Args:
        events: SWF's own dicts, with payloads in the place of their references.
        activity_id: Which activity.
        workflow_id, run_id: Which run.
        attempt: Which attempt, from 1; the newest of the run by default.

    Raises:
        CommandRejected: ``UNKNOWN_ACTIVITY``.
    """
    history = [HistoryEvent.from_swf(raw) for raw in events]
    scheduled = [event for event in history if event.type == "ActivityTaskScheduled"]
    mine = [event for event in scheduled if event.attributes["activityId"] == activity_id]
    number = len(mine) if attempt is None else attempt
    if not mine:
        known = sorted({event.attributes["activityId"] for event in scheduled})
        raise CommandRejected(
            f"{workflow_id} scheduled no activity {activity_id!r} in run {run_id}; it scheduled: "
            f"{', '.join(known) or 'none'}",
            code="UNKNOWN_ACTIVITY",
        )
    if not 1 <= number <= len(mine):
        raise CommandRejected(
            f"{activity_id} of {workflow_id} has {len(mine)} attempts in run {run_id}, no {number}th",
            code="UNKNOWN_ACTIVITY",
        )
    event = mine[number - 1]
    started = next(
        (
            one.id
            for one in history
            if one.type == "ActivityTaskStarted" and one.attributes["scheduledEventId"] == event.id
        ),
        event.id,
    )
    identity = JobIdentity.from_workflow_id(workflow_id)
    kind = event.attributes["activityType"]
    return RecordedTask(
        info=TaskInfo(
            activity_id=activity_id,
            activity_name=kind["name"],
            activity_version=kind["version"],
            workflow_id=workflow_id,
            run_id=run_id,
            started_event_id=started,
            client=identity.client if identity else None,
            job_id=identity.job_id if identity else None,
        ),
        attempt=number,
        input=event.attributes.get("input"),
    )
