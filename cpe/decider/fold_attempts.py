"""The fold's part about attempts: activities and child workflows, from their beginning to their end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cpe.decider.execution import (
    Attempt,
    ChildRun,
    Ended,
    EndedFact,
    Ending,
    Execution,
    Fact,
    Fault,
    Refusal,
    ScheduledFact,
)
from cpe.decider.history import HistoryEvent


def scheduled(execution: Execution, event: HistoryEvent) -> None:
    """An activity was scheduled."""
    kind = event.attributes["activityType"]
    _begin(
        execution, event, event.attributes["activityId"], kind, task_list=event.attributes["taskList"]["name"]
    )


def child_initiated(execution: Execution, event: HistoryEvent) -> None:
    """A child workflow is about to start; one that is none of the plan's is passed over."""
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
    execution.characters += len(attempt.input or "")
    execution.running[event.id] = attempt
    if child is None:
        taken(execution.refusals, name)
    execution.touched.add(name)
    note(execution, event, ScheduledFact(attempt=attempt))


def schedule_failed(execution: Execution, event: HistoryEvent) -> None:
    """SWF refused to schedule an activity."""
    _refused(execution, event.attributes["activityId"], event.attributes["cause"])


def child_failed_to_start(execution: Execution, event: HistoryEvent) -> None:
    """SWF did not start a child after all."""
    name = event.attributes.get("control")
    if name is None:
        return
    begun = execution.running.pop(event.attributes.get("initiatedEventId", 0), None)
    if begun is not None:  # SWF took the decision and then found one running under the same workflow id
        _forget(execution, begun)
    _refused(execution, name, event.attributes["cause"])


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


def child_started(execution: Execution, event: HistoryEvent) -> None:
    """A child runs, and can be asked to stop."""
    attempt = execution.running.get(event.attributes["initiatedEventId"])
    if attempt is not None and attempt.child is not None:
        attempt.child.run_id = event.attributes["workflowExecution"]["runId"]
        attempt.before = None
        taken(execution.refusals, attempt.activity_id)
        execution.touched.add(attempt.activity_id)


def completed(execution: Execution, event: HistoryEvent) -> None:
    """An attempt succeeded."""
    _end(execution, event, Ended(ending=Ending.COMPLETED, result=event.attributes.get("result")))


def failed(execution: Execution, event: HistoryEvent) -> None:
    """An attempt failed."""
    reason, details = event.attributes.get("reason"), event.attributes.get("details")
    _end(execution, event, Ended(ending=Ending.FAILED, reason=reason, details=details))


def timed_out(execution: Execution, event: HistoryEvent) -> None:
    """An attempt timed out."""
    kind, details = event.attributes["timeoutType"], event.attributes.get("details")
    _end(execution, event, Ended(ending=Ending.TIMED_OUT, timeout_type=kind, details=details))


def canceled(execution: Execution, event: HistoryEvent) -> None:
    """An attempt was cancelled."""
    _end(execution, event, Ended(ending=Ending.CANCELED, details=event.attributes.get("details")))


def terminated(execution: Execution, event: HistoryEvent) -> None:
    """A child was terminated."""
    _end(execution, event, Ended(ending=Ending.TERMINATED))


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
    note(execution, event, EndedFact(attempt=attempt, ended=ended, input=attempt.input))
    execution.characters += len(ended.result or "")
    if ended.ending is Ending.COMPLETED:
        execution.characters -= len(attempt.input or "")
        attempt.input = None


def want_cancel(execution: Execution, name: str | None) -> None:
    """Somebody asked for an activity to stop."""
    attempt = execution.attempts.get(name) if name is not None else None
    if attempt is not None and attempt.ended is None:
        execution.cancels_wanted.add(attempt.activity_id)


def activity_cancel_requested(execution: Execution, event: HistoryEvent) -> None:
    """An activity was asked to stop."""
    _mark_cancelled(execution, event.attributes["activityId"])


def child_cancel_requested(execution: Execution, event: HistoryEvent) -> None:
    """A child was asked to stop."""
    _mark_cancelled(execution, event.attributes.get("control"))


def _mark_cancelled(execution: Execution, name: str | None) -> None:
    attempt = execution.attempts.get(name) if name is not None else None
    if attempt is not None:
        attempt.cancel_requested = True
        execution.cancels_wanted.discard(attempt.activity_id)
        execution.touched.add(attempt.activity_id)


def _refused(execution: Execution, name: str, cause: str) -> None:
    count_refusal(execution.refusals, name, cause)
    execution.touched.add(name)


def note(execution: Execution, event: HistoryEvent, about: ScheduledFact | EndedFact | Fault) -> None:
    """Note what clients are told of."""
    execution.facts.append(Fact(event_id=event.id, time=event.time, about=about))


def count_refusal(refusals: dict[str, Refusal], name: str, cause: str) -> None:
    """Count what SWF refused."""
    before = refusals.get(name)
    count, total = (before.count, before.total) if before else (0, 0)
    refusals[name] = Refusal(count=count + 1, total=total + 1, cause=cause)


def taken(refusals: dict[str, Refusal], name: str) -> None:
    """Note that SWF took what it had refused: refusals in a row begin anew."""
    if name in refusals:
        refusals[name] = replace(refusals[name], count=0)
