"""The shop's workflows: each a function from a history to the next decisions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.acceptance.swf_program.history import History
from tests.acceptance.swf_program.shop import VERSION

Decision = dict[str, Any]
HOUR = 3600
COUNT_TO = 3


def decide(name: str, history: History) -> list[Decision]:
    """Return the decisions of the workflow of this name."""
    return WORKFLOWS[name](history)


def decision(kind: str, **attributes: Any) -> Decision:
    """Lay a decision out as SWF wants it."""
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def activity(name: str, activity_id: str, order: Any = None, **settings: Any) -> Decision:
    kind = {"name": name, "version": VERSION}
    return decision(
        "ScheduleActivityTask", activityType=kind, activityId=activity_id, input=json.dumps(order), **settings
    )


def complete(result: Any) -> Decision:
    return decision("CompleteWorkflowExecution", result=json.dumps(result))


def deliver(history: History) -> list[Decision]:
    """Try an activity until it works: an hour later after the first failure, then two, then four."""
    if done := history.all("ActivityTaskCompleted"):
        return [complete({"result": json.loads(done[0]["result"]), "waits": history.count("TimerFired")})]
    failures = history.count("ActivityTaskFailed")
    if failures > history.order["most_failures"]:
        reason = history.all("ActivityTaskFailed")[-1]["reason"]
        return [decision("FailWorkflowExecution", reason=reason, details=f"after {failures} attempts")]
    if failures > history.count("TimerStarted"):
        seconds = HOUR * 2 ** (failures - 1)
        return [decision("StartTimer", timerId=f"wait-{failures}", startToFireTimeout=str(seconds))]
    if history.count("ActivityTaskScheduled") == history.count("TimerFired"):
        attempt = history.count("TimerFired") + 1
        return [activity("Flaky", f"attempt-{attempt}", {**history.order, "attempt": attempt})]
    return []


def produce(history: History) -> list[Decision]:
    """Run a long activity beside a reminder; stop both when the workflow is to be canceled."""
    if ended := history.all("ActivityTaskCanceled"):
        return [decision("CancelWorkflowExecution", details=ended[0]["details"])]
    if history.news("WorkflowExecutionCancelRequested"):
        return [
            decision("RequestCancelActivityTask", activityId="long"),
            decision("CancelTimer", timerId="reminder"),
        ]
    if not history.count("ActivityTaskScheduled"):
        reminder = decision("StartTimer", timerId="reminder", startToFireTimeout=str(24 * HOUR))
        return [activity("Slow", "long", heartbeatTimeout="600"), reminder]
    return []


def family(history: History) -> list[Decision]:
    """Start children; tell how each of them ended."""
    members: list[Mapping[str, Any]] = history.order["members"]
    if not history.count("StartChildWorkflowExecutionInitiated", "StartChildWorkflowExecutionFailed"):
        return [
            decision(
                "StartChildWorkflowExecution",
                workflowId=member["id"],
                workflowType={"name": member.get("type", "Member"), "version": VERSION},
                input=json.dumps(member),
                executionStartToCloseTimeout=str(24 * HOUR),
            )
            for member in members
        ]
    ends: dict[str, Any] = {
        event["workflowExecution"]["workflowId"]: event["eventType"].removeprefix("ChildWorkflowExecution")
        for event in history.all(*(f"ChildWorkflowExecution{end}" for end in ENDS))
    }
    ends |= {
        event["workflowId"]: event["cause"] for event in history.all("StartChildWorkflowExecutionFailed")
    }
    return [complete(ends)] if len(ends) == len(members) else []


ENDS = ("Completed", "Failed", "Canceled", "TimedOut", "Terminated")


def member(history: History) -> list[Decision]:
    """End as told, or wait to be ended; a request to cancel is followed."""
    if history.count("WorkflowExecutionCancelRequested"):
        return [decision("CancelWorkflowExecution", details="as you wish")]
    match history.order["end"]:
        case "complete":
            return [complete(history.order["id"])]
        case "fail":
            return [decision("FailWorkflowExecution", reason="told to")]
        case "cancel":
            return [decision("CancelWorkflowExecution", details="told to")]
        case _:
            return []


def counter(history: History) -> list[Decision]:
    """Add what signals bring; go on as new after a few of them, until one says stop."""
    total, signals = history.order["total"], history.all("WorkflowExecutionSignaled")
    for signal in signals:
        if signal["signalName"] == "stop":
            return [complete({"total": total, "rounds": history.order["round"]})]
        total += int(signal["input"])
    if len(signals) >= COUNT_TO:
        order = {"total": total, "round": history.order["round"] + 1}
        return [decision("ContinueAsNewWorkflowExecution", input=json.dumps(order), tagList=["continued"])]
    return [decision("RecordMarker", markerName="total", details=str(total))]


def patience(history: History) -> list[Decision]:
    """Schedule what will time out in each way; tell how each did."""
    settings = history.order["activities"]
    if not history.count("ActivityTaskScheduled"):
        return [
            activity(how["type"], name, how.get("order"), **how["settings"]) for name, how in settings.items()
        ]
    ends = {
        history.by_id(event["scheduledEventId"])["activityId"]: [event["timeoutType"], event.get("details")]
        for event in history.all("ActivityTaskTimedOut")
    }
    return [complete(ends)] if len(ends) == len(settings) else []


def letter(history: History) -> list[Decision]:
    """Signal one workflow and ask another to cancel; tell what became of it."""
    sent = ("SignalExternalWorkflowExecutionInitiated", "RequestCancelExternalWorkflowExecutionInitiated")
    if not history.count(*sent):
        order = history.order
        return [
            decision(
                "SignalExternalWorkflowExecution",
                workflowId=order["to"],
                signalName="add",
                input=order["text"],
            ),
            decision("RequestCancelExternalWorkflowExecution", workflowId=order["cancel"]),
        ]
    answers = history.all(
        *("ExternalWorkflowExecutionSignaled", "ExternalWorkflowExecutionCancelRequested"),
        *("SignalExternalWorkflowExecutionFailed", "RequestCancelExternalWorkflowExecutionFailed"),
    )
    if len(answers) < len(sent):
        return []
    return [complete([[answer["eventType"], answer.get("cause")] for answer in answers])]


WORKFLOWS: Mapping[str, Callable[[History], list[Decision]]] = {
    "Deliver": deliver,
    "Produce": produce,
    "Family": family,
    "Member": member,
    "Counter": counter,
    "Patience": patience,
    "Letter": letter,
}
