"""Builds histories as SWF would write them, by playing SWF to the decider."""

from __future__ import annotations

import json
from typing import Any

from cpe.decider import Outcome, decide, fold_history
from cpe.plan import Plan
from cpe.protocol.references import PayloadPlace

WORKFLOW_ID = "ClientA.job-1"
RUN_ID = "run-1"
_CLOSED = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "FailWorkflowExecution": "WorkflowExecutionFailed",
    "CancelWorkflowExecution": "WorkflowExecutionCanceled",
    "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
}
_CHILD_ENDINGS = {
    "completed": "ChildWorkflowExecutionCompleted",
    "failed": "ChildWorkflowExecutionFailed",
    "timed out": "ChildWorkflowExecutionTimedOut",
    "canceled": "ChildWorkflowExecutionCanceled",
    "terminated": "ChildWorkflowExecutionTerminated",
}
_NO_NEWS = frozenset(
    {
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCancelRequested",
        "TimerStarted",
        "MarkerRecorded",
        "StartChildWorkflowExecutionInitiated",
        "RequestCancelExternalWorkflowExecutionInitiated",
    }
)
_REFUSALS = {
    "ScheduleActivityTask": ("ScheduleActivityTaskFailed", "activityId"),
    "StartTimer": ("StartTimerFailed", "timerId"),
    "StartChildWorkflowExecution": ("StartChildWorkflowExecutionFailed", "control"),
}


class HistoryBuilder:
    """A history that grows; `decide` answers the open decision task and applies the decisions.

    A second of history time passes with each event; the first happens at second 1. What `refused` names, by
    activity id, timer id or child's step, with a cause, SWF refuses. An execution is not closed when something
    happened since its decision task was started, and nothing is cancelled that does not run.
    """

    def __init__(
        self, workflow_input: object = None, *, raw_input: str | None = None, **started: object
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self.closed: str | None = None
        self.workflow_id = WORKFLOW_ID
        self.timers: dict[str, int] = {}
        self.children: dict[str, str] = {}
        self.started_children: set[str] = set()
        self.refused: dict[str, str] = {}
        self._scheduled: dict[str, int] = {}
        self._initiated: dict[str, int] = {}
        self._started: dict[str, int] = {}
        text = raw_input if raw_input is not None else json.dumps(workflow_input)
        self._add("WorkflowExecutionStarted", input=text, **started)

    def continued(self) -> HistoryBuilder:
        """The history of the run that goes on where this one continued as new."""
        last = self.events[-1]["workflowExecutionContinuedAsNewEventAttributes"]
        names = ("taskList", "executionStartToCloseTimeout", "tagList", "childPolicy", "taskPriority")
        return HistoryBuilder(raw_input=last["input"], **{name: last[name] for name in names if name in last})

    @property
    def open_activities(self) -> list[str]:
        return sorted(self._scheduled)

    @property
    def waiting_children(self) -> list[str]:
        """The children that have not started yet."""
        return sorted(self._initiated.keys() - self.started_children)

    @property
    def news(self) -> bool:
        """Whether something happened since the last decision task was started that SWF starts another for."""
        for event in reversed(self.events):
            if event["eventType"] == "DecisionTaskStarted":
                return False
            if event["eventType"] not in _NO_NEWS:
                return True
        return False

    def begin_decision(self) -> int:
        """A decider polls: returns the id of DecisionTaskStarted."""
        scheduled = self._add("DecisionTaskScheduled")
        return self._add("DecisionTaskStarted", scheduledEventId=scheduled)

    def outcome(self, plan: Plan, *, place: PayloadPlace | None = None) -> Outcome:
        """What the decider makes of the history as it stands."""
        execution = fold_history(self.events, workflow_id=self.workflow_id, run_id=RUN_ID)
        return decide(plan, execution, now=1000.0, place=place)

    def decide(self, plan: Plan, *, place: PayloadPlace | None = None) -> Outcome:
        """One whole decision task whose answer SWF takes."""
        started = self.begin_decision()
        outcome = self.outcome(plan, place=place)
        self.answer(started, outcome)
        return outcome

    def answer(self, started: int, outcome: Outcome) -> None:
        """SWF takes an answer and does what it says."""
        completed = self._add(
            "DecisionTaskCompleted", startedEventId=started, executionContext=outcome.context
        )
        for decision in outcome.decisions:
            kind = decision["decisionType"]
            attributes = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
            name = attributes.get("activityId") or attributes.get("timerId") or attributes.get("control")
            if name in self.refused and kind in _REFUSALS:
                refusal, key = _REFUSALS[kind]
                self._add(
                    refusal,
                    **{key: name, "cause": self.refused[name], "decisionTaskCompletedEventId": completed},
                )
            elif kind == "ScheduleActivityTask":
                event = self._add(
                    "ActivityTaskScheduled", decisionTaskCompletedEventId=completed, **attributes
                )
                self._scheduled[attributes["activityId"]] = event
            elif kind == "RequestCancelActivityTask":
                taken = attributes["activityId"] in self._scheduled
                event_type = "ActivityTaskCancelRequested" if taken else "RequestCancelActivityTaskFailed"
                self._add(event_type, decisionTaskCompletedEventId=completed, **attributes)
            elif kind == "StartTimer":
                self._add("TimerStarted", decisionTaskCompletedEventId=completed, **attributes)
                self.timers[attributes["timerId"]] = int(attributes["startToFireTimeout"])
            elif kind == "StartChildWorkflowExecution":
                event = self._add(
                    "StartChildWorkflowExecutionInitiated",
                    decisionTaskCompletedEventId=completed,
                    **attributes,
                )
                self._initiated[attributes["control"]] = event
                self.children[attributes["control"]] = attributes["workflowId"]
            elif kind == "RequestCancelExternalWorkflowExecution":
                self._cancel_child(completed, attributes)
            elif kind == "RecordMarker":
                self._add("MarkerRecorded", decisionTaskCompletedEventId=completed, **attributes)
            elif self._happened_since(started):
                cause = {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": completed}
                self._add(f"{kind}Failed", **cause)
            else:
                self.closed = kind
                self._add(_CLOSED[kind], decisionTaskCompletedEventId=completed, **attributes)

    def start(self, activity_id: str) -> None:
        scheduled = self._scheduled[activity_id]
        self._started[activity_id] = self._add("ActivityTaskStarted", scheduledEventId=scheduled)

    def complete(self, activity_id: str, result: object = None, *, raw: str | None = None) -> None:
        text = raw if raw is not None else json.dumps(result)
        self._end("ActivityTaskCompleted", activity_id, result=text)

    def fail(self, activity_id: str, reason: str = "BROKEN", details: str = "it broke") -> None:
        self._end("ActivityTaskFailed", activity_id, reason=reason, details=details)

    def time_out(self, activity_id: str, kind: str = "HEARTBEAT") -> None:
        self._end("ActivityTaskTimedOut", activity_id, timeoutType=kind)

    def cancel(self, activity_id: str) -> None:
        self._end("ActivityTaskCanceled", activity_id, details="stopped")

    def lose(self, started: int) -> None:
        """The answer to a decision task does not come."""
        self._add("DecisionTaskTimedOut", startedEventId=started, timeoutType="START_TO_CLOSE")

    def start_child(self, name: str) -> None:
        self.started_children.add(name)
        execution = {"workflowId": self.children[name], "runId": f"run-of-{name}"}
        self._add(
            "ChildWorkflowExecutionStarted",
            initiatedEventId=self._initiated[name],
            workflowExecution=execution,
        )

    def end_child(self, name: str, ending: str, **attributes: object) -> None:
        """A child ended: "completed", "failed", "timed out", "canceled" or "terminated"."""
        self._add(_CHILD_ENDINGS[ending], initiatedEventId=self._initiated.pop(name), **attributes)
        self.started_children.discard(name)
        del self.children[name]

    def refuse_child(self, name: str, cause: str) -> None:
        """SWF took the decision to start a child, and then does not start it."""
        initiated = self._initiated.pop(name)
        del self.children[name]
        begun = self.events[initiated - 1]["startChildWorkflowExecutionInitiatedEventAttributes"]
        self._add(
            "StartChildWorkflowExecutionFailed",
            control=name,
            cause=cause,
            initiatedEventId=initiated,
            decisionTaskCompletedEventId=begun["decisionTaskCompletedEventId"],
        )

    def fire(self, timer_id: str) -> None:
        del self.timers[timer_id]
        self._add("TimerFired", timerId=timer_id)

    def add(self, kind: str, **attributes: object) -> int:
        """Any other event."""
        return self._add(kind, **attributes)

    def _cancel_child(self, completed: int, attributes: dict[str, Any]) -> None:
        kind = "RequestCancelExternalWorkflowExecution"
        initiated = self._add(f"{kind}Initiated", decisionTaskCompletedEventId=completed, **attributes)
        if attributes["control"] not in self.started_children:
            cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            failed = {"initiatedEventId": initiated, "decisionTaskCompletedEventId": completed}
            self._add(f"{kind}Failed", cause=cause, **failed, **attributes)

    def _happened_since(self, started: int) -> bool:
        return any(event["eventType"] not in _NO_NEWS for event in self.events[started:])

    def _end(self, kind: str, activity_id: str, **attributes: object) -> None:
        scheduled = self._scheduled.pop(activity_id)
        started = self._started.pop(activity_id, 0)
        self._add(kind, scheduledEventId=scheduled, startedEventId=started, **attributes)

    def _add(self, kind: str, **attributes: object) -> int:
        event_id = len(self.events) + 1
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        self.events.append(
            {"eventId": event_id, "eventType": kind, "eventTimestamp": float(event_id), key: attributes}
        )
        return event_id
