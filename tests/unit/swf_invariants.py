"""What must hold of any SWF history, read from the events alone and written apart from the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]

CLOSINGS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
    "WorkflowExecutionContinuedAsNew": "CONTINUED_AS_NEW",
}
#: What an event begins, by which attribute its end names it, and which events are its end.
SPANS: Mapping[str, tuple[str, frozenset[str]]] = {
    "DecisionTaskScheduled": (
        "scheduledEventId",
        frozenset({"DecisionTaskCompleted", "DecisionTaskTimedOut"}),
    ),
    "ActivityTaskScheduled": (
        "scheduledEventId",
        frozenset(f"ActivityTask{end}" for end in ("Completed", "Failed", "TimedOut", "Canceled")),
    ),
    "TimerStarted": ("startedEventId", frozenset({"TimerFired", "TimerCanceled"})),
    "ChildWorkflowExecutionStarted": (
        "startedEventId",
        frozenset(
            f"ChildWorkflowExecution{end}"
            for end in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")
        ),
    ),
    "StartChildWorkflowExecutionInitiated": (
        "initiatedEventId",
        frozenset({"ChildWorkflowExecutionStarted", "StartChildWorkflowExecutionFailed"}),
    ),
    "SignalExternalWorkflowExecutionInitiated": (
        "initiatedEventId",
        frozenset({"ExternalWorkflowExecutionSignaled", "SignalExternalWorkflowExecutionFailed"}),
    ),
    "RequestCancelExternalWorkflowExecutionInitiated": (
        "initiatedEventId",
        frozenset(
            {"ExternalWorkflowExecutionCancelRequested", "RequestCancelExternalWorkflowExecutionFailed"}
        ),
    ),
}
#: What an open count counts: what began and did not end.
COUNTED = {
    "openDecisionTasks": "DecisionTaskScheduled",
    "openActivityTasks": "ActivityTaskScheduled",
    "openTimers": "TimerStarted",
    "openChildWorkflowExecutions": "ChildWorkflowExecutionStarted",
}
#: Events that no decider has to hear of: its own decisions' echo, and the life of decision tasks.
SILENT = frozenset(
    {
        *(
            "WorkflowExecutionStarted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
        ),
        *(
            "DecisionTaskTimedOut",
            "ActivityTaskScheduled",
            "ActivityTaskStarted",
            "ActivityTaskCancelRequested",
        ),
        *("TimerStarted", "TimerCanceled", "MarkerRecorded", "StartChildWorkflowExecutionInitiated"),
        *("SignalExternalWorkflowExecutionInitiated", "RequestCancelExternalWorkflowExecutionInitiated"),
    }
)


def attributes(event: Event) -> Mapping[str, Any]:
    """Return an event's attributes; there are those of its type and no others."""
    kind = event["eventType"]
    name = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    assert set(event) == {"eventId", "eventType", "eventTimestamp", name}
    found: Mapping[str, Any] = event[name]
    return found


def open_spans(events: Sequence[Event], kind: str) -> dict[int, Mapping[str, Any]]:
    """Return what events of a type began and no later one ended: attributes by event id."""
    reference, ends = SPANS[kind]
    found: dict[int, Mapping[str, Any]] = {}
    for event in events:
        if event["eventType"] == kind:
            found[event["eventId"]] = attributes(event)
        elif event["eventType"] in ends and attributes(event)[reference]:
            began = attributes(event)[reference]
            assert began in found, f"{event} ends what is not open"
            del found[began]
    return found


def started(events: Sequence[Event], kind: str) -> set[int]:
    """Return the scheduled event ids of all decision or activity tasks that were ever started."""
    return {
        attributes(event)["scheduledEventId"] for event in events if event["eventType"] == f"{kind}Started"
    }


def check_history(events: Sequence[Event]) -> None:
    """Check one execution's history by itself."""
    assert [event["eventId"] for event in events] == list(range(1, len(events) + 1))
    times = [event["eventTimestamp"] for event in events]
    assert times == sorted(times)
    assert events[0]["eventType"] == "WorkflowExecutionStarted"
    closings = [event["eventId"] for event in events if event["eventType"] in CLOSINGS]
    assert closings in ([], [len(events)])
    _check_references(events)
    _check_decision_tasks(events)
    for kind in SPANS:
        open_spans(events, kind)


def _check_references(events: Sequence[Event]) -> None:
    """Every id that an event names is an earlier event of the right type, or zero for none."""
    kinds = {event["eventId"]: event["eventType"] for event in events}
    for event in events:
        named = attributes(event)
        of = event["eventType"]
        task = "DecisionTask" if of.startswith("DecisionTask") else "ActivityTask"
        expected = {
            "decisionTaskCompletedEventId": "DecisionTaskCompleted",
            "scheduledEventId": f"{task}Scheduled",
        }
        if task in of:
            expected["startedEventId"] = f"{task}Started"
        for name, kind in expected.items():
            if named.get(name):
                assert named[name] < event["eventId"]
                assert kinds[named[name]] == kind, event


def _check_decision_tasks(events: Sequence[Event]) -> None:
    """Check that there is one decision task at a time, and one whenever there is news."""
    state, heard, started_at = "none", 0, 0
    for event in events:
        match event["eventType"]:
            case "DecisionTaskScheduled":
                assert state == "none", f"a second decision task: {event}"
                state = "scheduled"
            case "DecisionTaskStarted":
                assert state == "scheduled"
                state, started_at = "started", event["eventId"]
            case "DecisionTaskCompleted":
                assert state == "started"
                state, heard = "none", started_at
            case "DecisionTaskTimedOut":
                assert state in {"scheduled", "started"}
                state = "none"
    if state == "none" and events[-1]["eventType"] not in CLOSINGS:
        news = [e for e in events if e["eventId"] > heard and e["eventType"] not in SILENT]
        assert not news, f"nobody will hear of {news}"


def check_described(events: Sequence[Event], described: Mapping[str, Any]) -> None:
    """Check that a description is what the history implies."""
    info, last = described["executionInfo"], events[-1]
    status = CLOSINGS.get(last["eventType"])
    assert info["executionStatus"] == ("OPEN" if status is None else "CLOSED")
    assert info.get("closeStatus") == status
    assert info["startTimestamp"] == events[0]["eventTimestamp"]
    assert info.get("closeTimestamp") == (None if status is None else last["eventTimestamp"])
    kinds = Counter(event["eventType"] for event in events)
    assert info["cancelRequested"] == (kinds["WorkflowExecutionCancelRequested"] > 0)
    for name, kind in COUNTED.items():
        implied = 0 if status is not None else len(open_spans(events, kind))
        assert described["openCounts"][name] == implied, name
