"""A job that is done again after it closed."""

from __future__ import annotations

from cpe.decider import fold_history
from cpe.decider.carrying import carried_input
from cpe.decider.execution import Retried
from tests.unit.decider_plans import kinds, make_plan, scheduled
from tests.unit.histories import RUN_ID, WORKFLOW_ID, HistoryBuilder

PLAN = make_plan(
    "  - {name: A, activity: Act}\n"
    "  - {name: B, activity: Act, requires: [A], input: '{{A.value}}'}\n"
    "  - {name: C, activity: Act, requires: [[B, succeeded]], input: '{{B.value}}'}\n"
)


def again(history: HistoryBuilder, *steps: str) -> HistoryBuilder:
    closed = fold_history(history.events, workflow_id=WORKFLOW_ID, run_id=RUN_ID)
    return HistoryBuilder(raw_input=carried_input(closed, retry=Retried(command="m1", steps=steps)))


def failed() -> HistoryBuilder:
    history = HistoryBuilder({"x": 1})
    history.decide(PLAN)
    history.complete("A", {"value": 5})
    history.decide(PLAN)
    history.fail("B")
    history.decide(PLAN)
    assert history.closed == "FailWorkflowExecution"
    return history


def test_it_goes_on_with_what_failed() -> None:
    history = again(failed())
    first = history.decide(PLAN)
    assert scheduled(first) == {"B": 5}
    assert first.announcements[0].details["attempt"] == 1
    history.complete("B", {"value": 6})
    assert scheduled(history.decide(PLAN)) == {"C": 6}
    history.complete("C", {"value": 7})
    history.decide(PLAN)
    assert history.closed == "CompleteWorkflowExecution"


def test_it_goes_on_from_a_step_that_is_named_and_all_that_require_it() -> None:
    history = HistoryBuilder({"x": 1})
    for name in ("A", "B", "C"):
        history.decide(PLAN)
        history.complete(name, {"value": name})
    history.decide(PLAN)
    new = again(history, "B")
    assert scheduled(new.decide(PLAN)) == {"B": "A"}
    new.complete("B", {"value": "new"})
    assert scheduled(new.decide(PLAN)) == {"C": "new"}


def test_only_the_items_that_failed_are_done_again() -> None:
    plan = make_plan(
        "  - {name: E, activity: Act, for_each: '[1, 2, 3]', tolerate: 1, input: '{{item}}'}\n"
        "  - {name: F, activity: Act, requires: [[E, succeeded]]}\n"
    )
    history = HistoryBuilder()
    history.decide(plan)
    history.complete("E[0]", {"value": 1})
    history.fail("E[1]")
    history.complete("E[2]", {"value": 3})
    history.decide(plan)
    history.fail("F")
    history.decide(plan)
    assert scheduled(again(history).decide(plan)) == {"E[1]": 2}


def test_a_step_that_failed_in_the_decider_is_done_again() -> None:
    history = HistoryBuilder({"x": 1})
    history.decide(PLAN)
    history.complete("A", raw="no JSON")
    history.decide(PLAN)
    assert history.closed is not None or history.open_activities
    assert scheduled(again(history).decide(PLAN)) == {"A": None}


def test_a_run_that_is_done_again_twice_counts_its_attempts_from_the_first() -> None:
    second = again(failed())
    second.decide(PLAN)
    second.fail("B")
    second.decide(PLAN)
    third = again(second)
    outcome = third.decide(PLAN)
    assert scheduled(outcome) == {"B": 5}
    assert outcome.announcements[0].details["attempt"] == 1


def test_an_activity_that_somebody_wants_to_stop_is_asked_to_once() -> None:
    history = HistoryBuilder({"x": 1})
    history.decide(PLAN)
    history.add("WorkflowExecutionSignaled", signalName="cpe.cancel_activity", input="A")
    assert kinds(history.decide(PLAN)) == ["RequestCancelActivityTask"]
    assert history.decide(PLAN).decisions == ()
    history.cancel("A")
    assert list(scheduled(history.decide(PLAN))) == []


def test_an_activity_that_does_not_run_is_not_asked_to_stop() -> None:
    history = HistoryBuilder({"x": 1})
    history.decide(PLAN)
    history.add("WorkflowExecutionSignaled", signalName="cpe.cancel_activity", input="C")
    history.add("WorkflowExecutionSignaled", signalName="cpe.cancel_activity")
    assert history.decide(PLAN).decisions == ()


def test_an_item_that_nobody_wants_for_two_reasons_is_asked_to_stop_once() -> None:
    plan = make_plan("  - {name: E, activity: Act, for_each: '[1, 2, 3]'}\n")
    history = HistoryBuilder()
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="cpe.cancel_activity", input="E[1]")
    history.fail("E[0]")
    outcome = history.decide(plan)
    asked = [one["requestCancelActivityTaskDecisionAttributes"]["activityId"] for one in outcome.decisions]
    assert asked == ["E[1]", "E[2]"]
