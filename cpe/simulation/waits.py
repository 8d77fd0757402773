"""What an execution waits for, told from its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpe.plan import AwaitSignal, Plan

_BEGUN = {
    "ActivityTaskScheduled": "activity {activityId}",
    "TimerStarted": "timer {timerId} of {startToFireTimeout} s",
    "StartChildWorkflowExecutionInitiated": "child workflow {workflowId}",
}
_ENDS: Mapping[str, str] = {
    **dict.fromkeys(
        (f"ActivityTask{end}" for end in ("Completed", "Failed", "TimedOut", "Canceled")), "scheduledEventId"
    ),
    **dict.fromkeys(("TimerFired", "TimerCanceled"), "startedEventId"),
    **dict.fromkeys(
        (
            f"ChildWorkflowExecution{end}"
            for end in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
        ),
        "initiatedEventId",
    ),
    "StartChildWorkflowExecutionFailed": "initiatedEventId",
}


def waits(plan: Plan, events: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Say what an execution waits for: activities, timers and children that are open, or else signals.

    Args:
        plan: Its plan.
        events: Its history.
    """
    under_way: dict[int, str] = {}
    signals: set[str] = set()
    for event in events:
        kind = event["eventType"]
        attributes = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        if kind in _BEGUN:
            under_way[event["eventId"]] = _BEGUN[kind].format_map(attributes)
        elif kind == "WorkflowExecutionSignaled":
            signals.add(attributes["signalName"])
        elif (begun_by := _ENDS.get(kind)) is not None:
            under_way.pop(attributes[begun_by], None)
    return tuple(under_way.values()) or _signals(plan, signals)


def _signals(plan: Plan, came: set[str]) -> tuple[str, ...]:
    """Name the signals that steps may wait for, those steps left out that come after others of them."""
    blocked: set[str] = set()
    found = []
    for step in plan.steps:  # each stands after those it requires
        is_behind = any(requirement.step in blocked for requirement in step.requires)
        waiting = isinstance(step.work, AwaitSignal) and step.work.signal not in came
        if is_behind or waiting:
            blocked.add(step.name)
        if waiting and not is_behind and isinstance(step.work, AwaitSignal):
            found.append(f"signal {step.work.signal!r} (step {step.name})")
    return tuple(found)
