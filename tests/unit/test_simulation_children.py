"""Child workflows whose plans are not given are played by the script; the parent's decisions are the test's."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.decider import Outcome
from cpe.plan import parse_plan
from cpe.simulation import (
    Behaviour,
    Fail,
    Moment,
    Question,
    Run,
    Script,
    Status,
    Succeed,
    TimeOut,
    TimeoutKind,
    simulate,
)

PLAN = parse_plan(
    "{ name: P, version: 1, activities: [], steps: [{ name: Sub, workflow: { name: Child, version: 1 } }] }"
)
CHILD = {
    "workflowId": "child",
    "workflowType": {"name": "Child", "version": "1"},
    "control": "Sub",
    "executionStartToCloseTimeout": "1000",
}


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}


def decide(question: Question) -> Outcome:
    """Start a child, hand a cancel request on, and close once the child is closed."""
    happened = {event["eventType"] for event in question.events()}
    decisions: tuple[dict[str, Any], ...] = ()
    if "StartChildWorkflowExecutionInitiated" not in happened:
        decisions = (decision("StartChildWorkflowExecution", **CHILD),)
    elif happened & ENDS:
        decisions = (decision("CompleteWorkflowExecution"),)
    elif "WorkflowExecutionCancelRequested" in happened and HANDED_ON not in happened:
        decisions = (decision("RequestCancelExternalWorkflowExecution", workflowId="child"),)
    return Outcome(decisions=decisions, context="")


HANDED_ON = "RequestCancelExternalWorkflowExecutionInitiated"
ENDS = {f"ChildWorkflowExecution{end}" for end in ("Completed", "Failed", "TimedOut", "Canceled")}


def play(behaviour: Behaviour, **more: Any) -> Run:
    return simulate(PLAN, None, Script(behaviours={"Sub": (behaviour,)}, **more), decide=decide)


@pytest.mark.parametrize(
    ("behaviour", "end", "seconds"),
    [
        (Succeed.with_value({"b": 2}), "Completed", 0.0),
        (Succeed(after=7.2), "Completed", 8.0),  # SWF's timers know whole seconds
        (Fail(code="BROKEN", after=3), "Failed", 3.0),
        (TimeOut(kind=TimeoutKind.START_TO_CLOSE), "TimedOut", 1000.0),
    ],
)
def test_a_child_ends_as_the_script_says(behaviour: Behaviour, end: str, seconds: float) -> None:
    run = play(behaviour)
    (event,) = (event for event in run.history if event["eventType"] in ENDS)
    assert event["eventType"] == f"ChildWorkflowExecution{end}"
    assert event["eventTimestamp"] - run.started_at == seconds


def test_a_child_that_is_asked_to_stop_stops() -> None:
    run = play(Succeed(after=100), cancel=Moment(seconds=5, step="Sub"))
    (event,) = (event for event in run.history if event["eventType"] in ENDS)
    assert event["eventType"] == "ChildWorkflowExecutionCanceled"
    assert event["eventTimestamp"] - run.started_at == 5.0


def test_a_child_s_events_are_recorded_too() -> None:
    run = play(Succeed.with_value({"b": 2}))
    (child_run,) = {one.run_id for one in run.recorded if one.workflow_id == "child"}
    assert run.history_of(child_run)[-1]["workflowExecutionCompletedEventAttributes"]["result"] == '{"b":2}'
    assert run.status is Status.COMPLETED
