"""The fold: history events into an :class:`~cpe.decider.execution.Execution`, each once, in order.

:data:`MEANINGS` has every event type of SWF and what it means to us. An unknown type is noted and changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cpe.decider.execution import (
    Attempt,
    Closing,
    ClosingKind,
    Ended,
    EndedFact,
    Ending,
    Execution,
    Fact,
    Fault,
    ScheduledFact,
    Signal,
    TimerState,
)
from cpe.decider.history import HistoryEvent
from cpe.protocol.identity import JobIdentity

FAULT_MARKER = "cpe.step_fault"
"""Marker that records that a step failed in the decider: its input could not be made, say.

It makes the failure a fact of the history: it happens once, and a plan mended later does not undo it.
"""

CLOSING_MARKER = "cpe.closing"
"""Marker that records how the execution closes, while what still runs is being cancelled."""


def fold_history(events: Iterable[Mapping[str, Any]], *, workflow_id: str, run_id: str) -> Execution:
    """Fold a history from its first event: O(events).

    Args:
        events: As boto3 gives them, all pages, oldest first.
        workflow_id, run_id: Which run they belong to.
    """
    identity = JobIdentity.from_workflow_id(workflow_id)
    execution = Execution(workflow_id=workflow_id, run_id=run_id, identity=identity)
    for raw in events:
        apply_event(execution, HistoryEvent.from_swf(raw))
    return execution


def apply_event(execution: Execution, event: HistoryEvent) -> None:
    """Fold one more event."""
    execution.last_event_id = event.id
    meaning = MEANINGS.get(event.type)
    if meaning is None:
        execution.unknown_events.append(event.type)
    else:
        meaning(execution, event)


# The meanings, in the order in which an execution lives.


def _started(execution: Execution, event: HistoryEvent) -> None:
    execution.input = event.attributes.get("input")


def _decision_started(execution: Execution, event: HistoryEvent) -> None:
    execution.decision_started_event_id = event.id


def _decision_completed(execution: Execution, event: HistoryEvent) -> None:
    started = event.attributes["startedEventId"]
    execution.answered_through = max(execution.answered_through, started)
    execution.decision_starts[event.id] = started


def _scheduled(execution: Execution, event: HistoryEvent) -> None:
    attributes = event.attributes
    activity_id = attributes["activityId"]
    attempts = execution.attempts.setdefault(activity_id, [])
    attempt = Attempt(
        activity_id=activity_id,
        name=attributes["activityType"]["name"],
        version=attributes["activityType"]["version"],
        number=len(attempts) + 1,
        handbacks=attempts[-1].handbacks + attempts[-1].handed_back if attempts else 0,
        input=attributes.get("input"),
        decision_started_event_id=execution.decision_starts.get(
            attributes["decisionTaskCompletedEventId"], 0
        ),
    )
    attempts.append(attempt)
    execution.by_scheduled_event[event.id] = attempt
    _note(execution, event, ScheduledFact(attempt=attempt))


def _schedule_failed(execution: Execution, event: HistoryEvent) -> None:
    step, cause = event.attributes["activityId"], event.attributes["cause"]
    kind = event.attributes["activityType"]
    details = f"SWF refused to schedule activity {kind['name']} {kind['version']}: {cause}"
    _fail(execution, event, Fault(step=step, reason=cause, details=details))


def _completed(execution: Execution, event: HistoryEvent) -> None:
    _end(execution, event, Ended(ending=Ending.COMPLETED, result=event.attributes.get("result")))


def _failed(execution: Execution, event: HistoryEvent) -> None:
    reason, details = event.attributes.get("reason"), event.attributes.get("details")
    _end(execution, event, Ended(ending=Ending.FAILED, reason=reason, details=details))


def _timed_out(execution: Execution, event: HistoryEvent) -> None:
    kind, details = event.attributes["timeoutType"], event.attributes.get("details")
    _end(execution, event, Ended(ending=Ending.TIMED_OUT, timeout_type=kind, details=details))


def _canceled(execution: Execution, event: HistoryEvent) -> None:
    _end(execution, event, Ended(ending=Ending.CANCELED, details=event.attributes.get("details")))


def _marker(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes.get("markerName")
    if name == FAULT_MARKER:
        _fail(execution, event, _fault(json.loads(event.attributes["details"])))
    elif name == CLOSING_MARKER:
        recorded = json.loads(event.attributes["details"])
        execution.closing = Closing(
            kind=ClosingKind(recorded["kind"]),
            reason=recorded["reason"],
            details=recorded["details"],
            failed_steps=tuple(_fault(step) for step in recorded["failed_steps"]),
        )


def _timer_started(execution: Execution, event: HistoryEvent) -> None:
    execution.timers[event.attributes["timerId"]] = TimerState()


def _timer_fired(execution: Execution, event: HistoryEvent) -> None:
    execution.timers[event.attributes["timerId"]] = TimerState(fired_event_id=event.id)


def _signaled(execution: Execution, event: HistoryEvent) -> None:
    signal = Signal(event_id=event.id, input=event.attributes.get("input"))
    execution.signals.setdefault(event.attributes["signalName"], signal)


def _cancel_requested(execution: Execution, _event: HistoryEvent) -> None:
    execution.cancel_requested = True


def _activity_cancel_requested(execution: Execution, event: HistoryEvent) -> None:
    attempts = execution.attempts.get(event.attributes["activityId"])
    if attempts:
        attempts[-1].cancel_requested = True


def _nothing(_execution: Execution, _event: HistoryEvent) -> None:
    """No plan can bring these about, or they tell nothing that decides anything."""


def _fault(recorded: Mapping[str, str]) -> Fault:
    return Fault(step=recorded["step"], reason=recorded["reason"], details=recorded["details"])


def _end(execution: Execution, event: HistoryEvent, ended: Ended) -> None:
    attempt = execution.by_scheduled_event[event.attributes["scheduledEventId"]]
    attempt.ended = ended
    _note(execution, event, EndedFact(attempt=attempt, ended=ended))


def _fail(execution: Execution, event: HistoryEvent, fault: Fault) -> None:
    execution.faults[fault.step] = fault
    _note(execution, event, fault)


def _note(execution: Execution, event: HistoryEvent, about: ScheduledFact | EndedFact | Fault) -> None:
    execution.facts.append(Fact(event_id=event.id, time=event.time, about=about))


MEANINGS: Mapping[str, Callable[[Execution, HistoryEvent], None]] = {
    "WorkflowExecutionStarted": _started,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "WorkflowExecutionSignaled": _signaled,
    "DecisionTaskScheduled": _nothing,
    "DecisionTaskStarted": _decision_started,
    "DecisionTaskCompleted": _decision_completed,
    "DecisionTaskTimedOut": _nothing,
    "ActivityTaskScheduled": _scheduled,
    "ScheduleActivityTaskFailed": _schedule_failed,
    "ActivityTaskStarted": _nothing,
    "ActivityTaskCompleted": _completed,
    "ActivityTaskFailed": _failed,
    "ActivityTaskTimedOut": _timed_out,
    "ActivityTaskCanceled": _canceled,
    "ActivityTaskCancelRequested": _activity_cancel_requested,
    "RequestCancelActivityTaskFailed": _nothing,
    "MarkerRecorded": _marker,
    "RecordMarkerFailed": _nothing,
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
    "ContinueAsNewWorkflowExecutionFailed": _nothing,
    # What no plan decides.
    "TimerStarted": _timer_started,
    "TimerFired": _timer_fired,
    "TimerCanceled": _nothing,
    "StartTimerFailed": _timer_fired,
    "CancelTimerFailed": _nothing,
    "StartChildWorkflowExecutionInitiated": _nothing,
    "StartChildWorkflowExecutionFailed": _nothing,
    "ChildWorkflowExecutionStarted": _nothing,
    "ChildWorkflowExecutionCompleted": _nothing,
    "ChildWorkflowExecutionFailed": _nothing,
    "ChildWorkflowExecutionTimedOut": _nothing,
    "ChildWorkflowExecutionCanceled": _nothing,
    "ChildWorkflowExecutionTerminated": _nothing,
    "SignalExternalWorkflowExecutionInitiated": _nothing,
    "SignalExternalWorkflowExecutionFailed": _nothing,
    "ExternalWorkflowExecutionSignaled": _nothing,
    "RequestCancelExternalWorkflowExecutionInitiated": _nothing,
    "RequestCancelExternalWorkflowExecutionFailed": _nothing,
    "ExternalWorkflowExecutionCancelRequested": _nothing,
    "LambdaFunctionScheduled": _nothing,
    "LambdaFunctionStarted": _nothing,
    "LambdaFunctionCompleted": _nothing,
    "LambdaFunctionFailed": _nothing,
    "LambdaFunctionTimedOut": _nothing,
    "ScheduleLambdaFunctionFailed": _nothing,
    "StartLambdaFunctionFailed": _nothing,
}
