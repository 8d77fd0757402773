"""When the newest attempt at each activity of a run was scheduled, started and ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cpe.decider import HistoryEvent

_BEGUN = {"ActivityTaskScheduled": "activityId", "StartChildWorkflowExecutionInitiated": "control"}
_STARTED = {
    "ActivityTaskStarted": "scheduledEventId",
    "ChildWorkflowExecutionStarted": "initiatedEventId",
}
_ENDED = {
    "ActivityTaskCompleted": "scheduledEventId",
    "ActivityTaskFailed": "scheduledEventId",
    "ActivityTaskTimedOut": "scheduledEventId",
    "ActivityTaskCanceled": "scheduledEventId",
    "ChildWorkflowExecutionCompleted": "initiatedEventId",
    "ChildWorkflowExecutionFailed": "initiatedEventId",
    "ChildWorkflowExecutionTimedOut": "initiatedEventId",
    "ChildWorkflowExecutionCanceled": "initiatedEventId",
    "ChildWorkflowExecutionTerminated": "initiatedEventId",
}


@dataclass(slots=True)
class Times:
    """Seconds since the epoch; None for what has not happened."""

    scheduled: float | None = None
    started: float | None = None
    ended: float | None = None


def attempt_times(events: Iterable[HistoryEvent]) -> Mapping[str, Times]:
    """Read the times of the newest attempts, by activity id; what an earlier run did is not among them.

    Example:
        >>> scheduled = HistoryEvent(5, "ActivityTaskScheduled", 2.5, {"activityId": "A"})
        >>> attempt_times([scheduled])["A"]
        Times(scheduled=2.5, started=None, ended=None)
    """
    newest: dict[str, Times] = {}
    begun: dict[int, Times] = {}
    for event in events:
        if event.type in _BEGUN:
            times = Times(scheduled=event.time)
            begun[event.id] = times
            newest[event.attributes.get(_BEGUN[event.type], "")] = times
        elif event.type in _STARTED and (known := begun.get(event.attributes[_STARTED[event.type]])):
            known.started = event.time
        elif event.type in _ENDED and (known := begun.get(event.attributes[_ENDED[event.type]])):
            known.ended = event.time
    return newest
