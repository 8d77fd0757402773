"""What a run's history tells, as events of the protocol: what its client hears, but for what workers report.

The same fact has the id that the daemons give it. Not in histories: ACTIVITY_PREPARING, ACTIVITY_PROGRESS and
ACTIVITY_FINISHING, and whether a plan will retry. Large payloads stay references.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cpe.decider import HistoryEvent, apply_event
from cpe.decider.attempt_words import activity_ref, child_details, json_or_text
from cpe.decider.execution import EndedFact, Ending, Fact, Fault, ScheduledFact
from cpe.decider.failures import failure_of
from cpe.decider.fold import CANCEL_SIGNAL, new_execution
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.events import (
    activity_phase_id,
    activity_scheduled_id,
    closed_id,
    history_event_id,
    step_fault_id,
    workflow_scheduled_id,
)

_ENDINGS = {
    Ending.COMPLETED: EventType.ACTIVITY_COMPLETED,
    Ending.FAILED: EventType.ACTIVITY_FAILED,
    Ending.TIMED_OUT: EventType.ACTIVITY_TIMEOUT,
    Ending.CANCELED: EventType.ACTIVITY_CANCELED,
    Ending.TERMINATED: EventType.ACTIVITY_FAILED,
}
_CLOSINGS = {
    "WorkflowExecutionCompleted": EventType.WORKFLOW_COMPLETED,
    "WorkflowExecutionFailed": EventType.WORKFLOW_FAILED,
    "WorkflowExecutionCanceled": EventType.WORKFLOW_CANCELED,
    "WorkflowExecutionTimedOut": EventType.WORKFLOW_TIMED_OUT,
    "WorkflowExecutionTerminated": EventType.WORKFLOW_TERMINATED,
    "WorkflowExecutionContinuedAsNew": EventType.WORKFLOW_CONTINUED,
}
_STARTS = {"ActivityTaskStarted": "scheduledEventId", "ChildWorkflowExecutionStarted": "initiatedEventId"}


class Happenings:
    """Turns the history of one run into events, piece by piece.

    Args:
        workflow_id, run_id: Which run.

    Example:
        >>> started = {"eventId": 1, "eventType": "WorkflowExecutionStarted", "eventTimestamp": 1.5,
        ...            "workflowExecutionStartedEventAttributes": {
        ...                "workflowType": {"name": "W", "version": "1"}}}
        >>> [event.event_id for event in Happenings("ClientA.j1", "r1").take([started])]
        ['r1:1']
    """

    def __init__(self, workflow_id: str, run_id: str) -> None:
        self._execution = new_execution(workflow_id, run_id)
        self._workflow = WorkflowRef(workflow_id=workflow_id, run_id=run_id)
        self._version = ""

    @property
    def seen(self) -> int:
        """The id of the newest event taken; 0 before the first."""
        return self._execution.last_event_id

    def take(self, events: Iterable[Mapping[str, Any]]) -> list[Event]:
        """Take the next events of the history, SWF's own dicts, and tell what happened."""
        return [told for raw in events for told in self._take(HistoryEvent.from_swf(raw))]

    def _take(self, event: HistoryEvent) -> Iterator[Event]:
        apply_event(self._execution, event)
        self._execution.touched.clear()
        facts = self._execution.facts
        if facts and facts[-1].event_id == event.id:
            yield self._fact(facts[-1])
        elif event.type in _CLOSINGS:
            yield self._closing(event)
        elif event.type in _STARTS:
            yield from self._started(event)
        elif event.type == "WorkflowExecutionStarted":
            yield from self._scheduled(event)
        elif event.type == "WorkflowExecutionSignaled":
            yield from self._signaled(event)
        elif event.type == "WorkflowExecutionCancelRequested":
            yield self._event(EventType.JOB_CANCEL_REQUESTED, event.time, self._id(event))
        elif event.type == "ActivityTaskCancelRequested":
            attempt = self._execution.attempts[event.attributes["activityId"]]
            kind = EventType.ACTIVITY_CANCEL_REQUESTED
            yield self._event(kind, event.time, self._id(event), activity_ref(attempt))

    def _scheduled(self, event: HistoryEvent) -> Iterator[Event]:
        self._version = event.attributes["workflowType"]["version"]
        if event.attributes.get("continuedExecutionRunId"):
            return  # the same job goes on
        told = json_or_text(self._execution.input)
        details = {
            "workflowType": dict(event.attributes["workflowType"]),
            "input": told if isinstance(told, dict) else None,
        }
        event_id = workflow_scheduled_id(self._execution.run_id)
        yield self._event(EventType.WORKFLOW_SCHEDULED, event.time, event_id, details=details)

    def _started(self, event: HistoryEvent) -> Iterator[Event]:
        attempt = self._execution.running.get(event.attributes[_STARTS[event.type]])
        if attempt is None:
            return
        event_id = activity_phase_id(self._execution.run_id, event.id, "started")
        details: dict[str, Any] = {"input": json_or_text(attempt.input), "attempt": attempt.number}
        yield self._event(EventType.ACTIVITY_STARTED, event.time, event_id, activity_ref(attempt), details)

    def _signaled(self, event: HistoryEvent) -> Iterator[Event]:
        name = event.attributes["signalName"]
        if name != CANCEL_SIGNAL:
            yield self._event(EventType.JOB_SIGNALED, event.time, self._id(event), details={"signal": name})

    def _closing(self, event: HistoryEvent) -> Event:
        attributes = event.attributes
        kind = _CLOSINGS[event.type]
        details = {
            name: attributes[name] for name in ("reason", "details", "timeoutType") if name in attributes
        }
        if kind is EventType.WORKFLOW_COMPLETED:
            details = {"result": json_or_text(attributes.get("result"))}
        if kind is EventType.WORKFLOW_CONTINUED:
            details = {"newRunId": attributes["newExecutionRunId"]}
        return self._event(kind, event.time, closed_id(self._execution.run_id), details=details)

    def _fact(self, fact: Fact) -> Event:
        run_id, about = self._execution.run_id, fact.about
        match about:
            case Fault():
                # What the step does, its plan knows.
                activity = ActivityRef(activity_id=about.step, name="step", version=self._version)
                failure = {"reason": about.reason, "details": about.details, "attempt": 1, "willRetry": False}
                event_id = step_fault_id(run_id, about.step)
                return self._event(
                    EventType.ACTIVITY_FAILED, fact.time, event_id, activity, {"result": failure}
                )
            case ScheduledFact(attempt=attempt):
                event_id = activity_scheduled_id(
                    run_id, attempt.decision_started_event_id, attempt.activity_id
                )
                details = {"attempt": attempt.number, **child_details(attempt)}
                return self._event(
                    EventType.ACTIVITY_SCHEDULED, fact.time, event_id, activity_ref(attempt), details
                )
            case EndedFact(attempt=attempt, ended=ended):
                event_id = history_event_id(run_id, fact.event_id)
                details = {**_ending(about), **child_details(attempt)}
                return self._event(
                    _ENDINGS[ended.ending], fact.time, event_id, activity_ref(attempt), details
                )

    def _id(self, event: HistoryEvent) -> str:
        return history_event_id(self._execution.run_id, event.id)

    def _event(
        self,
        kind: EventType,
        when: float,
        event_id: str,
        activity: ActivityRef | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Event:
        identity = self._execution.identity
        return Event(
            type=kind,
            time=when,
            event_id=event_id,
            job_id=identity.job_id if identity else None,
            workflow=self._workflow,
            activity=activity,
            details=details or {},
        )


def _ending(about: EndedFact) -> dict[str, Any]:
    attempt, ended = about.attempt, about.ended
    match ended.ending:
        case Ending.COMPLETED:
            return {"result": json_or_text(ended.result), "attempt": attempt.number}
        case Ending.CANCELED:
            return {"details": ended.details, "attempt": attempt.number}
        case Ending.TIMED_OUT:
            told = {} if ended.details is None else {"heartbeat": json_or_text(ended.details)}
            when = {"timeoutType": ended.timeout_type, "attempt": attempt.number}
            return {"input": json_or_text(about.input), **told, **when}
    failure = failure_of(attempt, ended)
    return {"result": {"reason": failure.reason, "details": failure.details, "attempt": attempt.number}}
