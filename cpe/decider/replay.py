"""Decide a recorded history again, and say where the decisions differ from those that were taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpe.decider.decide import decide
from cpe.decider.decisions import Decision
from cpe.decider.fold import fold_history
from cpe.decider.history import HistoryEvent
from cpe.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One decision task that would be answered differently.

    Attributes:
        decision_started_event_id: Which task.
        taken: What stands in the history.
        decided: What would be decided now.
    """

    decision_started_event_id: int
    taken: tuple[str, ...]
    decided: tuple[str, ...]

    def __str__(self) -> str:
        only_taken = [one for one in self.taken if one not in self.decided]
        only_now = [one for one in self.decided if one not in self.taken]
        lines = [f"decision {self.decision_started_event_id}:"]
        lines += [f"  - {one}" for one in only_taken] + [f"  + {one}" for one in only_now]
        return "\n".join(lines)


def replay(plan: Plan, events: Sequence[Mapping[str, Any]], *, run_id: str) -> list[Difference]:
    """Decide each answered decision task of a history again.

    A task of whose decisions SWF refused one is left out: the history does not keep all of what was refused.

    Args:
        plan: The plan, as it is now.
        events: The history, whole, as boto3 or `aws swf get-workflow-execution-history` gives it.
        run_id: Which run it is; the jitter of retries comes from it.

    Returns:
        The differences, in order; empty if all decisions are the same.
    """
    history = [HistoryEvent.from_swf(raw) for raw in events]
    taken = _taken(history)
    refused = {
        event.attributes["decisionTaskCompletedEventId"] for event in history if event.type in _REFUSALS
    }
    differences = []
    for completed in history:
        if completed.type != "DecisionTaskCompleted" or completed.id in refused:
            continue
        started = completed.attributes["startedEventId"]
        # What the decider saw: all up to its task's start. The workflow id only names the job in events.
        execution = fold_history(events[:started], workflow_id="replay", run_id=run_id)
        decided = tuple(_words(decision) for decision in decide(plan, execution, now=0.0).decisions)
        then = tuple(taken.get(completed.id, ()))
        if sorted(decided) != sorted(then):
            differences.append(Difference(decision_started_event_id=started, taken=then, decided=decided))
    return differences


def _taken(history: Sequence[HistoryEvent]) -> dict[int, list[str]]:
    """What each decision task decided, by the id of its DecisionTaskCompleted, in the words of `_words`."""
    taken: dict[int, list[str]] = {}
    for event in history:
        describe = _EVENTS.get(event.type)
        if describe is not None:
            completed = event.attributes.get("decisionTaskCompletedEventId", 0)
            taken.setdefault(completed, []).append(describe(event.attributes))
    return taken


def _words(decision: Decision) -> str:
    kind = decision["decisionType"]
    return _DECISIONS[kind](decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"])


def _schedule(attributes: Mapping[str, Any]) -> str:
    kind = attributes["activityType"]
    return (
        f"schedule {attributes['activityId']} ({kind['name']} {kind['version']}): {attributes.get('input')}"
    )


def _timer(attributes: Mapping[str, Any]) -> str:
    return f"start timer {attributes['timerId']} of {attributes['startToFireTimeout']} s"


def _marker(attributes: Mapping[str, Any]) -> str:
    return f"record {attributes['markerName']}: {attributes.get('details')}"


def _cancel(attributes: Mapping[str, Any]) -> str:
    return f"cancel {attributes['activityId']}"


def _complete(attributes: Mapping[str, Any]) -> str:
    return f"complete: {attributes.get('result')}"


def _fail(attributes: Mapping[str, Any]) -> str:
    return f"fail: {attributes.get('reason')}"


def _cancelled(_attributes: Mapping[str, Any]) -> str:
    return "cancel the workflow"


_Describe = Callable[[Mapping[str, Any]], str]

_REFUSALS = frozenset(
    {
        "ScheduleActivityTaskFailed",
        "RequestCancelActivityTaskFailed",
        "StartTimerFailed",
        "RecordMarkerFailed",
        "CompleteWorkflowExecutionFailed",
        "FailWorkflowExecutionFailed",
        "CancelWorkflowExecutionFailed",
    }
)
_EVENTS: Mapping[str, _Describe] = {
    "ActivityTaskScheduled": _schedule,
    "TimerStarted": _timer,
    "MarkerRecorded": _marker,
    "ActivityTaskCancelRequested": _cancel,
    "WorkflowExecutionCompleted": _complete,
    "WorkflowExecutionFailed": _fail,
    "WorkflowExecutionCanceled": _cancelled,
}
_DECISIONS: Mapping[str, _Describe] = {
    "ScheduleActivityTask": _schedule,
    "StartTimer": _timer,
    "RecordMarker": _marker,
    "RequestCancelActivityTask": _cancel,
    "CompleteWorkflowExecution": _complete,
    "FailWorkflowExecution": _fail,
    "CancelWorkflowExecution": _cancelled,
}
