"""What happened in a run, told for people: a line for each event that is about the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cpe.simulation.children import child_id
from cpe.simulation.swf import Recorded

_LONGEST = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened.

    Attributes:
        seconds: Since the start of the job.
        workflow_id: Of which execution.
        about: The step or item, the signal's or marker's name; empty for the workflow itself.
        what: What happened.
        attempt: Of an activity or a child, from 1; 0 for the rest.
    """

    seconds: float
    workflow_id: str
    about: str
    what: str
    attempt: int = 0


_Attributes: TypeAlias = Mapping[str, Any]


def timeline(recorded: Sequence[Recorded], *, started_at: float) -> list[Line]:
    """Tell a run's events; those that only carry decisions to and fro are left out.

    Args:
        recorded: The events of all executions, in order.
        started_at: When the job was started, in seconds since the epoch.
    """
    teller = _Teller()
    lines = []
    for one in recorded:
        kind = one.event["eventType"]
        tell = _TELLERS.get(kind)
        if tell is None:
            continue
        attributes = one.event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
        about, attempt = teller.about(one, attributes)
        lines.append(
            Line(
                seconds=round(float(one.event["eventTimestamp"]) - started_at, 3),
                workflow_id=one.workflow_id,
                about=about,
                what=tell(attributes),
                attempt=attempt,
            )
        )
    return lines


class _Teller:
    """Remembers which event began what, so that later ones can be told to be about it."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, int], tuple[str, int]] = {}
        self._attempts: Counter[tuple[str, str]] = Counter()

    def about(self, one: Recorded, attributes: _Attributes) -> tuple[str, int]:
        kind, event_id = one.event["eventType"], one.event["eventId"]
        if kind in _BEGINNINGS:
            name = str(attributes["activityId"]) if "activityId" in attributes else child_id(attributes)
            self._attempts[one.workflow_id, name] += 1
            begun = (name, self._attempts[one.workflow_id, name])
            self._begun[one.run_id, event_id] = begun
            return begun
        for reference in ("scheduledEventId", "initiatedEventId"):
            found = self._begun.get((one.run_id, attributes.get(reference, 0)))
            if found is not None:
                return found
        for name in ("activityId", "timerId", "signalName", "markerName", "workflowId"):
            if name in attributes:
                return str(attributes[name]), 0
        return "", 0


def _says(words: str, *names: str) -> Callable[[_Attributes], str]:
    def tell(attributes: _Attributes) -> str:
        found = [str(attributes[name]) for name in names if attributes.get(name)]
        text = " ".join([words, ": ".join(found)]).strip()
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    return tell


_BEGINNINGS = ("ActivityTaskScheduled", "StartChildWorkflowExecutionInitiated")
_TELLERS: Mapping[str, Callable[[_Attributes], str]] = {
    "WorkflowExecutionStarted": _says("workflow started"),
    "WorkflowExecutionSignaled": _says("signal came", "input"),
    "WorkflowExecutionCancelRequested": _says("workflow asked to stop"),
    "DecisionTaskTimedOut": _says("decision timed out"),
    "ActivityTaskScheduled": _says("scheduled"),
    "ScheduleActivityTaskFailed": _says("refused", "cause"),
    "ActivityTaskStarted": _says("started"),
    "ActivityTaskCompleted": _says("succeeded", "result"),
    "ActivityTaskFailed": _says("failed", "reason", "details"),
    "ActivityTaskTimedOut": _says("timed out", "timeoutType"),
    "ActivityTaskCanceled": _says("cancelled"),
    "ActivityTaskCancelRequested": _says("asked to stop"),
    "TimerStarted": lambda attributes: f"timer of {attributes['startToFireTimeout']} s started",
    "StartTimerFailed": _says("timer refused", "cause"),
    "TimerFired": _says("timer fired"),
    "TimerCanceled": _says("timer cancelled"),
    "MarkerRecorded": _says("noted", "details"),
    "StartChildWorkflowExecutionInitiated": _says("scheduled"),
    "StartChildWorkflowExecutionFailed": _says("refused", "cause"),
    "ChildWorkflowExecutionStarted": _says("started"),
    "ChildWorkflowExecutionCompleted": _says("succeeded", "result"),
    "ChildWorkflowExecutionFailed": _says("failed", "reason", "details"),
    "ChildWorkflowExecutionTimedOut": _says("timed out", "timeoutType"),
    "ChildWorkflowExecutionCanceled": _says("cancelled"),
    "ChildWorkflowExecutionTerminated": _says("terminated"),
    "RequestCancelExternalWorkflowExecutionInitiated": _says("asked to stop"),
    "WorkflowExecutionCompleted": _says("workflow completed", "result"),
    "WorkflowExecutionFailed": _says("workflow failed", "reason", "details"),
    "WorkflowExecutionCanceled": _says("workflow cancelled"),
    "WorkflowExecutionTimedOut": _says("workflow timed out"),
    "WorkflowExecutionTerminated": _says("workflow terminated", "cause"),
    "WorkflowExecutionContinuedAsNew": _says("workflow continued as new"),
    "CompleteWorkflowExecutionFailed": _says("not completed", "cause"),
    "FailWorkflowExecutionFailed": _says("not failed", "cause"),
    "CancelWorkflowExecutionFailed": _says("not cancelled", "cause"),
    "ContinueAsNewWorkflowExecutionFailed": _says("not continued as new", "cause"),
}
