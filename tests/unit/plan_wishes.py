"""What outcomes decide and histories tell, in words that can be compared and read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from cpe.decider import Outcome

Events: TypeAlias = Sequence[Mapping[str, Any]]

Wish: TypeAlias = tuple[Any, ...]
"""A decision in words that can be compared."""

FOREIGN = "more."
"""What the timers begin with that only bring the next decision."""


def wishes(outcome: Outcome) -> list[Wish]:
    """What an outcome decides, but for timers that only bring the next decision."""
    found: list[Wish] = []
    for decision in outcome.decisions:
        kind = decision["decisionType"]
        attributes = decision[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
        wish = _wish(kind, attributes, outcome)
        if wish is not None:
            found.append(wish)
    return found


def _wish(kind: str, attributes: dict[str, Any], outcome: Outcome) -> Wish | None:  # noqa: PLR0911 - a table
    match kind:
        case "ScheduleActivityTask" | "StartChildWorkflowExecution":
            name = attributes.get("activityId") or attributes["control"]
            given = json.dumps(json.loads(attributes.get("input", "null")))
            task_list = attributes.get("taskList", {}).get("name")
            return "schedule", name, given, task_list, attributes.get("taskPriority")
        case "StartTimer" if attributes["timerId"].startswith(FOREIGN):
            return None
        case "StartTimer":
            return "timer", attributes["timerId"], int(attributes["startToFireTimeout"])
        case "RequestCancelActivityTask":
            return "cancel", attributes["activityId"]
        case "RequestCancelExternalWorkflowExecution":
            return "cancel", attributes["control"]
        case "RecordMarker":
            recorded = json.loads(attributes["details"])
            if "step" in recorded:
                return "fault", recorded["step"], recorded["reason"]
            failed = tuple(step["step"] for step in recorded["failed_steps"])
            return "closing", recorded["kind"], recorded["reason"], failed
        case "CompleteWorkflowExecution":
            return "complete", json.dumps(json.loads(attributes.get("result", "null")))
        case "FailWorkflowExecution":
            assert outcome.closing is not None
            failed = tuple(step["step"] for step in outcome.closing.details["failedSteps"])
            return "fail", attributes["reason"], failed
        case "CancelWorkflowExecution":
            return ("cancelled",)
    return (kind,)


def inputs_of(histories: Iterable[Events]) -> dict[str, list[str]]:
    """What each activity and child was given, attempt by attempt, in the runs of a job."""
    inputs: dict[str, list[str]] = defaultdict(list)
    for history in histories:
        for event in history:
            attributes = attributes_of(event)
            if event["eventType"] in ("ActivityTaskScheduled", "StartChildWorkflowExecutionInitiated"):
                name = attributes.get("activityId") or attributes["control"]
                inputs[name].append(json.dumps(json.loads(attributes.get("input", "null"))))
    return inputs


def attributes_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = event["eventType"]
    attributes: Mapping[str, Any] = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    return attributes


def history_text(events: Events) -> str:
    """A history in short, for a person who looks for what went wrong."""
    lines = []
    for event in events:
        kind, attributes = event["eventType"], attributes_of(event)
        told = {name: attributes[name] for name in _TOLD if name in attributes}
        lines.append(f"{event['eventId']:4} {kind} {json.dumps(told)}")
    return "\n".join(lines)


_TOLD = (
    "activityId", "control", "timerId", "startToFireTimeout", "scheduledEventId", "initiatedEventId",
    "startedEventId", "input", "result", "reason", "details", "cause", "signalName", "timeoutType",
)  # fmt: skip
