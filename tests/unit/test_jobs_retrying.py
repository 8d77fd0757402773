"""Which steps a closed job can be done again from, and how it is started."""

from __future__ import annotations

import json

import pytest

from cpe.aws.runs import Run
from cpe.aws.tasks import StartRequest
from cpe.decider import fold_history
from cpe.decider.context import MAX_CONTEXT
from cpe.errors import CommandRejected
from cpe.jobs.retrying import retry_request
from cpe.plan import Plan
from tests.unit.decider_plans import make_plan, scheduled
from tests.unit.histories import RUN_ID, WORKFLOW_ID, HistoryBuilder

PLAN = make_plan(
    "  - {name: A, activity: Act}\n"
    "  - {name: Sum, eval: '{\"of\": {{A.value}}}', requires: [A]}\n"
    "  - {name: Asked, signal: go, requires: [Sum]}\n"
    "  - {name: B, activity: Act, requires: [Asked, Sum], input: '{{Sum.of}}'}\n"
)


def completed(plan: Plan = PLAN) -> HistoryBuilder:
    history = HistoryBuilder({"x": 1})
    history.decide(plan)
    history.complete("A", {"value": 5})
    history.decide(plan)
    history.add("WorkflowExecutionSignaled", signalName="go")
    history.decide(plan)
    history.complete("B", {"value": 6})
    history.decide(plan)
    assert history.closed == "CompleteWorkflowExecution"
    return history


def ask(history: HistoryBuilder, *steps: str) -> StartRequest:
    execution = fold_history(history.events, workflow_id=WORKFLOW_ID, run_id=RUN_ID)
    run = Run(
        workflow_id=WORKFLOW_ID,
        run_id=RUN_ID,
        workflow_name="P",
        workflow_version="1",
        status="COMPLETED",
        started=1.0,
        closed=9.0,
    )
    return retry_request(run, execution, history.events, domain="D", command_id="m1", steps=steps)


def refused(history: HistoryBuilder, *steps: str) -> str:
    with pytest.raises(CommandRejected) as caught:
        ask(history, *steps)
    assert caught.value.code == "UNKNOWN_STEP"
    return str(caught.value)


def test_a_step_that_left_nothing_in_the_history_can_be_named() -> None:
    again = HistoryBuilder(raw_input=ask(completed(), "Sum").input)
    assert scheduled(again.decide(PLAN)) == {"B": 5}


def test_any_step_of_the_plan_can_be_named() -> None:
    for steps, begun in ((("B",), ["B"]), (("Asked",), ["B"]), (("A", "B"), ["A"])):
        again = HistoryBuilder(raw_input=ask(completed(), *steps).input)
        assert list(scheduled(again.decide(PLAN))) == begun


def test_a_run_that_is_done_again_knows_its_steps_too() -> None:
    again = HistoryBuilder(raw_input=ask(completed(), "B").input)
    again.decide(PLAN)
    ask(again, "Sum")


def test_what_is_no_step_is_refused_with_those_that_are() -> None:
    assert "it has: A, Asked, B, Sum" in refused(completed(), "Sum", "Summ")


def test_the_steps_of_the_plan_that_decided_last_count() -> None:
    history = HistoryBuilder({"x": 1})
    history.decide(PLAN)
    history.complete("A", {"value": 5})
    history.decide(make_plan("  - {name: A, activity: Act}\n  - {name: Total, eval: '1', requires: [A]}\n"))
    ask(history, "Total")
    assert refused(history, "Sum")


def test_contexts_tell_of_the_steps_once_a_run() -> None:
    contexts = [
        json.loads(event["decisionTaskCompletedEventAttributes"]["executionContext"])
        for event in completed().events
        if event["eventType"] == "DecisionTaskCompleted"
    ]
    assert [context.get("steps") for context in contexts] == [["A", "Asked", "B", "Sum"], None, None, None]


def test_a_plan_with_more_names_than_swf_carries_is_known_by_what_ran() -> None:
    steps = "".join(f"  - {{name: {'s' * 190}{number}, eval: '1'}}\n" for number in range(200))
    plan = make_plan(f"  - {{name: A, activity: Act}}\n{steps}")
    history = HistoryBuilder({"x": 1})
    outcome = history.decide(plan)
    assert len(outcome.context) <= MAX_CONTEXT
    history.fail("A")
    history.decide(plan)
    ask(history, "A")
    assert refused(history, f"{'s' * 190}7")


def test_before_any_decision_there_is_no_step() -> None:
    assert "leave `from` out" in refused(HistoryBuilder({"x": 1}), "A")
