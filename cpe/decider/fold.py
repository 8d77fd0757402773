"""The fold: history events into an :class:`~cpe.decider.execution.Execution`, each once, in order.

:data:`MEANINGS` has every event type of SWF and what it means to us. An unknown type is noted and changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cpe.decider.carrying import restore
from cpe.decider.execution import (
    Attempt,
    ChildRun,
    Closing,
    ClosingKind,
    Ended,
    EndedFact,
    Ending,
    Execution,
    Fact,
    Fault,
    Refusal,
    ScheduledFact,
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


# The meanings, in the order in which an execution lives.


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
    if "parentWorkflowExecution" in attributes and not attributes.get("continuedExecutionRunId"):
        # A child's input is made of its parent's data, whatever these look like.
        execution.input = attributes.get("input")
    else:
        restore(execution, attributes.get("input"))


def _decision_started(execution: Execution, event: HistoryEvent) -> None:
    execution.decision_started_event_id = event.id
    execution.decision_started_at = event.time


def _decision_completed(execution: Execution, event: HistoryEvent) -> None:
    started = event.attributes["startedEventId"]
    execution.answered_through = max(execution.answered_through, started)
    execution.last_decision = (event.id, started)
    execution.facts = [fact for fact in execution.facts if fact.event_id > started]
    execution.plan_digest = _plan_digest(event.attributes.get("executionContext"))


def _scheduled(execution: Execution, event: HistoryEvent) -> None:
    kind = event.attributes["activityType"]
    _begin(
        execution, event, event.attributes["activityId"], kind, task_list=event.attributes["taskList"]["name"]
    )


def _child_initiated(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes.get("control")
    if name is not None:
        child = ChildRun(workflow_id=event.attributes["workflowId"])
        _begin(execution, event, name, event.attributes["workflowType"], child=child)


def _begin(
    execution: Execution,
    event: HistoryEvent,
    name: str,
    kind: Mapping[str, str],
    *,
    task_list: str | None = None,
    child: ChildRun | None = None,
) -> None:
    attributes = event.attributes
    last = execution.attempts.get(name)
    decision, decision_started = execution.last_decision
    attempt = Attempt(
        activity_id=name,
        name=kind["name"],
        version=kind["version"],
        number=last.number + 1 if last else 1,
        handbacks=last.handbacks + last.handed_back if last else 0,
        input=attributes.get("input"),
        task_list=task_list,
        child=child,
        before=last if child is not None else None,
        decision_started_event_id=(
            decision_started if attributes["decisionTaskCompletedEventId"] == decision else 0
        ),
    )
    execution.attempts[name] = attempt
    execution.running[event.id] = attempt
    if child is None:
        _taken(execution.refusals, name)
    execution.touched.add(name)
    _note(execution, event, ScheduledFact(attempt=attempt))


def _schedule_failed(execution: Execution, event: HistoryEvent) -> None:
    _refused(execution, event.attributes["activityId"], event.attributes["cause"])


def _child_failed_to_start(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes.get("control")
    if name is None:
        return
    begun = execution.running.pop(event.attributes.get("initiatedEventId", 0), None)
    if begun is not None:  # SWF took the decision and then found one running under the same workflow id
        _forget(execution, begun)
    _refused(execution, name, event.attributes["cause"])


def _refused(execution: Execution, name: str, cause: str) -> None:
    _count_refusal(execution.refusals, name, cause)
    execution.touched.add(name)


def _count_refusal(refusals: dict[str, Refusal], name: str, cause: str) -> None:
    before = refusals.get(name)
    count, total = (before.count, before.total) if before else (0, 0)
    refusals[name] = Refusal(count=count + 1, total=total + 1, cause=cause)


def _taken(refusals: dict[str, Refusal], name: str) -> None:
    if name in refusals:
        refusals[name] = replace(refusals[name], count=0)


def _forget(execution: Execution, attempt: Attempt) -> None:
    """Take back an attempt that never was."""
    name = attempt.activity_id
    execution.facts = [
        fact
        for fact in execution.facts
        if not (isinstance(fact.about, ScheduledFact) and fact.about.attempt is attempt)
    ]
    if attempt.before is None:
        del execution.attempts[name]
    else:
        execution.attempts[name] = attempt.before
    execution.cancels_wanted.discard(name)


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


def _terminated(execution: Execution, event: HistoryEvent) -> None:
    _end(execution, event, Ended(ending=Ending.TERMINATED))


def _child_started(execution: Execution, event: HistoryEvent) -> None:
    attempt = execution.running.get(event.attributes["initiatedEventId"])
    if attempt is not None and attempt.child is not None:
        attempt.child.run_id = event.attributes["workflowExecution"]["runId"]
        attempt.before = None
        _taken(execution.refusals, attempt.activity_id)
        execution.touched.add(attempt.activity_id)


def _marker(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes.get("markerName")
    if name == FAULT_MARKER:
        fault = _fault(json.loads(event.attributes["details"]))
        execution.faults[fault.step] = fault
        execution.touched.add(fault.step)
        _note(execution, event, fault)
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
    _taken(execution.timer_refusals, timer_id)
    _touch_owner(execution, timer_id)


def _timer_fired(execution: Execution, event: HistoryEvent) -> None:
    timer_id = event.attributes["timerId"]
    timer = execution.timers.get(timer_id)
    if timer is not None:
        timer.fired_event_id = event.id
        _touch_owner(execution, timer_id)


def _timer_failed(execution: Execution, event: HistoryEvent) -> None:
    timer_id, cause = event.attributes["timerId"], event.attributes["cause"]
    _count_refusal(execution.timer_refusals, timer_id, cause)
    _touch_owner(execution, timer_id)


def _touch_owner(execution: Execution, timer_id: str) -> None:
    owner = owner_of(timer_id)
    if owner is not None:
        execution.touched.add(owner)


def _signaled(execution: Execution, event: HistoryEvent) -> None:
    name = event.attributes["signalName"]
    if name == CANCEL_SIGNAL:
        _want_cancel(execution, event.attributes.get("input"))
        return
    execution.signals.setdefault(name, Signal(event_id=event.id, input=event.attributes.get("input")))
    execution.touched_signals.add(name)


def _want_cancel(execution: Execution, name: str | None) -> None:
    attempt = execution.attempts.get(name) if name is not None else None
    if attempt is not None and attempt.ended is None:
        execution.cancels_wanted.add(attempt.activity_id)


def _cancel_requested(execution: Execution, _event: HistoryEvent) -> None:
    execution.cancel_requested = True


def _activity_cancel_requested(execution: Execution, event: HistoryEvent) -> None:
    _mark_cancelled(execution, event.attributes["activityId"])


def _child_cancel_requested(execution: Execution, event: HistoryEvent) -> None:
    _mark_cancelled(execution, event.attributes.get("control"))


def _mark_cancelled(execution: Execution, name: str | None) -> None:
    attempt = execution.attempts.get(name) if name is not None else None
    if attempt is not None:
        attempt.cancel_requested = True
        execution.cancels_wanted.discard(attempt.activity_id)
        execution.touched.add(attempt.activity_id)


def _continue_failed(execution: Execution, event: HistoryEvent) -> None:
    # Something happened meanwhile: it is decided on, and the run continued then.
    execution.continue_refused = event.attributes["cause"] != "UNHANDLED_DECISION"


def _nothing(_execution: Execution, _event: HistoryEvent) -> None:
    """No plan can bring these about, or they tell nothing that decides anything."""


def _fault(recorded: Mapping[str, str]) -> Fault:
    return Fault(step=recorded["step"], reason=recorded["reason"], details=recorded["details"])


def _plan_digest(context: str | None) -> str | None:
    """The plan that a decision was made by; other deciders' contexts may hold anything."""
    try:
        plan = json.loads(context or "null")["plan"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return plan if isinstance(plan, str) else None


def _end(execution: Execution, event: HistoryEvent, ended: Ended) -> None:
    attributes = event.attributes
    begun = (
        attributes["scheduledEventId"] if "scheduledEventId" in attributes else attributes["initiatedEventId"]
    )
    attempt = execution.running.pop(begun, None)
    if attempt is None:
        return
    attempt.ended = ended
    execution.cancels_wanted.discard(attempt.activity_id)
    execution.touched.add(attempt.activity_id)
    _note(execution, event, EndedFact(attempt=attempt, ended=ended, input=attempt.input))
    if ended.ending is Ending.COMPLETED:
        attempt.input = None


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
    "TimerStarted": _timer_started,
    "TimerFired": _timer_fired,
    "TimerCanceled": _nothing,
    "StartTimerFailed": _timer_failed,
    "CancelTimerFailed": _nothing,
    "StartChildWorkflowExecutionInitiated": _child_initiated,
    "StartChildWorkflowExecutionFailed": _child_failed_to_start,
    "ChildWorkflowExecutionStarted": _child_started,
    "ChildWorkflowExecutionCompleted": _completed,
    "ChildWorkflowExecutionFailed": _failed,
    "ChildWorkflowExecutionTimedOut": _timed_out,
    "ChildWorkflowExecutionCanceled": _canceled,
    "ChildWorkflowExecutionTerminated": _terminated,
    "RequestCancelExternalWorkflowExecutionInitiated": _child_cancel_requested,
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
