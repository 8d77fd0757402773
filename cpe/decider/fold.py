"""The fold: history events into an :class:`~cpe.decider.execution.Execution`, each once, in order.

:data:`MEANINGS` has every event type of SWF and what it means to us. An unknown type is noted and changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cpe.decider import fold_attempts as attempts
from cpe.decider.carrying import restore
from cpe.decider.context import Context
from cpe.decider.execution import (
    Closing,
    ClosingKind,
    Execution,
    Fault,
    Signal,
    Started,
    TimerState,
)
from cpe.decider.history import HistoryEvent
from cpe.decider.timers import owner_of
from cpe.protocol.identity import JobIdentity

FAULT_MARKER = "cpe.step_fault"
"""Marker that records that a step failed in the decider: its input could not be made, say.

It makes the failure a fact of the history: it happens once, and a plan mended later does not undo it.
"""

CANCEL_SIGNAL = "cpe.cancel_activity"
"""Signal that asks for one activity to stop, which SWF takes from a decider only. Its input is the id."""

CLOSING_MARKER = "cpe.closing"
"""Marker that records how the execution closes, while what still runs is being cancelled."""


def fold_history(events: Iterable[Mapping[str, Any]], *, workflow_id: str, run_id: str) -> Execution:
    """Fold a history from its first event: O(events).

    Args:
        events: As boto3 gives them, all pages, oldest first.
        workflow_id, run_id: Which run they belong to.
    """
    execution = new_execution(workflow_id, run_id)
    for raw in events:
        apply_event(execution, HistoryEvent.from_swf(raw))
    return execution


def new_execution(workflow_id: str, run_id: str) -> Execution:
    """An execution of whose history nothing is known yet."""
    identity = JobIdentity.from_workflow_id(workflow_id)
    return Execution(workflow_id=workflow_id, run_id=run_id, identity=identity)


def apply_event(execution: Execution, event: HistoryEvent) -> None:
    """Fold one more event."""
    execution.last_event_id = event.id
    meaning = MEANINGS.get(event.type)
    if meaning is None:
        execution.unknown_events.append(event.type)
    else:
        meaning(execution, event)


def _started(execution: Execution, event: HistoryEvent) -> None:
    attributes = event.attributes
    execution.started = Started(
        at=event.time,
        task_list=attributes.get("taskList", {}).get("name"),
        execution_timeout=attributes.get("executionStartToCloseTimeout"),
        task_timeout=attributes.get("taskStartToCloseTimeout"),
        child_policy=attributes.get("childPolicy"),
        priority=attributes.get("taskPriority"),
        tags=tuple(attributes.get("tagList", ())),
    )
    text = attributes.get("input")
    execution.characters += len(text or "")
    if "parentWorkflowExecution" in attributes and not attributes.get("continuedExecutionRunId"):
        # A child's input is made of its parent's data, whatever these look like.
        execution.input = text
    else:
        restore(execution, text)


def _decision_started(execution: Execution, event: HistoryEvent) -> None:
    execution.decision_started_event_id = event.id
    execution.decision_started_at = event.time


def _decision_completed(execution: Execution, event: HistoryEvent) -> None:
    started = event.attributes["startedEventId"]
    execution.answered_through = max(execution.answered_through, started)
    execution.last_decision = (event.id, started)
    execution.facts = [fact for fact in execution.facts if fact.event_id > started]
    execution.plan_digest = Context.parse(event.attributes.get("executionContext")).plan


def _marker(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes.get("markerName")
    if name == FAULT_MARKER:
        fault = _fault(json.loads(event.attributes["details"]))
        execution.faults[fault.step] = fault
        execution.touched.add(fault.step)
        attempts.note(execution, event, fault)
    elif name == CLOSING_MARKER:
        recorded = json.loads(event.attributes["details"])
        execution.closing = Closing(
            kind=ClosingKind(recorded["kind"]),
            reason=recorded["reason"],
            details=recorded["details"],
            failed_steps=tuple(_fault(step) for step in recorded["failed_steps"]),
            event_id=event.id,
        )


def _timer_started(execution: Execution, event: HistoryEvent) -> None:
    timer_id = event.attributes["timerId"]
    execution.timers[timer_id] = TimerState(
        started_event_id=event.id,
        started_at=event.time,
        seconds=int(event.attributes["startToFireTimeout"]),
    )
    attempts.taken(execution.timer_refusals, timer_id)
    _touch_owner(execution, timer_id)


def _timer_fired(execution: Execution, event: HistoryEvent) -> None:
    timer_id = event.attributes["timerId"]
    timer = execution.timers.get(timer_id)
    if timer is not None:
        timer.fired_event_id = event.id
        _touch_owner(execution, timer_id)


def _timer_failed(execution: Execution, event: HistoryEvent) -> None:
    timer_id, cause = event.attributes["timerId"], event.attributes["cause"]
    attempts.count_refusal(execution.timer_refusals, timer_id, cause)
    _touch_owner(execution, timer_id)


def _touch_owner(execution: Execution, timer_id: str) -> None:
    owner = owner_of(timer_id)
    if owner is not None:
        execution.touched.add(owner)


def _signaled(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes["signalName"]
    if name == CANCEL_SIGNAL:
        attempts.want_cancel(execution, event.attributes.get("input"))
        return
    if name not in execution.signals:
        text = event.attributes.get("input")
        execution.signals[name] = Signal(event_id=event.id, input=text)
        execution.characters += len(text or "")
    execution.touched_signals.add(name)


def _cancel_requested(execution: Execution, _event: HistoryEvent) -> None:
    execution.cancel_requested = True


def _continue_failed(execution: Execution, event: HistoryEvent) -> None:
    # Something happened meanwhile: it is decided on, and the run continued then.
    execution.continue_refused = event.attributes["cause"] != "UNHANDLED_DECISION"


def _nothing(_execution: Execution, _event: HistoryEvent) -> None:
    """No plan can bring these about, or they tell nothing that decides anything."""


def _fault(recorded: Mapping[str, str]) -> Fault:
    return Fault(step=recorded["step"], reason=recorded["reason"], details=recorded["details"])


MEANINGS: Mapping[str, Callable[[Execution, HistoryEvent], None]] = {
    "WorkflowExecutionStarted": _started,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "WorkflowExecutionSignaled": _signaled,
    "DecisionTaskScheduled": _nothing,
    "DecisionTaskStarted": _decision_started,
    "DecisionTaskCompleted": _decision_completed,
    "DecisionTaskTimedOut": _nothing,
    "ActivityTaskScheduled": attempts.scheduled,
    "ScheduleActivityTaskFailed": attempts.schedule_failed,
    "ActivityTaskStarted": _nothing,
    "ActivityTaskCompleted": attempts.completed,
    "ActivityTaskFailed": attempts.failed,
    "ActivityTaskTimedOut": attempts.timed_out,
    "ActivityTaskCanceled": attempts.canceled,
    "ActivityTaskCancelRequested": attempts.activity_cancel_requested,
    "RequestCancelActivityTaskFailed": _nothing,
    "MarkerRecorded": _marker,
    "RecordMarkerFailed": _nothing,
    "TimerStarted": _timer_started,
    "TimerFired": _timer_fired,
    "TimerCanceled": _nothing,
    "StartTimerFailed": _timer_failed,
    "CancelTimerFailed": _nothing,
    "StartChildWorkflowExecutionInitiated": attempts.child_initiated,
    "StartChildWorkflowExecutionFailed": attempts.child_failed_to_start,
    "ChildWorkflowExecutionStarted": attempts.child_started,
    "ChildWorkflowExecutionCompleted": attempts.completed,
    "ChildWorkflowExecutionFailed": attempts.failed,
    "ChildWorkflowExecutionTimedOut": attempts.timed_out,
    "ChildWorkflowExecutionCanceled": attempts.canceled,
    "ChildWorkflowExecutionTerminated": attempts.terminated,
    "RequestCancelExternalWorkflowExecutionInitiated": attempts.child_cancel_requested,
    "RequestCancelExternalWorkflowExecutionFailed": _nothing,
    "ExternalWorkflowExecutionCancelRequested": _nothing,
    # Closings: a history with one of the first six gets no more decisions; the failed ones are decided again.
    "WorkflowExecutionCompleted": _nothing,
    "WorkflowExecutionFailed": _nothing,
    "WorkflowExecutionTimedOut": _nothing,
    "WorkflowExecutionCanceled": _nothing,
    "WorkflowExecutionContinuedAsNew": _nothing,
    "WorkflowExecutionTerminated": _nothing,
    "CompleteWorkflowExecutionFailed": _nothing,
    "FailWorkflowExecutionFailed": _nothing,
    "CancelWorkflowExecutionFailed": _nothing,
    "ContinueAsNewWorkflowExecutionFailed": _continue_failed,
    # What no plan decides.
    "SignalExternalWorkflowExecutionInitiated": _nothing,
    "SignalExternalWorkflowExecutionFailed": _nothing,
    "ExternalWorkflowExecutionSignaled": _nothing,
    "LambdaFunctionScheduled": _nothing,
    "LambdaFunctionStarted": _nothing,
    "LambdaFunctionCompleted": _nothing,
    "LambdaFunctionFailed": _nothing,
    "LambdaFunctionTimedOut": _nothing,
    "ScheduleLambdaFunctionFailed": _nothing,
    "StartLambdaFunctionFailed": _nothing,
}
