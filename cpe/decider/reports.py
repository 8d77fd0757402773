"""What clients are told: facts of the history and decisions as events of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cpe.decider.activities import Ready, child_id, will_retry
from cpe.decider.attempt_words import activity_ref, child_details, json_or_text
from cpe.decider.execution import Attempt, EndedFact, Ending, Execution, Fact, Fault, ScheduledFact
from cpe.decider.failures import failure_of
from cpe.plan import AwaitSignal, Evaluate, Plan, RunActivity, RunWorkflow, Wait
from cpe.plan.for_each import step_of
from cpe.plan.retry import RetryPolicy
from cpe.protocol import ActivityRef, Event, EventType, WorkflowRef
from cpe.protocol.events import activity_scheduled_id, closed_id, history_event_id, step_fault_id


class Reporter:
    """Makes the events of one execution."""

    def __init__(self, plan: Plan, execution: Execution) -> None:
        self._execution = execution
        self._work = {step.name: step.work for step in plan.steps}
        self._version = plan.version

    def fact(self, fact: Fact) -> Event:
        """Report what stands in the history."""
        about = fact.about
        if isinstance(about, ScheduledFact):
            return self._scheduled(about.attempt, fact.time)
        if isinstance(about, EndedFact):
            return self._ended(fact, about)
        return self.fault(about, fact.time)

    def scheduled(self, ready: Ready, now: float) -> Event:
        """Report an activity or a child workflow that SWF has just been told to begin."""
        event_id = activity_scheduled_id(
            self._execution.run_id, self._execution.decision_started_event_id, ready.activity_id
        )
        details: dict[str, Any] = {"attempt": ready.number}
        if isinstance(ready.work, RunWorkflow):
            details["childWorkflow"] = {"workflowId": child_id(self._execution, ready.activity_id)}
        activity = self._activity(ready.activity_id)
        return self._event(EventType.ACTIVITY_SCHEDULED, now, event_id, activity, details)

    def fault(self, fault: Fault, when: float) -> Event:
        """Report a step that failed before SWF ran anything for it."""
        result = {"reason": fault.reason, "details": fault.details, "attempt": 1, "willRetry": False}
        event_id = step_fault_id(self._execution.run_id, fault.step)
        activity = self._activity(fault.step)
        return self._event(EventType.ACTIVITY_FAILED, when, event_id, activity, {"result": result})

    def completed(self, result: Any, now: float) -> Event:
        """Report that the workflow succeeded, with its result."""
        return self._closing(EventType.WORKFLOW_COMPLETED, now, {"result": result})

    def failed(self, reason: str, details: str, faults: Sequence[Fault], now: float) -> Event:
        """Report that the workflow failed, and the steps whose failure nothing handled."""
        failed_steps = [{"step": one.step, "reason": one.reason, "details": one.details} for one in faults]
        body = {"reason": reason, "details": details, "failedSteps": failed_steps}
        return self._closing(EventType.WORKFLOW_FAILED, now, body)

    def continued(self, now: float) -> Event:
        """Report that the workflow goes on as a new run; which one, only SWF's answer tells."""
        return self._closing(EventType.WORKFLOW_CONTINUED, now, {})

    def canceled(self, details: str, now: float) -> Event:
        """Report that the workflow was cancelled."""
        return self._closing(EventType.WORKFLOW_CANCELED, now, {"details": details})

    def _scheduled(self, attempt: Attempt, when: float) -> Event:
        event_id = activity_scheduled_id(
            self._execution.run_id, attempt.decision_started_event_id, attempt.activity_id
        )
        details: dict[str, Any] = {"attempt": attempt.number}
        if attempt.child is not None:
            # As it was announced: the same fact has the same content whenever it is told.
            details["childWorkflow"] = {"workflowId": attempt.child.workflow_id}
        return self._event(EventType.ACTIVITY_SCHEDULED, when, event_id, activity_ref(attempt), details)

    def _ended(self, fact: Fact, about: EndedFact) -> Event:
        attempt, ended = about.attempt, about.ended
        kind = _ENDINGS[ended.ending]
        event_id = history_event_id(self._execution.run_id, fact.event_id)
        work = self._work.get(step_of(attempt.activity_id))
        policy = work.retry if isinstance(work, RunActivity | RunWorkflow) else RetryPolicy()
        again = self._execution.closing is None and will_retry(policy, attempt)
        details = _ending_details(about, will_retry=again)
        return self._event(
            kind, fact.time, event_id, activity_ref(attempt), {**details, **child_details(attempt)}
        )

    def _activity(self, step: str) -> ActivityRef:
        work = self._work.get(step_of(step))
        if isinstance(work, RunActivity):
            return ActivityRef(activity_id=step, name=work.activity.name, version=work.activity.version)
        if isinstance(work, RunWorkflow):
            return ActivityRef(activity_id=step, name=work.name, version=work.version)
        # A step that runs no activity, or one that the plan has lost since: named for what it does.
        return ActivityRef(activity_id=step, name=_WORK_NAMES.get(type(work), "step"), version=self._version)

    def _closing(self, kind: EventType, now: float, details: Mapping[str, Any]) -> Event:
        return self._event(kind, now, closed_id(self._execution.run_id), None, details)

    def _event(
        self,
        kind: EventType,
        when: float,
        event_id: str,
        activity: ActivityRef | None,
        details: Mapping[str, Any],
    ) -> Event:
        execution = self._execution
        return Event(
            type=kind,
            time=when,
            event_id=event_id,
            job_id=execution.identity.job_id if execution.identity else None,
            workflow=WorkflowRef(workflow_id=execution.workflow_id, run_id=execution.run_id),
            activity=activity,
            details=details,
        )


_WORK_NAMES: Mapping[type, str] = {Evaluate: "eval", Wait: "wait", AwaitSignal: "signal"}

_ENDINGS = {
    Ending.COMPLETED: EventType.ACTIVITY_COMPLETED,
    Ending.FAILED: EventType.ACTIVITY_FAILED,
    Ending.TIMED_OUT: EventType.ACTIVITY_TIMEOUT,
    Ending.CANCELED: EventType.ACTIVITY_CANCELED,
    Ending.TERMINATED: EventType.ACTIVITY_FAILED,
}


def _ending_details(about: EndedFact, *, will_retry: bool) -> dict[str, Any]:
    attempt, ended = about.attempt, about.ended
    if ended.ending is Ending.COMPLETED:
        return {"result": json_or_text(ended.result), "attempt": attempt.number}
    if ended.ending is Ending.CANCELED:
        return {"details": ended.details, "attempt": attempt.number}
    again = {"attempt": attempt.number, "willRetry": will_retry}
    if ended.ending is Ending.TIMED_OUT:
        told = {} if ended.details is None else {"heartbeat": json_or_text(ended.details)}
        return {"input": json_or_text(about.input), "timeoutType": ended.timeout_type, **told, **again}
    failure = failure_of(attempt, ended)
    return {"result": {"reason": failure.reason, "details": failure.details, **again}}
