"""What is open inside an execution: its decision task, activity tasks, timers and children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpe.local.swf.engine.durations import later

Expiry = tuple[float, str]
"""When a time-out is due, and its SWF name."""


@dataclass(slots=True, kw_only=True)
class DecisionTask:
    """The one decision task an execution can have open; `started_id` is 0 while it waits."""

    scheduled_id: int
    scheduled_at: float
    task_list: str
    priority: int
    schedule_to_start: int | None
    start_to_close: int | None
    started_id: int = 0
    started_at: float = 0.0

    def expiry(self) -> Expiry | None:
        """Say which time-out is next."""
        if self.started_id:
            return _earliest(("START_TO_CLOSE", later(self.started_at, self.start_to_close)))
        return _earliest(("SCHEDULE_TO_START", later(self.scheduled_at, self.schedule_to_start)))


@dataclass(slots=True, kw_only=True)
class ActivityTask:
    """An open activity task; `started_id` is 0 while it waits, `cancel_id` while nobody wants it canceled."""

    scheduled_id: int
    scheduled_at: float
    attributes: Mapping[str, Any]
    """Those of its ActivityTaskScheduled event."""
    task_list: str
    priority: int
    schedule_to_start: int | None
    schedule_to_close: int | None
    start_to_close: int | None
    heartbeat: int | None
    started_id: int = 0
    started_at: float = 0.0
    heartbeat_at: float = 0.0
    heartbeat_details: str | None = None
    cancel_id: int = 0

    @property
    def activity_id(self) -> str:
        """The decider's name for it."""
        return str(self.attributes["activityId"])

    def expiry(self) -> Expiry | None:
        """Say which time-out is next."""
        close = ("SCHEDULE_TO_CLOSE", later(self.scheduled_at, self.schedule_to_close))
        if not self.started_id:
            return _earliest(("SCHEDULE_TO_START", later(self.scheduled_at, self.schedule_to_start)), close)
        beat = max(self.started_at, self.heartbeat_at)
        return _earliest(
            ("START_TO_CLOSE", later(self.started_at, self.start_to_close)),
            close,
            ("HEARTBEAT", later(beat, self.heartbeat)),
        )


@dataclass(slots=True, kw_only=True)
class Timer:
    """A timer that has not fired."""

    timer_id: str
    started_id: int
    due: float


@dataclass(slots=True, kw_only=True)
class Child:
    """A child that was asked for, and once `started_id` is not 0, runs."""

    initiated_id: int
    workflow_id: str
    run_id: str = ""
    started_id: int = 0


def _earliest(*candidates: tuple[str, float | None]) -> Expiry | None:
    """Pick the one that is due first; of equal ones the first named."""
    found: Expiry | None = None
    for kind, due in candidates:
        if due is not None and (found is None or due < found[0]):
            found = (due, kind)
    return found
