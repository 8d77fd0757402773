"""Decisions as SWF takes them. The only place that knows their names and limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from cpe.decider.activities import Ready, child_id
from cpe.decider.carrying import seconds_left
from cpe.decider.execution import Attempt, ChildRun, Closing, Execution, Fault
from cpe.decider.fold import CLOSING_MARKER, FAULT_MARKER
from cpe.decider.priority import inherited
from cpe.decider.timers import Timer
from cpe.plan import Plan, RunActivity, RunWorkflow
from cpe.protocol.identity import JobIdentity

Decision: TypeAlias = dict[str, Any]

# Service model of SWF: TerminateReason and Data.
MAX_REASON = 256
MAX_DETAILS = 32_768

# What a fault says for a person; a marker must stay far below MAX_DETAILS once it is JSON.
_MAX_FAULT_DETAILS = 4_096
_MAX_STEP_DETAILS = 256
_MAX_FAILED_STEPS = 20


def schedule(ready: Ready, plan: Plan, execution: Execution, *, ahead: int = 0) -> Decision:
    """ScheduleActivityTask under the step's name as activity id, or StartChildWorkflowExecution.

    Args:
        ready: What is scheduled.
        plan: The plan.
        execution: The execution.
        ahead: How many of its activities and children are open before this one.
    """
    work = ready.work
    priority = inherited(work.priority, execution.started.priority, ahead=ahead)
    if isinstance(work, RunWorkflow):
        return _start_child(ready, work, plan, execution, priority)
    return _schedule_activity(ready, work, priority)


def _schedule_activity(ready: Ready, work: RunActivity, priority: str | None) -> Decision:
    activity, timeouts = work.activity, work.timeouts
    attributes: dict[str, Any] = {
        "activityId": ready.activity_id,
        "activityType": {"name": activity.name, "version": activity.version},
        "taskList": {"name": ready.task_list or activity.task_list},
        "heartbeatTimeout": timeouts.heartbeat_timeout,
        "scheduleToStartTimeout": timeouts.schedule_to_start_timeout,
        "scheduleToCloseTimeout": timeouts.schedule_to_close_timeout,
        "startToCloseTimeout": timeouts.start_to_close_timeout,
    }
    if ready.input is not None:
        attributes["input"] = ready.input.text
    if priority is not None:
        attributes["taskPriority"] = priority
    return {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": attributes}


def _start_child(
    ready: Ready, work: RunWorkflow, plan: Plan, execution: Execution, priority: str | None
) -> Decision:
    workflow_id = child_id(execution, ready.activity_id)
    child = JobIdentity.from_workflow_id(workflow_id)
    attributes: dict[str, Any] = {
        "workflowId": workflow_id,
        "workflowType": {"name": work.name, "version": work.version},
        "control": ready.activity_id,
        "childPolicy": work.child_policy.value,
        "tagList": [*((child.client, child.job_id) if child else ()), *plan.tags],
    }
    if ready.input is not None:
        attributes["input"] = ready.input.text
    if work.task_list is not None:
        attributes["taskList"] = {"name": work.task_list}
    if work.timeout is not None:
        attributes["executionStartToCloseTimeout"] = work.timeout
    if priority is not None:
        attributes["taskPriority"] = priority
    return {
        "decisionType": "StartChildWorkflowExecution",
        "startChildWorkflowExecutionDecisionAttributes": attributes,
    }


def record_fault(fault: Fault) -> Decision:
    """RecordMarker for a step that failed in the decider."""
    short = replace(fault, details=_cut(fault.details, _MAX_FAULT_DETAILS))
    attributes = {"markerName": FAULT_MARKER, "details": json.dumps(asdict(short))}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def record_closing(closing: Closing) -> Decision:
    """RecordMarker for an execution that closes once what still runs has been cancelled."""
    steps = [replace(step, details=_cut(step.details, _MAX_STEP_DETAILS)) for step in closing.failed_steps]
    recorded = {
        "kind": closing.kind,
        "reason": closing.reason,
        "details": _cut(closing.details, _MAX_FAULT_DETAILS),
        "failed_steps": [asdict(step) for step in steps[:_MAX_FAILED_STEPS]],
    }
    attributes = {"markerName": CLOSING_MARKER, "details": json.dumps(recorded)}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def request_cancel(attempt: Attempt) -> Decision:
    """RequestCancelActivityTask: its worker learns of it by heartbeat. For a child, its decider is asked."""
    if attempt.child is not None:
        return _cancel_child(attempt.activity_id, attempt.child)
    return {
        "decisionType": "RequestCancelActivityTask",
        "requestCancelActivityTaskDecisionAttributes": {"activityId": attempt.activity_id},
    }


def _cancel_child(name: str, child: ChildRun) -> Decision:
    attributes = {"workflowId": child.workflow_id, "control": name}
    return {
        "decisionType": "RequestCancelExternalWorkflowExecution",
        "requestCancelExternalWorkflowExecutionDecisionAttributes": attributes,
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
        "cancelWorkflowExecutionDecisionAttributes": {"details": _cut(details, MAX_DETAILS)},
    }


def continue_as_new(text: str, plan: Plan, execution: Execution) -> Decision:
    """ContinueAsNewWorkflowExecution with what this run was started with; of its time, what is left."""
    started = execution.started
    attributes: dict[str, Any] = {"input": text, "workflowTypeVersion": plan.version}
    if started.execution_timeout is not None and started.execution_timeout != "NONE":
        left = seconds_left(execution, int(started.execution_timeout), started.at)
        attributes["executionStartToCloseTimeout"] = str(left)
    if started.task_list is not None:
        attributes["taskList"] = {"name": started.task_list}
    if started.task_timeout is not None:
        attributes["taskStartToCloseTimeout"] = started.task_timeout
    if started.child_policy is not None:
        attributes["childPolicy"] = started.child_policy
    if started.priority is not None:
        attributes["taskPriority"] = started.priority
    tags = list(dict.fromkeys((*started.tags, *plan.tags)))[:_MAX_TAGS]
    if tags:
        attributes["tagList"] = tags
    return {
        "decisionType": "ContinueAsNewWorkflowExecution",
        "continueAsNewWorkflowExecutionDecisionAttributes": attributes,
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


_MAX_TAGS = 5
