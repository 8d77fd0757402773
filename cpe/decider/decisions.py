"""Decisions as SWF takes them. The only place that knows their names and limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from cpe.decider.activities import Ready, Timer
from cpe.decider.execution import Closing, Fault
from cpe.decider.fold import CLOSING_MARKER, FAULT_MARKER

Decision: TypeAlias = dict[str, Any]

# Service model of SWF: TerminateReason and Data.
MAX_REASON = 256
MAX_DETAILS = 32_768

# What a fault says for a person; a marker must stay far below MAX_DETAILS once it is JSON.
_MAX_FAULT_DETAILS = 4_096
_MAX_STEP_DETAILS = 256
_MAX_FAILED_STEPS = 20


def schedule_activity(ready: Ready) -> Decision:
    """ScheduleActivityTask under the step's name as activity id."""
    work = ready.work
    activity, timeouts = work.activity, work.timeouts
    attributes: dict[str, Any] = {
        "activityId": ready.activity_id,
        "activityType": {"name": activity.name, "version": activity.version},
        "taskList": {"name": activity.task_list},
        "heartbeatTimeout": timeouts.heartbeat_timeout,
        "scheduleToStartTimeout": timeouts.schedule_to_start_timeout,
        "scheduleToCloseTimeout": timeouts.schedule_to_close_timeout,
        "startToCloseTimeout": timeouts.start_to_close_timeout,
    }
    if ready.input is not None:
        attributes["input"] = ready.input
    if work.priority is not None:
        attributes["taskPriority"] = work.priority
    return {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": attributes}


def record_fault(fault: Fault) -> Decision:
    """RecordMarker for a step that failed in the decider."""
    short = replace(fault, details=_cut(fault.details, _MAX_FAULT_DETAILS))
    attributes = {"markerName": FAULT_MARKER, "details": json.dumps(asdict(short))}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def record_closing(closing: Closing) -> Decision:
    """RecordMarker for an execution that closes once what still runs has been cancelled."""
    steps = [replace(step, details=_cut(step.details, _MAX_STEP_DETAILS)) for step in closing.failed_steps]
    short = replace(
        closing,
        details=_cut(closing.details, _MAX_FAULT_DETAILS),
        failed_steps=tuple(steps[:_MAX_FAILED_STEPS]),
    )
    attributes = {"markerName": CLOSING_MARKER, "details": json.dumps(asdict(short))}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def cancel_activity(activity_id: str) -> Decision:
    """RequestCancelActivityTask: its worker learns of it by heartbeat."""
    return {
        "decisionType": "RequestCancelActivityTask",
        "requestCancelActivityTaskDecisionAttributes": {"activityId": activity_id},
    }


def start_timer(timer: Timer) -> Decision:
    """StartTimer."""
    attributes = {"timerId": timer.id, "startToFireTimeout": str(timer.seconds)}
    return {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}


def complete_workflow(result: str | None) -> Decision:
    """CompleteWorkflowExecution; `result` is JSON text."""
    attributes = {} if result is None else {"result": result}
    return {
        "decisionType": "CompleteWorkflowExecution",
        "completeWorkflowExecutionDecisionAttributes": attributes,
    }


def fail_workflow(reason: str, details: str) -> Decision:
    """FailWorkflowExecution."""
    attributes = {"reason": _cut(reason, MAX_REASON), "details": _cut(details, MAX_DETAILS)}
    return {"decisionType": "FailWorkflowExecution", "failWorkflowExecutionDecisionAttributes": attributes}


def cancel_workflow(details: str) -> Decision:
    """CancelWorkflowExecution."""
    return {
        "decisionType": "CancelWorkflowExecution",
        "cancelWorkflowExecutionDecisionAttributes": {"details": details},
    }


def workflow_failure(faults: Sequence[Fault]) -> tuple[str, str]:
    """Reason and details of a workflow that failed: the first step, its reason, its details.

    Example:
        >>> workflow_failure([Fault(step="S", reason="NO_DISK", details="disk is full")])
        ('S: NO_DISK', 'disk is full')
    """
    first = faults[0]
    return _cut(f"{first.step}: {first.reason}", MAX_REASON), _cut(first.details, MAX_DETAILS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
