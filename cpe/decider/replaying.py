"""Decide a recorded history again, and say where the decisions differ from those that were taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cpe.decider.decisions import Decision
from cpe.decider.execution import Execution
from cpe.decider.history import HistoryEvent, whole
from cpe.decider.walk import Walk
from cpe.plan import Plan
from cpe.protocol.references import PayloadPlace, Reference

_NO_PAYLOADS: Mapping[str, str] = {}
_ANYWHERE = PayloadPlace(bucket="replay")


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


def replay(
    plan: Plan,
    events: Sequence[Mapping[str, Any]],
    *,
    run_id: str,
    workflow_id: str = "replay",
    payloads: Mapping[str, str] = _NO_PAYLOADS,
) -> list[Difference]:
    """Decide each answered decision task of a history again.

    A task of whose decisions SWF refused one is left out: the history does not keep all of what was refused.

    Args:
        plan: The plan, as it is now.
        events: The history, whole, as boto3 or `aws swf get-workflow-execution-history` gives it.
        run_id: Which run it is; the jitter of retries comes from it.
        workflow_id: Which execution; the ids of its children come from it.
        payloads: What the history's references stand for, by the reference's text; of use are those to the
            workflow's input, signals and results.

    Returns:
        The differences, in order; empty if all decisions are the same.
    """
    history = [HistoryEvent.from_swf(raw) for raw in events]
    place = _ANYWHERE if any(map(_has_reference, history)) else None
    taken = _taken(history)
    refused = {
        event.attributes["decisionTaskCompletedEventId"] for event in history if event.type in _REFUSALS
    }
    differences = []
    seen = 0
    # The workflow id names the job in events, and children.
    execution = Execution(workflow_id=workflow_id, run_id=run_id, identity=None)
    walk = Walk(plan, execution, place=place)
    for completed in history:
        if completed.type != "DecisionTaskCompleted" or completed.id in refused:
            continue
        started = completed.attributes["startedEventId"]
        # What the decider saw: all up to its task's start.
        walk.apply(whole(raw, lambda text: payloads.get(text, text)) for raw in events[seen:started])
        seen = started
        decided = tuple(_words(decision) for decision in walk.decide(now=0.0).decisions)
        then = tuple(taken.get(completed.id, ()))
        if sorted(decided) != sorted(then):
            differences.append(Difference(decision_started_event_id=started, taken=then, decided=decided))
    return differences


def _has_reference(event: HistoryEvent) -> bool:
    return any(Reference.parse(event.attributes.get(name)) for name in ("input", "result"))


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


def _text(text: str | None) -> str | None:
    """A text that SWF carries; of a reference what says which payload it stands for, wherever that lies."""
    reference = Reference.parse(text)
    if reference is None:
        return text
    return f"payload of {reference.size} bytes with SHA-256 {reference.sha256}"


def _schedule(attributes: Mapping[str, Any]) -> str:
    kind = attributes["activityType"]
    what = f"{attributes['activityId']} ({kind['name']} {kind['version']})"
    return f"schedule {what}: {_text(attributes.get('input'))}"


def _timer(attributes: Mapping[str, Any]) -> str:
    return f"start timer {attributes['timerId']} of {attributes['startToFireTimeout']} s"


def _marker(attributes: Mapping[str, Any]) -> str:
    return f"record {attributes['markerName']}: {attributes.get('details')}"


def _cancel(attributes: Mapping[str, Any]) -> str:
    return f"cancel {attributes['activityId']}"


def _start_child(attributes: Mapping[str, Any]) -> str:
    kind = attributes["workflowType"]
    what = f"{attributes['workflowId']} ({kind['name']} {kind['version']})"
    return f"start {attributes.get('control')} as {what}: {_text(attributes.get('input'))}"


def _cancel_child(attributes: Mapping[str, Any]) -> str:
    return f"cancel {attributes.get('control')} at {attributes['workflowId']}"


def _continue(attributes: Mapping[str, Any]) -> str:
    return f"continue as new: {_text(attributes.get('input'))}"


def _complete(attributes: Mapping[str, Any]) -> str:
    return f"complete: {_text(attributes.get('result'))}"


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
        "ContinueAsNewWorkflowExecutionFailed",
        "StartChildWorkflowExecutionFailed",
        "RequestCancelExternalWorkflowExecutionFailed",
    }
)
_EVENTS: Mapping[str, _Describe] = {
    "ActivityTaskScheduled": _schedule,
    "TimerStarted": _timer,
    "MarkerRecorded": _marker,
    "ActivityTaskCancelRequested": _cancel,
    "StartChildWorkflowExecutionInitiated": _start_child,
    "RequestCancelExternalWorkflowExecutionInitiated": _cancel_child,
    "WorkflowExecutionContinuedAsNew": _continue,
    "WorkflowExecutionCompleted": _complete,
    "WorkflowExecutionFailed": _fail,
    "WorkflowExecutionCanceled": _cancelled,
}
_DECISIONS: Mapping[str, _Describe] = {
    "ScheduleActivityTask": _schedule,
    "StartTimer": _timer,
    "RecordMarker": _marker,
    "RequestCancelActivityTask": _cancel,
    "StartChildWorkflowExecution": _start_child,
    "RequestCancelExternalWorkflowExecution": _cancel_child,
    "ContinueAsNewWorkflowExecution": _continue,
    "CompleteWorkflowExecution": _complete,
    "FailWorkflowExecution": _fail,
    "CancelWorkflowExecution": _cancelled,
}
