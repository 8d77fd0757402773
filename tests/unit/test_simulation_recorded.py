"""Simulations against histories that real daemons left on the local SWF: the same happens, whatever the pace."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cpe.plan import load_plan
from cpe.simulation import (
    Behaviour,
    Cancel,
    Fail,
    Moment,
    Script,
    Signal,
    Succeed,
    TimeOut,
    TimeoutKind,
    simulate,
)

FOLDER = Path(__file__).parents[1] / "histories"
#: Not `for_each_failed`: there an item ended while the decision to cancel it was on its way.
RECORDED = (
    *("cancelled", "for_each", "input_fault", "parallel_failure", "retry_never", "retry_success"),
    *("signal", "signal_skipped"),
)
#: What depends on the pace alone: how often the decider was asked.
PACE = ("DecisionTask",)


def attributes(event: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = event["eventType"]
    found: Mapping[str, Any] = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    return found


def behaviours(events: list[dict[str, Any]]) -> Iterator[tuple[str, Behaviour]]:
    """What each attempt came to, by activity id, in the order of scheduling."""
    ends = {}
    for event in events:
        if event["eventType"].startswith("ActivityTask") and "startedEventId" in attributes(event):
            ends[attributes(event)["scheduledEventId"]] = event
    for event in events:
        if event["eventType"] == "ActivityTaskScheduled":
            yield attributes(event)["activityId"], behaviour(events, ends[event["eventId"]])


def behaviour(events: list[dict[str, Any]], end: Mapping[str, Any]) -> Behaviour:
    said = attributes(end)
    if not said["startedEventId"]:
        return TimeOut(kind=TimeoutKind.SCHEDULE_TO_START)  # cancelled before anybody took it
    after = end["eventTimestamp"] - events[said["startedEventId"] - 1]["eventTimestamp"]
    match end["eventType"]:
        case "ActivityTaskCompleted":
            return Succeed(text=said["result"], after=after)
        case "ActivityTaskFailed":
            return Fail(code=said["reason"], details=said["details"], after=after)
        case "ActivityTaskTimedOut":
            return TimeOut(kind=TimeoutKind(said["timeoutType"]))
    assert end["eventType"] == "ActivityTaskCanceled"
    return Succeed(after=86_400) if "latestCancelRequestedEventId" in said else Cancel(after=after)


def script(events: list[dict[str, Any]]) -> Script:
    by_id: dict[str, tuple[Behaviour, ...]] = {}
    for activity_id, one in behaviours(events):
        by_id[activity_id] = (*by_id.get(activity_id, ()), one)
    start = events[0]["eventTimestamp"]
    signals, cancel = [], None
    for event in events:
        at = Moment(seconds=event["eventTimestamp"] - start)
        if event["eventType"] == "WorkflowExecutionSignaled":
            signals.append(
                Signal(name=attributes(event)["signalName"], at=at, text=attributes(event)["input"])
            )
        elif event["eventType"] == "WorkflowExecutionCancelRequested":
            cancel = at
    return Script(behaviours=by_id, signals=tuple(signals), cancel=cancel, workers=2)


def happened(events: list[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """Count what happened: each type of event with what it is about and what it says."""
    names = ("activityId", "timerId", "signalName", "markerName", "timeoutType", "result", "reason")
    return Counter(
        (
            event["eventType"],
            " ".join(str(attributes(event)[name]) for name in names if name in attributes(event)),
        )
        for event in events
        if not event["eventType"].startswith(PACE)
    )


@pytest.mark.parametrize("name", RECORDED)
def test_the_same_happens_as_with_real_daemons(name: str) -> None:
    recorded = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    plan = load_plan(FOLDER / recorded["plan"])
    events = recorded["events"]
    run = simulate(plan, json.loads(attributes(events[0])["input"]), script(events))
    assert happened(run.history) == happened(events)
