"""The fold: what each event type does to an execution, in one table.

Living on and being restored are the same fold, so an execution that came back from its events is the one
that wrote them. Whatever an event type means stands in this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cpe.local.swf.engine.changes import Event
from cpe.local.swf.engine.durations import later, seconds
from cpe.local.swf.engine.execution import Execution
from cpe.local.swf.engine.parts import ActivityTask, Child, DecisionTask, Timer

Attributes = Mapping[str, Any]
Meaning = Callable[[Execution, Attributes, int, float], None]


def fold(execution: Execution, events: Iterable[Event]) -> Execution:
    """Fold events that follow those it has."""
    for event in events:
        apply_event(execution, event)
    return execution


def apply_event(execution: Execution, event: Event) -> None:
    """Fold one more event."""
    kind = event["eventType"]
    execution.events.append(event)
    meaning = MEANINGS.get(kind)
    if meaning is not None:
        meaning(execution, event[ATTRIBUTES[kind]], event["eventId"], event["eventTimestamp"])
    if kind in NEWS:
        execution.wants_decision = True


def _started(execution: Execution, attributes: Attributes, _event_id: int, _at: float) -> None:
    execution.start = attributes
    execution.task_list = attributes["taskList"]["name"]


def _cancel_requested(execution: Execution, _attributes: Attributes, _event_id: int, _at: float) -> None:
    execution.cancel_requested = True


def _decision_scheduled(execution: Execution, attributes: Attributes, event_id: int, at: float) -> None:
    execution.decision = DecisionTask(
        scheduled_id=event_id,
        scheduled_at=at,
        task_list=attributes["taskList"]["name"],
        priority=int(attributes.get("taskPriority", 0)),
        schedule_to_start=seconds(attributes.get("scheduleToStartTimeout")),
        start_to_close=seconds(attributes.get("startToCloseTimeout")),
    )


def _decision_started(execution: Execution, _attributes: Attributes, event_id: int, at: float) -> None:
    assert execution.decision is not None  # noqa: S101 - dense ids: a started task was scheduled
    execution.decision.started_id = event_id
    execution.decision.started_at = at
    execution.wants_decision = False


def _decision_completed(execution: Execution, attributes: Attributes, _event_id: int, _at: float) -> None:
    execution.decision = None
    execution.previous_started_id = attributes["startedEventId"]
    if "executionContext" in attributes:
        execution.execution_context = attributes["executionContext"]
    if "taskList" in attributes:
        name, timeout = attributes["taskList"]["name"], attributes.get("taskListScheduleToStartTimeout")
        if timeout is None:
            execution.task_list, execution.override = name, None
        else:
            execution.override = (name, timeout)


def _decision_timed_out(execution: Execution, _attributes: Attributes, _event_id: int, _at: float) -> None:
    execution.decision = execution.override = None


def _activity_scheduled(execution: Execution, attributes: Attributes, event_id: int, at: float) -> None:
    task = ActivityTask(
        scheduled_id=event_id,
        scheduled_at=at,
        attributes=attributes,
        task_list=attributes["taskList"]["name"],
        priority=int(attributes.get("taskPriority", 0)),
        schedule_to_start=seconds(attributes["scheduleToStartTimeout"]),
        schedule_to_close=seconds(attributes["scheduleToCloseTimeout"]),
        start_to_close=seconds(attributes["startToCloseTimeout"]),
        heartbeat=seconds(attributes["heartbeatTimeout"]),
    )
    execution.activities[event_id] = execution.activity_ids[task.activity_id] = task
    execution.latest_activity_at = at


def _activity_started(execution: Execution, attributes: Attributes, event_id: int, at: float) -> None:
    task = execution.activities[attributes["scheduledEventId"]]
    task.started_id, task.started_at = event_id, at


def _activity_cancel_requested(
    execution: Execution, attributes: Attributes, event_id: int, _at: float
) -> None:
    execution.activity_ids[attributes["activityId"]].cancel_id = event_id


def _activity_ended(execution: Execution, attributes: Attributes, _event_id: int, _at: float) -> None:
    task = execution.activities.pop(attributes["scheduledEventId"])
    del execution.activity_ids[task.activity_id]


def _timer_started(execution: Execution, attributes: Attributes, event_id: int, at: float) -> None:
    due = later(at, seconds(attributes["startToFireTimeout"])) or at
    timer = Timer(timer_id=attributes["timerId"], started_id=event_id, due=due)
    execution.timers[event_id] = execution.timer_ids[timer.timer_id] = timer


def _timer_ended(execution: Execution, attributes: Attributes, _event_id: int, _at: float) -> None:
    timer = execution.timers.pop(attributes["startedEventId"])
    del execution.timer_ids[timer.timer_id]


def _child_initiated(execution: Execution, attributes: Attributes, event_id: int, _at: float) -> None:
    execution.children[event_id] = Child(initiated_id=event_id, workflow_id=attributes["workflowId"])


def _child_started(execution: Execution, attributes: Attributes, event_id: int, _at: float) -> None:
    child = execution.children[attributes["initiatedEventId"]]
    child.started_id, child.run_id = event_id, attributes["workflowExecution"]["runId"]


def _child_ended(execution: Execution, attributes: Attributes, _event_id: int, _at: float) -> None:
    execution.children.pop(
        attributes["initiatedEventId"], None
    )  # a refused one may never have been initiated


def _closed(status: str) -> Meaning:
    def close(execution: Execution, _attributes: Attributes, _event_id: int, _at: float) -> None:
        execution.close_status = status
        execution.decision = None
        execution.wants_decision = False
        for still_open in (
            execution.activities,
            execution.activity_ids,
            execution.timers,
            execution.timer_ids,
            execution.children,
        ):
            still_open.clear()

    return close


CLOSE_STATUS: Mapping[str, str] = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
}
"""The events that close an execution, and the closeStatus that they give it."""

MEANINGS: Mapping[str, Meaning] = {
    "WorkflowExecutionStarted": _started,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "DecisionTaskScheduled": _decision_scheduled,
    "DecisionTaskStarted": _decision_started,
    "DecisionTaskCompleted": _decision_completed,
    "DecisionTaskTimedOut": _decision_timed_out,
    "ActivityTaskScheduled": _activity_scheduled,
    "ActivityTaskStarted": _activity_started,
    "ActivityTaskCancelRequested": _activity_cancel_requested,
    "ActivityTaskCompleted": _activity_ended,
    "ActivityTaskFailed": _activity_ended,
    "ActivityTaskTimedOut": _activity_ended,
    "ActivityTaskCanceled": _activity_ended,
    "TimerStarted": _timer_started,
    "TimerFired": _timer_ended,
    "TimerCanceled": _timer_ended,
    "StartChildWorkflowExecutionInitiated": _child_initiated,
    "StartChildWorkflowExecutionFailed": _child_ended,
    "ChildWorkflowExecutionStarted": _child_started,
    "ChildWorkflowExecutionCompleted": _child_ended,
    "ChildWorkflowExecutionFailed": _child_ended,
    "ChildWorkflowExecutionTimedOut": _child_ended,
    "ChildWorkflowExecutionCanceled": _child_ended,
    "ChildWorkflowExecutionTerminated": _child_ended,
    **{kind: _closed(status) for kind, status in CLOSE_STATUS.items()},
}
"""What an event changes; a type that is not here is only remembered."""

NEWS = frozenset(
    {
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "DecisionTaskTimedOut",
        "ActivityTaskCompleted",
        "ActivityTaskFailed",
        "ActivityTaskTimedOut",
        "ActivityTaskCanceled",
        "TimerFired",
        "ChildWorkflowExecutionStarted",
        "ChildWorkflowExecutionCompleted",
        "ChildWorkflowExecutionFailed",
        "ChildWorkflowExecutionTimedOut",
        "ChildWorkflowExecutionCanceled",
        "ChildWorkflowExecutionTerminated",
        "ExternalWorkflowExecutionSignaled",
        "ExternalWorkflowExecutionCancelRequested",
        # Decisions that failed: the decider is told with a decision task of its own.
        "CompleteWorkflowExecutionFailed",
        "FailWorkflowExecutionFailed",
        "CancelWorkflowExecutionFailed",
        "ContinueAsNewWorkflowExecutionFailed",
        "ScheduleActivityTaskFailed",
        "RequestCancelActivityTaskFailed",
        "StartTimerFailed",
        "CancelTimerFailed",
        "StartChildWorkflowExecutionFailed",
        "SignalExternalWorkflowExecutionFailed",
        "RequestCancelExternalWorkflowExecutionFailed",
        "ScheduleLambdaFunctionFailed",
    }
)
"""The events that a decider is given a decision task for."""

_REMEMBERED = (
    "WorkflowExecutionSignaled",
    "MarkerRecorded",
    "SignalExternalWorkflowExecutionInitiated",
    "RequestCancelExternalWorkflowExecutionInitiated",
)

ATTRIBUTES: Mapping[str, str] = {
    kind: f"{kind[0].lower()}{kind[1:]}EventAttributes" for kind in {*MEANINGS, *NEWS, *_REMEMBERED}
}
"""The member of an event that holds the attributes of its type."""
