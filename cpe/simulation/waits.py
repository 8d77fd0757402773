"""What an execution waits for, told from its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpe.plan import AwaitSignal, Plan, StepStatus

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


def waits(
    plan: Plan, events: Sequence[Mapping[str, Any]], steps: Mapping[str, StepStatus]
) -> tuple[str, ...]:
    """Say what an execution waits for: activities, timers and children that are open, and signals.

    Args:
        plan: Its plan.
        events: Its history.
        steps: Where its steps stand.
    """
    under_way: dict[int, str] = {}
    for event in events:
        kind = event["eventType"]
        attributes = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        if kind in _BEGUN:
            under_way[event["eventId"]] = _BEGUN[kind].format_map(attributes)
        elif (begun_by := _ENDS.get(kind)) is not None:
            under_way.pop(attributes[begun_by], None)
    signals = (
        f"signal {step.work.signal!r} (step {step.name})"
        for step in plan.steps
        if isinstance(step.work, AwaitSignal) and steps[step.name] is StepStatus.RUNNING
    )
    return (*under_way.values(), *signals)
